// @ts-check
// The panel: questions and answers, with a mouse or by keyboard alone.
//
// Python makes all HTML that is set here (`html`, `asked`, the blocks of a growing answer); every other
// word is set as text. The messages of the kernel are kept in the closure that `initialize` and `render`
// share, and each view draws them.
//
// In JupyterLab and Notebook 7 the panel stands beside a plain output that holds the transcript. Elsewhere
// it stands in the widget's own output.

import { hearKernel, tell } from "./comm.js";
import { mountBesideTranscripts } from "./mount.js";
import { PanelView } from "./panel-view.js";
import { Patience } from "./patience.js";
import { whenInPage } from "./place.js";
import { askForTranscript } from "./succession.js";
import { keepTranscript } from "./transcript.js";
import { grow, received } from "./turn.js";
import { announce, isWriter } from "./writer.js";

const MORE_MS = 700; // between messages with turns: a server drops what exceeds a megabyte a second
const KEEP_MS = 50;
const GROWN_MS = 5000; // between two writings of an answer that grows
const LOOK_MS = 1000;

function panelWidget() {
  // The first message is whole and holds the rest; no view is made before it.
  /** @type {PanelState} */
  const said = {
    name: "",
    number: 0,
    facts: /** @type {PanelFacts} */ ({}),
    thumbs: {},
    order: [],
    turns: new Map(),
    frame: { open: "", close: "", plain: "", metadata: { gemini_magics: { conversation: {} } } },
    cells: [],
  };
  /** @type {Set<PanelView>} */
  const views = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let keeping;
  let kept = { number: 0, at: 0 }; // the message and the moment of the last writing
  const patience = new Patience();
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let looking;

  /**
   * @param {PanelModel} model
   * @param {PanelMessage | GrowMessage} message
   */
  function hear(model, message) {
    const changed = remember(said, message);
    patience.heard();
    looking ??= setInterval(() => look(model), LOOK_MS);
    for (const view of views) view.take("grow" in message ? {} : message, changed);
    // However many views and pages there are, one cell comes of one click.
    const writes = isWriter(model.widget_manager.context?.model, said.name);
    if (writes && "cell" in message && message.cell !== undefined) [...views].at(-1)?.insert(message.cell);
    if ("grow" in message) return;
    if (message.facts?.session !== undefined) arrive(model, message.facts.session);
    if (!(message.whole || message.turns || message.order)) return;
    keepSoon(model);
    const missing = said.order.filter((key) => !said.turns.has(key));
    if (missing.length) setTimeout(() => tell(model, { do: "more", keys: missing }), MORE_MS);
  }

  /**
   * @param {PanelModel} model
   * @param {string} session in which the cell ran
   */
  function arrive({ widget_manager: { context, kernel } }, session) {
    announce(context?.model, said.name, session === kernel?.clientId);
  }

  /**
   * While an answer is awaited, keep what has come of it. If nothing comes, ask whether a message was lost, the
   * last one perhaps.
   *
   * @param {PanelModel} model
   */
  function look(model) {
    if (said.facts.busy) {
      if (said.number !== kept.number && performance.now() >= kept.at + GROWN_MS) keep(model);
      if (patience.isOver()) tell(model, { do: "check", number: said.number });
      return;
    }
    clearInterval(looking);
    looking = undefined;
  }

  /** @param {PanelModel} model */
  function keepSoon(model) {
    clearTimeout(keeping);
    keeping = setTimeout(() => keep(model), KEEP_MS);
  }

  /** @param {PanelModel} model */
  function keep(model) {
    kept = { number: said.number, at: performance.now() };
    const cells = keepTranscript(said, model.widget_manager.context?.model);
    if (!cells.length) return;
    if (!said.cells.length) begin(model, cells);
    said.cells = cells;
  }

  /**
   * @param {PanelModel} model
   * @param {string[]} cells
   */
  function begin(model, cells) {
    tell(model, { do: "kept" });
    const before = askForTranscript(cells);
    if (before) tell(model, { do: "found", text: before.data["text/plain"], metadata: before.metadata });
  }

  return {
    /** @param {{ model: PanelModel }} host */
    initialize({ model }) {
      hearKernel(model);
      hear(model, model.get("said"));
      model.on("msg:custom", (message) => {
        if (message.whole || message.number === said.number + 1) hear(model, message);
        else tell(model, { do: "again" });
      });
      const { context } = model.widget_manager;
      return context && mountBesideTranscripts(model, context, said, views, () => keepSoon(model));
    },

    /** @param {{ model: PanelModel, el: HTMLElement }} host */
    render({ model, el }) {
      if (model.widget_manager.context) {
        whenInPage(el, () => keep(model)); // and the panel is mounted beside the plain output
        return undefined;
      }
      const view = new PanelView(model, said);
      views.add(view);
      el.append(view.root);
      view.begin();
      return () => {
        views.delete(view);
        view.close();
      };
    },
  };
}

/**
 * Remember what a message says, and return the keys of the turns that it changes.
 *
 * @param {PanelState} said
 * @param {PanelMessage | GrowMessage} message
 */
function remember(said, message) {
  said.number = message.number;
  if ("grow" in message) {
    grow(said.turns.get(message.grow), message);
    return [message.grow];
  }
  const { name, frame, order, turns = {}, facts, thumbs, whole } = message;
  if (whole) said.turns.clear();
  if (name !== undefined) said.name = name;
  if (frame !== undefined) said.frame = frame;
  for (const [key, turn] of Object.entries(turns)) said.turns.set(key, received(turn));
  if (order) {
    said.order = order;
    for (const key of said.turns.keys()) if (!order.includes(key)) said.turns.delete(key);
  }
  Object.assign(said.facts, facts);
  Object.assign(said.thumbs, thumbs);
  return whole ? said.order : Object.keys(turns);
}

export { panelWidget as default, remember };
