// @ts-check
// The attachments of the next question, as chips that can be moved and removed.

import { add, button, write } from "./elements.js";
import { PartChooser } from "./part.js";

class Tray {
  /**
   * @param {Element} parent
   * @param {Say} say
   * @param {() => void} leave takes the focus when the last chip is gone
   */
  constructor(parent, say, leave) {
    this.say = say;
    this.leave = leave;
    this.root = add(parent, "ul", "gemini-panel-tray");
    this.root.ariaLabel = "Attached";
    this.part = new PartChooser(parent, say, leave);
  }

  /**
   * Draw the chips again. The focus stays on the same button of the same chip.
   *
   * @param {TrayItem[]} items
   */
  draw(items) {
    const { activeElement } = document;
    const hadFocus = activeElement instanceof HTMLElement && this.root.contains(activeElement);
    const { key, verb } = hadFocus ? activeElement.dataset : {};
    this.root.replaceChildren();
    this.root.hidden = !items.length;
    this.part.keep(items);
    for (const [at, item] of items.entries()) {
      const buttons = this.chip(item, at > 0, at < items.length - 1);
      if (item.key === key) buttons.find((each) => each.dataset.verb === verb)?.focus();
    }
    if (!key || this.root.contains(document.activeElement)) return;
    const first = this.root.querySelector("button");
    if (first) first.focus();
    else this.leave();
  }

  /**
   * @param {TrayItem} item
   * @param {boolean} earlier it can be put earlier
   * @param {boolean} later it can be put later
   * @returns {HTMLButtonElement[]}
   */
  chip(item, earlier, later) {
    const { key, name, label, thumb } = item;
    const chip = add(this.root, "li", "gemini-panel-chip");
    const pick = thumb ? [this.picture(chip, item)] : [];
    write(add(chip, "span", "gemini-panel-label"), label);
    /** @type {(label: string, sign: string, verb: string, rest?: object) => HTMLButtonElement} */
    const act = (verb, sign, does, rest = {}) => {
      const press = button(chip, sign, () => this.say(does, { key, ...rest }));
      press.ariaLabel = press.title = `${verb} ${name}`;
      Object.assign(press.dataset, { key, verb });
      return press;
    };
    return [
      ...pick,
      ...(earlier ? [act("Put earlier:", "‹", "move", { by: -1 })] : []),
      ...(later ? [act("Put later:", "›", "move", { by: 1 })] : []),
      act("Remove", "×", "drop"),
    ];
  }

  /**
   * Show an attached picture small, as a button that opens it so that a part of it can be chosen.
   *
   * @param {Element} chip
   * @param {TrayItem} item
   */
  picture(chip, item) {
    const open = button(chip, "", () => this.part.open(item));
    open.classList.add("gemini-panel-pick");
    open.ariaLabel = open.title = `Choose a part of ${item.name}`;
    Object.assign(open.dataset, { key: item.key, verb: "part" });
    Object.assign(add(open, "img"), { src: item.thumb, alt: "" });
    return open;
  }
}

export { Tray };
