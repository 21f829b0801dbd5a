// @ts-check
// Requests to the kernel. gemini_magics/notebook/labextension.py answers them; they are data, as text in an
// expression that is always the same otherwise.

/** @typedef {import("@jupyterlab/services").Kernel.IKernelConnection} Kernel */

const MODULE = '__import__("gemini_magics.notebook.labextension", fromlist=["reply", "show"])';

/**
 * Ask a kernel, and return its answer.
 *
 * @param {Kernel} kernel
 * @param {{ do: string } & Record<string, unknown>} request
 * @returns {Promise<any>}
 */
async function ask(kernel, request) {
  // A string of JSON is a string of Python.
  const expression = `${MODULE}.reply(${JSON.stringify(JSON.stringify(request))})`;
  const { content } = await kernel.requestExecute({
    code: "",
    silent: true,
    store_history: false,
    allow_stdin: false,
    stop_on_error: false,
    user_expressions: { reply: expression },
  }).done;
  const reply = content.status === "ok" ? /** @type {any} */ (content.user_expressions.reply) : undefined;
  const answer = reply?.data?.["application/json"];
  if (!answer)
    throw new Error("gemini_magics is not in this kernel: run %pip install gemini_magics in a cell.");
  if (answer.error) throw new Error(answer.error);
  return answer;
}

/**
 * Show something from the kernel in an output area, as a cell would.
 *
 * @param {Kernel} kernel
 * @param {import("@jupyterlab/outputarea").SimplifiedOutputArea} area
 * @param {{ do: string }} request
 */
function show(kernel, area, request) {
  const code = `${MODULE}.show(${JSON.stringify(JSON.stringify(request))})`;
  area.future = kernel.requestExecute(
    { code, silent: false, store_history: false, allow_stdin: false, stop_on_error: false },
    false,
    { cellId: "gemini-panel" },
  );
}

export { ask, show };
