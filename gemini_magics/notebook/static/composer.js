// @ts-check
// Where a question is written, given its attachments, sent and stopped.

import { unique } from "./controls.js";
import { add, button, write } from "./elements.js";
import { Asked } from "./functions.js";
import { hint } from "./keys.js";
import { Tray } from "./tray.js";
import { awaited } from "./turn.js";
import { refusal, upload } from "./upload.js";

const DRAFT_MS = 400;

class Composer {
  /**
   * @param {Element} parent
   * @param {PanelContext} panel
   * @param {() => void} sent is called when a question was sent
   */
  constructor(parent, panel, sent) {
    this.panel = panel;
    this.sent = sent;
    this.pending = false; // a question was sent, and the kernel has not heard it yet
    /** @type {number | undefined} */
    this.draftNumber = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.saving = undefined;
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.ticking = undefined;

    const form = add(parent, "form", "gemini-panel-composer");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.notice = add(form, "p", "gemini-panel-notice");
    this.notice.role = "alert";
    this.asked = new Asked(form, panel.say);
    this.saved = this.makeLine(form, "Continue", "continue");
    this.editing = this.makeLine(form, "Cancel", "unedit");
    write(this.editing.words, "You are editing an earlier question. Sending it asks for its answer again.");
    const box = add(form, "div", "gemini-panel-box");
    this.tray = new Tray(box, panel.say, () => this.focus());
    this.text = this.makeText(box);
    const bar = add(box, "div", "gemini-panel-bar");
    this.makeFile(bar);
    this.status = add(bar, "span", "gemini-panel-status");
    this.status.role = "status";
    this.clock = add(bar, "span", "gemini-clock");
    this.clock.ariaHidden = "true"; // no screen reader should count along
    this.hint = add(bar, "span", "gemini-panel-hint");
    this.stop = button(bar, "Stop", () => this.stopped());
    this.go = button(bar, "Send", () => {});
    this.go.type = "submit";
    this.go.classList.add("gemini-panel-go");
  }

  /**
   * Make a line that says something and offers one thing to do about it.
   *
   * @param {Element} form
   * @param {string} label of the button
   * @param {string} verb that the button says
   */
  makeLine(form, label, verb) {
    const bar = add(form, "p", "gemini-panel-line");
    const words = add(bar, "span");
    button(bar, label, () => {
      this.panel.say(verb);
      this.focus();
    });
    return { bar, words };
  }

  /** @param {Element} form */
  makeText(form) {
    const label = add(form, "label", "gemini-panel-hidden");
    write(label, "Question");
    const text = add(form, "textarea", "gemini-panel-text");
    text.id = label.htmlFor = unique();
    text.placeholder = "Ask about this notebook";
    text.rows = 2;
    text.addEventListener("input", () => this.typed());
    text.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (!files.length) return;
      event.preventDefault();
      this.upload(files, "pasted ");
    });
    return text;
  }

  /** @param {Element} bar */
  makeFile(bar) {
    const file = add(bar, "input", "gemini-panel-hidden");
    Object.assign(file, { type: "file", multiple: true, tabIndex: -1, ariaHidden: "true" });
    file.addEventListener("change", () => {
      this.upload([...(file.files ?? [])]);
      file.value = "";
    });
    button(bar, "Attach a file", () => file.click()).classList.add("gemini-panel-quiet");
  }

  // Messages of the kernel.

  /** @param {Partial<PanelMessage>} message */
  take({ facts, heard, whole }) {
    if (facts?.busy || heard) this.pending = false;
    const draft = facts?.draft;
    if (!draft || draft.number === this.draftNumber) return;
    this.draftNumber = draft.number;
    if (whole) return; // the page was told again; more may have been typed here since
    this.text.value = draft.text;
    if (draft.text) this.focus();
    this.fit();
  }

  /** @param {PanelFacts} facts */
  draw({ busy, notice, failed, editing, saved, tray, asked }) {
    this.tell(notice ?? "", failed);
    this.asked.draw(asked);
    this.saved.bar.hidden = !saved.length || Boolean(busy);
    write(this.saved.words, fromFile(saved.length));
    this.editing.bar.hidden = !editing;
    this.stop.hidden = !busy || (busy === "cell" && !this.kernel?.interrupt);
    this.go.hidden = Boolean(busy);
    this.go.disabled = this.pending;
    this.tray.draw(tray);
    write(this.hint, hint());
  }

  drawStatus() {
    const { busy, asked } = this.panel.said.facts;
    const waits = this.pending ? "Waiting for the cell that runs" : "";
    const goesOn = asked ? "Waiting for you" : (this.turn?.facts.status ?? "Asking");
    write(this.status, busy ? goesOn : waits);
    if (busy) this.ticking ??= setInterval(() => this.tick(), 1000);
    else {
      clearInterval(this.ticking);
      this.ticking = undefined;
    }
    this.tick();
  }

  tick() {
    const turn = this.panel.said.facts.busy && this.turn;
    write(this.clock, turn ? `${Math.round((performance.now() - turn.askedAt) / 1000)} s` : "");
  }

  get turn() {
    return awaited(this.panel.said.turns.values());
  }

  get kernel() {
    return this.panel.model.widget_manager.kernel;
  }

  /**
   * @param {string} notice
   * @param {boolean} [failed] is it why something failed?
   */
  tell(notice, failed = true) {
    write(this.notice, notice);
    this.notice.className = `gemini-panel-notice ${failed ? "gemini-failure" : "gemini-note"}`;
    this.notice.hidden = !notice;
  }

  // Actions of the reader.

  focus() {
    this.text.focus();
  }

  send() {
    if (this.panel.said.facts.busy || this.pending) return;
    clearTimeout(this.saving);
    this.pending = true;
    this.panel.say("send", { text: this.text.value });
    this.drawStatus();
    this.go.disabled = true;
    this.sent();
  }

  stopped() {
    // The kernel hears a message only when the cell that runs has ended; an interrupt at once.
    if (this.panel.said.facts.busy === "cell") this.kernel?.interrupt?.();
    else this.panel.say("stop");
    this.focus();
  }

  typed() {
    this.fit();
    clearTimeout(this.saving);
    this.saving = setTimeout(() => this.keepDraft(), DRAFT_MS);
  }

  /** Tell the kernel what is in the field, for a page that is loaded later and for the end of an edit. */
  keepDraft() {
    clearTimeout(this.saving);
    this.panel.say("draft", { text: this.text.value });
  }

  /** Make the field as high as its text. */
  fit() {
    this.text.style.height = "auto";
    this.text.style.height = `${this.text.scrollHeight + 2}px`;
  }

  /**
   * @param {File[]} files
   * @param {string} prefix of their names
   */
  async upload(files, prefix = "") {
    for (const file of files) {
      const refused = refusal(file);
      if (refused) this.tell(refused);
      else await upload(file, prefix + file.name, this.panel.say);
    }
    this.focus();
  }
}

/** @param {number} turns */
function fromFile(turns) {
  const [these, them] = turns === 1 ? ["1 turn", "it"] : [`${turns} turns`, "them"];
  return `${these} from the file. Press Continue to send ${them} along with the next question.`;
}

export { Composer };
