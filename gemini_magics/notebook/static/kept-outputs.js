// @ts-check
// The outputs of one answer in the notebook that is open in this page, in every copy of its cell.
//
// While the answer grows, they hold the text so far as plain HTML, so that a page can be read that was
// saved, loaded again or left by a crash. JupyterLab drops the kernel's last update where it has made a cell
// again, after a move, an undo or a paste. So the page puts the settled output there itself.

import { outputsOf, WIDGET, withoutCopies } from "./notebook.js";
import { GROWING, remains } from "./remains.js";
import { isWriter } from "./writer.js";

class KeptOutputs {
  /**
   * @param {NotebookModel | undefined} notebook
   * @param {LiveAnswer} said
   * @param {string} css
   */
  constructor(notebook, said, css) {
    this.notebook = notebook;
    this.said = said;
    this.css = css;
    this.any = false; // this page has shown one
    this.keptNumber = -1; // of the frame that the outputs hold
  }

  /**
   * @param {NotebookModel["cells"]} [cells]
   * @returns {NotebookOutput[]}
   */
  all(cells) {
    const { id } = this.said;
    /** @param {MimeBundle} data */
    const isOurs = (data) => data[WIDGET]?.model_id === id || beginning(data).includes(id);
    const found = [...outputsOf(this.notebook, isOurs, cells)];
    this.any ||= found.length > 0;
    return found;
  }

  /** Put the text so far into the outputs, if they have not got it. */
  keep() {
    if (this.said.number !== this.keptNumber) this.renew();
  }

  /**
   * Put what they should hold now into outputs, those of new cells or all.
   *
   * @param {NotebookModel["cells"]} [cells]
   */
  renew(cells) {
    const { said } = this;
    if (said.ended) {
      this.settle(cells);
      return;
    }
    const outputs = this.all(cells);
    if (!this.isWriter) return;
    this.keptNumber = said.number;
    const output = outputs.length ? remains(said, this.css, GROWING) : undefined;
    for (const { data, put, refresh } of withoutCopies(outputs))
      if (output) (WIDGET in data ? put : refresh)(output);
  }

  get isWriter() {
    return isWriter(this.notebook, this.said.id);
  }

  /**
   * Put the settled output, from the kernel or from one of the outputs, wherever it is missing, or see that
   * another page has done so.
   *
   * @param {NotebookModel["cells"]} [cells]
   * @returns {boolean} whether all of them have it now
   */
  settle(cells) {
    const { said } = this;
    const outputs = this.all(cells);
    const before = said.output?.data["text/html"];
    const settled = outputs.filter(({ metadata }) => "gemini_magics" in metadata);
    const fresh = settled.find(({ data }) => data["text/html"] !== before);
    if (fresh) said.output = { data: { ...fresh.data }, metadata: fresh.metadata };
    const { output } = said;
    if (!output) return false;
    /** @param {PlainOutput} other */
    const differs = ({ data }) => data["text/html"] !== output.data["text/html"];
    if (!this.isWriter) return said.lost || !outputs.some(differs);
    for (const each of withoutCopies(outputs)) if (differs(each)) each.put(output);
    return true;
  }
}

/** @param {MimeBundle} data */
function beginning(data) {
  return String(data["text/html"] ?? "").slice(0, 200);
}

export { KeptOutputs };
