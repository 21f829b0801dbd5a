// @ts-check
// The defaults of the settings page, for each kernel that starts.

import { ask } from "./kernel.js";

/**
 * Give each kernel of a notebook the defaults, before it runs the first cell.
 *
 * @param {import("@jupyterlab/notebook").INotebookTracker} tracker
 * @param {() => Record<string, unknown>} defaults
 */
function giveDefaults(tracker, defaults) {
  /** @param {import("./kernel.js").Kernel | null | undefined} kernel */
  function give(kernel) {
    const values = defaults();
    if (!kernel || !Object.values(values).some((value) => value !== null)) return;
    ask(kernel, { do: "defaults", values }).catch((error) => console.info(`gemini_magics: ${error.message}`));
  }

  /** @param {import("@jupyterlab/notebook").NotebookPanel} panel */
  function watch({ sessionContext }) {
    sessionContext.kernelChanged.connect((_, { newValue }) => give(newValue));
    sessionContext.statusChanged.connect((_, status) => {
      // What is sent now waits until the kernel is there again, and comes before its cells.
      if (/restarting$/.test(status)) queueMicrotask(() => give(sessionContext.session?.kernel));
    });
    give(sessionContext.session?.kernel);
  }

  tracker.forEach(watch);
  tracker.widgetAdded.connect((_, panel) => watch(panel));
}

export { giveDefaults };
