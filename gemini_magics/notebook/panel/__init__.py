"""The panel: questions and answers with a mouse."""

from ...core.browser import check_threads

check_threads("The panel", "ask in cells")  # before it loads the widgets, which may be missing there, too
