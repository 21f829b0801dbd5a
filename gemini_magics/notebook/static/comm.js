// @ts-check
// How a page and its kernel speak with each other. The kernel may be gone at any moment.

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

/**
 * Hear all that the kernel says to a widget. anywidget lets no message through to one that took longer than two
 * seconds to load, as in a page that is busy, and so the widget takes them where they arrive:
 * https://github.com/manzt/anywidget/pull/828
 *
 * @param {Hearer} model
 */
async function hearKernel(model) {
  const manager = model.widget_manager;
  const name = model.get("own_name");
  if (!manager.has_model?.(name)) return;
  const widget = await manager.get_model?.(name);
  widget?.comm?.on_msg((message) => {
    const { content, method } = message.content.data;
    if (method !== "custom") return widget._handle_comm_msg(message);
    widget.trigger("msg:custom", content, message.buffers);
    return undefined;
  });
}

export { hearKernel, tell };
