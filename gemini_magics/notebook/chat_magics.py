"""%gemini_chat: the conversations of this session."""

from __future__ import annotations

import re
from pathlib import Path

from IPython.core.magic import Magics, line_magic, magics_class, no_var_expand
from IPython.display import display

from ..chat.conversation import VERBS, Conversation, conversations, keep, known
from ..core.errors import BadRequest
from ..core.settings import did_you_mean
from ..core.table import Table
from .frontend import cell_id
from .one_line import one_line_errors

USAGE = {
    "reset": "reset NAME",
    "rename": "rename NAME NEW",
    "branch": "branch NAME NEW",
    "export": "export NAME FILE.md|FILE.json",
    "import": "import FILE.json [NAME]",
}


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
            match _words(line):
                case []:
                    display(conversation_table())
                case ["reset", name]:
                    known(name).reset()
                    display(conversation_table())
                case ["rename", name, new]:
                    self._rename(name, new, line)
                    display(conversation_table())
                case ["branch", name, new]:
                    original = known(name)
                    self._make_room(new, line)
                    original.branch(new).made_by = self._here(line)
                    display(conversation_table())
                case ["export", name, file]:
                    known(name).export(_path(file))
                    turns = len(known(name).exchanges)
                    display({"text/plain": f"{file}: {turns} turn{'s' * (turns != 1)}"}, raw=True)
                case ["import", file, *names] if len(names) < 2:
                    self._import(file, *names, line=line)
                    display(conversation_table())
                case [verb, *_] if verb in VERBS:
                    raise BadRequest(f"Write %gemini_chat {USAGE[verb]}.")
                case [name]:
                    display(known(name))
                case [verb, *_]:
                    raise BadRequest(f"There is no %gemini_chat {verb}. {did_you_mean(verb, VERBS)}")

    def _rename(self, name: str, new: str, line: str) -> None:
        if name not in conversations and self._made(new, line):
            return  # the cell runs again, and it is done
        conversation = known(name)
        self._make_room(new, line)
        conversation.rename(new)
        conversation.made_by = self._here(line)

    def _import(self, file: str, name: str = "", *, line: str) -> None:
        conversation = Conversation.load(_path(file))
        self._make_room(name or conversation.name, line)
        conversation.rename(name or conversation.name)
        conversation.made_by = self._here(line)
        keep(conversation)

    def _make_room(self, name: str, line: str) -> None:
        """Forget a conversation that this command made when its cell ran before: it makes it anew."""
        if self._made(name, line):
            del conversations[name]

    def _made(self, name: str, line: str) -> bool:
        return name in conversations and conversations[name].made_by == self._here(line)

    def _here(self, line: str) -> str:
        return f"{cell_id(self.shell)} {line.strip()}"


def conversation_table() -> Table:
    """List the conversations of this session, and how much is in each."""
    rows = [
        (
            conversation.name,
            *(
                f"{number:,}"
                for number in (
                    len(conversation.exchanges),
                    len(conversation.images),
                    conversation.tokens,
                    sum(exchange.stale for exchange in conversation.exchanges),
                    sum(exchange.partial for exchange in conversation.exchanges),
                )
            ),
        )
        for conversation in conversations.values()
    ]
    notes = () if rows else ("There is no conversation yet: begin one with %%gemini --chat.",)
    return Table(
        ("name", "turns", "images", "tokens", "stale", "unfinished"), rows, frozenset(range(1, 6)), notes
    )


def _path(file: str) -> Path:
    try:
        return Path(file).expanduser()
    except RuntimeError:
        raise BadRequest(f"There is no home folder for {file}: write the path out.") from None


def _words(line: str) -> list[str]:
    """Split a line at its spaces, but not at those in quotes; a backslash is a character like another."""
    return [word.strip("\"'") for word in re.findall(r'"[^"]*"|\'[^\']*\'|\S+', line)]
