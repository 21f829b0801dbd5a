// @ts-check
// Takes a reader who is at the end of a growing text along. One who has scrolled away is left alone, and has
// a button that leads back.

import { button } from "./elements.js";

const NEAR_PX = 8;

class Follower {
  /**
   * @param {HTMLElement} text
   * @param {HTMLElement} end what stands below the text
   */
  constructor(text, end) {
    this.text = text;
    this.end = end;
    /** @type {Element | undefined} */
    this.scroller = undefined;
    this.scrolled = 0; // where the scroller was after the last frame
    this.following = false;
    this.back = button(undefined, "↓ Newest text", () => this.toEnd());
    this.back.classList.add("gemini-newest");
  }

  /** How far the end is below the part that the reader sees; negative above its lower edge. */
  get below() {
    const edge = this.scroller?.getBoundingClientRect().bottom ?? 0;
    return this.end.getBoundingClientRect().bottom - edge;
  }

  /** Look where the reader is, before the text grows. */
  before() {
    if (!this.scroller?.isConnected) this.scroller = scrollerOf(this.text);
    const { scroller } = this;
    if (!scroller) return;
    const scrolledUp = scroller.scrollTop < this.scrolled;
    this.following = !scrolledUp && this.below < NEAR_PX && !isSelectedIn(this.text);
    this.scrolled = scroller.scrollTop;
  }

  /** Go along with the text that has grown, if the reader was at its end, or offer to. */
  after() {
    const { scroller } = this;
    if (!scroller || !this.text.isConnected) {
      this.back.remove();
      return;
    }
    if (this.following && this.below > 0) this.toEnd();
    if (this.below < NEAR_PX) this.back.remove();
    else this.offer(scroller.getBoundingClientRect());
  }

  toEnd() {
    if (!this.scroller) return;
    this.scroller.scrollTop += this.below;
    this.scrolled = this.scroller.scrollTop;
    this.back.remove();
  }

  /**
   * Put the button over the lower edge of the scroller: no part of the notebook may clip it.
   *
   * @param {DOMRect} box
   */
  offer({ left, width, bottom }) {
    Object.assign(this.back.style, { left: `${left + width / 2}px`, top: `${bottom}px` });
    if (!this.back.isConnected) document.body.append(this.back);
  }

  close() {
    this.back.remove();
  }
}

/**
 * Find the nearest element around another that scrolls up and down.
 *
 * @param {Element} element
 */
function scrollerOf(element) {
  for (let box = element.parentElement; box; box = box.parentElement) {
    const { overflowY } = getComputedStyle(box);
    if (/auto|scroll/.test(overflowY) && box.scrollHeight > box.clientHeight) return box;
  }
  return undefined;
}

/** @param {Element} element */
function isSelectedIn(element) {
  const selection = document.getSelection();
  return Boolean(selection && !selection.isCollapsed && selection.containsNode(element, true));
}

export { Follower };
