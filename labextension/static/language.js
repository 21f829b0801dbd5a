// @ts-check
// The language of a question: Markdown with fences and formulas below a first line with colours of its own.

import { nameIn, wordsOf } from "./first-line.js";

const MIME = "text/x-gemini-question";
const MARKDOWN = "text/x-ipythongfm"; // Markdown with formulas, as JupyterLab edits Markdown cells
const DOLLAR = 36;
const NODES = /** @type {const} */ ({
  magic: "GeminiMagic",
  attachment: "GeminiAttachment",
  option: "GeminiOption",
  value: "GeminiValue",
  expression: "GeminiExpression",
});

/**
 * Add the language to those of the page.
 *
 * @param {import("@jupyterlab/codemirror").IEditorLanguageRegistry} languages
 * @param {import("./shared.js").Modules} modules
 * @param {Unknown} unknown
 */
function addLanguage(languages, modules, unknown) {
  languages.addLanguage({
    name: "gemini question",
    mime: MIME,
    load: () => question(languages, modules, unknown),
  });
}

/**
 * @param {import("@jupyterlab/codemirror").IEditorLanguageRegistry} languages
 * @param {import("./shared.js").Modules} modules
 * @param {Unknown} unknown
 * @returns {Promise<import("@codemirror/language").LanguageSupport>}
 */
async function question(languages, modules, unknown) {
  /** @type {[typeof import("@codemirror/language"), typeof import("@codemirror/view"), typeof import("@lezer/highlight")]} */
  const [{ defineLanguageFacet, Language, LanguageSupport, languageDataProp }, { EditorView }, { tags }] =
    await Promise.all([
      modules("@codemirror/language"),
      modules("@codemirror/view"),
      modules("@lezer/highlight"),
    ]);
  const markdown = await languages.getLanguage(MARKDOWN);
  if (!markdown?.support) throw new Error(`this page has no ${MARKDOWN}`);
  // Markdown's own keys, which continue lists and quotes, stay out, and brackets are not closed.
  const data = defineLanguageFacet({ closeBrackets: { brackets: [] } });
  const parser = /** @type {MarkdownParser} */ (markdown.support.language.parser).configure({
    defineNodes: [
      { name: "GeminiLine", block: true },
      { name: NODES.magic, style: tags.keyword },
      { name: NODES.attachment, style: tags.definition(tags.variableName) },
      { name: NODES.option, style: tags.attributeName },
      { name: NODES.value, style: tags.string },
      { name: NODES.expression, style: tags.monospace },
    ],
    // Before the formulas, which begin with a dollar, too.
    parseInline: [{ name: NODES.expression, before: "Escape", parse: parseExpression }],
    parseBlock: [{ name: "GeminiLine", before: "LinkReference", parse: parseLine }],
    props: [languageDataProp.add({ Document: data })],
    wrap: atOnce,
  });
  return new LanguageSupport(new Language(data, parser, [], "gemini question"), [
    EditorView.lineWrapping,
    EditorView.editorAttributes.of({ class: "jp-GeminiQuestion" }),
    unknown.extension,
  ]);
}

/**
 * Parse to the end in one step. The editor breaks a parse off after 20 ms, which a busy page soon needs. It forgets
 * that the language of a fence has come while the rest is planned, and the fence stays without colours: `scheduleWork`
 * in https://github.com/codemirror/language/blob/main/src/language.ts
 *
 * @param {import("@lezer/common").PartialParse} parse
 * @returns {import("@lezer/common").PartialParse}
 */
function atOnce(parse) {
  return {
    get parsedPos() {
      return parse.parsedPos;
    },
    get stoppedAt() {
      return parse.stoppedAt;
    },
    stopAt: (at) => parse.stopAt(at),
    advance: () => {
      for (;;) {
        const tree = parse.advance();
        if (tree) return tree;
      }
    },
  };
}

/**
 * Parse a line of ours as a block, with each word as a node and the rest as text with Markdown in it.
 *
 * @param {BlockContext} context
 * @param {{ text: string }} line
 */
function parseLine(context, { text }) {
  const begin = context.lineStart;
  const words = wordsOf(text);
  if (!words) return false;
  const nodes = words.map(({ kind, from, to }) => context.elt(NODES[kind], begin + from, begin + to));
  const end = words[words.length - 1].to;
  const rest = context.parser.parseInline(text.slice(end), begin + end);
  context.addElement(context.elt("GeminiLine", begin, begin + text.length, [...nodes, ...rest]));
  context.nextLine();
  return true;
}

/**
 * Parse $`expr`, but not the formula $`x`$.
 *
 * @param {InlineContext} context
 * @param {number} _
 * @param {number} at
 */
function parseExpression(context, _, at) {
  if (context.char(at) !== DOLLAR) return -1;
  const found = /^\$`[^`\n]*`(?!\$)/.exec(context.slice(at, context.end));
  return found ? context.addElement(context.elt(NODES.expression, at, at + found[0].length)) : -1;
}

/**
 * The marks of attachments whose name the kernel does not know.
 *
 * @typedef {object} Unknown
 * @property {import("@codemirror/state").Extension} extension draws the marks in an editor
 * @property {(view: import("@codemirror/view").EditorView, words: ReadonlySet<string>) => void} mark
 */

/**
 * @param {import("./shared.js").Modules} modules
 * @returns {Promise<Unknown>}
 */
async function unknownMarks(modules) {
  /** @type {[typeof import("@codemirror/state"), typeof import("@codemirror/view")]} */
  const [{ StateEffect, StateField }, { Decoration, EditorView }] = await Promise.all([
    modules("@codemirror/state"),
    modules("@codemirror/view"),
  ]);
  /** @type {import("@codemirror/state").StateEffectType<ReadonlySet<string>>} */
  const setWords = StateEffect.define();
  const mark = Decoration.mark({ class: "jp-GeminiUnknown", attributes: { title: "Not in this kernel yet" } });

  const field = StateField.define({
    create: () => ({ words: /** @type {ReadonlySet<string>} */ (new Set()), marks: Decoration.none }),
    update(value, transaction) {
      const effect = transaction.effects.find((each) => each.is(setWords));
      if (!effect && !transaction.docChanged) return value;
      const words = effect ? effect.value : value.words;
      const marked = attachmentsOf(transaction.newDoc.toString()).filter(({ word }) => words.has(word));
      return { words, marks: Decoration.set(marked.map(({ from, to }) => mark.range(from, to))) };
    },
    provide: (it) => EditorView.decorations.from(it, ({ marks }) => marks),
  });
  return {
    extension: field,
    mark: (view, words) => view.dispatch({ effects: setWords.of(words) }),
  };
}

/**
 * Return the attachments of a cell's first line that begin with a name.
 *
 * @param {string} source
 * @returns {{ word: string, name: string, from: number, to: number }[]}
 */
function attachmentsOf(source) {
  const begin = source.search(/\S/);
  const line = begin < 0 ? "" : source.slice(begin).split("\n", 1)[0];
  return (wordsOf(line) ?? [])
    .filter(({ kind }) => kind === "attachment")
    .map(({ from, to }) => ({ word: line.slice(from, to), from: begin + from, to: begin + to }))
    .map((each) => ({ ...each, name: nameIn(each.word) }))
    .filter(({ name }) => name);
}

export { addLanguage, attachmentsOf, MIME, unknownMarks };
