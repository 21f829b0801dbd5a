"""The panel: the same questions and answers, with a mouse."""

from __future__ import annotations

import os
from functools import partial
from typing import Any, cast

from IPython.core.getipython import get_ipython
from IPython.core.interactiveshell import ExecutionResult

from ...chat.conversation import Conversation, keep, named
from ...content.convert import attach
from ...core.messages import Attachment
from ...core.settings import resolve
from ...render.answer import Answer
from ...render.style import note_html
from ..callbacks import Callbacks
from ..frontend import Frontend, name_of
from .commands import hear
from .controller import Desk
from .page import CLOSING
from .saved import find_saved
from .wording import Wording

NOT_LOADED = (
    "The extension is not loaded: run %load_ext gemini_magics, and cells can ask in this conversation, too."
)
NOT_HERE = (
    "The panel can be shown in JupyterLab, Notebook 7, VS Code, Colab and marimo, but not here. A cell here "
    "asks in its conversation with %%gemini --chat NAME."
)
_panels: dict[str, Panel] = {}


def panel(chat: str | Conversation = "main", **settings: Any) -> Panel:
    """Open the panel of a conversation below the cell: a place to ask, attach and read with a mouse.

    As the last line of a cell it shows itself. Opened again, it is the same panel with the same turns.

    Args:
        chat: the conversation, or its name.
        settings: defaults of this panel alone: `effort="low"`.

    Raises:
        BadRequest: there is no such setting, or the conversation cannot have that name.
    """
    name = keep(chat) if isinstance(chat, Conversation) else named(chat).name
    resolve(settings)
    # setdefault, because two threads that open the same panel at once must get one.
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
    ones, VS Code, Colab) the kernel hears a click, on Stop too, only once the cell that runs has ended.
    """

    def __init__(self, chat: str = "main") -> None:
        self._desk = Desk(chat)
        self._callbacks: Callbacks | None = None  # while the panel is shown
        self._looked = False  # for the conversation in the file of the notebook

    @property
    def conversation(self) -> Conversation:
        """The conversation that the panel shows."""
        return self._desk.conversation

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The answers of the conversation, the oldest first."""
        return tuple(cast("Answer", turn.answer) for turn in self.conversation.turns)

    @property
    def running(self) -> bool:
        """True while an answer is awaited."""
        return self._desk.running

    def ask(self, prompt: str, *things: object) -> Answer:
        """Ask in the panel's conversation, wait, and return the answer, as `gemini_magics.ask` does.

        Attachments in the tray, put there by hand or with `attach`, go along. Unlike `gemini_magics.ask` it
        puts values in, as a cell does: `` $`expr` `` in the prompt is the value of the expression.

        Raises:
            BadRequest: it cannot be asked, or the panel still waits for an answer.
            GeminiError: it was not answered, or not to the end.
        """
        attached = [self._attachment(thing) for thing in things]
        wording = Wording(prompt)
        question = self._desk.question(wording, [*self._desk.tray.attachments, *attached])
        return self._desk.ask(question, wording)

    def attach(self, *things: object, **named: object) -> None:
        """Put things beside the next question: figures, tables, images, paths, bytes, https URLs.

        A thing has the name of its keyword, or else of the notebook's variable that holds it.

        Raises:
            CannotAttach: one of them cannot be sent.
            BadRequest: the tray has room for no more.
        """
        for thing in things:
            self._desk.put(self._attachment(thing))
        for name, thing in named.items():
            self._desk.put(attach(thing, name, self._desk.settings))

    def stop(self) -> None:
        """Stop the answer that is awaited; the part that has come is kept."""
        self._desk.stop()

    def set(self, **settings: Any) -> None:
        """Change settings of this panel alone: `set(effort="low")`; None is the session's own again.

        Raises:
            BadRequest: there is no such setting, or not with this value.
        """
        self._desk.set(**settings)

    def go_to(self, chat: str) -> None:
        """Show another conversation of this session; a new name begins a new one.

        Raises:
            BadRequest: it cannot have that name, or the panel still waits for an answer.
        """
        self._desk.go_to(chat)

    def close(self) -> None:
        """Stop, and leave the transcript as a plain output."""
        self.stop()
        shell = get_ipython()
        if shell is not None and self._callbacks:
            self._callbacks.unregister()
            self._callbacks = None
            self._desk.shelf.shown.leave(shell)
        self._desk.page.close()
        for name in [name for name, panel in _panels.items() if panel is self]:
            del _panels[name]

    def __repr__(self) -> str:
        return f"<Panel of {self.conversation!r}>"

    def _display_(self) -> object:
        """Return the panel as an element of marimo, which asks for this."""
        # https://docs.marimo.io/guides/integrating_with_marimo/displaying_objects/
        from marimo import ui

        self._desk.look_around()
        self._desk.show()
        return ui.anywidget(self._desk.page.open(partial(hear, self._desk)))

    def _ipython_display_(self) -> None:
        shell = get_ipython()
        page = self._desk.page
        frontend = Frontend.of(shell) if shell else Frontend()
        self._desk.reads_values |= frontend.runs_cells
        self._desk.look_around()
        if shell is not None and frontend.runs_cells and not self._looked:
            self._looked = True
            self._desk.take_up(find_saved(shell, frontend.cell_id, self._desk.chat))
        self._desk.show()
        not_loaded = shell is not None and "GeminiMagics" not in shell.magics_manager.registry
        if shell is None or frontend.kind in ("terminal", "console"):
            said = [page.twin()["text/plain"], NOT_HERE, *([NOT_LOADED] if not_loaded else [])]
            print("\n".join(said))  # noqa: T201 - all that a terminal can show
            return
        here = frontend.shows_widgets or not _is_read_by_a_person(frontend)
        page.closing = CLOSING if here else f"{note_html(NOT_HERE)}</div>"
        if not_loaded:
            self._desk.tell(notice=NOT_LOADED)
        page.tell(session=frontend.session)
        if frontend.shows_widgets:
            page.open(partial(hear, self._desk))
            if self._callbacks is None:
                self._callbacks = Callbacks(shell, post_run_cell=self._after_cell)
                self._callbacks.register()
                self._desk.shelf.shown.watch(shell)
        page.display()

    def _after_cell(self, ran: ExecutionResult | None) -> None:
        """Look around after a cell, which may have changed the conversation, the settings or an object."""
        with self._desk.lock:
            if shell := get_ipython():
                self._desk.reads_values |= Frontend.of(shell).runs_cells
            self._desk.look_around(ran)
            self._desk.show()

    def _attachment(self, thing: object) -> Attachment:
        unnamed = f"attachment {len(self._desk.tray.attachments) + 1}"
        return attach(thing, name_of(thing, unnamed), self._desk.settings)


def _is_read_by_a_person(frontend: Frontend) -> bool:
    """Tell a page from a program that runs a notebook for a file, which may be opened in JupyterLab later."""
    # Voila tells its kernels its name: https://github.com/voila-dashboards/voila/blob/main/voila/handler.py
    return frontend.allows_input or os.environ.get("SERVER_SOFTWARE", "").startswith("voila/")
