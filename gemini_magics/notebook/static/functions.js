// @ts-check
// The functions of the notebook in the panel: which are offered, and the question whether one may be called.

import { choiceRow } from "./choices.js";
import { tick } from "./controls.js";
import { add, write } from "./elements.js";

/** The functions that can be offered, each with a box to tick. */
class Functions {
  /**
   * @param {Element} parent
   * @param {Say} say
   */
  constructor(parent, say) {
    this.say = say;
    this.row = add(parent, "div", "gemini-panel-functions");
    this.row.role = "group";
    this.row.ariaLabel = "Functions that the model may call";
    write(add(this.row, "span"), "Functions");
    /** @type {Map<string, HTMLInputElement>} */
    this.boxes = new Map();
  }

  /** @param {OfferedFunction[]} functions */
  draw(functions) {
    this.row.hidden = !functions.length;
    const names = functions.map(({ name }) => name);
    if (names.join() !== [...this.boxes.keys()].join()) this.make(names);
    for (const { name, offered } of functions) {
      const box = this.boxes.get(name);
      if (box) box.checked = offered;
    }
  }

  /** @param {string[]} names */
  make(names) {
    for (const box of this.boxes.values()) box.parentElement?.remove();
    this.boxes = new Map(
      names.map((name) => [name, tick(this.row, name, (offered) => this.say("offer", { name, offered }))]),
    );
  }
}

/** The call that waits for the person. Its HTML is the kernel's. */
class Asked {
  /**
   * @param {Element} parent
   * @param {Say} say
   */
  constructor(parent, say) {
    this.say = say;
    this.box = add(parent, "div", "gemini-panel-asked");
    this.number = 0;
  }

  /** @param {AskedCall | null} asked */
  draw(asked) {
    this.box.hidden = !asked;
    if (!asked) this.box.replaceChildren();
    else if (asked.number !== this.number) this.ask(asked);
    this.number = asked?.number ?? 0;
  }

  /** @param {AskedCall} asked */
  ask({ number, html }) {
    this.box.replaceChildren();
    const shown = add(this.box, "div", "gemini-answer jp-RenderedHTMLCommon jp-RenderedHTML");
    shown.innerHTML = html;
    choiceRow(this.box, (choice) => this.say("allow", { number, choice }));
  }
}

export { Asked, Functions };
