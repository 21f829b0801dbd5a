"""The commands of %gemini_chat: show, reset, delete, rename, branch, export and import conversations."""

from __future__ import annotations

import re
from pathlib import Path

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display

from ...chat.conversation import Conversation, conversations, keep, known
from ...core.errors import BadRequest
from ...core.notices import notice
from ...core.text import counted, did_you_mean
from ...render.table import Table
from ..frontend import Frontend

USAGE = {
    "show": "show NAME",
    "delete": "delete NAME",
    "reset": "reset NAME",
    "rename": "rename NAME NEW",
    "branch": "branch NAME NEW",
    "export": "export NAME FILE.md|FILE.json",
    "import": "import FILE.json [NAME]",
}


def run_command(line: str, shell: InteractiveShell) -> None:
    """Run one command on the conversations, and show its result.

    Raises:
        BadRequest: the line is not a valid command; the message shows the right form.
    """
    # A cell that runs again may replace the conversation that it made; another cell may not.
    here = f"{Frontend.of(shell).cell_id} {line.strip()}"
    match _split_words(line):
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
            if _make_room(new, here):
                _set_origin(original.branch(new), here)
            display(conversation_table())
        case ["export", name, file]:
            known(name).export(_path(file))
            display({"text/plain": f"{file}: {counted(len(known(name).turns), 'turn')}"}, raw=True)
        case ["show", name]:
            display(known(name))
        case ["delete", name]:
            del conversations[known(name).name]
            display(conversation_table())
        case [name, "--export", *rest] if name in conversations:
            raise BadRequest(f"Write %gemini_chat export {name} {' '.join(rest) or 'FILE.md'}.")
        case ["import", file, *names] if len(names) < 2:
            _import_file(file, *names, here=here)
            display(conversation_table())
        case [verb, *_] if verb in USAGE and verb not in conversations:
            raise BadRequest(f"Write %gemini_chat {USAGE[verb]}.")
        case [name]:
            display(known(name))
        case [verb, *_]:
            raise BadRequest(f"There is no %gemini_chat {verb}. {did_you_mean(verb, USAGE)}")


def _rename(name: str, new: str, here: str) -> None:
    if name not in conversations and _was_made_here(new, here):
        return  # the cell runs again, after the renaming
    conversation = known(name)
    if _make_room(new, here):
        conversation.rename(new)
        _set_origin(conversation, here)


def _import_file(file: str, name: str = "", *, here: str) -> None:
    conversation = Conversation.load(_path(file))
    if _make_room(name or conversation.name, here):
        conversation.rename(name or conversation.name)
        _set_origin(conversation, here)
        keep(conversation)


def _set_origin(conversation: Conversation, here: str) -> None:
    """Store which command made a conversation, and its turns at that time."""
    conversation.made_by, conversation.made_with = here, tuple(conversation.turns)


def _make_room(name: str, here: str) -> bool:
    """Delete a conversation that this command made in an earlier run, so that it can be made again.

    Returns:
        False if the conversation has grown since; then it stays, and a notice says so.
    """
    if not _was_made_here(name, here):
        return True
    if conversations[name].grown:
        notice(
            f"This cell made {name} before, and {name} has grown since, so it stays unchanged. "
            f"To make it again, empty it first with %gemini_chat reset {name}."
        )
        return False
    del conversations[name]
    return True


def _was_made_here(name: str, here: str) -> bool:
    return name in conversations and conversations[name].made_by == here


def conversation_table() -> Table:
    """Return a table of the conversations of this session with their sizes."""
    rows = [
        (
            conversation.name,
            *(
                f"{number:,}"
                for number in (
                    len(conversation.turns),
                    len(conversation.images),
                    conversation.tokens,
                    sum(turn.stale for turn in conversation.turns),
                    sum(turn.partial for turn in conversation.turns),
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
        raise BadRequest(
            f"{file} needs a home folder, and this session has none: write the full path."
        ) from None


def _split_words(line: str) -> list[str]:
    """Split a line at its spaces, but not inside of quotes."""
    # shlex would treat the backslashes of Windows paths as escapes:
    # https://docs.python.org/3/library/shlex.html#parsing-rules
    return [word.strip("\"'") for word in re.findall(r'"[^"]*"|\'[^\']*\'|\S+', line)]
