// @ts-check
// The lines of a cell that are ours, and the words of such a line.

/** @typedef {{ kind: "magic" | "attachment" | "option" | "value", from: number, to: number }} Word */

const CELL = /^%%(?:gemini|gm)(?=[ \t]|$)/;
const ASSIGNED = String.raw`(?:[\p{L}_][\w.]*[ \t]*=(?!=)[ \t]*)?`;
const LINE = new RegExp(String.raw`^[ \t]*${ASSIGNED}%(?:gemini|gm)(?=[ \t]+\S)`, "u");

/**
 * Tell whether a cell is a question: its first line is ours, or each of its lines is a question of one line.
 *
 * @param {string} source
 */
function isQuestion(source) {
  const first = source.slice(0, 200).trimStart();
  if (first.startsWith("%%")) return CELL.test(first.split("\n", 1)[0]);
  if (!/^[\p{L}_%]/u.test(first)) return false;
  const lines = source.split("\n").filter((line) => line.trim());
  return lines.length > 0 && lines.every((line) => LINE.test(line));
}

/**
 * Return the words of a line of ours, or undefined for another line. What follows the last word is prose.
 *
 * @param {string} line
 * @returns {Word[] | undefined}
 */
function wordsOf(line) {
  const cell = CELL.exec(line);
  if (cell) return wordsOfCell(line, cell[0].length);
  const magic = LINE.exec(line);
  return magic ? wordsOfQuestion(line, magic[0].length) : undefined;
}

/**
 * @param {string} line
 * @param {number} begin
 * @returns {Word[]}
 */
function wordsOfCell(line, begin) {
  /** @type {Word[]} */
  const words = [{ kind: "magic", from: 0, to: begin }];
  let options = false;
  for (const [from, to] of spans(line, begin)) {
    const isOption = line.startsWith("--", from);
    options ||= isOption;
    words.push({ kind: isOption ? "option" : options ? "value" : "attachment", from, to });
  }
  return words;
}

/**
 * Options come first; everything behind them is the question.
 *
 * @param {string} line
 * @param {number} begin
 * @returns {Word[]}
 */
function wordsOfQuestion(line, begin) {
  /** @type {Word[]} */
  const words = [{ kind: "magic", from: line.search(/\S/), to: begin }];
  for (const [from, to] of spans(line, begin)) {
    if (!line.startsWith("--", from)) break;
    words.push({ kind: "option", from, to });
  }
  return words;
}

/**
 * Yield where the words of a line stand; spaces in quotes and brackets are inside a word: df["a b"].
 *
 * @param {string} line
 * @param {number} begin
 * @returns {Generator<[number, number]>}
 */
function* spans(line, begin) {
  let from = begin;
  let depth = 0;
  for (let at = begin; at <= line.length; at++) {
    const character = line[at] ?? " ";
    if (at === line.length || (/\s/.test(character) && depth <= 0)) {
      if (from < at) yield [from, at];
      from = at + 1;
      depth = 0;
    } else if (character === "'" || character === '"') {
      at = Math.max(at, line.indexOf(character, at + 1));
    } else {
      depth += Number("([{".includes(character)) - Number(")]}".includes(character));
    }
  }
}

/**
 * Return the name at the beginning of an attachment, "" where it is a path in quotes or an address.
 *
 * @param {string} word
 */
function nameIn(word) {
  return /^[-~+([{]*([\p{L}_][\p{L}\p{N}_]*)(?!\p{L}*:\/\/)/u.exec(word)?.[1] ?? "";
}

export { isQuestion, nameIn, wordsOf };
