// @ts-check
// The live view: an answer while it is being written, and as it stays in this page.
//
// Python makes safe HTML of the Markdown, block by block, and sends frames that say how the blocks have
// grown. Frames may come before there is a view, and a view long after the frames (in a page that was
// loaded again). So everything that arrived is kept in the closure that `initialize` and `render` share,
// the only place that anywidget gives to both, and each view draws it, once per animation frame.
//
// In JupyterLab and Notebook 7 the output of the cell is plain HTML, which this page keeps up to date, and
// the view stands beside it, in every copy of the cell. The view stays when the answer has ended: so do
// what the reader has selected, scrolled and opened. Elsewhere the view stands in the widget's own output,
// and the kernel puts a plain output in its place at the end.

import { AnswerView } from "./answer-view.js";
import { applyChanges, noBlocks } from "./changes.js";
import { hearKernel, tell } from "./comm.js";
import { add } from "./elements.js";
import { KeptOutputs } from "./kept-outputs.js";
import { Patience } from "./patience.js";
import { placeBeside, whenInPage } from "./place.js";
import { remains } from "./remains.js";
import { watchFor } from "./seen.js";
import { announce } from "./writer.js";

const LOOK_MS = 1000;
const KEEP_MS = 3000; // between two writings of the text so far
const SWAP_MS = 50; // in which the host applies the kernel's last update
const STYLE_ID = "gemini-answers";
const GONE = "The kernel is gone. The text that had arrived is kept.";
const CLOSED = "The kernel sends no more of this answer. The text that had arrived is kept.";

function answerWidget() {
  // The first frame is whole and holds all facts; no view is made before it.
  const said = /** @type {LiveAnswer} */ ({ number: 0, thinking: noBlocks(), text: noBlocks() });
  /** @type {Set<AnswerView>} */
  const views = new Set();
  const patience = new Patience();
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let looking;
  let keptAt = performance.now();
  /** @type {KeptOutputs} */
  let kept;

  /**
   * @param {AnswerModel} model
   * @param {Frame} frame
   */
  function hear(model, frame) {
    patience.heard();
    if (!frame.whole && frame.number === said.number) return; // nothing is new, but the kernel is there
    if (!frame.whole && frame.number !== said.number + 1) {
      tell(model, "again");
      return;
    }
    const back = frame.whole && said.lost;
    if (frame.whole) Object.assign(said, { lost: false, output: undefined });
    applyChanges(said, frame);
    learn({ ...frame.facts, number: frame.number });
    if (back) for (const { el } of [...views]) show(model, el);
    if (said.ended) {
      patience.heard(LOOK_MS);
      setTimeout(() => look(model), SWAP_MS);
    }
    looking ??= setInterval(() => look(model), LOOK_MS);
  }

  /** @param {Partial<LiveAnswer>} facts */
  function learn(facts) {
    Object.assign(said, facts);
    if (facts.seconds !== undefined) said.askedAt = performance.now() - 1000 * facts.seconds;
    for (const view of views) view.drawSoon();
  }

  /**
   * Keep the outputs up to date, and ask the kernel for what seems to be missing.
   *
   * @param {AnswerModel} model
   */
  function look(model) {
    settleUnheard();
    if (!said.ended && performance.now() >= keptAt + KEEP_MS) {
      keptAt = performance.now();
      kept.keep();
    }
    if (said.ended && (kept.settle() || !kept.any)) end(model);
    else if (patience.isOver()) tell(model, { heard: said.number });
  }

  /** @param {AnswerModel} model */
  function end(model) {
    if (!looking) return;
    rest();
    for (const view of views) view.drawSoon();
    if (kept.any) release(model);
  }

  function rest() {
    clearInterval(looking);
    looking = undefined;
  }

  /**
   * Tell the kernel that this page needs the widget no more; it keeps the widget until then.
   *
   * @param {AnswerModel} model
   */
  function release(model) {
    if (said.ended && !said.lost) tell(model, "gone");
  }

  /**
   * End without the kernel's last message, with what has come so far.
   *
   * @param {string} note says why there is no more
   */
  function endWithout(note) {
    if (!said.ended) learn({ ended: true, lost: true, status: note, output: remains(said, kept.css, note) });
  }

  /**
   * End as the output that the kernel has put into the cell, though no message told this page of the end. anywidget
   * gives a widget no message any more that took longer than two seconds to load, as in a page that is busy:
   * https://github.com/manzt/anywidget/pull/828
   */
  function settleUnheard() {
    if (!said.ended && kept.settle()) learn({ ended: true, lost: true, status: "" });
  }

  /** Show what the kernel has put into the output since it settled, as the failure of a background question. */
  function follow() {
    settleUnheard();
    if (!said.ended || looking) return;
    kept.settle();
    for (const view of views) view.drawSoon();
  }

  /** @param {AnswerView} view */
  function hide(view) {
    views.delete(view);
    view.leave();
  }

  /**
   * @param {AnswerModel} model
   * @param {HTMLElement} el
   */
  function show(model, el) {
    for (const before of views) if (before.el === el) hide(before);
    el.replaceChildren();
    const view = new AnswerView(model.widget_manager, el, said);
    views.add(view);
    return view;
  }

  return {
    /** @param {{ model: AnswerModel }} host */
    initialize({ model }) {
      const notebook = model.widget_manager.context?.model;
      const css = model.get("_css");
      hearKernel(model);
      kept = new KeptOutputs(notebook, said, css);
      hear(model, model.get("said"));
      said.stop = () => tell(model, "stop"); // the kernel's interrupt would stop another cell
      model.on("change:said", () => hear(model, model.get("said")));
      model.on("msg:custom", (frame) => hear(model, frame));
      model.on("comm_live_update", () => {
        if (said.ended) return;
        endWithout(GONE);
        look(model);
      });
      model.on("destroy", () => {
        settleUnheard();
        endWithout(CLOSED);
        // The page that writes may have let the widget go before its output has come to this one.
        if (!kept.isWriter && kept.all().length) return;
        rest();
        follow(); // nothing looks any more, and the last output may have come unseen
      });
      if (!notebook) return;
      announce(notebook, said.id, said.session === model.widget_manager.kernel?.clientId);
      keepStyle(css); // the host's own goes with the widget
      watchFor(said.id, (output) => {
        const place = placeBeside(output, follow);
        // JupyterLab has made the output of a view again: it is in no output area any more.
        const before = [...views].find(({ el }) => !el.closest(".jp-OutputArea"));
        // Drawn at once: the output has just lost these words.
        if (place) (before?.moveTo(place) ?? show(model, place)).draw();
      });
      notebook.cells?.changed?.connect((_, { newValues }) => {
        setTimeout(() => kept.renew(newValues));
      });
    },

    /** @param {{ model: AnswerModel, el: HTMLElement }} host */
    render({ model, el }) {
      if (kept.all().length) {
        whenInPage(el, () => kept.renew());
        return undefined;
      }
      const view = show(model, el);
      return () => {
        hide(view);
        if (!views.size) release(model);
      };
    },
  };
}

/** @param {string} css */
function keepStyle(css) {
  if (document.getElementById(STYLE_ID)) return;
  const style = add(document.head, "style");
  style.id = STYLE_ID;
  style.textContent = css;
}

export { answerWidget as default };
