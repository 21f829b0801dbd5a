"""The panel: the same questions and answers, with a mouse."""

from __future__ import annotations

from functools import partial
from typing import Any

from IPython.core.getipython import get_ipython
from IPython.core.interactiveshell import ExecutionResult

from ..chat.conversation import Conversation, keep, named
from ..content.attach import attach
from ..core.answer import Answer
from ..core.messages import Attachment
from ..core.settings import resolve
from .frontend import kind, shows_widgets
from .namespace import name_of
from .panel_desk import Desk
from .panel_heard import hear

_panels: dict[str, Panel] = {}


def panel(chat: str | Conversation = "main", **settings: Any) -> Panel:
    """Open the panel of a conversation below the cell: a place to ask, attach and read with a mouse.

    As the last line of a cell it shows itself; opened again it is the same one, with all that was said.

    Args:
        chat: the conversation, or its name.
        settings: defaults of this panel alone: `effort="low"`.

    Raises:
        BadRequest: there is no such setting, or the conversation cannot have that name.
    """
    name = keep(chat) if isinstance(chat, Conversation) else named(chat).name
    resolve(settings)
    opened = _panels[name] if name in _panels else _panels.setdefault(name, Panel(name))
    opened.go_to(name)
    opened.set(**settings)
    return opened


class Panel:
    """A conversation to click in, and to write to from Python.

        p = panel(chat="main")
        p.attach(fig)
        p.ask("What is odd about the second peak?")

    It asks as cells do: the same settings, attachments and conversations, and the answers look the same.

    JupyterLab from 4.4 and Notebook from 7.4 reach an ipykernel from 7 while a cell runs. Elsewhere (older
    ones, VS Code, Colab) the kernel hears what is clicked, Stop too, only once the cell that runs has ended.
    """

    def __init__(self, chat: str = "main") -> None:
        self._desk = Desk(chat)

    @property
    def conversation(self) -> Conversation:
        """What was said so far."""
        return self._desk.conversation

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The answers of the conversation, the oldest first."""
        return tuple(exchange.answer for exchange in self.conversation.exchanges)

    @property
    def running(self) -> bool:
        """True while an answer is awaited."""
        return self._desk.running

    def ask(self, prompt: str, *things: object) -> Answer:
        """Ask in the panel's conversation, wait, and return the answer, as `gemini_magics.ask` does.

        What was attached before, by hand or with `attach`, goes along.

        Raises:
            BadRequest: it cannot be asked, or the panel still waits for an answer.
            GeminiError: it was not answered, or not to the end.
        """
        attached = [self._attachment(thing) for thing in things]
        question = self._desk.question(prompt, [*self._desk.tray.attachments, *attached])
        return self._desk.ask(question, prompt)

    def attach(self, *things: object) -> None:
        """Put things beside the next question: figures, tables, images, paths, bytes, https URLs.

        Raises:
            CannotAttach: one of them cannot be sent.
        """
        for thing in things:
            self._desk.put(self._attachment(thing))

    def stop(self) -> None:
        """Stop the answer that is awaited; what had come is kept."""
        self._desk.stop()

    def set(self, **settings: Any) -> None:
        """Change settings of this panel alone: `set(effort="low")`; None is the session's own again.

        Raises:
            BadRequest: there is no such setting, or not with this value.
        """
        self._desk.set(**settings)

    def go_to(self, chat: str) -> None:
        """Show another conversation of this session, which begins if there is none of that name.

        Raises:
            BadRequest: it cannot have that name, or the panel still waits for an answer.
        """
        self._desk.go_to(chat)

    def close(self) -> None:
        """Stop, and leave the transcript as a plain output."""
        self.stop()
        shell = get_ipython()
        if shell is not None and self._after_cell in shell.events.callbacks["post_run_cell"]:
            shell.events.unregister("post_run_cell", self._after_cell)
            self._desk.shelf.shown.leave(shell)
        self._desk.page.close()
        for name in [name for name, panel in _panels.items() if panel is self]:
            del _panels[name]

    def __repr__(self) -> str:
        return f"<Panel of {self.conversation!r}>"

    def _ipython_display_(self) -> None:
        shell = get_ipython()
        page = self._desk.page
        self._desk.look_around()
        self._desk.show()
        if shell is None or kind(shell) == "terminal":
            print(page.twin()["text/plain"])  # noqa: T201 - all that a terminal can show
            return
        if shows_widgets(shell):
            page.open(partial(hear, self._desk))
            if self._after_cell not in shell.events.callbacks["post_run_cell"]:
                shell.events.register("post_run_cell", self._after_cell)
                self._desk.shelf.shown.watch(shell)
        page.display()

    def _after_cell(self, ran: ExecutionResult) -> None:
        """A cell has run: it may have changed the conversation, the settings and what can be attached."""
        with self._desk.lock:
            self._desk.look_around(ran)
            self._desk.show()

    def _attachment(self, thing: object) -> Attachment:
        unnamed = f"attachment {len(self._desk.tray.attachments) + 1}"
        return attach(thing, name_of(thing, unnamed), self._desk.settings)
