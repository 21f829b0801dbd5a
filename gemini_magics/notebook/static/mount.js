// @ts-check
// Puts a panel beside each of its transcripts in JupyterLab and Notebook 7.

import { add } from "./elements.js";
import { PanelView } from "./panel-view.js";
import { watchFor } from "./seen.js";
import { offerTranscript } from "./succession.js";
import { panelOutputs, showTranscript } from "./transcript.js";
import { announce, watchPages } from "./writer.js";

/**
 * @param {PanelModel} model
 * @param {NotebookContext} context
 * @param {PanelState} said
 * @param {Set<PanelView>} views that hear of messages
 * @param {() => void} keepSoon puts the transcript into the notebook
 * @returns {() => void} leaves the plain outputs alone in the page
 */
function mountBesideTranscripts(model, { model: notebook, sessionContext }, said, views, keepSoon) {
  /** @type {Map<HTMLElement, () => void>} */
  const mounted = new Map();
  /** @type {Set<OutputArea>} */
  const shared = new Set();

  /** @param {Element} transcript */
  function mount(transcript) {
    const child = transcript.closest(".jp-OutputArea-child");
    if (!child || child.querySelector(":scope > .gemini-panel-place")) return;
    forget();
    const place = add(child, "div", "gemini-panel-place jp-OutputArea-output");
    const outputs = /** @type {HTMLElement[]} */ ([...child.children]);
    const output = outputs.find((node) => node.contains(transcript));
    if (output) output.style.display = "none";
    const view = new PanelView(model, said);
    mounted.set(place, () => {
      views.delete(view);
      view.close();
      place.remove();
      if (output) output.style.display = "";
    });
    views.add(view);
    place.append(view.root);
    view.begin();
  }

  /** Drop the views of outputs that JupyterLab has drawn again: their old elements are in no output area. */
  function forget() {
    for (const [place, unmount] of mounted) {
      if (place.closest(".jp-OutputArea")) continue;
      unmount();
      mounted.delete(place);
    }
  }

  /** Keep the transcript, now and after each change of its outputs: a page writes until it has heard of another. */
  function keepShared() {
    keepSoon();
    for (const { area } of panelOutputs(said, notebook)) {
      shared.add(area);
      area.changed?.connect(keepSoon);
    }
  }

  function leave() {
    stopWatching();
    stopWatchingPages();
    for (const area of shared) area.changed?.disconnect(keepSoon);
    sessionContext.kernelChanged.disconnect(leave);
    for (const unmount of mounted.values()) unmount();
    mounted.clear();
    offerTranscript(said);
    showTranscript(said, notebook);
    announce(notebook, said.name, undefined);
  }

  const stopWatching = watchFor(said.name, mount);
  const stopWatchingPages = watchPages(notebook, said.name, keepShared);
  // The kernel has ended, was started again, or is another one: the plain output stays.
  model.on("comm_live_update", leave);
  sessionContext.kernelChanged.connect(leave);
  return leave;
}

export { mountBesideTranscripts };
