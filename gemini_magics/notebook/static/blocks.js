// @ts-check
// Draws the blocks of an answer, which grow in place. Their HTML is the kernel's.

import { copyButton } from "./copy-button.js";
import { isRemembered, remember, turnInto } from "./morph.js";

/** The thinking or the text of an answer, in its box. */
class Part {
  /**
   * @param {HTMLElement} box
   * @param {Typesetter | undefined} typesetter sets formulas, where the host has one
   * @param {(box: Element, code: Element) => void} tools puts buttons beside code
   */
  constructor(box, typesetter, tools = copyButton) {
    this.box = box;
    this.typesetter = typesetter;
    this.tools = tools;
    /** @type {DrawnBlock[]} */
    this.drawn = [];
    this.finished = 0;
  }

  get atEnd() {
    return this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < 4;
  }

  toEnd() {
    this.box.scrollTop = this.box.scrollHeight;
  }

  /**
   * Draw what has changed. Finished blocks do not change any more: their formulas are set, once.
   *
   * @param {Blocks} part
   */
  draw({ blocks, finished }) {
    for (let at = this.finished; at < blocks.length; at++) {
      this.drawn[at] ??= { html: undefined, nodes: [], end: this.box.appendChild(document.createComment("")) };
      this.drawBlock(this.drawn[at], blocks[at]);
    }
    for (; this.finished < finished; this.finished++) {
      for (const node of this.drawn[this.finished]?.nodes ?? []) this.finish(node);
    }
  }

  /**
   * @param {DrawnBlock} block
   * @param {string} html
   */
  drawBlock(block, html) {
    if (block.html === html) return;
    block.html = html;
    const template = document.createElement("template");
    template.innerHTML = html;
    block.nodes = turnInto(block.nodes, [...template.content.childNodes], (node) => block.end.before(node));
  }

  /**
   * Set the formulas of a node, and add buttons to its code.
   *
   * @param {Node} node
   */
  finish(node) {
    if (!(node instanceof Element) || isRemembered(node)) return;
    const [formulas, code] = [".gemini-math", ".gemini-code"].map((name) =>
      node.matches(name) ? [node] : [...node.querySelectorAll(name)],
    );
    if (!formulas.length && !code.length) return;
    remember(node);
    if (formulas.length) this.typesetter?.typeset(node);
    for (const box of code) {
      const source = box.querySelector("code");
      if (source) this.tools(box, source);
    }
  }

  /** Remove the comments that mark the ends of blocks. Nothing can be drawn after that. */
  close() {
    for (const { end } of this.drawn) end.remove();
  }
}

export { Part };
