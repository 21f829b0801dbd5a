// @ts-check
// "Ask Gemini about this": a question about an output or a cell in a new cell below it. Nothing is sent yet.

import { ask } from "./kernel.js";

/** @typedef {import("@jupyterlab/cells").Cell} Cell */
/** @typedef {import("@jupyterlab/notebook").NotebookPanel} NotebookPanel */
/** @typedef {import("@jupyterlab/rendermime").IOutputModel} Output */

const OUTPUT = "jp-OutputArea-child";
const PICTURES = ["image/png", "image/jpeg"];

class Ask {
  /**
   * @param {import("@jupyterlab/application").JupyterFrontEnd} app
   * @param {import("@jupyterlab/notebook").INotebookTracker} tracker
   * @param {typeof import("@jupyterlab/apputils").Notification} notification
   */
  constructor(app, tracker, notification) {
    this.app = app;
    this.tracker = tracker;
    this.notification = notification;
  }

  /** Ask about the cell in which the person is: about its output, if it has one. */
  aboutActive() {
    const cell = this.tracker.activeCell;
    if (cell) this.about(cell, outputsOf(cell).length - 1);
  }

  /**
   * Ask about a cell: the one whose context menu is open, or the active one.
   *
   * @param {boolean} clicked
   */
  aboutCell(clicked) {
    const node = clicked && this.app.contextMenuHitTest((each) => each.classList.contains("jp-Cell"));
    const found = this.tracker.currentWidget?.content.widgets.find((cell) => cell.node === node);
    const cell = found ?? this.tracker.activeCell;
    if (cell) this.about(cell);
  }

  /** Ask about the output whose context menu is open. */
  aboutClickedOutput() {
    const node = this.app.contextMenuHitTest((each) => each.classList.contains(OUTPUT));
    if (node) this.aboutOutput(node);
  }

  /** @param {Element} node an output */
  aboutOutput(node) {
    const cell = this.tracker.currentWidget?.content.widgets.find((each) => each.node.contains(node));
    if (cell) this.about(cell, [...(node.parentElement?.children ?? [])].indexOf(node));
  }

  /**
   * @param {Cell} cell
   * @param {number} [place] of the output
   */
  async about(cell, place = -1) {
    const panel = this.tracker.find(({ content }) => content.widgets.includes(cell));
    const kernel = panel?.sessionContext.session?.kernel;
    if (!panel) return;
    try {
      if (!kernel) throw new Error("This notebook has no kernel: start one, then ask.");
      const { source, note } = await ask(kernel, { do: "ask", ...factsOf(cell, place) });
      await addBelow(panel, cell, source);
      if (note) this.notification.info(note, { autoClose: 8000 });
    } catch (error) {
      this.notification.error(error instanceof Error ? error.message : String(error));
    }
  }
}

/** @param {Cell} cell */
function outputsOf({ model }) {
  const { outputs } = /** @type {Partial<import("@jupyterlab/cells").ICodeCellModel>} */ (model);
  return outputs ? Array.from({ length: outputs.length }, (_, at) => outputs.get(at)) : [];
}

/**
 * @param {Cell} cell
 * @param {number} place of an output, or -1
 */
function factsOf(cell, place) {
  const { model } = cell;
  const outputs = outputsOf(cell);
  const facts = {
    cell: model.id,
    source: model.sharedModel.getSource(),
    count: /** @type {Partial<import("@jupyterlab/cells").ICodeCellModel>} */ (model).executionCount ?? 0,
  };
  const output = outputs[place];
  if (!output) return facts;
  const pictures = outputs.filter(pictureOf);
  const type = pictureOf(output);
  return {
    ...facts,
    output: {
      kind: output.type === "execute_result" ? "result" : output.type,
      type,
      data: type && String(output.data[type]).replaceAll("\n", ""),
      text: textOf(output),
      place: pictures.indexOf(output),
      pictures: pictures.length,
    },
  };
}

/** @param {Output} output */
function pictureOf({ data }) {
  return PICTURES.find((type) => type in data);
}

/** @param {Output} output */
function textOf({ data }) {
  const types = ["text/plain", "application/vnd.jupyter.stdout", "application/vnd.jupyter.stderr"];
  const found = [...types, "application/vnd.jupyter.error"].find((type) => type in data);
  return found ? String(data[found]).slice(0, 40_000) : "";
}

/**
 * Add a cell below another one, with the cursor where the question goes.
 *
 * @param {NotebookPanel} panel
 * @param {Cell} cell
 * @param {string} source
 */
async function addBelow({ content, model }, cell, source) {
  const at = content.widgets.indexOf(cell) + 1;
  model?.sharedModel.insertCell(at, { cell_type: "code", source, metadata: {} });
  content.activeCellIndex = at;
  const added = content.activeCell;
  await added?.ready;
  await content.scrollToItem(at);
  content.mode = "edit";
  added?.editor?.setCursorPosition({ line: 1, column: 0 });
  added?.editor?.focus();
}

/**
 * Show a button in the output under the mouse.
 *
 * @param {(output: Element) => void} press
 */
function offerInOutputs(press) {
  const button = document.createElement("button");
  button.className = "jp-GeminiAskButton";
  button.type = "button";
  button.textContent = "Ask Gemini";
  button.title = "Ask Gemini about this output";
  button.addEventListener("click", () => {
    const output = button.closest(`.${OUTPUT}`);
    button.remove();
    if (output) press(output);
  });
  document.addEventListener("mouseover", ({ target }) => {
    if (!(target instanceof Element) || button.contains(target)) return;
    const output = target.closest(`.jp-Notebook .${OUTPUT}`);
    if (!output || output.querySelector(".gemini-answer, .gemini-panel")) button.remove();
    else if (button.parentElement !== output) output.append(button);
  });
}

export { Ask, offerInOutputs };
