import assert from "node:assert/strict";
import test from "node:test";
import panelWidget, { remember } from "../../gemini_magics/notebook/static/panel.js";
import { keepTranscript, transcript } from "../../gemini_magics/notebook/static/transcript.js";
import { answerText } from "../../gemini_magics/notebook/static/turn.js";
import { PIECE_BYTES, refusal, upload } from "../../gemini_magics/notebook/static/upload.js";
import { frame, put } from "./dom.mjs";

const WIDGET = "application/vnd.jupyter.widget-view+json";
const FRAME = {
  open: "<div class='gemini-panel-1'>",
  close: "</div>",
  plain: "A conversation\n",
  metadata: { gemini_magics: { conversation: { name: "main", turns: [] } } },
};
const SETTINGS = {
  service: "kie",
  services: ["kie", "demo"],
  model: "",
  usual_model: "gemini-3.1-pro",
  effort: "high",
  efforts: ["low", "high"],
  thoughts: true,
  search: false,
  point: false,
  searches: true,
  system: "",
};
const FACTS = {
  chat: "main",
  chats: ["main"],
  settings: SETTINGS,
  notice: "",
  editing: "",
  saved: [],
  busy: "",
  functions: [],
  asked: null,
  tray: [],
  shelf: [],
  shelf_open: false,
};

function ended(word) {
  const answer = `<div class="gemini-answered"><div class="gemini-answer"><div class="gemini-text"><p>${word}</p></div></div></div>`;
  const html = `<div class="gemini-turn">${answer}</div>`;
  return {
    html,
    plain: `\n${word}\n`,
    saved: { answer: [1, word.length] },
    stale: false,
    hidden: false,
    pictures: [],
  };
}

function growingTurn(html) {
  const facts = { head: "", status: "Answering…", summary: "Thoughts", ended: false, seconds: 3 };
  const asked = '<div class="gemini-asked">Why?</div>';
  return { asked, pictures: [], grown: { changes: [["text", 0, 0, html]], finished: {}, facts } };
}

function whole(rest = {}) {
  return {
    number: 1,
    whole: true,
    name: "gemini-panel-1",
    frame: FRAME,
    facts: FACTS,
    thumbs: {},
    order: [],
    turns: {},
    ...rest,
  };
}

function state(...messages) {
  const said = {
    name: "",
    number: 0,
    facts: {},
    thumbs: {},
    order: [],
    turns: new Map(),
    frame: FRAME,
    cells: [],
  };
  const changed = messages.map((message) => remember(said, message));
  return { said, changed };
}

test("a turn grows by the messages that name it, and its facts stay its own", () => {
  const { said, changed } = state(whole({ order: ["a"], turns: { a: growingTurn("<p>It</p>") } }), {
    number: 2,
    grow: "a",
    changes: [["text", 0, 5, " is.</p>"]],
    finished: { text: 1 },
    facts: { status: "Done" },
  });
  const turn = said.turns.get("a");
  assert.deepEqual(turn.text, { blocks: ["<p>It is.</p>"], finished: 1 });
  assert.equal(turn.facts.status, "Done");
  assert.equal(turn.facts.summary, "Thoughts");
  assert.equal(said.facts.status, undefined);
  assert.deepEqual(changed, [["a"], ["a"]]);
});

test("a message that comes late for a turn that has ended or is gone changes nothing", () => {
  const late = { changes: [["text", 0, 0, "late"]], finished: {}, facts: {} };
  const { said } = state(
    whole({ order: ["a"], turns: { a: ended("Fine.") } }),
    { number: 2, grow: "a", ...late },
    { number: 3, grow: "gone", ...late },
  );
  assert.deepEqual([...said.turns], [["a", ended("Fine.")]]);
});

test("turns that are no longer in the order are forgotten", () => {
  const { said } = state(whole({ order: ["a", "b"], turns: { a: ended("1"), b: ended("2") } }), {
    number: 2,
    order: ["b"],
  });
  assert.deepEqual([...said.turns.keys()], ["b"]);
});

const STILL = "The answer was still growing when this was kept.";

test("the transcript holds the turns in their order, once all are here, and describes those that have ended", () => {
  const { said } = state(
    whole({ order: ["a", "b", "c"], turns: { c: ended("3"), b: growingTurn("<p>It is</p>") } }),
  );
  assert.equal(transcript(said), undefined);
  remember(said, { number: 2, turns: { a: ended("1") } });
  const growing = `<div class="gemini-turn"><div class="gemini-asked">Why?</div><div class="gemini-answered"><div class="gemini-answer"><div class="gemini-text"><p>It is</p></div><p class="gemini-note"><small>${STILL}</small></p></div></div></div>`;
  assert.deepEqual(transcript(said), {
    data: {
      "text/html": FRAME.open + ended("1").html + growing + ended("3").html + FRAME.close,
      "text/plain": `A conversation\n\n1\n\n3\n\n> Why?\n\nIt is\n\n${STILL}\n`,
    },
    metadata: {
      gemini_magics: { conversation: { name: "main", turns: [{ answer: [1, 1] }, { answer: [1, 1] }] } },
    },
  });
});

test("a question of two lines stands in the text of the transcript as a quotation", () => {
  const turn = { ...growingTurn("<p>So</p>"), asked: '<div class="gemini-asked">a &lt; b<br>Why?</div>' };
  const { said } = state(whole({ order: ["a"], turns: { a: turn } }));
  assert.equal(transcript(said).data["text/plain"], `A conversation\n\n> a < b\n> Why?\n\nSo\n\n${STILL}\n`);
});

function notebook(...bundles) {
  const outputs = bundles.map((data) => ({ data }));
  const area = {
    length: outputs.length,
    get: (at) => outputs[at],
    set: (at, output) => (outputs[at] = output),
  };
  return { outputs, sharedModel: {}, cells: [{ id: "0" }, { id: "1", outputs: area }] };
}

test("the transcript takes the place of this panel's outputs alone, and of the widget in them", () => {
  const { said } = state(whole({ order: ["a"], turns: { a: ended("1") } }));
  const book = notebook({ "text/plain": "other" }, { "text/html": FRAME.open, [WIDGET]: { model_id: "1" } });
  const { outputs } = book;
  assert.deepEqual(keepTranscript(said, book), ["1"]);
  assert.deepEqual(outputs[0].data, { "text/plain": "other" });
  assert.deepEqual(outputs[1], { output_type: "display_data", ...transcript(said) });
  const before = outputs[1];
  assert.deepEqual(keepTranscript(said, book), ["1"]);
  assert.equal(outputs[1], before);
  assert.deepEqual(keepTranscript(said, notebook({ "text/plain": "other" })), []);

  const { data } = transcript(said);
  const widget = notebook({ ...data, [WIDGET]: { model_id: "1" } });
  keepTranscript(said, widget);
  assert.deepEqual(widget.outputs[0].data, data);
});

for (const [size, pieces] of [
  [0, [0]],
  [1, [1]],
  [PIECE_BYTES, [PIECE_BYTES]],
  [PIECE_BYTES + 1, [PIECE_BYTES, 1]],
]) {
  test(`a file of ${size} bytes is sent in ${pieces.length} piece(s), and the last one says so`, async () => {
    const sent = [];
    const file = { name: "a.bin", size, arrayBuffer: async () => new ArrayBuffer(size) };
    await upload(file, "pasted a.bin", (verb, rest, buffers) => sent.push([verb, rest, buffers[0].byteLength]));
    assert.deepEqual(
      sent.map(([, , bytes]) => bytes),
      pieces,
    );
    assert.deepEqual(
      sent.map(([, { last }]) => last),
      [...pieces.slice(1).map(() => false), true],
    );
    assert.equal(new Set(sent.map(([, { key }]) => key)).size, 1);
    assert.deepEqual([...new Set(sent.map(([verb, { name }]) => `${verb} ${name}`))], ["upload pasted a.bin"]);
  });
}

test("a file of more than 100 MB is refused with its size", () => {
  assert.equal(refusal({ name: "a.bin", size: 1e8 }), "");
  assert.equal(refusal({ name: "a.bin", size: 1.2e8 }), "a.bin has 120 MB: attach a file of at most 100 MB.");
});

function opened(said) {
  const sent = [];
  const listeners = {};
  const model = {
    get: () => said,
    on: (name, hear) => (listeners[name] = hear),
    send: (message) => sent.push(message),
    widget_manager: {},
  };
  const { initialize, render } = panelWidget();
  const el = put("<div></div>");
  initialize({ model });
  render({ model, el });
  const find = (name) =>
    [...el.querySelectorAll("button")].find((each) => (each.ariaLabel || each.textContent) === name);
  return { el, sent, find, hear: listeners["msg:custom"] };
}

test("a page without a notebook draws the panel, and sends what is typed", async () => {
  const { el, sent, find } = opened(whole({ order: ["a"], turns: { a: ended("Fine.") } }));
  await frame();
  assert.equal(el.querySelector(".gemini-panel-turn .gemini-text").textContent, "Fine.");
  assert.equal(el.querySelector(".gemini-panel-asks").textContent, "kie · gemini-3.1-pro · effort high");
  el.querySelector("textarea.gemini-panel-text").value = "Why?";
  find("Send").click();
  assert.deepEqual(sent, [{ do: "send", text: "Why?" }]);
  const keys = { key: "Enter", ctrlKey: true, bubbles: true };
  el.querySelector("textarea.gemini-panel-text").dispatchEvent(new KeyboardEvent("keydown", keys));
  assert.equal(sent.length, 1);
});

test("a turn that grew here looks like the same turn in a page that is loaded later", async () => {
  const code = '<div class="gemini-code"><pre><code>x = 1</code></pre></div>';
  const grown = opened(whole({ order: ["a"], turns: { a: growingTurn(`<p>So:</p>${code}`) } }));
  grown.hear({ number: 2, grow: "a", changes: [], finished: { text: 1 }, facts: {} });
  await frame();
  const turn = ended(`So:</p>${code}<p>Fine.`);
  turn.html = turn.html.replace('<div class="gemini-answered">', '<div class="gemini-asked">Why?</div>$&');
  grown.hear({ number: 3, turns: { a: turn } });
  await frame();
  const shown = grown.el.querySelector(".gemini-panel-body").innerHTML;
  assert.equal(shown.split(">To a cell<").length, 2);

  const loaded = opened(whole({ order: ["a"], turns: { a: turn } }));
  await frame();
  assert.equal(loaded.el.querySelector(".gemini-panel-body").innerHTML, shown);
});

test("the text of an answer is found behind characters that count twice in JavaScript", () => {
  const plain = "\n> 🙂🙂?\n\n**So** 🙂.\n\nkie";
  assert.equal(answerText({ ...ended(""), plain, saved: { answer: [8, 9] } }), "**So** 🙂.");
});

test("a page that has missed a message asks for everything again", () => {
  const { sent, hear } = opened(whole());
  hear({ number: 3, facts: { notice: "missed one" } });
  assert.deepEqual(sent, [{ do: "again" }]);
});

function openedInNotebook(said) {
  const listeners = {};
  const book = notebook({ "text/html": FRAME.open });
  const kernelChanged = { connect: (leave) => (listeners.leave = leave), disconnect() {} };
  const model = {
    get: () => said,
    on: (name, hear) => (listeners[name] = hear),
    send() {},
    widget_manager: { context: { model: book, sessionContext: { kernelChanged } } },
  };
  panelWidget().initialize({ model });
  return { hear: listeners["msg:custom"], leave: listeners.leave, kept: () => book.outputs[0] };
}

test("an answer that grows is kept every five seconds if something came, and at once when the kernel goes", (context) => {
  context.mock.timers.enable({ apis: ["setInterval", "setTimeout"] });
  let now = 0;
  context.mock.method(performance, "now", () => now);
  function wait(seconds) {
    for (const end = now + 1000 * seconds; now < end; context.mock.timers.tick(1000)) now += 1000;
  }
  const turns = { a: growingTurn("<p>It</p>") };
  const said = whole({ order: ["a"], turns, facts: { ...FACTS, busy: "panel" } });
  const { hear, leave, kept } = openedInNotebook(said);
  function comes(number, html) {
    hear({ number, grow: "a", changes: [["text", 0, 0, html]], finished: {}, facts: {} });
  }
  wait(1);
  assert.match(kept().data["text/html"], /Why\?.*It<.*still growing/);
  comes(2, "<p>It is</p>");
  wait(3);
  assert.doesNotMatch(kept().data["text/html"], /It is/);
  wait(2);
  assert.match(kept().data["text/html"], /It is<.*still growing/);
  const before = kept();
  wait(10);
  assert.equal(kept(), before);
  comes(3, "<p>It is wide</p>");
  leave();
  assert.match(kept().data["text/html"], /It is wide<.*still growing/);
  assert.deepEqual(kept().metadata.gemini_magics.conversation.turns, []);
});

test("a busy page that hears nothing for a while checks whether it has missed a message", async (context) => {
  context.mock.timers.enable({ apis: ["setInterval"] });
  let now = 0;
  context.mock.method(performance, "now", () => now);
  const { sent, hear } = opened(whole({ facts: { ...FACTS, busy: "panel" } }));
  now = 4000;
  context.mock.timers.tick(1000);
  assert.deepEqual(sent, []);
  now = 6000;
  context.mock.timers.tick(1000);
  assert.deepEqual(sent, [{ do: "check", number: 1 }]);
  hear({ number: 2, facts: { busy: "" } });
  now = 60000;
  context.mock.timers.tick(1000);
  assert.equal(sent.length, 1);
});

test("the focus stays on the same button of the same attachment", async () => {
  const item = (key) => ({ key, name: key, label: `${key} · figure`, thumb: "" });
  const { sent, find, hear } = opened(whole({ facts: { ...FACTS, tray: [item("fig"), item("df")] } }));
  await frame();
  find("Put later: fig").focus();
  find("Put later: fig").click();
  assert.deepEqual(sent, [{ do: "move", key: "fig", by: 1 }]);
  hear({ number: 2, facts: { tray: [item("new"), item("fig"), item("df")] } });
  await frame();
  assert.equal(document.activeElement.ariaLabel, "Put later: fig");
  hear({ number: 3, facts: { tray: [] } });
  await frame();
  assert.equal(document.activeElement.className, "gemini-panel-text");
});

test("the button of a thing never leaves the page while its picture and other facts arrive", async () => {
  const df = { name: "df", kind: "table", detail: "3 × 2", due: false };
  const { el, sent, find, hear } = opened(whole({ facts: { ...FACTS, shelf: [df], shelf_open: true } }));
  await frame();
  const press = find("Attach df, table, 3 × 2");
  const things = el.querySelector(".gemini-panel-things");
  things.replaceChildren = () => assert.fail("the things were taken out of the page");
  hear({ number: 2, facts: { notice: "Saved." } });
  await frame();
  hear({ number: 3, thumbs: { df: [["a"], ["1"]] } });
  await frame();
  assert.equal(find("Attach df, table, 3 × 2"), press);
  assert.equal(press.querySelector("b").textContent, "a");
  press.click();
  assert.deepEqual(sent, [{ do: "attach", word: "df" }]);
});

test("a conversation is cleared by the second click alone", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { sent, find } = opened(whole());
  find("Clear").click();
  assert.deepEqual(sent, []);
  context.mock.timers.tick(4000);
  find("Clear").click();
  find("Forget all of it?").click();
  assert.deepEqual(sent, [{ do: "clear" }]);
});

test("an output that is drawn again leaves one view, and one cell comes of one click", async () => {
  const area = '<div class="jp-OutputArea-child"><div><div class="gemini-panel-1"></div></div></div>';
  const page = put(`<div class="jp-OutputArea">${area}</div>`);
  const inserted = [];
  const outputs = {
    length: 1,
    get: () => ({ data: { "text/html": '<div class="gemini-panel-1">' } }),
    set() {},
  };
  const notebook = {
    cells: [{ id: "0", outputs }],
    sharedModel: { insertCell: (at, { source }) => inserted.push([at, source]) },
  };
  const listeners = {};
  const model = {
    get: () => whole(),
    on: (name, hear) => (listeners[name] = hear),
    send() {},
    widget_manager: {
      context: { model: notebook, sessionContext: { kernelChanged: { connect() {}, disconnect() {} } } },
    },
  };
  panelWidget().initialize({ model });
  await frame();
  const first = page.querySelector(".gemini-panel");
  page.innerHTML = area;
  const seen = Object.assign(new Event("animationstart", { bubbles: true }), { animationName: "gemini-seen" });
  page.querySelector(".gemini-panel-1").dispatchEvent(seen);
  const second = page.querySelector(".gemini-panel");
  assert.notEqual(second, first);
  listeners["msg:custom"]({ number: 2, cell: "%%gemini\nWhy?", facts: { notice: "Now." } });
  await frame();
  assert.deepEqual(inserted, [[1, "%%gemini\nWhy?"]]);
  assert.equal(first.textContent.includes("Now."), false);
  assert.equal(second.textContent.includes("Now."), true);
});
