"""%gemini_panel: the panel, by a magic."""

from __future__ import annotations

import shlex

from IPython.core.magic import Magics, line_magic, magics_class, no_var_expand
from IPython.display import display

from ..core.errors import BadRequest
from .one_line import one_line_errors
from .options import read_cell_line


@magics_class
class PanelMagics(Magics):
    """The panel in a cell."""

    @no_var_expand
    @line_magic
    def gemini_panel(self, line: str) -> None:
        """Open the panel: ask, attach and read with a mouse, in a conversation that cells can join.

        %gemini_panel [CONVERSATION] [OPTION ...]

        The options are those of %%gemini that are settings; they hold in this panel alone.
        """
        with one_line_errors():
            asked = read_cell_line(line)
            words = [word for each in asked.words for word in shlex.split(each)]
            if len(words) > 1 or asked.to or asked.schema or asked.code or asked.dry_run:
                raise BadRequest(
                    "Write %gemini_panel [CONVERSATION] [OPTION ...], such as %gemini_panel main --effort low."
                )
            settings = dict(asked.settings)
            chat = settings.pop("chat", None)
            from .panel import panel  # loads the widgets

            display(panel(*(words or [chat or "main"]), **settings))
