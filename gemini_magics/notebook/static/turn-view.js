// @ts-check
// One question and its answer in the panel, drawn while it grows and as it stays. As in panel.js, the HTML
// is Python's.

import { Part } from "./blocks.js";
import { copyButton, copyTextButton } from "./copy-button.js";
import { add, button, write } from "./elements.js";
import { GrowingAnswer } from "./growing-answer.js";
import { MarkedPictures } from "./marks.js";
import { isRemembered, remember, turnInto } from "./morph.js";
import { answerText, isEnded } from "./turn.js";

class TurnView {
  /**
   * @param {PanelContext} panel
   * @param {string} key
   */
  constructor(panel, key) {
    this.panel = panel;
    this.root = add(undefined, "article", "gemini-panel-turn");
    this.folded = add(this.root, "p", "gemini-panel-folded");
    this.body = add(this.root, "div", "gemini-panel-body");
    this.actions = add(this.root, "div", "gemini-panel-actions");
    const copy = add(this.actions, "span");
    copyTextButton(copy, () => this.words, "Copy this answer");
    // Each name begins with the visible words, for those who speak to their computer (WCAG 2.5.3).
    /** @type {(label: string, name: string, press: () => void) => HTMLButtonElement} */
    const act = (label, name, press) => {
      const made = button(this.actions, label, press);
      made.ariaLabel = made.title = name;
      return made;
    };
    this.others = [
      act("Edit", "Edit this question and ask again", () => panel.edit(key)),
      act("Retry", "Retry: ask this question again", () => panel.say("retry", { key })),
      act("Branch", "Branch: go on from here in another conversation", () => panel.say("branch", { key })),
      act("To a cell", "To a cell: insert this question as a cell below", () => panel.say("cell", { key })),
      act("Hide", "Hide: fold this turn away and leave it out of requests", () =>
        panel.say("hide", { key, hidden: true }),
      ),
      copy,
    ];
    this.shows = act("Show", "Show: unfold this turn and put it into requests again", () =>
      panel.say("hide", { key, hidden: false }),
    );
    this.fold(false);
    this.words = ""; // of the answer that has ended
    this.calls = ""; // as they are shown while the answer grows
    /** @type {GrowingTurn | undefined} */
    this.turn = undefined; // that grows here
    /** @type {GrowingAnswer | undefined} */
    this.answer = undefined;
    /** @type {MarkedPictures | undefined} */
    this.marked = undefined;
  }

  /**
   * Show what can be done with the turn now.
   *
   * @param {PanelFacts} facts
   * @param {string} key of the turn
   */
  mark({ busy, editing, saved }, key) {
    const isSaved = saved.includes(key);
    this.actions.hidden = Boolean(busy) || isSaved;
    this.root.classList.toggle("gemini-panel-edited", editing === key);
    this.root.classList.toggle("gemini-panel-saved", isSaved);
  }

  /** @param {PanelTurn} turn */
  draw(turn) {
    if (isEnded(turn)) this.settle(turn);
    else this.grow(turn);
  }

  /** @param {GrowingTurn} turn */
  grow(turn) {
    if (!this.answer || this.turn !== turn) this.answer = this.begin(turn);
    this.answer.draw(turn, turn.facts.summary);
    this.showCalls(turn.facts.calls ?? "");
    this.marked?.draw(turn.facts.marks ?? []);
  }

  /**
   * Give a growing answer, from the beginning, the shape that it keeps.
   *
   * @param {GrowingTurn} turn
   */
  begin(turn) {
    const answer = `<div class="gemini-answer">${turn.facts.head}<div class="gemini-text"></div><div class="gemini-calls"></div></div>`;
    this.body.replaceChildren(
      ...pieces(`${turn.asked}<div class="gemini-answered">${answer}</div>`).childNodes,
    );
    this.illustrate(turn.pictures);
    this.marked = new MarkedPictures(
      add(one(this.body, ".gemini-answer"), "div", "gemini-marks"),
      turn.pictures,
    );
    this.turn = turn;
    this.calls = "";
    return new GrowingAnswer(one(this.body, ".gemini-text"), (box) => this.part(box));
  }

  /**
   * Show the calls of functions below the words, until the answer has ended and each stands in its place.
   *
   * @param {string} html
   */
  showCalls(html) {
    if (html === this.calls) return;
    this.calls = html;
    one(this.body, ".gemini-calls").innerHTML = html;
  }

  /**
   * Draw the turn as it stays, the same whether it has grown here or not. Parts that are there already
   * remain in place, and with them all that the reader has selected, scrolled and opened.
   *
   * @param {EndedTurn} turn
   */
  settle(turn) {
    this.words = answerText(turn);
    const fresh = /** @type {HTMLElement} */ (pieces(turn.html).firstElementChild);
    const summary = fresh.querySelector(":scope > summary"); // of a turn that is hidden
    write(this.folded, summary?.textContent ?? "");
    summary?.remove();
    this.fold(turn.hidden);
    const thoughts = thinkingOf(fresh);
    if (thoughts) thoughts.open = Boolean(thinkingOf(this.body)?.open);
    this.answer?.close();
    turnInto([...this.body.childNodes], [...fresh.childNodes], (node) => this.body.append(node));
    this.illustrate(turn.pictures);
    for (const box of /** @type {NodeListOf<HTMLElement>} */ (
      this.body.querySelectorAll(".gemini-thoughts, .gemini-text")
    )) {
      const part = this.part(box);
      for (const node of box.childNodes) part.finish(node);
    }
    this.turn = this.answer = this.marked = undefined;
    this.root.classList.toggle("gemini-stale", Boolean(turn.stale));
  }

  /** @param {boolean} hidden */
  fold(hidden) {
    const focused = this.actions.contains(document.activeElement);
    this.folded.hidden = !hidden;
    this.body.hidden = hidden;
    for (const action of this.others) action.hidden = hidden;
    this.shows.hidden = !hidden;
    if (focused && document.activeElement?.matches("[hidden]")) (hidden ? this.shows : this.others[0]).focus();
  }

  /** @param {HTMLElement} box */
  part(box) {
    const { panel } = this;
    return new Part(box, panel.typesetter, (parent, code) => {
      const tools = add(parent, "div", "gemini-panel-tools");
      copyButton(tools, code);
      const insert = button(tools, "To a cell", () => panel.insert(code.textContent ?? ""));
      insert.ariaLabel = "To a cell: insert this code as a cell below";
    });
  }

  /**
   * Put the pictures that were sent into their chips, small.
   *
   * @param {string[]} pictures
   */
  illustrate(pictures) {
    const chips = this.body.querySelector(".gemini-chips");
    if (!chips || isRemembered(chips)) return;
    remember(chips);
    for (const [at, chip] of [...chips.children].entries()) {
      if (pictures[at] && !chip.querySelector("img"))
        chip.prepend(Object.assign(document.createElement("img"), { src: pictures[at], alt: "" }));
    }
  }
}

/**
 * Make nodes of Python's HTML: in the host's look, and without the white space between its pieces.
 *
 * @param {string} html
 */
function pieces(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  one(template.content, ".gemini-answered").classList.add("jp-RenderedHTMLCommon", "jp-RenderedHTML");
  for (const node of [...one(template.content, ".gemini-answer").childNodes])
    if (node instanceof Text) node.remove();
  return template.content;
}

/**
 * @param {ParentNode} root
 * @returns {HTMLDetailsElement | null}
 */
function thinkingOf(root) {
  return root.querySelector("details.gemini-thinking");
}

/**
 * Find an element that Python always writes.
 *
 * @param {ParentNode} root
 * @param {string} selector
 */
function one(root, selector) {
  return /** @type {HTMLElement} */ (root.querySelector(selector));
}

export { TurnView };
