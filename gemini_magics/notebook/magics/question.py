"""%%gemini and %gemini, with %gemini_key and %gemini_last."""

from __future__ import annotations

# Imported as a module, because ipykernel replaces getpass.getpass while a cell runs:
# https://github.com/ipython/ipykernel/blob/main/ipykernel/ipkernel.py
import getpass
from collections.abc import Callable
from typing import Any, TypeVar, cast

from IPython.core.error import StdinNotImplementedError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import (
    Magics,
    line_cell_magic,
    line_magic,
    magics_class,
    needs_local_scope,
    no_var_expand,
)
from traitlets.config import Config

from ...core.errors import BadRequest
from ...core.notices import notice
from ...core.settings import resolve
from ...core.text import did_you_mean, listed
from ...service import keyrings, keys
from ...service.keys import HEADERS_VARIABLE
from ...service.services import AUTO, SERVICES, Service, find
from ..cell_identity import Anchors
from ..cell_runs import CellRuns
from ..completer import Completer
from ..config import SessionDefaults
from ..options import help_text, read_cell_line, read_question_line
from ..tracebacks import one_line_errors, ways_offered
from ..warm_up import WarmUp

_Magic = TypeVar("_Magic", bound=Callable[..., object])
# IPython's type covers both uses of this decorator; applied to a function it returns the function.
_also_named_gm = cast("Callable[[_Magic], _Magic]", line_cell_magic("gm"))


@magics_class
class GeminiMagics(Magics, SessionDefaults):
    """Questions to Gemini in cells; each trait is a default of this session."""

    shell: InteractiveShell  # narrower than IPython's type: the extension always passes a shell

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self.anchors: Anchors = Anchors(shell)
        self.completer: Completer = Completer(shell)
        self.runs: CellRuns = CellRuns(shell)
        self.warm_up: WarmUp = WarmUp(shell)
        self._hinted = False  # a session says once how values are put in

    def keep_choices(self, shell: InteractiveShell) -> None:
        """Store the settings of this session where the next load finds them, those of the magics too.

        %reload_ext unloads and loads. If the default service came back in between, the next question and
        its attachments would go to another company: https://github.com/holoviz/holoviews/issues/258
        """
        # traitlets reads `shell.config`: https://traitlets.readthedocs.io/en/stable/config.html
        shell.config["GeminiMagics"] = Config(self.values())

    # IPython would put values in the place of {x} and $x, and a question is sent as typed:
    # https://ipython.readthedocs.io/en/stable/api/generated/IPython.core.magic.html
    @no_var_expand
    # So that %gemini inside of a function finds the function's own variables.
    @needs_local_scope
    @_also_named_gm
    @line_cell_magic
    def gemini(  # noqa: D102 - written below
        self, line: str, cell: str | None = None, local_ns: dict[str, Any] | None = None
    ) -> Any:
        with one_line_errors(), ways_offered(self.shell):
            asked = read_question_line(line) if cell is None else read_cell_line(line)
            # Imported by the first question, so that %load_ext stays fast.
            if asked.is_batch:
                from ..over import ask_over

                return ask_over(asked, cell, self.shell, self.anchors, local_ns)
            from ..cell import ask_in_cell
            from ..question import question_of, unattached_word

            question, literal = question_of(asked, cell, self.shell, self.anchors, local_ns)
            if literal and not self._hinted:
                self._hinted = True
                name = literal.strip("{$}")
                notice(f"{literal} is sent as you typed it. Write $`{name}` to put its value in.")
            if cell is None and (unattached := unattached_word(asked.question, local_ns)):
                notice(unattached)
            answer = ask_in_cell(asked, question, self.shell)
        # A cell shows its last value: the answer of a whole cell is shown already.
        return answer if cell is None else None

    gemini.__doc__ = help_text()

    @no_var_expand
    @line_magic
    def gemini_key(self, line: str) -> None:
        """Enter the key of a service, in a field that hides it.

        %gemini_key [SERVICE] [--save | --forget]
        %gemini_key [SERVICE] --header NAME          a header that a gateway wants, such as x-portkey-config

        The key stays in the memory of this session and belongs to the address of the service. --save also
        stores it in the system's keyring, --forget removes it from both. --header NAME asks for the value of
        a header, which is kept in the same way until --forget.
        """
        with one_line_errors():
            words = line.split()
            header = ""
            if "--header" in words[:-1]:
                place = words.index("--header")
                header = words[place + 1]
                del words[place : place + 2]
            actions = [word for word in words if word in ("--save", "--forget")]
            named = [word for word in words if word not in actions]
            too_much = len(named) > 1 or len(actions) + bool(header) > 1
            if too_much or any(word.startswith("--") for word in named):
                raise BadRequest(
                    "Write %gemini_key [SERVICE] [--save | --forget | --header NAME]: enter the key or the "
                    "value of the header in the field that opens."
                )
            if named == [AUTO]:
                raise BadRequest(_whose_key(AUTO))
            if named and named[0] not in SERVICES:  # never quoted, since it may be a key
                raise BadRequest(
                    f"There is no such service. {did_you_mean(named[0], SERVICES)} If it was a key, delete it "
                    "from the cell: %gemini_key opens a field that hides the key."
                )
            settings = resolve({"service": named[0]} if named else {})
            if not named and settings.service in ("demo", AUTO) and not settings.base_url:
                raise BadRequest(_whose_key(settings.service))
            service = find(settings)
            if actions == ["--forget"]:
                keys.forget(service)
            elif header:
                keys.check_header_name(header)
                keys.remember_header(service, header, _typed(f"{header} for {service.name}", HEADERS_VARIABLE))
            else:
                _keep_key(service, save=bool(actions))
                _say_who_is_asked(service)

    @line_magic
    def gemini_last(self, line: str) -> None:
        """Show the newest answer again, or the newest N: %gemini_last [N].

        With a recording, an answer whose kernel died while it arrived is kept beside the recording, and shown
        here by the next kernel, marked partial. It is not sent again.
        """
        with one_line_errors():
            if line.strip() and not (line.strip().isdecimal() and int(line)):
                raise BadRequest("Write %gemini_last, or %gemini_last 3 for the newest three.")
            from ...chat.run import recent
            from ...recording.journal import partial_answers
            from ..views.choose import show

            answers = [*partial_answers(resolve({})), *recent()][-int(line or 1) :]
            if not answers:
                raise BadRequest("This session has no answers yet: write a question in a %%gemini cell.")
            for answer in answers:
                show(answer)


def _whose_key(chosen: str) -> str:
    """Say that a key needs the name of a service, where the one in use has none."""
    needs = "The demo needs no key" if chosen == "demo" else "auto asks the service whose key is there"
    with_key = [name for name, row in SERVICES.items() if row.key_variable]
    return f"{needs}. To give a key, name its service, {listed(with_key)}: %gemini_key {with_key[0]}."


def _say_who_is_asked(service: Service) -> None:
    """Say how to ask a service that has a key now, where questions go to another one."""
    chosen = resolve({}).service
    if chosen not in (service.name, AUTO):
        notice(
            f"Questions still go to {chosen}. To ask {service.name}: "
            f'%config GeminiMagics.service = "{service.name}"'
        )


def _keep_key(service: Service, *, save: bool) -> None:
    keys.check_takes_key(service)
    if save and (warning := keyrings.plain_text_warning()):
        notice(warning)
    typed = _typed(f"Key for {service.name}", service.key_variable)
    try:
        if save:
            notice(f"The key is kept for this session and in {keys.save(service, typed)}.")
        else:
            keys.remember(service, typed)
    finally:
        typed = ""  # %xmode Verbose shows the variables of this frame


def _typed(what: str, variable: str) -> str:
    """Ask for a secret in a field that hides it; if the session has no input field, name the variable."""
    try:
        return getpass.getpass(f"{what}: ")
    except StdinNotImplementedError:
        raise BadRequest(
            f"This session has no input field: set the environment variable {variable} instead."
        ) from None
    except EOFError:  # Ctrl-D in a terminal, or no terminal at all
        raise BadRequest(f"Nothing was typed: try again, or set the environment variable {variable}.") from None
