// @ts-check
// Which of the pages that show an output writes it. With jupyter-collaboration they share one notebook, and an
// output that two of them replace at the same time stands there twice.
//
// Each page says in its awareness, https://docs.yjs.dev/api/about-awareness, which outputs it can write.

const FIELD = "gemini_magics";
const MOST = 20; // names of one page, which sends them with each move of its cursor
const SETTLE_MS = 1000; // until what another page wrote before it heard of this one has arrived

/**
 * Tell whether other pages may have the notebook open.
 *
 * @param {NotebookModel | undefined} notebook
 */
function isShared(notebook) {
  return (notebook?.sharedModel.awareness?.getStates().size ?? 0) > 1;
}

/**
 * Say that this page can write the outputs with a name.
 *
 * @param {NotebookModel | undefined} notebook
 * @param {string} name
 * @param {boolean | undefined} ran whether this page ran the cell; undefined takes it back
 */
function announce(notebook, name, ran) {
  const awareness = notebook?.sharedModel.awareness;
  if (!awareness) return;
  const { [name]: _, ...others } = awareness.getLocalState()?.[FIELD] ?? {};
  const newest = [...Object.entries(others), [name, ran]].slice(-MOST);
  awareness.setLocalStateField(FIELD, Object.fromEntries(newest));
}

/**
 * Tell whether this page is the one that writes the outputs with a name. It is the page that ran the cell, where
 * JupyterLab writes what the kernel sends; without that one it is the page with the lowest number.
 *
 * @param {NotebookModel | undefined} notebook
 * @param {string} name
 */
function isWriter(notebook, name) {
  const own = notebook?.sharedModel.awareness?.clientID;
  const pages = pagesOf(notebook, name);
  const [first] = [...pages.filter(({ ran }) => ran), ...pages];
  return !first || first.id === own;
}

/**
 * List the pages that can write the outputs with a name, the lowest number first.
 *
 * @param {NotebookModel | undefined} notebook
 * @param {string} name
 */
function pagesOf(notebook, name) {
  const states = [...(notebook?.sharedModel.awareness?.getStates() ?? [])];
  return states
    .map(([id, state]) => ({ id, ran: state[FIELD]?.[name] }))
    .filter(({ ran }) => typeof ran === "boolean")
    .sort((one, other) => one.id - other.id);
}

/**
 * Call a function a little after pages that can write the outputs with a name have come or gone.
 *
 * @param {NotebookModel | undefined} notebook
 * @param {string} name
 * @param {() => void} changed
 * @returns {() => void} ends it
 */
function watchPages(notebook, name, changed) {
  const awareness = notebook?.sharedModel.awareness;
  let before = "";
  function look() {
    const pages = JSON.stringify(pagesOf(notebook, name));
    if (pages !== before) setTimeout(changed, SETTLE_MS);
    before = pages;
  }
  awareness?.on("change", look);
  // Those that were here before say no more, and may have written what this page has written, too.
  if (pagesOf(notebook, name).length > 1) look();
  return () => awareness?.off("change", look);
}

export { announce, isShared, isWriter, watchPages };
