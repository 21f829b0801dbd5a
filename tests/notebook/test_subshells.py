"""A page is heard while a cell runs, also once the kernel has sent it something from a cell."""

from __future__ import annotations

import pytest
from kernel import Kernel, replying
from patience import PATIENCE_S

from gemini_magics.testing import stream

WIDGET = "application/vnd.jupyter.widget-view+json"
PANEL = f"""\
import gemini_magics, time
p = gemini_magics.panel()
display(p)
p._desk.tell(notice="A cell says this.")
print("waits", flush=True)
until = time.monotonic() + {PATIENCE_S}
while not p.answers and time.monotonic() < until:
    time.sleep(0.01)
print(*p.answers)
"""


@pytest.fixture
def kernel():
    with replying() as demo, Kernel(demo, display="auto") as kernel:
        demo.replies[:] = [stream("Fine.")]
        yield kernel


@pytest.mark.slow
def test_a_panel_hears_a_question_while_a_cell_runs_that_has_spoken_to_it(kernel):
    kernel.client.control_channel.send(kernel.client.session.msg("create_subshell_request", {}))
    subshell = kernel.client.get_control_msg(timeout=PATIENCE_S)["content"]["subshell_id"]
    shown, opened = kernel.send(PANEL, "a-cell"), []

    def waits(kind, content):
        if kind == "display_data" and WIDGET in content["data"]:
            opened.append(content["data"][WIDGET]["model_id"])
        return kind == "stream" and "waits" in content["text"]

    kernel.listen(shown, waits)
    message = kernel.client.session.msg(
        "comm_msg",
        {"comm_id": opened[-1], "data": {"method": "custom", "content": {"do": "send", "text": "Why?"}}},
    )
    message["header"]["subshell_id"] = subshell
    kernel.client.shell_channel.send(message)
    kernel.finish(shown)
    assert shown.stream.splitlines()[-1] == "Fine."
