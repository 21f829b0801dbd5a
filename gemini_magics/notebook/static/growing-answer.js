// @ts-check
// An answer while it grows: its thinking, which folds when the text begins, and its text.

import { add, keepPress, write } from "./elements.js";

/** @import { Part } from "./blocks.js" */

class GrowingAnswer {
  /**
   * @param {HTMLElement} box of the text; the thinking goes before it
   * @param {(box: HTMLElement) => Part} part makes what draws into a box
   */
  constructor(box, part) {
    this.part = part;
    this.text = part(box);
    /** @type {Part | undefined} */
    this.thinking = undefined;
    /** @type {HTMLDetailsElement | undefined} */
    this.details = undefined;
    /** @type {HTMLElement | undefined} */
    this.summary = undefined;
    this.touched = false;
    this.folded = false;
  }

  /**
   * @param {Record<PartName, Blocks>} parts
   * @param {string} summary
   */
  draw({ thinking, text }, summary) {
    if (thinking.blocks.length && !this.details) this.think();
    const following = this.thinking?.atEnd;
    this.thinking?.draw(thinking);
    this.text.draw(text);
    if (text.blocks.length && !this.folded) {
      this.folded = true;
      if (this.details) this.details.open &&= this.touched;
    }
    if (following) this.thinking?.toEnd();
    if (this.summary) write(this.summary, summary);
  }

  think() {
    const details = add(undefined, "details", "gemini-thinking");
    details.open = !this.folded;
    this.details = details;
    this.summary = add(details, "summary");
    keepPress(this.summary);
    this.summary.addEventListener("click", () => {
      this.touched = true;
    });
    this.thinking = this.part(add(details, "div", "gemini-thoughts"));
    this.thinking.box.tabIndex = 0;
    this.text.box.before(details);
  }

  close() {
    this.thinking?.close();
    this.text.close();
  }
}

export { GrowingAnswer };
