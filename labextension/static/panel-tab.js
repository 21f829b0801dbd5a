// @ts-check
// The panel as a tab beside the notebook. It shows the panel of the notebook in front, and follows its kernel.

import { show } from "./kernel.js";

const WIDGET = "application/vnd.jupyter.widget-view+json";
const HTML = "text/html";
const ID = "gemini-panel-tab";

/**
 * Make the tab.
 *
 * @param {import("@jupyterlab/notebook").INotebookTracker} tracker
 * @param {{ Panel: typeof import("@lumino/widgets").Panel }} lumino
 * @param {typeof import("@jupyterlab/outputarea")} outputarea
 * @param {import("@jupyterlab/ui-components").LabIcon} icon
 */
function panelTab(tracker, { Panel }, { OutputAreaModel, SimplifiedOutputArea }, icon) {
  /** @typedef {import("@jupyterlab/outputarea").SimplifiedOutputArea} Area */
  /** @type {Map<import("@jupyterlab/notebook").NotebookPanel, Area>} */
  const areas = new Map();

  class PanelTab extends Panel {
    constructor() {
      super();
      this.id = ID;
      this.title.icon = icon;
      this.title.caption = "Gemini";
      this.addClass("jp-GeminiPanelTab");
      this.node.tabIndex = -1; // takes the focus of the shortcut, so that Tab leads into the panel
      this.node.setAttribute("role", "region");
      this.node.setAttribute("aria-label", "Gemini");
      tracker.currentChanged.connect(() => this.follow());
    }

    onAfterShow() {
      this.follow();
    }

    onActivateRequest() {
      this.node.focus();
    }

    /** Show the panel of the notebook in front. */
    follow() {
      const book = tracker.currentWidget;
      for (const [each, area] of areas) area.setHidden(each !== book);
      if (book && this.isVisible && !areas.has(book)) this.open(book);
    }

    /** @param {import("@jupyterlab/notebook").NotebookPanel} book */
    open(book) {
      const model = new OutputAreaModel({ trusted: true });
      const area = new SimplifiedOutputArea({ model, rendermime: book.content.rendermime });
      areas.set(book, area);
      model.changed.connect(() => plainly(model));
      this.addWidget(area);
      const context = book.sessionContext;
      let fresh = true; // the kernel has not been asked yet
      const ask = () => {
        const kernel = context.session?.kernel;
        if (!fresh || kernel?.status !== "idle" || area.isDisposed) return;
        fresh = false;
        show(kernel, area, { do: "panel" });
      };
      const again = () => {
        fresh = true;
        ask();
      };
      context.kernelChanged.connect(again);
      context.statusChanged.connect((_, status) => {
        if (/restarting$/.test(status)) fresh = true;
        ask();
      });
      book.disposed.connect(() => {
        areas.delete(book);
        area.dispose();
      });
      ask();
    }
  }
  return new PanelTab();
}

/**
 * Show the transcript of the panel instead of its widget: the panel mounts itself beside each of its transcripts.
 *
 * @param {import("@jupyterlab/outputarea").OutputAreaModel} model
 */
function plainly(model) {
  for (let at = 0; at < model.length; at++) {
    const { data, metadata } = model.get(at);
    if (!(WIDGET in data && HTML in data)) continue;
    const { [WIDGET]: _, ...rest } = data;
    model.set(at, {
      output_type: "display_data",
      data: /** @type {any} */ (rest),
      metadata: /** @type {any} */ (metadata),
    });
  }
}

export { ID, panelTab };
