"""The magics: %%gemini and %gemini, and the smaller ones around them."""

from __future__ import annotations

import getpass  # its function by its full name: a kernel puts its own there while a cell runs
import warnings
from copy import deepcopy

from IPython.core.error import StdinNotImplementedError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class, no_var_expand
from IPython.display import display

from ..core.errors import BadRequest
from ..core.notice import use_notices
from ..core.settings import did_you_mean, resolve, use_session_defaults
from ..service import keys
from ..service.services import SERVICES, Service, find
from .anchor import Anchors
from .chat_magics import ChatMagics
from .defaults import SessionDefaults
from .fix_magics import FixMagics
from .one_line import one_line_errors
from .options import help_text, read_cell_line, read_question_line
from .panel_magics import PanelMagics
from .recording_magics import RecordingMagics
from .typed import as_typed
from .usage_magics import UsageMagics


@magics_class
class GeminiMagics(Magics, SessionDefaults):
    """Questions to Gemini in cells. Each trait is a default for this session."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self.anchors = Anchors(shell)
        self._configured = deepcopy(shell.config["GeminiMagics"])

    def forget_choices(self) -> None:
        """Take back what %config has set since the loading: IPython keeps it, and would set it again."""
        self.shell.config["GeminiMagics"] = self._configured

    @no_var_expand
    @line_cell_magic("gm")
    @line_cell_magic
    def gemini(self, line: str, cell: str | None = None) -> None:  # noqa: D102 - written below
        with one_line_errors():
            asked = read_question_line(line) if cell is None else read_cell_line(line)
            # What asks and shows is loaded here, by the first question: loading the extension stays free.
            from .asking import ask_in_cell
            from .cell import question_of

            ask_in_cell(asked, question_of(asked, cell, self.shell, self.anchors), self.shell)

    gemini.__doc__ = help_text()

    @no_var_expand
    @line_magic
    def gemini_key(self, line: str) -> None:
        """Give the key of a service, in a field that hides what is typed.

        %gemini_key [SERVICE] [--save | --forget]

        The key stays in this session's memory, bound to the service's address. --save puts it into the
        system's keyring as well, --forget removes it from both.
        """
        with one_line_errors():
            words = line.split()
            actions = [word for word in words if word in ("--save", "--forget")]
            named = [word for word in words if word not in actions]
            if len(named) > 1 or len(actions) > 1 or any(word.startswith("--") for word in named):
                raise BadRequest(
                    "Write %gemini_key [SERVICE] [--save | --forget]: the key is asked for, never typed here."
                )
            if named and named[0] not in SERVICES:  # it may be a key, so it is not repeated
                raise BadRequest(
                    f"There is no such service. {did_you_mean(named[0], SERVICES)} If it was a key, delete it "
                    "from the cell: %gemini_key asks for one, and hides what is typed."
                )
            self._keep_key(find(resolve({"service": named[0]} if named else {})), actions)

    def _keep_key(self, service: Service, actions: list[str]) -> None:
        if actions == ["--forget"]:
            keys.forget(service)
            return
        keys.check_takes_key(service)
        try:
            typed = getpass.getpass(f"Key for {service.name}: ")
        except StdinNotImplementedError:
            raise BadRequest(
                f"Nobody can type here: set the environment variable {service.key_variable} instead."
            ) from None
        (keys.save if actions else keys.remember)(service, typed)

    @line_magic
    def gemini_last(self, line: str) -> None:
        """Show the newest answer again, or the newest N: %gemini_last [N]."""
        with one_line_errors():
            if line.strip() and not (line.strip().isdecimal() and int(line)):
                raise BadRequest("Write %gemini_last, or %gemini_last 3 for the newest three.")
            from ..chat.ask import recent
            from .show import show

            answers = recent()[-int(line or 1) :]
            if not answers:
                raise BadRequest("Nothing was asked in this session yet: write a question in a %%gemini cell.")
            for answer in answers:
                show(answer)


OTHERS = (ChatMagics, UsageMagics, RecordingMagics, PanelMagics)
MAGICS = (GeminiMagics, FixMagics, *OTHERS)


def load(shell: InteractiveShell) -> None:
    """Register the magics, unless another extension owns their names, and take up its defaults."""
    unload(shell)
    gemini = GeminiMagics(shell)
    fix = FixMagics(shell, gemini.anchors)
    for magics in (gemini, fix, *(each(shell) for each in OTHERS)):
        _leave_to_others(shell, magics)
        shell.register_magics(magics)
    gemini.anchors.register()
    fix.failures.register()
    shell.input_transformers_cleanup.insert(0, as_typed)
    use_session_defaults(gemini.values)
    use_notices(_show_line)


def _show_line(line: str) -> None:
    display({"text/plain": line}, raw=True)


def _leave_to_others(shell: InteractiveShell, magics: Magics) -> None:
    """Give up the names that another extension owns, and say so."""
    for kind, registered in magics.magics.items():
        for name in list(registered):
            owner = shell.magics_manager.magics[kind].get(name)
            if owner is not None:
                del registered[name]
                instead = ", and answers to %%gm" if name == "gemini" else ""
                warnings.warn(
                    f"{'%%' if kind == 'cell' else '%'}{name} belongs to {owner.__module__}; "
                    f"gemini_magics leaves it there{instead}.",
                    stacklevel=4,
                )


def unload(shell: InteractiveShell) -> None:
    """Undo `load`: magics, defaults and the input transformer; answers and variables stay."""
    ours = [each for each in shell.configurables if isinstance(each, MAGICS)]
    for magics in ours:
        for kind, registered in magics.magics.items():
            table = shell.magics_manager.magics[kind]
            for name in [name for name, magic in registered.items() if table.get(name) == magic]:
                del table[name]
    for each in MAGICS:
        shell.magics_manager.registry.pop(each.__name__, None)
    for magics in ours:
        shell.configurables.remove(magics)
        if isinstance(magics, GeminiMagics):
            magics.anchors.unregister()
            magics.forget_choices()
        if isinstance(magics, FixMagics):
            magics.failures.unregister()
    if as_typed in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.remove(as_typed)
    use_session_defaults()
    use_notices()
