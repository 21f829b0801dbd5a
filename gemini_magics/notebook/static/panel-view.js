// @ts-check
// One view of the panel, made of its parts.

import { tell } from "./comm.js";
import { Composer } from "./composer.js";
import { add, write } from "./elements.js";
import { Gallery } from "./gallery.js";
import { sends } from "./keys.js";
import { Log } from "./log.js";
import { watchRoom } from "./room.js";
import { Settings } from "./settings.js";
import { panelOutputs } from "./transcript.js";

/** @implements {PanelContext} */
class PanelView {
  /**
   * @param {PanelModel} model
   * @param {PanelState} said
   */
  constructor(model, said) {
    this.model = model;
    this.said = said;
    this.typesetter = model.widget_manager.rendermime?.latexTypesetter;
    /** @type {Say} */
    this.say = (verb, rest, buffers) => tell(model, { do: verb, ...rest }, buffers);
    this.rearranged = true;
    this.changed = false;
    /** @type {number | undefined} */
    this.frame = undefined;

    this.root = add(undefined, "section", "gemini-panel");
    this.root.ariaLabel = "Gemini";
    this.settings = new Settings(this.root, this.say, () => this.drawFacts());
    this.log = new Log(this.root, this);
    this.composer = new Composer(this.root, this, () => this.log.toEnd());
    this.gallery = new Gallery(this.root, this, () => this.composer.focus());

    this.root.addEventListener("keydown", (event) => this.pressed(event));
    // JupyterLab takes plain keys, such as Enter, for commands on the cell; here they press buttons.
    this.closing = new AbortController();
    window.addEventListener("keydown", (event) => this.guard(event), {
      capture: true,
      signal: this.closing.signal,
    });
    for (const name of /** @type {const} */ (["dragenter", "dragover", "dragleave", "drop"]))
      this.root.addEventListener(name, (event) => this.dragged(event));
  }

  /** Show what was said before this view was made. The view stands in the page by now. */
  begin() {
    watchRoom(this.root);
    this.take({ facts: this.said.facts }, this.said.order);
    this.composer.fit();
    this.log.toEnd();
  }

  close() {
    this.closing.abort();
  }

  /**
   * Take in a message, and draw it with the next frame.
   *
   * @param {Partial<PanelMessage>} message
   * @param {Iterable<string>} keys of the turns that it has changed
   */
  take(message, keys) {
    for (const key of keys) this.log.due.add(key);
    this.rearranged ||= Boolean(message.order || message.whole);
    this.composer.take(message);
    this.changed ||= Boolean(message.facts || message.thumbs || message.heard);
    this.frame ??= requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.frame = undefined;
    const { log } = this;
    const following = log.atEnd;
    if (this.rearranged) log.arrange();
    log.draw();
    if (this.changed) this.drawFacts();
    this.rearranged = this.changed = false;
    this.root.classList.toggle("gemini-panel-busy", Boolean(this.said.facts.busy));
    this.composer.drawStatus();
    if (following) log.toEnd();
  }

  drawFacts() {
    const { facts, order } = this.said;
    this.settings.draw(facts, !order.length);
    this.log.mark(facts);
    this.composer.draw(facts);
    this.gallery.draw();
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.target === this.composer.text && sends(event)) {
      event.preventDefault();
      this.composer.send();
    }
    if (event.key === "Escape" && !event.isComposing) this.escape();
    event.stopPropagation();
  }

  /** Close, cancel or stop what is going on; else leave the panel for its cell. */
  escape() {
    const { editing, busy } = this.said.facts;
    if (this.settings.closeFromInside()) return;
    if (editing) this.say("unedit");
    else if (busy) this.composer.stopped();
    else this.leave();
  }

  leave() {
    const cell = this.root.closest(".jp-Cell");
    if (cell instanceof HTMLElement) cell.focus({ preventScroll: true });
    else if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  }

  /** @param {string} key of the turn that is put into the field */
  edit(key) {
    this.composer.keepDraft();
    this.say("edit", { key });
  }

  /** @param {KeyboardEvent} event */
  guard(event) {
    if (!(event.target instanceof Node && this.root.contains(event.target))) return;
    const plain = !(event.ctrlKey || event.metaKey) || event.key === "Enter";
    this.root.toggleAttribute("data-lm-suppress-shortcuts", plain);
  }

  /** @param {DragEvent} event */
  dragged(event) {
    const { dataTransfer, relatedTarget, type } = event;
    if (!dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.stopPropagation();
    const inside = relatedTarget instanceof Node && this.root.contains(relatedTarget);
    const leaves = type === "drop" || (type === "dragleave" && !inside);
    this.root.classList.toggle("gemini-panel-dropping", !leaves);
    if (type === "drop") this.composer.upload([...dataTransfer.files]);
  }

  /**
   * Put a cell below the one that shows the panel; where the page cannot, onto the clipboard.
   *
   * @param {string} source
   */
  async insert(source) {
    const notebook = this.model.widget_manager.context?.model;
    for (const { cell } of panelOutputs(this.said, notebook)) {
      notebook?.sharedModel.insertCell(cell + 1, { cell_type: "code", source, metadata: {}, outputs: [] });
      write(this.composer.status, "Inserted below. It was not run.");
      return;
    }
    await navigator.clipboard?.writeText(source);
    write(this.composer.status, "Copied: paste it into a cell.");
  }
}

export { PanelView };
