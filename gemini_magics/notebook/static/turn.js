// @ts-check
// A question of the panel and its answer, as a page knows them.

import { applyChanges, noBlocks } from "./changes.js";

/**
 * A turn as the page keeps it. The kernel sends one that still grows together with all its changes so far.
 *
 * @param {SentTurn} sent
 * @returns {PanelTurn}
 */
function received(sent) {
  if (!("grown" in sent)) return sent;
  /** @type {GrowingTurn} */
  const turn = {
    asked: sent.asked,
    pictures: sent.pictures,
    thinking: noBlocks(),
    text: noBlocks(),
    facts: sent.grown.facts,
    askedAt: performance.now() - 1000 * sent.grown.facts.seconds,
  };
  applyChanges(turn, sent.grown);
  return turn;
}

/**
 * Let a turn grow by a frame. A page may not know the turn yet, or know it as ended.
 *
 * @param {PanelTurn | undefined} turn
 * @param {Pick<Frame, "changes" | "finished" | "facts">} frame
 */
function grow(turn, frame) {
  if (!turn || isEnded(turn)) return;
  applyChanges(turn, frame);
  turn.facts = { ...turn.facts, ...frame.facts };
}

/**
 * @param {PanelTurn} turn
 * @returns {turn is EndedTurn}
 */
function isEnded(turn) {
  return "html" in turn;
}

/**
 * Return the text of an answer, as the model wrote it. Its place is counted in characters, as in Python.
 *
 * @param {EndedTurn} turn
 */
function answerText({ plain, saved }) {
  const [begin, length] = saved.answer;
  return [...plain].slice(begin, begin + length).join("");
}

/**
 * Find the turn whose answer is awaited.
 *
 * @param {Iterable<PanelTurn>} turns
 */
function awaited(turns) {
  for (const turn of turns) if (!isEnded(turn)) return turn;
  return undefined;
}

export { answerText, awaited, grow, isEnded, received };
