"""%gemini_fix: ask why a cell failed and how to correct it."""

from __future__ import annotations

import re
from types import NoneType
from typing import TYPE_CHECKING

from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_magic, magics_class, no_var_expand

from ...content.namespace import Namespace
from ...core.errors import BadRequest, CannotAttach
from ...core.settings import Settings, resolve
from ...core.text import error_line, shorten
from ..cell_identity import Anchors
from ..failures import Failures
from ..frontend import Frontend
from ..options import BATCH_ONLY, MANY, read_cell_line
from ..tracebacks import one_line_errors, ways_offered

if TYPE_CHECKING:
    from ...core.messages import Attachment

PROMPT = (
    "This cell of a Jupyter notebook failed. Say why in a few sentences. Then give the corrected code as one "
    "block of Python: the whole cell, or the whole function where the mistake is in one from an earlier cell. "
    "Change nothing else. Secrets are written as ••• here and the home folder as ~: neither is the mistake."
)
PLAIN_TYPES = (NoneType, bool, int, float, complex, str, list, tuple, dict, set, frozenset)
PLAIN_CHARS = 10_000


@magics_class
class FixMagics(Magics):
    """Help with failed cells."""

    shell: InteractiveShell  # narrower than IPython's type: the extension always passes a shell

    def __init__(self, shell: InteractiveShell, anchors: Anchors) -> None:
        super().__init__(shell)
        self.failures: Failures = Failures(shell)
        self._anchors = anchors

    @no_var_expand
    @line_magic
    def gemini_fix(self, line: str) -> None:
        """Ask why the last cell failed, and put the corrected code into the next cell, without running it.

        %gemini_fix                            send its source and its traceback
        %gemini_fix --locals frame name        also send these variables, of the failed function or the notebook
        %gemini_fix --effort low --dry-run     use any option of %%gemini for one question, but no --schema

        The text is shown before it is sent. Keys, passwords and the home folder are masked in it. `Err[3]`
        in %%gemini attaches the failure of In[3] to a question of your own, `Err[-1]` the last one.
        """
        with one_line_errors(), ways_offered(self.shell):
            options, *locals_line = re.split(r"(?:^|\s)--locals(?=\s|$)", line, maxsplit=1)
            parsed = read_cell_line(" ".join([*locals_line, options]))
            parsed.refuse(("schema", *MANY, *BATCH_ONLY), "%gemini_fix")
            if bool(locals_line) != bool(parsed.words):
                raise BadRequest(
                    "Write %gemini_fix [OPTION ...] [--locals NAME ...]: it writes the question itself."
                )
            failure = self.failures[-1]
            from ...render.answer import Answer
            from ..cell import ask_in_cell
            from ..code_cell import code_of, put_code
            from ..masking import masked_attachment
            from ..question import assemble

            settings = resolve(parsed.settings)
            # The variables of the failed function hide those of the notebook, as they did where it failed.
            names = Namespace({**self.shell.user_ns, **self.failures.variables})
            values = [_attach_variable(word, names, settings) for word in parsed.words]
            attached = [failure, *(masked_attachment(value, names.names) for value in values)]
            asker = self._anchors.asker(PROMPT, Frontend.of(self.shell))
            question = assemble([*attached, PROMPT], settings, names, asker)
            answer = ask_in_cell(parsed, question, self.shell, shown=attached)
            if isinstance(answer, Answer) and not parsed.code and (code := code_of(answer)):
                put_code(code, self.shell)


def _attach_variable(name: str, names: Namespace, settings: Settings) -> Attachment:
    """Attach a variable: a plain value as its repr, any other value as %%gemini attaches it."""
    from ...content.convert import attach
    from ...core.messages import Attachment

    value = names.value(name, CannotAttach)
    if not isinstance(value, PLAIN_TYPES):
        return attach(value, name, settings)
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001 - a list may hold objects whose own __repr__ fails
        said = error_line(error).rstrip(".")
        raise CannotAttach(f"repr({name}) fails with {said}: leave {name} out of --locals.") from None
    return Attachment(name, "text", f"{name} = {shorten(text, PLAIN_CHARS)}")
