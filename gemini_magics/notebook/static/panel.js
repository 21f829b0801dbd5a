// The panel: what is asked and answered, with a mouse or by keyboard alone.
//
// Python makes all HTML that is set here (`html`, `asked`, the blocks of a growing answer); every other
// word is set as text. What was said is kept in the closure that `initialize` and `render` share, and each
// view draws it.
//
// In JupyterLab and Notebook 7 the panel stands beside a plain output that holds the transcript: this
// page keeps that output up to date in the notebook, so that what is saved can be read without a kernel.
// Elsewhere the panel stands in the widget's own output.

const PIECE_BYTES = 4e6; // of a file in one message; servers take 10 MB
const FILE_BYTES = 1e8;
const DRAFT_MS = 400;
const MORE_MS = 700;
const SURE_MS = 4000;

export default () => {
  const said = { facts: {}, thumbs: {}, order: [], turns: new Map(), number: 0 };
  const views = new Set();
  let keeping;

  function hear(model, message) {
    if (message.whole) said.turns.clear();
    said.number = message.number;
    for (const name of ["name", "frame", "order"]) if (name in message) said[name] = message[name];
    for (const key in message.turns) said.turns.set(key, grown(message.turns[key]));
    if ("order" in message) for (const key of said.turns.keys()) if (!said.order.includes(key)) said.turns.delete(key);
    Object.assign(said.facts, message.facts);
    Object.assign(said.thumbs, message.thumbs);
    if (message.grow) grow(said.turns.get(message.grow), message);
    const changed = message.whole ? said.order : [...Object.keys(message.turns ?? {}), message.grow];
    for (const view of views) view.take(message, changed);
    if (message.whole || message.turns || message.order) {
      keepSoon(model);
      const missing = said.order.filter((key) => !said.turns.has(key));
      if (missing.length) setTimeout(() => model.send({ do: "more", keys: missing }), MORE_MS);
    }
  }

  // The transcript as the notebook is to keep it; whole only once all turns are here.
  function transcript() {
    const ended = said.order.map((key) => said.turns.get(key)).filter((turn) => turn?.html);
    if (said.order.some((key) => !said.turns.has(key))) return undefined;
    const { open, close, plain } = said.frame;
    return {
      "text/html": open + ended.map((turn) => turn.html).join("") + close,
      "text/plain": plain + ended.map((turn) => turn.plain).join(""),
    };
  }

  function keepSoon(model) {
    clearTimeout(keeping);
    keeping = setTimeout(() => keep(model), 50);
  }

  // Put the transcript into the outputs of the notebook that are this panel's.
  function keep(model) {
    const data = transcript();
    let kept = false;
    for (const cell of data ? (model.widget_manager.context?.model?.cells ?? []) : []) {
      for (let at = 0; at < (cell.outputs?.length ?? 0); at++) {
        const before = cell.outputs.get(at).data;
        if (!String(before["text/html"] ?? "").includes(said.name)) continue;
        kept = true;
        if (before["text/html"] === data["text/html"] && !(WIDGET in before)) continue;
        cell.outputs.set(at, { output_type: "display_data", data, metadata: {} });
      }
    }
    if (kept && !said.kept) model.send({ do: "kept" });
    said.kept ||= kept;
  }

  return {
    initialize({ model }) {
      hear(model, model.get("said"));
      model.on("msg:custom", (message) => {
        if (message.whole || message.number === said.number + 1) hear(model, message);
        else model.send({ do: "again" });
      });
      if (!model.widget_manager.context) return;

      const mount = (transcript) => {
        const child = transcript.closest(".jp-OutputArea-child");
        if (!child || child.querySelector(":scope > .gemini-panel-place")) return;
        const place = add(child, "div", "gemini-panel-place jp-OutputArea-output");
        const output = [...child.children].find((node) => node.contains(transcript));
        output.style.display = "none";
        const view = new Panel(model, said);
        view.away = () => {
          views.delete(view);
          place.remove();
          output.style.display = "";
        };
        views.add(view);
        place.append(view.root);
        view.begin();
      };
      // An animation of no effect tells when a transcript comes into the page, at no cost while none does.
      const seen = ({ animationName, target }) => {
        if (animationName === "gemini-transcript" && target.classList.contains(said.name)) mount(target);
      };
      document.addEventListener("animationstart", seen);
      for (const transcript of document.getElementsByClassName(said.name)) mount(transcript);
      const { sessionContext } = model.widget_manager.context;
      const leave = () => {
        document.removeEventListener("animationstart", seen);
        sessionContext.kernelChanged.disconnect(leave);
        for (const view of [...views]) view.away?.();
      };
      // The kernel has ended, was started again, or is another one: the plain output stays.
      model.on("comm_live_update", leave);
      sessionContext.kernelChanged.connect(leave);
      return leave;
    },

    render({ model, el }) {
      if (model.widget_manager.context) {
        keep(model); // and the panel is mounted beside the plain output
        return;
      }
      const view = new Panel(model, said);
      views.add(view);
      el.append(view.root);
      view.begin();
      return () => views.delete(view);
    },
  };
};

const WIDGET = "application/vnd.jupyter.widget-view+json";

class Panel {
  constructor(model, said) {
    this.model = model;
    this.said = said;
    this.drawn = new Map();
    this.due = new Set();
    this.typesetter = model.widget_manager.rendermime?.latexTypesetter;
    this.root = add(undefined, "section", "gemini-panel");
    this.root.ariaLabel = "Gemini";
    this.makeHead();
    this.makeLog();
    this.makeComposer();
    this.makeShelf();
    this.root.addEventListener("keydown", (event) => this.pressed(event));
    // JupyterLab takes plain keys, such as Enter, for commands on the cell; here they press buttons.
    this.guard = (event) => {
      if (this.root.contains(event.target))
        this.root.toggleAttribute("data-lm-suppress-shortcuts", !(event.ctrlKey || event.metaKey) || event.key === "Enter");
    };
    window.addEventListener("keydown", this.guard, true);
    for (const name of ["dragenter", "dragover", "dragleave", "drop"])
      this.root.addEventListener(name, (event) => this.dragged(event));
  }

  say(verb, rest = {}, buffers) {
    this.model.send({ do: verb, ...rest }, undefined, buffers);
  }

  // The parts.

  makeHead() {
    const head = add(this.root, "header", "gemini-panel-head");
    this.chat = choice(head, "Conversation", (chat) => this.say("chat", { chat }));
    this.asks = add(head, "span", "gemini-panel-asks");
    this.clear = button(head, "Clear", () => {
      if (this.clear.dataset.sure) {
        delete this.clear.dataset.sure;
        this.say("clear");
      } else {
        this.clear.dataset.sure = "yes";
        setTimeout(() => (delete this.clear.dataset.sure, this.drawFacts()), SURE_MS);
      }
      this.drawFacts();
    });
    const fields = add(this.root, "div", "gemini-panel-fields");
    fields.id = unique();
    fields.hidden = true;
    const toggle = button(head, "Settings", () => {
      fields.hidden = !fields.hidden;
      toggle.ariaExpanded = String(!fields.hidden);
    });
    toggle.ariaExpanded = "false";
    toggle.setAttribute("aria-controls", fields.id);
    this.clear.before(toggle);
    const set = (name) => (value) => this.say("set", { name, value });
    this.fields = {
      service: choice(fields, "Service", set("service")),
      model: field(fields, "Model", "input", set("model")),
      effort: choice(fields, "Effort", set("effort")),
      thoughts: tick(fields, "Show thoughts", set("thoughts")),
      search: tick(fields, "Google Search", set("search")),
      system: field(fields, "Standing instructions", "textarea", set("system")),
    };
  }

  makeLog() {
    this.log = add(this.root, "div", "gemini-panel-log");
    this.log.tabIndex = 0;
    this.log.role = "region";
    this.log.ariaLabel = "Questions and answers";
    this.empty = add(this.log, "p", "gemini-panel-empty");
    write(this.empty, "Ask about what is in this notebook. Attach a figure or a table from below, paste a picture, or drop a file.");
  }

  makeComposer() {
    this.composer = add(this.root, "form", "gemini-panel-composer");
    this.composer.addEventListener("submit", (event) => (event.preventDefault(), this.send()));
    this.notice = add(this.composer, "p", "gemini-panel-notice");
    this.notice.role = "alert";
    this.editing = add(this.composer, "p", "gemini-panel-editing");
    write(add(this.editing, "span"), "You change an earlier question; its answer is asked for anew.");
    button(this.editing, "Leave it", () => (this.say("unedit"), this.text.focus()));
    this.tray = add(this.composer, "ul", "gemini-panel-tray");
    this.tray.ariaLabel = "Attached";
    const label = add(this.composer, "label", "gemini-panel-hidden");
    write(label, "Question");
    this.text = add(this.composer, "textarea", "gemini-panel-text");
    this.text.id = label.htmlFor = unique();
    this.text.placeholder = "Ask about this notebook";
    this.text.rows = 2;
    this.text.addEventListener("input", () => this.typed());
    this.text.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length) {
        event.preventDefault();
        this.upload(files, "pasted ");
      }
    });
    const bar = add(this.composer, "div", "gemini-panel-bar");
    const file = add(bar, "input", "gemini-panel-hidden");
    Object.assign(file, { type: "file", multiple: true, tabIndex: -1, ariaHidden: "true" });
    file.addEventListener("change", () => (this.upload([...file.files]), (file.value = "")));
    button(bar, "Attach a file", () => file.click());
    this.status = add(bar, "span", "gemini-panel-status");
    this.status.role = "status";
    this.clock = add(bar, "span", "gemini-clock");
    this.clock.ariaHidden = "true"; // no screen reader should count along
    this.hint = add(bar, "span", "gemini-panel-hint");
    write(this.hint, `${/Mac|iP/.test(navigator.platform) ? "⌘" : "Ctrl"} Enter sends`);
    this.stop = button(bar, "Stop", () => this.stopped());
    this.go = button(bar, "Send", () => {});
    this.go.type = "submit";
    this.go.classList.add("gemini-panel-go");
  }

  makeShelf() {
    this.shelfBox = add(this.root, "details", "gemini-panel-shelf");
    write(add(this.shelfBox, "summary"), "From this notebook");
    this.shelfBox.addEventListener("toggle", () => this.said.facts.shelf_open !== this.shelfBox.open && this.say("shelf", { shown: this.shelfBox.open }));
    this.shelf = add(this.shelfBox, "ul", "gemini-panel-things");
  }

  // What was said.

  begin() {
    this.take({ facts: this.said.facts }, this.said.order);
    if (this.said.facts.draft) this.text.value = this.said.facts.draft.text;
    this.grow();
    this.log.scrollTop = this.log.scrollHeight;
  }

  take(message, keys) {
    for (const key of keys) if (key) this.due.add(key);
    if (message.order || message.whole) this.reorder = true;
    if (message.facts?.draft && message.facts.draft.number !== this.draftNumber) {
      this.draftNumber = message.facts.draft.number;
      if (!message.whole) {
        this.text.value = message.facts.draft.text;
        if (message.facts.draft.text) this.text.focus();
        this.grow();
      }
    }
    if (message.facts?.busy || message.heard) this.pending = false;
    if (message.heard) this.facts = true;
    if (message.cell !== undefined) this.insert(message.cell);
    this.facts ||= Boolean(message.facts ?? message.thumbs);
    this.frame ??= requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.frame = undefined;
    const { log, said } = this;
    const following = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    if (this.reorder || this.drawn.size === 0) {
      this.reorder = false;
      for (const [key, turn] of this.drawn) if (!said.order.includes(key)) (turn.root.remove(), this.drawn.delete(key));
      let after = this.empty;
      for (const key of said.order) {
        if (!this.drawn.has(key)) this.drawn.set(key, new TurnView(this, key)), this.due.add(key);
        const { root } = this.drawn.get(key);
        if (after.nextSibling !== root) after.after(root);
        after = root;
      }
      this.empty.hidden = said.order.length > 0;
    }
    for (const key of this.due) if (said.turns.has(key)) this.drawn.get(key)?.draw(said.turns.get(key));
    this.due.clear();
    if (this.facts) (this.facts = false), this.drawFacts();
    this.drawStatus();
    if (following) log.scrollTop = log.scrollHeight;
  }

  get current() {
    for (const turn of this.said.turns.values()) if (turn.askedAt !== undefined && !turn.html) return turn;
  }

  drawStatus() {
    const { busy } = this.said.facts;
    const turn = this.current;
    write(this.status, busy ? (turn?.facts.status ?? "Asking") : this.pending ? "Waiting for the cell that runs" : "");
    this.root.classList.toggle("gemini-panel-busy", Boolean(busy));
    if (busy) this.ticking ??= setInterval(() => this.tick(), 1000);
    else this.ticking = clearInterval(this.ticking);
    this.tick();
  }

  tick() {
    const turn = this.said.facts.busy && this.current;
    write(this.clock, turn ? `${Math.round((performance.now() - turn.askedAt) / 1000)} s` : "");
  }

  drawFacts() {
    const { chat, chats, settings, notice, editing, busy, tray, shelf } = this.said.facts;
    options(this.chat, chats, chat);
    this.chat.disabled = Boolean(busy);
    write(this.asks, [settings.service, settings.model || settings.usual_model, `effort ${settings.effort}`, settings.search && "search"].filter(Boolean).join(" · "));
    write(this.clear, this.clear.dataset.sure ? "Forget all of it?" : "Clear");
    this.clear.hidden = Boolean(busy) || !this.said.order.length;
    options(this.fields.service, settings.services, settings.service);
    options(this.fields.effort, settings.efforts, settings.effort);
    for (const name of ["model", "system"]) if (this.fields[name] !== document.activeElement) this.fields[name].value = settings[name];
    this.fields.model.placeholder = settings.usual_model;
    for (const name of ["thoughts", "search"]) this.fields[name].checked = settings[name];
    this.fields.search.disabled = !settings.searches;
    write(this.notice, notice ?? "");
    this.notice.hidden = !notice;
    this.editing.hidden = !editing;
    this.stop.hidden = !busy || (busy === "cell" && !this.kernel?.interrupt);
    this.go.hidden = Boolean(busy);
    this.go.disabled = Boolean(this.pending);
    for (const [key, turn] of this.drawn) turn.mark(busy, editing === key);
    this.drawTray(tray);
    this.drawShelf(shelf);
  }

  drawTray(tray) {
    const focused = this.tray.contains(document.activeElement) ? document.activeElement.dataset : {};
    this.tray.replaceChildren();
    this.tray.hidden = !tray.length;
    tray.forEach((item, at) => {
      const chip = add(this.tray, "li", "gemini-panel-chip");
      if (item.thumb) Object.assign(add(chip, "img"), { src: item.thumb, alt: "" });
      write(add(chip, "span", "gemini-panel-label"), item.label);
      const act = (label, sign, verb, rest = {}) => {
        const press = button(chip, sign, () => this.say(verb, { key: item.key, ...rest }));
        press.ariaLabel = press.title = `${label} ${item.name}`;
        Object.assign(press.dataset, { key: item.key, verb: label });
        if (focused.key === item.key && focused.verb === label) press.focus();
      };
      if (at) act("Put earlier:", "‹", "move", { by: -1 });
      if (at < tray.length - 1) act("Put later:", "›", "move", { by: 1 });
      act("Remove", "×", "drop");
    });
    if (focused.key && !this.tray.contains(document.activeElement)) (this.tray.querySelector("button") ?? this.text).focus();
  }

  drawShelf(shelf) {
    this.shelfBox.open = this.said.facts.shelf_open;
    const focused = document.activeElement?.dataset.thing;
    const before = new Map([...this.shelf.children].map((item) => [item.dataset.name, item]));
    this.shelf.replaceChildren(
      ...shelf.map(({ name, kind, detail }) => {
        const thumb = this.said.thumbs[name];
        const shown = JSON.stringify([kind, detail, thumb]);
        const old = before.get(name);
        if (old?.dataset.shown === shown) return old;
        const item = add(undefined, "li");
        Object.assign(item.dataset, { name, shown });
        const press = button(item, "", () => (this.say("attach", { word: name }), this.text.focus()));
        press.className = "gemini-panel-thing";
        press.dataset.thing = name;
        press.ariaLabel = `Attach ${name}, ${[kind, detail].filter(Boolean).join(", ")}`;
        const picture = add(press, "span", "gemini-panel-picture");
        if (Array.isArray(thumb)) table(picture, thumb);
        else if (thumb) Object.assign(add(picture, "img"), { src: thumb, alt: "" });
        else write(picture, { table: "▦", chart: "◔", figure: "◔", image: "▣" }[kind] ?? "≡");
        write(add(press, "span", "gemini-panel-name"), name);
        write(add(press, "span", "gemini-panel-detail"), detail || kind);
        return item;
      }),
    );
    if (focused) this.shelf.querySelector(`[data-thing="${CSS.escape(focused)}"]`)?.focus();
    const due = shelf.find(({ due }) => due);
    if (due) this.say("thumb", { name: due.name });
    if (!shelf.length && this.shelfBox.open) write(add(this.shelf, "li", "gemini-panel-empty"), "There is no figure, image or table yet: run a cell that makes one.");
  }

  // What the reader does.

  get kernel() {
    return this.model.widget_manager.kernel;
  }

  pressed(event) {
    if (event.target === this.text && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.send();
    }
    event.stopPropagation();
  }

  send() {
    if (this.said.facts.busy || this.pending) return;
    clearTimeout(this.saving);
    this.pending = true;
    this.say("send", { text: this.text.value });
    this.drawStatus();
    this.go.disabled = true;
    this.log.scrollTop = this.log.scrollHeight;
  }

  stopped() {
    // The kernel hears a message only when the cell that runs has ended; an interrupt at once.
    if (this.said.facts.busy === "cell") this.kernel.interrupt();
    else this.say("stop");
    this.text.focus();
  }

  typed() {
    this.grow();
    clearTimeout(this.saving);
    this.saving = setTimeout(() => this.say("draft", { text: this.text.value }), DRAFT_MS);
  }

  grow() {
    this.text.style.height = "auto";
    this.text.style.height = `${this.text.scrollHeight + 2}px`;
  }

  dragged(event) {
    if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
    event.preventDefault();
    event.stopPropagation();
    const leaves = event.type === "drop" || (event.type === "dragleave" && !this.root.contains(event.relatedTarget));
    this.root.classList.toggle("gemini-panel-dropping", !leaves);
    if (event.type === "drop") this.upload([...event.dataTransfer.files]);
  }

  async upload(files, prefix = "") {
    for (const file of files) {
      if (file.size > FILE_BYTES) {
        write(this.notice, `${file.name} has ${Math.round(file.size / 1e6)} MB, and ${FILE_BYTES / 1e6} MB are the most.`);
        this.notice.hidden = false;
        continue;
      }
      const bytes = await file.arrayBuffer();
      const key = `${Date.now()} ${Math.random()}`;
      for (let at = 0; at === 0 || at < bytes.byteLength; at += PIECE_BYTES) {
        const last = at + PIECE_BYTES >= bytes.byteLength;
        this.say("upload", { name: prefix + file.name, key, last }, [new DataView(bytes.slice(at, at + PIECE_BYTES))]);
      }
    }
    this.text.focus();
  }

  // Put a cell below the one that shows the panel; where the page cannot, onto the clipboard.
  async insert(source) {
    const notebook = this.model.widget_manager.context?.model;
    const cells = [...(notebook?.cells ?? [])];
    const here = cells.findIndex((cell) =>
      Array.from({ length: cell.outputs?.length ?? 0 }, (_, at) => cell.outputs.get(at).data["text/html"] ?? "").some((html) =>
        String(html).includes(this.said.name),
      ),
    );
    if (here >= 0) {
      notebook.sharedModel.insertCell(here + 1, { cell_type: "code", source, metadata: {}, outputs: [] });
      write(this.status, "Inserted below. It was not run.");
    } else {
      await navigator.clipboard?.writeText(source);
      write(this.status, "Copied: paste it into a cell.");
    }
  }
}

// The corner of a table, in elements that may stand in a button.
function table(parent, rows) {
  const grid = add(parent, "span", "gemini-panel-table");
  const [head, ...body] = rows;
  grid.style.setProperty("--columns", head.length);
  for (const text of head) write(add(grid, "b"), text);
  for (const text of body.flat()) write(add(grid, "span"), text);
}

function unique() {
  return `gemini-${Math.random().toString(36).slice(2)}`;
}

function labelled(parent, text, control) {
  const box = add(parent, "div", "gemini-panel-field");
  const label = add(box, "label");
  write(label, text);
  label.htmlFor = control.id = unique();
  box.append(control);
  return control;
}

function choice(parent, text, chosen) {
  const select = labelled(parent, text, document.createElement("select"));
  select.addEventListener("change", () => chosen(select.value));
  return select;
}

function field(parent, text, kind, entered) {
  const input = labelled(parent, text, document.createElement(kind));
  input.addEventListener("change", () => entered(input.value));
  return input;
}

function tick(parent, text, ticked) {
  const input = labelled(parent, text, Object.assign(document.createElement("input"), { type: "checkbox" }));
  input.addEventListener("change", () => ticked(input.checked));
  return input;
}

function options(select, values, value) {
  if (JSON.stringify([...select.options].map((option) => option.value)) !== JSON.stringify(values))
    select.replaceChildren(...values.map((each) => new Option(each, each)));
  select.value = value;
}
