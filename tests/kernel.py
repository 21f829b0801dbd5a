"""A real kernel, met as a frontend meets it: cells go in, and what each showed in the end comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from jupyter_client.manager import start_new_kernel
from patience import PATIENCE_S

from gemini_magics.testing import Demo, stream


@dataclass
class Shown:
    """What a cell showed: its outputs as they ended, its number, its reply's payload, its error if it failed.

    An output is what its message held: `data` and `metadata`, or the `name` and the `text` of a stream.
    """

    request: str
    outputs: list[dict[str, Any]] = field(default_factory=list)
    count: int = 0
    payload: list[dict[str, Any]] = field(default_factory=list)
    error: dict[str, Any] | None = None
    _clears: bool = False

    @property
    def stream(self) -> str:
        """All that was printed."""
        return "".join(output.get("text", "") for output in self.outputs)

    @property
    def text(self) -> str:
        """All that can be read as plain text, what was printed included."""
        return "\n".join(output.get("text") or self._data(output, "text/plain") for output in self.outputs)

    @property
    def html(self) -> str:
        """All HTML."""
        return "\n".join(self._data(output, "text/html") for output in self.outputs)

    def take(self, kind: str, content: dict[str, Any]) -> None:
        """Do with a message what a page does with it."""
        if self._clears and kind in ("stream", "display_data", "execute_result", "error"):
            self.outputs, self._clears = [], False
        match kind:
            case "stream" if self.outputs and self.outputs[-1].get("name") == content["name"]:
                self.outputs[-1]["text"] += content["text"]
            case "stream" | "display_data" | "execute_result":
                self.outputs.append(content)
            case "update_display_data":
                (output,) = (each for each in self.outputs if each.get("transient") == content["transient"])
                output.update(content)
            case "clear_output":
                self.outputs, self._clears = self.outputs if content["wait"] else [], content["wait"]
            case "error":
                self.error = content

    @staticmethod
    def _data(output: dict[str, Any], kind: str) -> str:
        return output.get("data", {}).get(kind, "")


@contextmanager
def replying() -> Iterator[Demo]:
    """A server that says what stands in its `replies`, the first one first, and else "Fine."."""
    replies: list[Any] = []
    with Demo(lambda request: replies.pop(0) if replies else stream("Fine.")) as demo:
        demo.replies = replies
        yield demo


class Kernel:
    """A kernel that has loaded the extension, asks `demo`, and writes no file but those of its cells.

    It starts when it is made and ends with its `with` block.

    Args:
        setup: cells to run at the beginning, and again after a restart.
        arguments: more of the command line that starts it.
    """

    def __init__(
        self,
        demo: Demo | None = None,
        *,
        display: str = "paced",
        setup: Iterable[str] = (),
        arguments: Iterable[str] = (),
    ) -> None:
        settings = {"display": display}
        if demo:
            settings |= {"service": "demo", "base_url": demo.base_url}
        lines = [f"%config GeminiMagics.{name} = {value!r}" for name, value in settings.items()]
        self.demo = demo
        self._setup = ["\n".join(["%load_ext gemini_magics", *lines]), *setup]
        arguments = ["--HistoryManager.enabled=False", *arguments]
        self.manager, self.client = start_new_kernel(extra_arguments=arguments)
        self._begin()

    def __enter__(self) -> Kernel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, code: str, cell: str = "", *, fails: bool = False, **how: Any) -> Shown:
        """Run a cell to its end."""
        return self.finish(self.send(code, cell, **how), fails=fails)

    def send(
        self,
        code: str,
        cell: str = "",
        *,
        metadata: Mapping[str, Any] | None = None,
        allow_stdin: bool = True,
        by_python: bool = False,
    ) -> Shown:
        """Begin a cell, and wait for nothing.

        Args:
            cell: the identity that a frontend gives its cells; some give none.
            metadata: what else it says of the cell.
            allow_stdin: a person is there; programs that run notebooks say that nobody is.
            by_python: name the message as jupyter_client does, which consoles and such programs ask
                with; a page gives each message a name of its own.
        """
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}}
        content |= {"allow_stdin": allow_stdin, "stop_on_error": False}
        about = {**({"cellId": cell} if cell else {}), **(metadata or {})}
        message = self.client.session.msg("execute_request", content, metadata=about)
        if not by_python:
            message["header"]["msg_id"] = message["msg_id"] = str(uuid4())
        self.client.shell_channel.send(message)
        return Shown(message["msg_id"])

    def listen(self, shown: Shown, until: Callable[[str, dict[str, Any]], bool]) -> None:
        """Take in what comes of a cell, up to the message whose kind and content fulfil a condition."""
        while True:
            message = self.client.get_iopub_msg(timeout=PATIENCE_S)
            kind, content = message["msg_type"], message["content"]
            if message["parent_header"].get("msg_id") == shown.request:
                shown.take(kind, content)
                if until(kind, content):
                    return

    def finish(self, shown: Shown, *, fails: bool = False) -> Shown:
        """Wait for the end of a cell, which must fail, or must not."""
        self.listen(shown, lambda _, content: content.get("execution_state") == "idle")
        reply = self.client.get_shell_msg(timeout=PATIENCE_S)
        while reply["parent_header"].get("msg_id") != shown.request:
            reply = self.client.get_shell_msg(timeout=PATIENCE_S)
        shown.count = reply["content"]["execution_count"]
        shown.payload = reply["content"].get("payload", [])
        assert fails is bool(shown.error), shown.error
        return shown

    def interrupt(self) -> None:
        """Do what the stop button does."""
        self.manager.interrupt_kernel()

    def restart(self) -> None:
        """Begin again, with nothing but the setup."""
        self.manager.restart_kernel(now=True)
        self.client.wait_for_ready(timeout=PATIENCE_S)
        self._begin()

    def close(self) -> None:
        """End the kernel, whatever it does."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def _begin(self) -> None:
        for cell in self._setup:
            self.run(cell)
