"""Cells of a real kernel: what each one showed in the end, and what its reply asks the frontend to do."""

from dataclasses import dataclass, field

from jupyter_client.manager import start_new_kernel

PATIENCE_S = 30


@dataclass
class Ran:
    """A cell that ran: its outputs as they ended, the payload of its reply, and its error, if it failed."""

    outputs: list = field(default_factory=list)
    payload: list = field(default_factory=list)
    error: dict | None = None
    _by_id: dict = field(default_factory=dict)

    @property
    def text(self):
        return "\n".join(output.get("text/plain", "") for output in self.outputs)

    def take(self, kind, content):
        match kind:
            case "error":
                self.error = content
            case "stream":
                self.outputs.append({"text/plain": content["text"]})
            case "display_data" | "execute_result":
                self.outputs.append(content["data"])
                self._by_id[content.get("transient", {}).get("display_id")] = content["data"]
            case "update_display_data":
                shown = self._by_id[content["transient"]["display_id"]]
                shown.clear()
                shown.update(content["data"])


class Cells:
    """A kernel with the extension loaded, whose questions go to `demo`."""

    def __init__(self, demo):
        self._manager, self._client = start_new_kernel()
        self.run("%load_ext gemini_magics")
        self.run('%config GeminiMagics.service = "demo"')
        self.run(f'%config GeminiMagics.base_url = "{demo.base_url}"')
        self.run('%config GeminiMagics.display = "paced"')

    def run(self, code, cell="", fails=False):
        """Run a cell as a frontend does that names it, or as one that names none."""
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}}
        content |= {"allow_stdin": False, "stop_on_error": False}
        request = self._client.session.msg(
            "execute_request", content, metadata={"cellId": cell} if cell else {}
        )
        self._client.shell_channel.send(request)
        asked, ran = request["header"]["msg_id"], Ran()
        while True:
            message = self._client.get_iopub_msg(timeout=PATIENCE_S)
            if message["parent_header"].get("msg_id") == asked:
                if message["content"].get("execution_state") == "idle":
                    break
                ran.take(message["msg_type"], message["content"])
        while (reply := self._client.get_shell_msg(timeout=PATIENCE_S))["parent_header"]["msg_id"] != asked:
            pass
        ran.payload = reply["content"].get("payload", [])
        assert fails is bool(ran.error), ran.error
        return ran

    def close(self):
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)
