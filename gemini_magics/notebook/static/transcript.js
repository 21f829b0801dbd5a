// @ts-check
// The transcript of a panel, which the page keeps up to date in the notebook, so that the saved file can
// be read without a kernel.

import { outputsOf, WIDGET, withoutCopies } from "./notebook.js";
import { GROWING, soFar, words } from "./remains.js";
import { isEnded } from "./turn.js";
import { isWriter } from "./writer.js";

/**
 * Make the transcript as the notebook is to keep it; undefined until all turns are here.
 *
 * The metadata describe the turns that have ended, one behind the other. So the text of a turn that still
 * grows, which is there for readers alone, stands behind them all.
 *
 * @param {PanelState} said
 * @returns {PlainOutput | undefined}
 */
function transcript({ order, turns, frame }) {
  if (order.some((key) => !turns.has(key))) return undefined;
  const all = order.flatMap((key) => turns.get(key) ?? []);
  const ended = all.filter(isEnded);
  const growing = all.filter((turn) => !isEnded(turn));
  const data = {
    "text/html": frame.open + all.map((turn) => readable(turn).html).join("") + frame.close,
    "text/plain": frame.plain + [...ended, ...growing].map((turn) => readable(turn).plain).join(""),
  };
  const { conversation } = frame.metadata.gemini_magics;
  const turnsSaved = ended.map((turn) => turn.saved);
  return { data, metadata: { gemini_magics: { conversation: { ...conversation, turns: turnsSaved } } } };
}

/**
 * @param {PanelTurn} turn
 * @returns {Pick<EndedTurn, "html" | "plain">}
 */
function readable(turn) {
  if (isEnded(turn)) return turn;
  const { asked, facts, thinking, text } = turn;
  const { html, plain } = soFar({ ...facts, thinking, text }, GROWING);
  const answered = `<div class="gemini-answered"><div class="gemini-answer">${html}</div></div>`;
  return {
    html: `<div class="gemini-turn">${asked}${answered}</div>`,
    plain: `\n> ${words(asked.replaceAll("<br>", "\n> "))}\n\n${plain}\n`,
  };
}

/**
 * Put the transcript into the outputs of the notebook that are this panel's, and return the ids of their cells.
 *
 * @param {PanelState} said
 * @param {NotebookModel | undefined} notebook
 */
function keepTranscript(said, notebook) {
  const output = transcript(said);
  if (!output) return [];
  const outputs = [...panelOutputs(said, notebook)];
  if (isWriter(notebook, said.name)) {
    for (const { data, put, refresh } of withoutCopies(outputs)) {
      if (WIDGET in data) put(output);
      else if (data["text/html"] !== output.data["text/html"]) refresh(output);
    }
  }
  return outputs.map(({ id }) => id);
}

/**
 * Show the transcript now that no panel stands in its place: all that has come of it, in all pages that share
 * the notebook.
 *
 * @param {PanelState} said
 * @param {NotebookModel | undefined} notebook
 */
function showTranscript(said, notebook) {
  const output = isWriter(notebook, said.name) ? transcript(said) : undefined;
  if (!output) return;
  for (const { put } of panelOutputs(said, notebook)) put(output);
}

/**
 * @param {PanelState} said
 * @param {NotebookModel | undefined} notebook
 */
function panelOutputs({ name }, notebook) {
  return outputsOf(notebook, (data) => String(data["text/html"] ?? "").includes(name));
}

export { keepTranscript, panelOutputs, showTranscript, transcript };
