// @ts-check
// Things of the notebook that a click attaches: its figures, images and tables.

import { add, button, write } from "./elements.js";

const SIGNS = new Map([
  ["table", "▦"],
  ["chart", "◔"],
  ["figure", "◔"],
  ["image", "▣"],
]);
const EMPTY = "There is no figure, image or table yet: run a cell that makes one.";

class Gallery {
  /**
   * @param {Element} parent
   * @param {PanelContext} panel
   * @param {() => void} attached is called when a thing was clicked
   */
  constructor(parent, panel, attached) {
    this.panel = panel;
    this.attached = attached;
    this.box = add(parent, "details", "gemini-panel-shelf");
    write(add(this.box, "summary"), "From this notebook");
    this.box.addEventListener("toggle", () => {
      if (panel.said.facts.shelf_open !== this.box.open) panel.say("shelf", { shown: this.box.open });
    });
    this.things = add(this.box, "ul", "gemini-panel-things");
  }

  /**
   * Draw the things. A thing keeps its button whatever becomes of its picture: a browser drops a click whose
   * button leaves the page between press and release, even if it comes back.
   */
  draw() {
    const { facts, thumbs } = this.panel.said;
    const { shelf } = facts;
    this.box.open = facts.shelf_open;
    const focused =
      document.activeElement instanceof HTMLElement ? document.activeElement.dataset.thing : undefined;
    const children = /** @type {HTMLElement[]} */ ([...this.things.children]);
    const before = new Map(children.map((item) => [item.dataset.name, item]));
    const items = shelf.map((thing) => {
      const item = before.get(thing.name) ?? this.item(thing.name);
      const shown = JSON.stringify([thing.kind, thing.detail, thumbs[thing.name]]);
      if (item.dataset.shown !== shown) fill(item, thing, thumbs[thing.name]);
      item.dataset.shown = shown;
      return item;
    });
    if (items.length !== children.length || items.some((item, index) => item !== children[index])) {
      this.things.replaceChildren(...items);
    }
    if (focused) {
      const again = this.things.querySelector(`[data-thing="${CSS.escape(focused)}"]`);
      if (again instanceof HTMLElement) again.focus();
    }
    const due = shelf.find((thing) => thing.due);
    if (due) this.panel.say("thumb", { name: due.name });
    if (!shelf.length && this.box.open) write(add(this.things, "li", "gemini-panel-empty"), EMPTY);
  }

  /** @param {string} name */
  item(name) {
    const item = add(undefined, "li");
    item.dataset.name = name;
    const press = button(item, "", () => {
      this.panel.say("attach", { word: name });
      this.attached();
    });
    press.className = "gemini-panel-thing";
    press.dataset.thing = name;
    return item;
  }
}

/**
 * Write what a thing is, and its picture, into its button.
 *
 * @param {HTMLElement} item
 * @param {Thing} thing
 * @param {Thumb | undefined} thumb
 */
function fill(item, { name, kind, detail }, thumb) {
  const press = /** @type {HTMLElement} */ (item.firstElementChild);
  press.ariaLabel = `Attach ${name}, ${[kind, detail].filter(Boolean).join(", ")}`;
  press.replaceChildren();
  const picture = add(press, "span", "gemini-panel-picture");
  if (Array.isArray(thumb)) corner(picture, thumb);
  else if (thumb) Object.assign(add(picture, "img"), { src: thumb, alt: "" });
  else write(picture, SIGNS.get(kind) ?? "≡");
  write(add(press, "span", "gemini-panel-name"), name);
  write(add(press, "span", "gemini-panel-detail"), detail || kind);
}

/**
 * Draw the corner of a table, in elements that may stand in a button.
 *
 * @param {Element} parent
 * @param {string[][]} rows
 */
function corner(parent, rows) {
  const grid = add(parent, "span", "gemini-panel-table");
  const [head, ...body] = rows;
  grid.style.setProperty("--columns", String(head.length));
  for (const text of head) write(add(grid, "b"), text);
  for (const text of body.flat()) write(add(grid, "span"), text);
}

export { Gallery };
