// @ts-check
// The questions and answers of the panel, in their order.

import { add, write } from "./elements.js";
import { TurnView } from "./turn-view.js";

const EMPTY =
  "Ask about what is in this notebook. Attach a figure or a table from below, paste a picture, or drop a file.";

class Log {
  /**
   * @param {Element} parent
   * @param {PanelContext} panel
   */
  constructor(parent, panel) {
    this.panel = panel;
    /** @type {Map<string, TurnView>} */
    this.views = new Map();
    /** @type {Set<string>} */
    this.due = new Set();
    this.root = add(parent, "div", "gemini-panel-log");
    this.root.tabIndex = 0;
    this.root.role = "region";
    this.root.ariaLabel = "Questions and answers";
    this.empty = add(this.root, "p", "gemini-panel-empty");
    write(this.empty, EMPTY);
  }

  get atEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.root;
    return scrollHeight - scrollTop - clientHeight < 40;
  }

  toEnd() {
    this.root.scrollTop = this.root.scrollHeight;
  }

  /** Draw the turns that are due, those that have changed or are new. */
  draw() {
    const { facts, turns } = this.panel.said;
    for (const key of this.due) {
      const view = this.views.get(key);
      const turn = turns.get(key);
      if (!view || !turn) continue;
      view.draw(turn);
      view.mark(facts, key);
    }
    this.due.clear();
  }

  /** Bring the turns into the order of the conversation. */
  arrange() {
    const { order } = this.panel.said;
    for (const [key, view] of this.views) {
      if (order.includes(key)) continue;
      view.root.remove();
      this.views.delete(key);
    }
    /** @type {Element} */
    let after = this.empty;
    for (const key of order) {
      const { root } = this.viewOf(key);
      if (after.nextSibling !== root) after.after(root);
      after = root;
    }
    this.empty.hidden = order.length > 0;
  }

  /** @param {string} key */
  viewOf(key) {
    let view = this.views.get(key);
    if (!view) {
      view = new TurnView(this.panel, key);
      this.views.set(key, view);
      this.due.add(key);
    }
    return view;
  }

  /** @param {PanelFacts} facts */
  mark(facts) {
    for (const [key, view] of this.views) view.mark(facts, key);
  }
}

export { Log };
