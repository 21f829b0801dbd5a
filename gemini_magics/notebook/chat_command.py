"""What %gemini_chat does: show, reset, rename, branch, export and import conversations."""

from __future__ import annotations

import re
from pathlib import Path

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display

from ..chat.conversation import VERBS, Conversation, conversations, keep, known
from ..core.errors import BadRequest
from ..core.notice import notice
from ..core.settings import did_you_mean
from ..core.table import Table
from .frontend import cell_id

USAGE = {
    "reset": "reset NAME",
    "rename": "rename NAME NEW",
    "branch": "branch NAME NEW",
    "export": "export NAME FILE.md|FILE.json",
    "import": "import FILE.json [NAME]",
}


def run(line: str, shell: InteractiveShell) -> None:
    """Do what the line says, and show what became of it.

    Raises:
        BadRequest: it says nothing that can be done; shows how it is written.
    """
    # A cell that runs again makes its conversation anew; another cell must not overwrite it.
    here = f"{cell_id(shell)} {line.strip()}"
    match _words(line):
        case []:
            display(conversation_table())
        case ["reset", name]:
            known(name).reset()
            display(conversation_table())
        case ["rename", name, new]:
            _rename(name, new, here)
            display(conversation_table())
        case ["branch", name, new]:
            original = known(name)
            if _room_for(new, here):
                _sign(original.branch(new), here)
            display(conversation_table())
        case ["export", name, file]:
            known(name).export(_path(file))
            turns = len(known(name).exchanges)
            display({"text/plain": f"{file}: {turns} turn{'s' * (turns != 1)}"}, raw=True)
        case ["import", file, *names] if len(names) < 2:
            _import(file, *names, here=here)
            display(conversation_table())
        case [verb, *_] if verb in VERBS:
            raise BadRequest(f"Write %gemini_chat {USAGE[verb]}.")
        case [name]:
            display(known(name))
        case [verb, *_]:
            raise BadRequest(f"There is no %gemini_chat {verb}. {did_you_mean(verb, VERBS)}")


def _rename(name: str, new: str, here: str) -> None:
    if name not in conversations and _made(new, here):
        return  # the cell runs again, and it is done
    conversation = known(name)
    if _room_for(new, here):
        conversation.rename(new)
        _sign(conversation, here)


def _import(file: str, name: str = "", *, here: str) -> None:
    conversation = Conversation.load(_path(file))
    if _room_for(name or conversation.name, here):
        conversation.rename(name or conversation.name)
        _sign(conversation, here)
        keep(conversation)


def _sign(conversation: Conversation, here: str) -> None:
    """Take down which command made a conversation, and of what."""
    conversation.made_by, conversation.made_with = here, tuple(conversation.exchanges)


def _room_for(name: str, here: str) -> bool:
    """Forget a conversation that this command made when it ran before, to make it anew.

    Returns:
        False where more was said in it since: it is kept, and that is said.
    """
    if not _made(name, here):
        return True
    if conversations[name].grown:
        said = (
            f"{name} was made here before and has gone on since: it is kept as it is. "
            f"To make it anew, forget it first with %gemini_chat reset {name}."
        )
        notice(said)
        return False
    del conversations[name]
    return True


def _made(name: str, here: str) -> bool:
    return name in conversations and conversations[name].made_by == here


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
