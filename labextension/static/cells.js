// @ts-check
// Cells that are questions get the language of questions, and their own one back when they are none any more.

import { isQuestion } from "./first-line.js";
import { MIME } from "./language.js";

/** @typedef {import("@jupyterlab/cells").ICellModel} CellModel */

class QuestionCells {
  /** @param {import("@jupyterlab/notebook").INotebookTracker} tracker */
  constructor(tracker) {
    this.tracker = tracker;
    this.on = true;
    /** The language that a cell has by itself. @type {WeakMap<CellModel, string>} */
    this.usual = new WeakMap();
    tracker.forEach((panel) => {
      this.watchNotebook(panel);
    });
    tracker.widgetAdded.connect((_, panel) => this.watchNotebook(panel));
  }

  /** @param {boolean} on */
  turn(on) {
    if (this.on === on) return;
    this.on = on;
    this.tracker.forEach(({ content }) => {
      for (const cell of content.model?.cells ?? []) this.colour(cell);
    });
  }

  /** @param {import("@jupyterlab/notebook").NotebookPanel} panel */
  watchNotebook({ content }) {
    const watch = () => {
      const cells = content.model?.cells;
      if (!cells) return;
      for (const cell of cells) this.watchCell(cell);
      cells.changed.connect((_, { newValues }) => {
        for (const cell of newValues) this.watchCell(cell);
      });
    };
    content.modelChanged.connect(watch);
    watch();
  }

  /** @param {CellModel} cell */
  watchCell(cell) {
    if (cell.type !== "code" || this.usual.has(cell)) return;
    this.usual.set(cell, cell.mimeType);
    cell.contentChanged.connect(this.colour, this);
    cell.mimeTypeChanged.connect(() => this.languageChanged(cell));
    this.colour(cell);
  }

  /**
   * The notebook gives each cell the language of its kernel, once that is known.
   *
   * @param {CellModel} cell
   */
  languageChanged(cell) {
    if (cell.mimeType === MIME) return;
    this.usual.set(cell, cell.mimeType);
    this.colour(cell);
  }

  /** @param {CellModel} cell */
  colour(cell) {
    const wanted = this.on && isQuestion(cell.sharedModel.getSource()) ? MIME : this.usual.get(cell);
    if (wanted && cell.mimeType !== wanted) cell.mimeType = wanted;
  }
}

export { QuestionCells };
