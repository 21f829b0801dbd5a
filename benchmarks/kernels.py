"""A kernel that is measured from outside: its messages, their times and its processor time."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_client.manager import start_new_kernel

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Run:
    """One run of a cell: times of time.monotonic(), sizes of complete messages on the wire."""

    began_at: float
    ended_at: float = 0.0
    cpu_s: float = 0.0
    sent: list[tuple[float, str, int]] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)  # the data of its output, as a notebook saves it
    error: list[str] = field(default_factory=list)
    printed: str = ""

    @property
    def shown(self) -> list[tuple[float, str, int]]:
        """The messages that change the page: outputs, their updates, and messages of widgets."""
        quiet = ("status", "execute_input")
        return [message for message in self.sent if message[1] not in quiet]

    @property
    def messages(self) -> int:
        """The number of messages that change the page."""
        return len(self.shown)

    @property
    def sent_bytes(self) -> int:
        """The bytes of the messages that change the page."""
        return sum(size for _, _, size in self.shown)

    @property
    def seconds(self) -> float:
        """The seconds from the request to idle."""
        return self.ended_at - self.began_at


class Kernel:
    """A fresh kernel; `with Kernel() as kernel: kernel.run("1 + 1")`."""

    def __init__(self, **environment: str) -> None:
        env = {name: value for name, value in os.environ.items() if not name.startswith(("KIE_", "GEMINI_"))}
        env.pop("PYTHONDONTWRITEBYTECODE", None)  # pip compiles a package, so the checkout is compiled, too
        self.manager, self.client = start_new_kernel(env={**env, **environment})
        self.pid = self.manager.provisioner.pid

    def __enter__(self) -> Kernel:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def run(
        self, code: str, *, cell: str = "", interrupt_after_s: float | None = None, check: bool = True
    ) -> Run:
        """Run a cell to its end; with a cell id the kernel treats this client as a frontend with widgets."""
        request = self.client.session.msg("execute_request", _content(code))
        request["metadata"] = {"cellId": cell} if cell else {}
        cpu = self._cpu_s()
        run = Run(time.monotonic())
        self.client.shell_channel.send(request)
        while True:
            if interrupt_after_s is not None and time.monotonic() - run.began_at > interrupt_after_s:
                run.began_at, interrupt_after_s = time.monotonic(), None
                self.manager.interrupt_kernel()
            if not self.client.iopub_channel.socket.poll(10):
                continue
            frames = self.client.iopub_channel.socket.recv_multipart()
            _, rest = self.client.session.feed_identities(frames)
            message = self.client.session.deserialize(rest)
            if message["parent_header"].get("msg_id") != request["header"]["msg_id"]:
                continue
            kind = message["msg_type"]
            run.sent.append((time.monotonic(), kind, sum(map(len, frames))))
            if kind in ("display_data", "update_display_data"):
                run.kept = message["content"]["data"]
            if kind == "stream":
                run.printed += message["content"]["text"]
            if kind == "error":
                run.error = message["content"]["traceback"]
            if kind == "status" and message["content"]["execution_state"] == "idle":
                break
        run.ended_at = time.monotonic()
        run.cpu_s = self._cpu_s() - cpu
        self.client.get_shell_msg(timeout=10)
        if check and run.error:
            raise RuntimeError("\n".join(run.error))
        return run

    def _cpu_s(self) -> float:
        """Return the user and system seconds of the kernel's process so far."""
        # https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: utime is field 14, stime field 15
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


def _content(code: str) -> dict[str, object]:
    return {
        "code": code,
        "silent": False,
        "store_history": True,
        "user_expressions": {},
        "allow_stdin": False,
        "stop_on_error": True,
    }
