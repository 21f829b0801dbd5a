import assert from "node:assert/strict";
import { test } from "node:test";
import { hearKernel, tell } from "../../gemini_magics/notebook/static/comm.js";

/** @param {string} message */
const failing = (message) => ({
  send() {
    throw new Error(message);
  },
});

test("a message and its buffers reach the kernel", () => {
  /** @type {unknown[]} */
  const sent = [];
  tell({ send: (...all) => sent.push(all) }, { do: "attach" }, []);
  assert.deepEqual(sent, [[{ do: "attach" }, undefined, []]]);
});

test("a kernel that JupyterLab has let go of hears nothing, and the page goes on", () => {
  tell(failing("Cannot send"), "gone");
});

test("any other error is told", () => {
  assert.throws(() => tell(failing("no such buffer"), "gone"), /no such buffer/);
});

/** A widget as its manager has it, whose host lets nothing through. */
function managed() {
  const said = [];
  let arrive;
  const widget = {
    comm: {
      on_msg: (listener) => {
        arrive = listener;
      },
    },
    _handle_comm_msg: async (message) => said.push(["host", message.content.data.method]),
    trigger: (...facts) => said.push(facts),
  };
  const manager = { has_model: (name) => name === "gemini-1", get_model: async () => widget };
  return { said, manager, arrive: (data, buffers) => arrive({ content: { data }, buffers }) };
}

test("what the kernel says to a widget is heard, whatever the host waits for", async () => {
  const { said, manager, arrive } = managed();
  await hearKernel({ get: () => "gemini-1", widget_manager: manager });
  arrive({ method: "custom", content: { number: 1 } }, []);
  await arrive({ method: "update", state: {} });
  assert.deepEqual(said, [
    ["msg:custom", { number: 1 }, []],
    ["host", "update"],
  ]);
});

test("a host that has no such widget, or says nothing of its widgets, is left alone", async () => {
  await hearKernel({ get: () => "another", widget_manager: managed().manager });
  await hearKernel({ get: () => "gemini-1", widget_manager: {} });
});
