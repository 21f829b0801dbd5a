// @ts-check
// Attachments whose name the kernel does not know get a quiet mark. The kernel is asked by a request for completions,
// which evaluates nothing, and only while it is idle.

import { attachmentsOf, MIME } from "./language.js";

const PAUSE_MS = 600; // after the last letter

/**
 * Look at the cells whose first line changes, and at those in sight once a cell has run.
 *
 * @param {import("@jupyterlab/notebook").INotebookTracker} tracker
 * @param {typeof import("@jupyterlab/notebook")} notebook
 * @param {import("./language.js").Unknown} unknown
 */
function markUnknownNames(tracker, { NotebookActions }, unknown) {
  /** @type {import("@jupyterlab/cells").Cell | null} */
  let active = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let pause;

  function changed() {
    clearTimeout(pause);
    pause = setTimeout(() => {
      const panel = tracker.currentWidget;
      if (panel && active && !active.isDisposed) lookAt(panel, [active], unknown);
    }, PAUSE_MS);
  }

  tracker.activeCellChanged.connect((_, cell) => {
    if (active && !active.isDisposed) active.model.contentChanged.disconnect(changed);
    active = cell;
    cell?.model.contentChanged.connect(changed);
  });
  NotebookActions.executed.connect((_, { notebook }) => {
    const panel = tracker.find((each) => each.content === notebook);
    if (panel) lookAt(panel, notebook.widgets, unknown);
  });
}

/**
 * @param {import("@jupyterlab/notebook").NotebookPanel} panel
 * @param {readonly import("@jupyterlab/cells").Cell[]} cells
 * @param {import("./language.js").Unknown} unknown
 */
async function lookAt(panel, cells, unknown) {
  const kernel = panel.sessionContext.session?.kernel;
  if (kernel?.status !== "idle") return;
  const seen = cells.filter(({ model, editor, inViewport }) => model.mimeType === MIME && editor && inViewport);
  /** @type {Map<string, Promise<boolean>>} */
  const known = new Map();
  for (const cell of seen) {
    const attachments = attachmentsOf(cell.model.sharedModel.getSource());
    const missing = new Set();
    for (const { word, name } of attachments) {
      if (!known.has(word)) known.set(word, isKnown(kernel, word, name));
      if (!(await known.get(word))) missing.add(word);
    }
    const editor = /** @type {import("@jupyterlab/codemirror").CodeMirrorEditor | null} */ (cell.editor);
    if (editor && !cell.isDisposed) unknown.mark(editor.editor, missing);
  }
}

/**
 * @param {import("@jupyterlab/services").Kernel.IKernelConnection} kernel
 * @param {string} word an attachment
 * @param {string} name at its beginning
 */
async function isKnown(kernel, word, name) {
  return (await completesTo(kernel, name)) || (word !== name && (await completesTo(kernel, word)));
}

/**
 * @param {import("@jupyterlab/services").Kernel.IKernelConnection} kernel
 * @param {string} word
 */
async function completesTo(kernel, word) {
  const code = `%%gemini ${word}`;
  const { content } = await kernel.requestComplete({ code, cursor_pos: [...code].length });
  if (content.status !== "ok") return true;
  const before = [...code].slice(0, content.cursor_start).join("");
  return content.matches.some((match) => [code, `${code}/`].includes(before + match));
}

export { markUnknownNames };
