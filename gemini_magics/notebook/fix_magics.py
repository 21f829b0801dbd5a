"""%gemini_fix: why a cell failed, and how it should be."""

from __future__ import annotations

import re
from types import NoneType
from typing import TYPE_CHECKING, Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_magic, magics_class, no_var_expand

from ..core.errors import BadRequest, CannotAttach
from ..core.plain import shorten
from ..core.settings import Settings, resolve
from .anchor import Anchors
from .failures import Failures
from .frontend import cell_id
from .one_line import one_line_errors
from .options import read_cell_line

if TYPE_CHECKING:
    from ..core.messages import Attachment

ASKED = (
    "This cell of a Jupyter notebook failed. Say why in a few sentences. Then give the corrected code as one "
    "block of Python: the whole cell, or the whole function where the mistake is in one from an earlier cell. "
    "Change nothing else. Secrets are written as ••• here and the home folder as ~: neither is the mistake."
)
PLAIN = (NoneType, bool, int, float, complex, str, list, tuple, dict, set, frozenset)
PLAIN_CHARS = 10_000


@magics_class
class FixMagics(Magics):
    """Help when a cell failed."""

    def __init__(self, shell: InteractiveShell, anchors: Anchors) -> None:
        super().__init__(shell)
        self.failures = Failures(shell)
        self._anchors = anchors

    @no_var_expand
    @line_magic
    def gemini_fix(self, line: str) -> None:
        """Ask why the last cell that failed did, and put the corrected one into the next cell, not run.

        %gemini_fix                            send its source and its traceback
        %gemini_fix --locals frame name        and these variables, of the function that failed or of here
        %gemini_fix --effort low --dry-run     every option of %%gemini but --schema

        What is sent is shown before. Keys, passwords and the home folder are masked in it. `Err[3]` in
        %%gemini attaches the failure of In[3] to a question of your own, `Err[-1]` the last one.
        """
        with one_line_errors():
            options, *named = re.split(r"(?:^|\s)--locals(?=\s|$)", line, maxsplit=1)
            asked = read_cell_line(" ".join([*named, options]))
            if bool(named) != bool(asked.words) or asked.schema:
                raise BadRequest("Write %gemini_fix [OPTION ...] [--locals NAME ...]: it asks by itself.")
            failure = self.failures[-1]
            from ..chat.ask import user_turn
            from ..chat.conversation import next_question
            from .asking import ask_in_cell
            from .code_cell import put_code
            from .masked import masked_attachment

            settings = resolve(asked.settings)
            names = {**self.shell.user_ns, **self.failures.variables}
            values = [_variable(word, names, settings) for word in asked.words]
            attached = [failure, *(masked_attachment(value, names) for value in values)]
            turn = user_turn([*attached, ASKED])
            question = next_question(
                turn, settings, cell_id(self.shell), self._anchors.next(ASKED), self._anchors.place
            )
            answer = ask_in_cell(asked, question, self.shell, shown=attached)
            if answer and answer.code and not asked.code:
                put_code(answer.code, self.shell)


def _variable(name: str, names: dict[str, Any], settings: Settings) -> Attachment:
    """Return a variable as it is sent: a plain value as Python writes it, any other as %%gemini takes it."""
    from ..content.attach import attach
    from ..content.expression import value_of
    from ..core.messages import Attachment

    def value(expression: str) -> object:
        found = eval(expression, names)  # noqa: S307 - the person's own code
        return f"{name} = {shorten(repr(found), PLAIN_CHARS)}" if isinstance(found, PLAIN) else found

    found = value_of(name, value, names, failure=CannotAttach)
    return Attachment(name, "text", found) if isinstance(found, str) else attach(found, name, settings)
