// @ts-check
// One view of the answer, in the output of its cell.

import { Part } from "./blocks.js";
import { copyTextButton } from "./copy-button.js";
import { add, button, write } from "./elements.js";
import { Follower } from "./follow.js";
import { GrowingAnswer } from "./growing-answer.js";
import { MarkedPictures } from "./marks.js";
import { turnInto } from "./morph.js";

const SAID_MS = 5000; // in which a screen reader says what has changed

class AnswerView {
  /**
   * @param {WidgetManager} manager
   * @param {HTMLElement} el
   * @param {LiveAnswer} said
   */
  constructor({ kernel, rendermime }, el, said) {
    this.said = said;
    this.el = el;
    this.typesetter = rendermime?.latexTypesetter;
    el.classList.add("gemini-live");
    // The host's classes make it look like the plain output whose place it takes.
    this.root = add(add(el, "div", "jp-RenderedHTMLCommon jp-RenderedHTML"), "div", "gemini-answer");
    this.root.insertAdjacentHTML("beforeend", said.head);
    for (const [at, chip] of this.root.querySelectorAll(".gemini-chip").entries())
      this.illustrate(chip, said.pictures[at]);
    this.answer = new GrowingAnswer(
      add(this.root, "div", "gemini-text"),
      (box) => new Part(box, this.typesetter),
    );

    this.marked = new MarkedPictures(add(this.root, "div", "gemini-marks"), said.pictures);
    this.tail = add(this.root, "div");
    const status = add(this.tail, "div", "gemini-status");
    this.status = add(status, "span");
    this.status.role = "status";
    this.status.ariaLive = "polite";
    this.clock = add(status, "span");
    this.clock.ariaHidden = "true"; // no screen reader should count along
    const stop = said.background ? said.stop : kernel?.interrupt && (() => kernel.interrupt?.());
    if (stop) button(status, "Stop", stop);
    this.ticking = setInterval(() => this.tick(), 1000);
    this.follower = new Follower(this.root, this.tail);
    this.ended = false;
    /** @type {PlainOutput | undefined} */
    this.settledAs = undefined;
    /** @type {number | undefined} */
    this.frame = undefined;
    this.drawSoon();
  }

  /**
   * Put a picture that was sent into its chip, where a click shows it large.
   *
   * @param {Element} chip
   * @param {string | undefined} source
   */
  illustrate(chip, source) {
    if (!source) return;
    const label = chip.textContent ?? "";
    const large = add(this.root, "dialog", "gemini-large");
    large.ariaLabel = label;
    Object.assign(add(large, "img"), { src: source, alt: label });
    large.addEventListener("click", () => large.close());
    const small = button(chip, "", () => large.showModal());
    small.className = "gemini-picture";
    small.ariaLabel = `Enlarge ${label}`;
    Object.assign(add(small, "img"), { src: source, alt: "" });
    chip.querySelector(".gemini-thumbnail")?.remove();
    chip.prepend(small);
  }

  /**
   * Go to another place, with all that the reader has opened.
   *
   * @param {HTMLElement} place
   */
  moveTo(place) {
    place.classList.toggle("gemini-live", this.el.classList.contains("gemini-live"));
    place.append(...this.el.childNodes);
    this.el = place;
    return this;
  }

  drawSoon() {
    this.frame ??= requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.frame = undefined;
    const { said, follower } = this;
    if (!this.ended) {
      follower.before();
      this.answer.draw(said, said.summary);
      this.marked.draw(said.marks ?? []);
      write(this.status, said.status);
      this.tick();
      follower.after();
      if (said.ended) this.end();
    }
    if (this.ended && !this.settledAs && this.foot !== said.foot) this.drawFoot();
    if (said.output && this.settledAs !== said.output) this.settle(said.output);
  }

  tick() {
    if (this.said.ended) return;
    const seconds = Math.round((performance.now() - this.said.askedAt) / 1000);
    write(this.clock, seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`);
  }

  /** Put the facts of the end in place of the status. */
  end() {
    const { said, tail, follower } = this;
    this.ended = true;
    clearInterval(this.ticking);
    /** @type {HTMLElement | null} */
    const cell = tail.contains(document.activeElement) ? this.el.closest(".jp-Cell") : null;
    follower.before();
    this.drawFoot();
    follower.after();
    follower.close();
    announce(said.status);
    cell?.focus({ preventScroll: true }); // the button that had the focus is gone
  }

  /** Draw the facts of the end. The service may send some of them, as the number of tokens, after the last word. */
  drawFoot() {
    const { said, tail } = this;
    this.foot = said.foot;
    if (said.foot) tail.innerHTML = said.foot;
    if (said.markdown) this.offerCopy(said.markdown);
  }

  /** @param {string} markdown */
  offerCopy(markdown) {
    copyTextButton(this.tail.querySelector(".gemini-foot") ?? this.tail, () => markdown, "Copy the answer");
  }

  /**
   * Become the output that the notebook keeps. Equal parts stay in place, and with them all that the reader has
   * selected, scrolled and opened.
   *
   * @param {PlainOutput} output
   */
  settle(output) {
    this.settledAs = output;
    const { answer, root, said, tail } = this;
    const template = document.createElement("template");
    template.innerHTML = String(output.data["text/html"]);
    const texts = template.content.querySelectorAll(".gemini-text");
    const last = texts[texts.length - 1];
    this.el.classList.remove("gemini-live");
    if (!last) return;
    answer.close();
    const changed = !String(output.data["text/html"]).includes(said.foot ?? "");
    const after = siblings(last, "nextSibling");
    // The view has the marks that it heard of, as buttons.
    if (said.lost || changed) tail.replaceChildren(...(said.marks?.length ? after.filter(isNoMark) : after));
    if (changed && said.markdown) this.offerCopy(said.markdown);
    const unheard = !answer.details && template.content.querySelector(".gemini-thoughts");
    if (texts.length > 1 || unheard) {
      // Calls of functions stand between the parts of an answer, and thoughts that were never heard before it.
      answer.details?.remove();
      answer.text.box.replaceWith(...siblings(last, "previousSibling").filter(isOfText), last);
    } else {
      this.turnInto(template.content, ".gemini-thoughts");
      this.turnInto(template.content, ".gemini-text");
    }
    for (const box of /** @type {NodeListOf<HTMLElement>} */ (
      root.querySelectorAll(".gemini-thoughts, .gemini-text")
    )) {
      const part = new Part(box, this.typesetter);
      for (const node of box.childNodes) part.finish(node);
    }
  }

  /**
   * @param {DocumentFragment} goal
   * @param {string} selector of a box in it and in this view
   */
  turnInto(goal, selector) {
    const [box, fresh] = [this.root, goal].map((node) => node.querySelector(selector));
    if (box && fresh) turnInto([...box.childNodes], [...fresh.childNodes], (node) => box.append(node));
  }

  /** Leave the page. */
  leave() {
    clearInterval(this.ticking);
    if (this.frame !== undefined) cancelAnimationFrame(this.frame);
    this.follower.close();
    if (this.said.ended && !this.ended) announce(this.said.status);
  }
}

/**
 * Collect what stands before or after a node, in the order of the page.
 *
 * @param {Node} node
 * @param {"previousSibling" | "nextSibling"} direction
 */
function siblings(node, direction) {
  const found = [];
  for (let next = node[direction]; next; next = next[direction]) found.push(next);
  return direction === "nextSibling" ? found : found.reverse();
}

/** @param {Node} node */
function isOfText(node) {
  return node instanceof Element && !node.matches("style, .gemini-chips");
}

/** @param {Node} node */
function isNoMark(node) {
  return !(node instanceof Element && node.matches(".gemini-marks"));
}

/**
 * Let a screen reader say something, whatever becomes of the view.
 *
 * @param {string} text
 */
function announce(text) {
  const region = add(document.body, "div");
  region.role = "status";
  const unseen = {
    position: "absolute",
    width: "1px",
    height: "1px",
    overflow: "hidden",
    clipPath: "inset(50%)",
  };
  Object.assign(region.style, unseen);
  setTimeout(() => write(region, text), 100); // only what changes in a region is said
  setTimeout(() => region.remove(), SAID_MS);
}

export { AnswerView };
