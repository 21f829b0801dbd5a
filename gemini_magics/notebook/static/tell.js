// @ts-check
// How a page says something to its kernel, which may be gone at that moment.

/**
 * Send a message of a widget; a kernel that is gone hears nothing.
 *
 * @param {Teller} model
 * @param {unknown} message
 * @param {ArrayBufferView[]} [buffers]
 */
function tell(model, message, buffers) {
  try {
    model.send(message, undefined, buffers);
  } catch (error) {
    // JupyterLab lets go of a kernel that was shut down before it says so: `CommHandler.send` in
    // https://github.com/jupyterlab/jupyterlab/blob/v4.4.0/packages/services/src/kernel/comm.ts
    if (!(error instanceof Error) || error.message !== "Cannot send") throw error;
  }
}

export { tell };
