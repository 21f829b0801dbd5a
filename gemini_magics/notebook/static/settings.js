// @ts-check
// The head of the panel: its conversation, and the settings that the next question is asked with.

import { choice, field, offer, tick, unique } from "./controls.js";
import { add, button, write } from "./elements.js";
import { Functions } from "./functions.js";
import { enterSends, letEnterSend } from "./keys.js";

const SURE_MS = 4000; // in which a second click clears the conversation

class Settings {
  /**
   * @param {Element} parent
   * @param {Say} say
   * @param {() => void} changed is called when a setting of the page has changed
   */
  constructor(parent, say, changed) {
    this.say = say;
    const head = add(parent, "header", "gemini-panel-head");
    this.chat = choice(head, "Conversation", (chat) => say("chat", { chat }));
    this.asks = add(head, "span", "gemini-panel-asks");
    const fields = add(parent, "div", "gemini-panel-fields");
    fields.id = unique();
    this.fields = fields;
    this.toggle = button(head, "Settings", () => this.show(Boolean(fields.hidden)));
    this.toggle.classList.add("gemini-panel-quiet");
    this.toggle.setAttribute("aria-controls", fields.id);
    this.show(false);
    this.sure = false;
    this.clear = button(head, "Clear", () => this.clearIfSure());
    this.clear.classList.add("gemini-panel-quiet");

    /** @type {(name: string) => (value: string | boolean) => void} */
    const set = (name) => (value) => say("set", { name, value });
    this.service = choice(fields, "Service", set("service"));
    this.model = field(fields, "Model", "input", set("model"));
    this.effort = choice(fields, "Effort", set("effort"));
    this.thoughts = tick(fields, "Show thoughts", set("thoughts"));
    this.search = tick(fields, "Google Search", set("search"));
    this.point = tick(fields, "Point at places", set("point"));
    /** @type {(sends: boolean) => void} */
    const choose = (sends) => {
      letEnterSend(sends);
      changed();
    };
    this.enter = tick(fields, "Enter sends", choose);
    this.functions = new Functions(fields, say);
    this.system = field(fields, "Standing instructions", "textarea", set("system"));
  }

  /**
   * @param {PanelFacts} facts
   * @param {boolean} empty there is nothing to clear
   */
  draw({ chat, chats, settings, functions, busy }, empty) {
    offer(this.chat, chats, chat);
    this.chat.disabled = Boolean(busy);
    const { service, model, usual_model, effort, search } = settings;
    const offered = functions.filter((each) => each.offered).map(({ name }) => `${name}()`);
    const asks = [service, model || usual_model, effort && `effort ${effort}`, search && "search", ...offered];
    write(this.asks, asks.filter(Boolean).join(" · "));
    this.drawClear();
    this.clear.hidden = Boolean(busy) || empty;
    offer(this.service, settings.services, service);
    offer(this.effort, settings.efforts, effort);
    if (this.model !== document.activeElement) this.model.value = model;
    if (this.system !== document.activeElement) this.system.value = settings.system;
    this.model.placeholder = usual_model;
    this.thoughts.checked = settings.thoughts;
    this.search.checked = search;
    this.point.checked = settings.point;
    this.search.disabled = !settings.searches;
    this.enter.checked = enterSends();
    this.functions.draw(functions);
  }

  /** @param {boolean} shown */
  show(shown) {
    this.fields.hidden = !shown;
    this.toggle.ariaExpanded = String(shown);
  }

  /** Close the settings if the focus is in them, and tell whether it was. */
  closeFromInside() {
    if (this.fields.hidden || !this.fields.contains(document.activeElement)) return false;
    this.show(false);
    this.toggle.focus();
    return true;
  }

  clearIfSure() {
    if (this.sure) this.say("clear");
    else setTimeout(() => this.askIfSure(false), SURE_MS);
    this.askIfSure(!this.sure);
  }

  /** @param {boolean} sure */
  askIfSure(sure) {
    this.sure = sure;
    this.drawClear();
  }

  drawClear() {
    write(this.clear, this.sure ? "Forget all of it?" : "Clear");
  }
}

export { Settings };
