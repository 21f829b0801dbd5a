"""Show an answer, or what would be asked."""

from __future__ import annotations

import json

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display

from ..chat.ask import View
from ..content.estimate import estimate_tokens, unmeasured
from ..core.answer import Answer
from ..core.plain import clean
from ..core.question import Question
from ..core.settings import Settings
from ..service import wire
from ..service.delivery import check_keys, service_of
from .frontend import inside_output_widget, kind


def show(answer: Answer) -> None:
    """Show an answer in full: in a notebook as it looked when it ended, in a terminal as text."""
    display(answer)


def show_request(question: Question) -> None:
    """Show the request that a question makes, media shortened, and about how many tokens it has.

    Raises:
        BadRequest: it cannot be asked as it stands.
    """
    service = service_of(question.settings)
    body = json.dumps(wire.shortened(wire.body(question, service)), indent=2, ensure_ascii=False)
    check_keys(question, body.encode(errors="replace"))
    unknown = unmeasured(question.turns)
    uncounted = f" without {', '.join(unknown)}, whose length is not known" if unknown else ""
    lines = [
        f"POST {wire.url(service)}",
        *(attachment.label for attachment in question.attachments),
        f"about {estimate_tokens(question.turns):,} tokens{uncounted}; nothing was sent",
        body,
    ]
    display({"text/plain": clean("\n".join(lines))}, raw=True)


def view_for(shell: InteractiveShell, settings: Settings) -> View:
    """Choose the view of an answer: the one that was set, or by what the frontend can show."""
    match settings.display if settings.display != "auto" else _able(shell):
        case "live":
            from .live import LiveView

            return LiveView()
        case "paced":
            from .paced import PacedView

            return PacedView()
        case "once":
            from .paced import OnceView

            return OnceView()
        case _:
            from .terminal import TerminalView

            return TerminalView()


def _able(shell: InteractiveShell) -> str:
    if inside_output_widget(shell):
        return "once"
    return {"terminal": "text", "console": "text", "notebook": "live", "updates": "paced"}[kind(shell)]
