"""%gemini_chat: the conversations of this session."""

from __future__ import annotations

from IPython.core.magic import Magics, line_magic, magics_class, no_var_expand

from .one_line import one_line_errors


@magics_class
class ChatMagics(Magics):
    """Conversations in cells."""

    @no_var_expand
    @line_magic
    def gemini_chat(self, line: str) -> None:
        """Show the conversations, show one whole, or change one.

        %gemini_chat                               all of them, as a table
        %gemini_chat NAME                          one, from its first question to its last answer
        %gemini_chat reset NAME                    forget what was said
        %gemini_chat rename NAME NEW
        %gemini_chat branch NAME NEW               go on from what was said, in two directions
        %gemini_chat export NAME FILE.md           write it to be read
        %gemini_chat export NAME FILE.json         write it to be imported, pictures included
        %gemini_chat import FILE.json [NAME]

        A turn is stale when a cell before it was run again and answered otherwise. Stale turns are still
        sent, unless a question says --drop-stale.
        """
        with one_line_errors():
            from .chat_command import run

            run(line, self.shell)
