// @ts-check
// A part of an attached picture, chosen by dragging over it or by its edges in percent.

import { field } from "./controls.js";
import { add, button } from "./elements.js";

const EDGES = ["Left", "Top", "Right", "Bottom"];

class PartChooser {
  /**
   * @param {Element} parent
   * @param {Say} say
   * @param {() => void} leave takes the focus when this closes
   */
  constructor(parent, say, leave) {
    this.say = say;
    this.leave = leave;
    this.key = "";
    /** @type {number[]} */
    this.start = [0, 0];
    this.root = add(parent, "div", "gemini-panel-part");
    this.root.role = "group";
    this.picture = add(this.root, "div", "gemini-panel-whole");
    this.image = add(this.picture, "img");
    Object.assign(this.image, { alt: "", draggable: false });
    this.frame = add(this.picture, "div", "gemini-panel-frame");
    this.picture.addEventListener("pointerdown", (event) => this.begin(event));
    this.picture.addEventListener("pointermove", (event) => this.drag(event));
    const fields = add(this.root, "div", "gemini-panel-edges");
    this.edges = EDGES.map((name) => this.makeEdge(fields, name));
    button(fields, "Attach this part", () => this.attach());
    button(fields, "Cancel", () => this.close());
    this.root.addEventListener("keydown", (event) => this.pressed(event));
    this.root.hidden = true;
  }

  /**
   * @param {Element} parent
   * @param {string} name
   */
  makeEdge(parent, name) {
    const edge = field(parent, `${name} %`, "input", () => this.draw());
    Object.assign(edge, { type: "number", min: "0", max: "100", step: "any" });
    edge.addEventListener("input", () => this.draw());
    return edge;
  }

  /** @param {TrayItem} item */
  open({ key, name, thumb }) {
    this.key = key;
    this.root.ariaLabel = `A part of ${name}`;
    this.image.src = thumb;
    this.root.hidden = false;
    this.choose([25, 25, 75, 75]);
    this.edges[0].focus();
  }

  close() {
    if (this.root.hidden) return;
    this.key = "";
    this.root.hidden = true;
    this.leave();
  }

  /** @param {TrayItem[]} items that are attached now */
  keep(items) {
    if (this.key && !items.some(({ key }) => key === this.key)) this.close();
  }

  /** The edges in percent, those of a side in their order. */
  get chosen() {
    const [left, top, right, bottom] = this.edges.map(({ value }) => Math.min(Math.max(Number(value), 0), 100));
    return [Math.min(left, right), Math.min(top, bottom), Math.max(left, right), Math.max(top, bottom)];
  }

  /** @param {number[]} edges */
  choose(edges) {
    for (const [at, edge] of edges.entries()) this.edges[at].value = String(Math.round(10 * edge) / 10);
    this.draw();
  }

  draw() {
    const [left, top, right, bottom] = this.chosen;
    Object.assign(this.frame.style, {
      left: `${left}%`,
      top: `${top}%`,
      width: `${right - left}%`,
      height: `${bottom - top}%`,
    });
  }

  /** @param {PointerEvent} event */
  begin(event) {
    event.preventDefault();
    this.picture.setPointerCapture(event.pointerId);
    this.start = this.at(event);
  }

  /** @param {PointerEvent} event */
  drag(event) {
    if (!this.picture.hasPointerCapture(event.pointerId)) return;
    const [x, y] = this.at(event);
    const [left, top] = this.start;
    this.choose([Math.min(left, x), Math.min(top, y), Math.max(left, x), Math.max(top, y)]);
  }

  /** @param {PointerEvent} event */
  at({ clientX, clientY }) {
    const { left, top, width, height } = this.image.getBoundingClientRect();
    /** @type {(part: number) => number} */
    const percent = (part) => Math.min(Math.max(100 * part, 0), 100);
    return [percent((clientX - left) / width), percent((clientY - top) / height)];
  }

  attach() {
    const [left, top, right, bottom] = this.chosen.map((edge) => edge / 100);
    if (left === right || top === bottom) return;
    this.say("region", { key: this.key, box: [left, top, right, bottom] });
    this.close();
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.key === "Escape") this.close();
    else if (event.key === "Enter" && event.target instanceof HTMLInputElement) this.attach();
    else return;
    event.preventDefault();
    event.stopPropagation(); // Enter would send the question, and Escape leave the panel
  }
}

export { PartChooser };
