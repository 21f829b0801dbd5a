// Two pages, or more, that share one notebook as with jupyter-collaboration.

import assert from "node:assert/strict";
import test from "node:test";
import "./dom.mjs";
import { KeptOutputs } from "../../gemini_magics/notebook/static/kept-outputs.js";
import { mountBesideTranscripts } from "../../gemini_magics/notebook/static/mount.js";
import { keepTranscript, showTranscript } from "../../gemini_magics/notebook/static/transcript.js";
import { announce, isWriter, watchPages } from "../../gemini_magics/notebook/static/writer.js";

const NAME = "gemini-0123456789ab";
const SERVER = [9000, {}];

/** The awareness of a page, in which others are known by what they announced. */
function awareness(clientID, ...others) {
  const states = new Map([[clientID, {}], SERVER, ...others]);
  const heard = new Set();
  return {
    clientID,
    getStates: () => states,
    getLocalState: () => states.get(clientID),
    setLocalStateField: (field, value) => states.set(clientID, { ...states.get(clientID), [field]: value }),
    on: (_, hear) => heard.add(hear),
    off: (_, hear) => heard.delete(hear),
    tell() {
      for (const hear of heard) hear();
    },
  };
}

function announced(ran, name = NAME) {
  return { gemini_magics: { [name]: ran } };
}

function page(ran, ...others) {
  const notebook = { sharedModel: { awareness: awareness(5, ...others) } };
  announce(notebook, NAME, ran);
  return notebook;
}

for (const [says, writes, ran, others] of [
  ["a page alone", true, false, []],
  ["the page that ran the cell", true, true, [[1, announced(false)]]],
  ["a page beside the one that ran the cell", false, false, [[8, announced(true)]]],
  ["of two that did not run it the one with the higher number", false, false, [[1, announced(false)]]],
  ["of two that did not run it the one with the lower number", true, false, [[8, announced(false)]]],
  ["a page beside one that has other outputs", true, false, [[1, announced(true, "gemini-other")]]],
  [
    "a page beside one that says nonsense",
    true,
    false,
    [
      [1, announced("yes")],
      [2, { gemini_magics: 3 }],
      [3, 4],
    ],
  ],
]) {
  test(`${says} ${writes ? "writes" : "does not write"}`, () => {
    assert.equal(isWriter(page(ran, ...others), NAME), writes);
  });
}

test("without jupyter-collaboration each page writes", () => {
  assert.equal(isWriter(undefined, NAME), true);
  assert.equal(isWriter({ sharedModel: {} }, NAME), true);
  announce({ sharedModel: {} }, NAME, true);
});

test("when the writer closes its page the next one writes, and hears of it", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const notebook = page(false, [1, announced(true)], [7, announced(false)]);
  const { awareness } = notebook.sharedModel;
  let heard = 0;
  watchPages(notebook, NAME, () => heard++);
  awareness.tell();
  context.mock.timers.tick(5000);
  assert.deepEqual([isWriter(notebook, NAME), heard], [false, 1]);
  awareness.getStates().set(7, { ...announced(false), cursor: 3 });
  awareness.tell();
  context.mock.timers.tick(5000);
  assert.equal(heard, 1);
  awareness.getStates().delete(1);
  awareness.tell();
  context.mock.timers.tick(5000);
  assert.deepEqual([isWriter(notebook, NAME), heard], [true, 2]);
});

test("a page hears of those that announced themselves before it watched", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  let heard = 0;
  watchPages(page(true, [1, announced(false)]), NAME, () => heard++);
  context.mock.timers.tick(5000);
  assert.equal(heard, 1);
});

test("a page announces its newest 20 outputs and takes back one that it can write no more", () => {
  const notebook = page(true);
  for (let n = 0; n < 30; n++) announce(notebook, `gemini-${n}`, false);
  const names = () => notebook.sharedModel.awareness.getLocalState().gemini_magics;
  assert.deepEqual(
    Object.keys(names()),
    [...Array(20).keys()].map((n) => `gemini-${n + 10}`),
  );
  announce(notebook, "gemini-29", undefined);
  assert.equal(
    isWriter({ sharedModel: { awareness: awareness(4, [1, { gemini_magics: names() }]) } }, "gemini-29"),
    true,
  );
});

/** A cell whose outputs the page and the document keep apart, and what was done to them. */
function sharedCell(...bundles) {
  const done = [];
  const maps = bundles.map((data) => new Map(Object.entries({ data, metadata: {} })));
  const outputs = {
    get length() {
      return bundles.length;
    },
    get: (at) => ({ data: bundles[at], metadata: {} }),
    set: (at, { data }) => done.push(["set", at, data["text/plain"]]),
    fromJSON: (all) => done.push(["fromJSON", ...all.map(({ data }) => data["text/plain"])]),
  };
  const sharedModel = {
    getOutputs: () => maps.map((map) => Object.fromEntries(map)),
    transact: (change) => change(),
    ymodel: { get: () => ({ length: maps.length, get: (at) => maps[at] }) },
  };
  return {
    cell: { id: "1", outputs, sharedModel },
    done,
    saved: () => maps.map((map) => map.get("data")["text/plain"]),
  };
}

const WIDGET = { "application/vnd.jupyter.widget-view+json": { model_id: NAME }, "text/plain": "Thinking…" };
const GROWN = { "text/html": `<div class="${NAME}">It</div>`, "text/plain": "It" };
const OTHER = { "text/plain": "other" };
const OUTPUT = {
  data: { "text/html": `<div class="${NAME}">It is.</div>`, "text/plain": "It is." },
  metadata: {},
};

function growing(facts = {}) {
  const none = { blocks: [], finished: 0 };
  return {
    id: NAME,
    number: 1,
    head: "",
    summary: "",
    thinking: none,
    text: { blocks: ["It grows."], finished: 0 },
    ...facts,
  };
}

function kept(notebook, bundles, said) {
  const shared = sharedCell(...bundles);
  return { ...shared, kept: new KeptOutputs({ ...notebook, cells: [shared.cell] }, said, "") };
}

test("the writer replaces the widget, and then refreshes the text inside of the output", () => {
  const first = kept(page(true), [WIDGET], growing());
  first.kept.keep();
  assert.equal(first.done[0][0], "set");
  const later = kept(page(true), [OTHER, GROWN], growing());
  later.kept.keep();
  assert.deepEqual(later.done, []);
  assert.equal(later.saved()[0], "other");
  assert.match(later.saved()[1], /^It grows/);
});

test("another page writes nothing, and waits until the answer is settled", () => {
  const notebook = page(false, [1, announced(false)]);
  const { done, saved, kept: outputs } = kept(notebook, [GROWN], growing({ ended: true, output: OUTPUT }));
  outputs.keep();
  assert.equal(outputs.settle(), false);
  assert.deepEqual([done, saved(), outputs.any], [[], ["It"], true]);
  notebook.sharedModel.awareness.getStates().delete(1);
  assert.equal(outputs.settle(), true);
  assert.deepEqual(done, [["set", 0, "It is."]]);
  assert.equal(
    kept(page(false, [1, announced(false)]), [OUTPUT.data], growing({ output: OUTPUT })).kept.settle(),
    true,
  );
});

test("where this page has the outputs in another order, only the right one is replaced", () => {
  const {
    cell,
    done,
    kept: outputs,
  } = kept(page(true), [OTHER, GROWN], growing({ ended: true, output: OUTPUT }));
  cell.outputs.get = (at) => ({ data: [GROWN, OTHER][at], metadata: {} });
  outputs.settle();
  assert.deepEqual(done, [["fromJSON", "other", "It is."]]);
});

test("copies that two pages left in one cell are removed, but for the first", () => {
  const { done, kept: outputs } = kept(page(true), [GROWN, OTHER, GROWN], growing());
  outputs.keep();
  assert.deepEqual(done, [["fromJSON", "It", "other"]]);
});

const FRAME = {
  open: `<div class="${NAME}">`,
  close: "</div>",
  plain: "All",
  metadata: { gemini_magics: { conversation: {} } },
};
const PANEL = { name: NAME, order: [], turns: new Map(), frame: FRAME };

test("the transcript of a panel is refreshed by the writer, and shown when the panel goes", () => {
  for (const [notebook, saved, shown] of [
    [page(true), "All", [["set", 0, "All"]]],
    [page(false, [1, announced(true)]), "It", []],
  ]) {
    const shared = sharedCell(GROWN);
    assert.deepEqual(keepTranscript(PANEL, { ...notebook, cells: [shared.cell] }), ["1"]);
    assert.deepEqual([shared.saved(), shared.done], [[saved], []]);
    showTranscript(PANEL, { ...notebook, cells: [shared.cell] });
    assert.deepEqual(shared.done, shown);
  }
});

test("a copy that another page wrote long after both heard of each other is removed, as long as the panel is there", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const heard = new Set();
  const changed = { connect: (slot) => heard.add(slot), disconnect: (slot) => heard.delete(slot) };
  const one = sharedCell(GROWN);
  Object.assign(one.cell.outputs, { changed });
  const two = sharedCell(GROWN, OTHER, GROWN);
  const notebook = { ...page(true), cells: [one.cell] };
  const sessionContext = { kernelChanged: { connect() {}, disconnect() {} } };
  const leave = mountBesideTranscripts(
    { on() {} },
    { model: notebook, sessionContext },
    PANEL,
    new Set(),
    () => {
      keepTranscript(PANEL, notebook);
    },
  );
  const { awareness } = notebook.sharedModel;
  awareness.getStates().set(2, announced(false));
  awareness.tell();
  t.mock.timers.tick(60_000);
  notebook.cells = [two.cell];
  for (const slot of heard) slot();
  t.mock.timers.tick(50);
  assert.deepEqual(two.done, [["fromJSON", "It", "other"]]);
  assert.equal(heard.size, 1);
  leave();
  assert.equal(heard.size, 0);
});
