// @ts-check
// The keys that send a question. A reader may turn Enter and Ctrl+Enter round; the browser keeps that choice.

const STORED = "gemini_magics.enter";
const NEW_LINE = "makes a line";

/** Tell whether Enter alone sends, as it does unless the reader has chosen otherwise. */
function enterSends() {
  try {
    return localStorage.getItem(STORED) !== NEW_LINE;
  } catch {
    return true; // a page without a storage of its own
  }
}

/** @param {boolean} sends */
function letEnterSend(sends) {
  try {
    if (sends) localStorage.removeItem(STORED);
    else localStorage.setItem(STORED, NEW_LINE);
  } catch {
    // The choice then ends with the page.
  }
}

/**
 * Tell whether a key sends the question. While a word is being composed, as in Japanese, Enter ends the word.
 *
 * @param {KeyboardEvent} event
 */
function sends({ key, ctrlKey, metaKey, shiftKey, altKey, isComposing }) {
  if (key !== "Enter" || isComposing) return false;
  return ctrlKey || metaKey || (enterSends() && !shiftKey && !altKey);
}

/** Say in a few words which key does what. */
function hint() {
  if (enterSends()) return "Shift + Enter makes a line";
  return `${/Mac|iP/.test(navigator.platform) ? "⌘" : "Ctrl"} + Enter sends`;
}

export { enterSends, hint, letEnterSend, sends };
