"""What the kernel knows of the page that runs a cell, and tells all pages."""

import sys
from pathlib import Path

import pytest

from gemini_magics.testing import Demo, stream

sys.path.append(str(Path(__file__).parents[1]))

from kernel import Kernel


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["%%gemini\nWhy?", "import gemini_magics\ngemini_magics.panel()"])
def test_each_page_is_told_which_of_them_ran_the_cell(cell):
    said = []

    def heard(kind, content):
        if kind == "comm_open":
            said.append(content["data"]["state"].get("said"))
        return any(said)

    with Demo([stream("Fine.")]) as demo, Kernel(demo, display="live") as kernel:
        kernel.listen(kernel.send(cell, "c1"), heard)
        facts = next(filter(None, said))["facts"]
        assert facts["session"] == kernel.client.session.session
