// @ts-check
// The outputs of the notebook that is open in this page. Only JupyterLab and Notebook 7 give a page its
// notebook; elsewhere it is undefined and has no outputs.

import { isShared } from "./writer.js";

const WIDGET = "application/vnd.jupyter.widget-view+json";

/**
 * @param {NotebookModel | undefined} notebook
 * @param {(data: MimeBundle) => boolean} isOurs
 * @param {NotebookModel["cells"]} [cells]
 * @returns {Generator<NotebookOutput>}
 */
function* outputsOf(notebook, isOurs, cells = notebook?.cells) {
  for (const [cell, { id, outputs, sharedModel }] of [...(cells ?? [])].entries()) {
    if (!outputs) continue;
    const saved = sharedModel?.ymodel?.get("outputs");
    const found =
      notebook && sharedModel && saved && isOfMaps(saved)
        ? savedOutputs(notebook, outputs, sharedModel, saved, isOurs)
        : plainOutputs(outputs);
    for (const output of found) if (isOurs(output.data)) yield { cell, id, area: outputs, ...output };
  }
}

/**
 * @param {OutputArea} outputs
 * @returns {Generator<FoundOutput>}
 */
function* plainOutputs(outputs) {
  for (let at = 0; at < outputs.length; at++) {
    const { data, metadata } = outputs.get(at);
    const put = (/** @type {PlainOutput} */ output) => outputs.set(at, displayed(output));
    yield { data, metadata, put, refresh: put };
  }
}

/**
 * The outputs as they are saved and shared. JupyterLab draws an output again when a page replaces it, and typesets
 * its formulas, which takes a second for a long conversation. In all other pages it also makes the output again
 * and puts it last: what a reader does there ends, and the order is another one than that of the notebook. So what
 * only the saved file needs is refreshed inside of the output.
 *
 * @param {NotebookModel} notebook
 * @param {OutputArea} outputs as this page has them
 * @param {SavedCell} cell
 * @param {SavedOutputs} saved
 * @param {(data: MimeBundle) => boolean} isOurs
 * @returns {Generator<FoundOutput>}
 */
function* savedOutputs(notebook, outputs, cell, saved, isOurs) {
  for (let at = 0; at < saved.length; at++) {
    const map = saved.get(at);

    /** @param {PlainOutput[]} instead */
    function replace(...instead) {
      const all = cell.getOutputs();
      all.splice(at, 1, ...instead.map(displayed));
      outputs.fromJSON(all);
    }

    yield {
      data: map.get("data") ?? {},
      metadata: map.get("metadata") ?? {},
      put(output) {
        if (at < outputs.length && isOurs(outputs.get(at).data)) outputs.set(at, displayed(output));
        else replace(output);
      },
      refresh({ data, metadata }) {
        cell.transact(() => {
          map.set("data", data);
          map.set("metadata", metadata);
        }, false);
        notebook.dirty = true; // JupyterLab does not hear of it, and saves what has changed alone
      },
      remove: isShared(notebook) ? () => replace() : undefined,
    };
  }
}

/** @param {SavedOutputs} saved */
function isOfMaps(saved) {
  // Before version 3 of @jupyter/ydoc they were plain objects.
  return saved.length > 0 && typeof saved.get(0).get === "function";
}

/** @param {PlainOutput} output */
function displayed(output) {
  return { output_type: /** @type {const} */ ("display_data"), ...output };
}

/**
 * Remove all but the first output in each cell that pages share: two pages that wrote before they heard of each
 * other leave one each.
 *
 * @param {NotebookOutput[]} outputs
 */
function withoutCopies(outputs) {
  const first = new Map([...outputs].reverse().map((output) => [output.id, output]));
  const copies = outputs.filter((output) => output.remove && first.get(output.id) !== output);
  for (const copy of [...copies].reverse()) copy.remove?.();
  return outputs.filter((output) => !copies.includes(output));
}

export { outputsOf, WIDGET, withoutCopies };
