// What gemini_magics/notebook/javascript.py relies on when it joins the modules without parsing them.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import test from "node:test";
import { parse, tokenizer } from "acorn";

const STATIC = new URL("../../gemini_magics/notebook/static/", import.meta.url);
const LANGUAGE = { ecmaVersion: 2022, sourceType: "module", locations: true };
const FILES = readdirSync(STATIC).filter((name) => name.endsWith(".js"));

for (const name of FILES) {
  const source = readFileSync(new URL(name, STATIC), "utf-8");
  const lines = source.split("\n");

  test(`${name} is checked for types`, () => {
    assert.equal(lines[0], "// @ts-check");
  });

  test(`${name} begins with its imports, by name, of modules beside it, and ends with its one export`, () => {
    const { body } = parse(source, LANGUAGE);
    const imports = body.filter((node) => node.type.startsWith("Import"));
    const exports = body.filter((node) => node.type.startsWith("Export"));
    assert.deepEqual([...imports, ...body.slice(imports.length, -1), ...exports], body);
    for (const node of imports) {
      assert.match(source.slice(node.start, node.end), /^import \{[^}]+\} from "\.\/[\w-]+\.js";$/);
      assert.ok(FILES.includes(node.source.value.slice(2)));
    }
    assert.equal(exports.length, 1);
    assert.match(source.slice(exports[0].start), /^export \{[^}]+\};\n$/);
  });

  test(`${name} has no string or template that spans lines`, () => {
    for (const { loc, value } of tokenizer(source, LANGUAGE)) assert.equal(loc.start.line, loc.end.line, value);
  });

  test(`${name} has no comment that spans lines beside code`, () => {
    const onComment = (_block, _text, _start, _end, from, to) => {
      if (from.line === to.line) return;
      assert.match(lines[from.line - 1].slice(0, from.column), /^ *$/);
      assert.equal(lines[to.line - 1].slice(to.column), "");
    };
    parse(source, { ...LANGUAGE, onComment });
  });
}
