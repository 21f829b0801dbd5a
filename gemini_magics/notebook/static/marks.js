// @ts-check
// The marks of an answer over the pictures that were sent, as soon as each is complete.
//
// A saved output holds them as pixels and as a list; here each mark is a button that a mouse, a keyboard and a
// screen reader reach. Labels are words of a model: they are text, never HTML.

import { add } from "./elements.js";

class MarkedPictures {
  /**
   * @param {HTMLElement} box
   * @param {string[]} sources of the pictures, by the place of their attachments
   */
  constructor(box, sources) {
    this.box = box;
    this.sources = sources;
    box.hidden = true;
    this.pictures = add(box, "div");
    this.list = add(box, "ul");
    /** @type {Map<number, HTMLElement>} */
    this.frames = new Map();
    this.drawn = "";
  }

  /** @param {LiveMark[]} marks */
  draw(marks) {
    const now = JSON.stringify(marks);
    if (now === this.drawn) return;
    const { activeElement } = document;
    const focused = this.buttons.findIndex((each) => each === activeElement);
    this.drawn = now;
    this.frames.clear();
    this.pictures.replaceChildren();
    this.list.replaceChildren();
    for (const mark of marks) this.add(mark);
    this.box.hidden = !marks.length;
    this.buttons[focused]?.focus({ preventScroll: true });
  }

  get buttons() {
    return [...this.pictures.querySelectorAll("button")];
  }

  /** @param {LiveMark} mark */
  add({ number, words, picture, box: [left, top, right, bottom] }) {
    const item = add(this.list, "li");
    add(item, "b", "gemini-mark").textContent = String(number);
    add(item, "bdi").textContent = ` ${words}`;
    const frame = this.frameOf(picture);
    if (!frame) return;
    const spot = add(frame, "button", right > left || bottom > top ? "gemini-spot gemini-box" : "gemini-spot");
    spot.type = "button";
    spot.ariaLabel = `Mark ${number}: ${words}`;
    Object.assign(spot.style, {
      left: percent(left),
      top: percent(top),
      width: percent(right - left),
      height: percent(bottom - top),
    });
    add(spot, "b", "gemini-mark").textContent = String(number);
    add(spot, "span").textContent = words;
  }

  /**
   * Return the frame around a picture, made for its first mark; nothing where the page has no such picture.
   *
   * @param {number} at
   */
  frameOf(at) {
    const source = this.sources[at];
    if (source && !this.frames.has(at)) {
      const frame = add(this.pictures, "div", "gemini-marked");
      Object.assign(add(frame, "img"), { src: source, alt: "" });
      this.frames.set(at, frame);
    }
    return this.frames.get(at);
  }
}

/** @param {number} part */
function percent(part) {
  return `${100 * part}%`;
}

export { MarkedPictures };
