// The language of a question: what an editor gets of it on a busy page.

import assert from "node:assert/strict";
import test from "node:test";
import { markdown, markdownLanguage } from "@codemirror/lang-markdown";
import { python } from "@codemirror/lang-python";
import { LanguageDescription, LanguageSupport } from "@codemirror/language";
import { addLanguage } from "../../labextension/static/language.js";

const TEXT = "%%gemini fig\n\nWhy?\n\n```python\nfor peak in peaks: pass\n```\n\nIs it **odd**?";

/** Load the language from a page that knows Python, as JupyterLab puts it together. */
async function question() {
  const languages = [LanguageDescription.of({ name: "python", support: python() })];
  const support = markdown({ base: markdownLanguage, codeLanguages: languages });
  const added = [];
  const registry = { addLanguage: (one) => added.push(one), getLanguage: async () => ({ support }) };
  addLanguage(registry, (name) => import(name), { extension: [], mark: () => {} });
  return await added[0].load();
}

test("a question and the code in it are parsed in one step, which no busy page can break off", async () => {
  const support = await question();
  assert.ok(support instanceof LanguageSupport);
  const tree = support.language.parser.startParse(TEXT).advance();
  assert.equal(tree?.length, TEXT.length);
  assert.equal(tree.resolveInner(TEXT.indexOf("pass"), 1).name, "pass"); // as Python names it
});
