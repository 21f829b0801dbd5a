"""What several files here share; a file with a `demo` of its own uses that one."""

import pytest

from gemini_magics import conversations
from gemini_magics.notebook.panel import panel as module
from gemini_magics.testing import Demo


@pytest.fixture
def demo(shell, request):
    """The server of a session without a conversation or panel; it answers with FINE of the test's file."""
    conversations.clear()
    module._panels.clear()
    with Demo([request.module.FINE]) as demo:
        shell.run(f'%config GeminiMagics.base_url = "{demo.base_url}"')
        shell.run('%config GeminiMagics.service = "demo"')
        yield demo


@pytest.fixture
def replying(shell):
    """A service whose next replies stand in `replies`, which the shell asks."""
    with Demo(lambda request: demo.replies.pop(0)) as demo:
        demo.replies = []
        shell.run(f"%config GeminiMagics.service = 'demo'\n%config GeminiMagics.base_url = {demo.base_url!r}")
        yield demo
