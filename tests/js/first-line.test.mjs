// The words of the first line, as the colours of a cell have them.

import assert from "node:assert/strict";
import test from "node:test";
import { isQuestion, nameIn, wordsOf } from "../../labextension/static/first-line.js";

const read = (line) => wordsOf(line)?.map(({ kind, from, to }) => `${kind} ${line.slice(from, to)}`);

for (const source of [
  "%%gemini\nWhat?",
  "\n \n%%gemini fig\nWhat?",
  "%%gm fig",
  "%%gemini",
  "%gemini What is odd?",
  "answer = %gemini What is odd?\n\n%gm And why?",
]) {
  test(`a question: ${JSON.stringify(source)}`, () => assert.ok(isQuestion(source)));
}

for (const source of [
  "",
  "\n",
  "x = 1",
  "%%geminis\nWhat?",
  "%%gemini_key",
  "%gemini_usage",
  "%gemini",
  "# a remark\n%%gemini\nWhat?",
  "%gemini What?\nprint(1)",
  "%%bash\n%gemini What?",
  "x == %gemini What?",
]) {
  test(`no question: ${JSON.stringify(source)}`, () => assert.ok(!isQuestion(source)));
}

test("a first line has attachments, then options and their values", () => {
  assert.deepEqual(read("%%gemini fig df['a b']  plots/a.png --effort low --system=\"be short\" --search"), [
    "magic %%gemini",
    "attachment fig",
    "attachment df['a b']",
    "attachment plots/a.png",
    "option --effort",
    "value low",
    'option --system="be short"',
    "option --search",
  ]);
});

test("a question in one line has its options before its words", () => {
  assert.deepEqual(read("a = %gemini --search --effort=low What -- or who?"), [
    "magic a = %gemini",
    "option --search",
    "option --effort=low",
  ]);
});

test("brackets and quotes that are never closed end with the line", () => {
  assert.deepEqual(read("%%gemini df['a b"), ["magic %%gemini", "attachment df['a b"]);
});

test("any other line has no words of ours", () => {
  assert.equal(wordsOf("What is %%gemini?"), undefined);
});

for (const [word, name] of Object.entries({
  fig: "fig",
  "axes[0]": "axes",
  "-x": "x",
  größe: "größe",
  "report.pdf": "report",
  '"a b.png"': "",
  "https://example.org/x.png": "",
  "./x.png": "",
})) {
  test(`the name in ${word}`, () => assert.equal(nameIn(word), name));
}
