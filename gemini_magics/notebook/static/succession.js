// @ts-check
// A kernel that is started again knows nothing of a panel. The page still has its transcript, also when the
// notebook was not saved since, and gives it to the panel that the same cell opens next.

import { transcript } from "./transcript.js";

const EVENT = "gemini-panel-transcript";

/**
 * Give the transcript to the next panel in one of the same cells.
 *
 * @param {PanelState} said
 */
function offerTranscript(said) {
  document.addEventListener(EVENT, (event) => {
    const { detail } = /** @type {CustomEvent<{ cells: string[], output?: PlainOutput }>} */ (event);
    if (detail.cells.some((cell) => said.cells.includes(cell)))
      detail.output = transcript(said) ?? detail.output;
  });
}

/**
 * Ask for the transcript of the panel that stood in one of these cells before.
 *
 * @param {string[]} cells
 * @returns {PlainOutput | undefined}
 */
function askForTranscript(cells) {
  /** @type {{ cells: string[], output?: PlainOutput }} */
  const detail = { cells };
  document.dispatchEvent(new CustomEvent(EVENT, { detail }));
  return detail.output;
}

export { askForTranscript, offerTranscript };
