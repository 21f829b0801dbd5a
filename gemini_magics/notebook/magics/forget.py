"""%gemini_forget: list what this package keeps for a person outside of the notebook, and delete it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from stat import S_ISREG

from ...chat.batch_file import HASH_DIGITS
from ...content.words import bare_word
from ...core.errors import BadRequest
from ...core.folder import notebook_folder
from ...core.settings import resolve
from ...core.text import did_you_mean, one_line, size
from ...recording.journal import NAME_CHARS, folders_of, left_behind
from ...render.table import Table
from ...service import keys
from ...service.services import SERVICES, Service
from ..options import words_of

_BATCH_FILE = re.compile(rf"gemini-[0-9a-f]{{{HASH_DIGITS}}}\.jsonl")


@dataclass(frozen=True)
class Kept:
    """A thing that is kept: its name as it is shown, what it is, and the function that deletes it."""

    name: str
    what: str
    forget: Callable[[], object]


def forget(line: str) -> Table:
    """Delete what a line names; return a table of what was deleted, or of all that is kept."""
    found = list(kept())
    known = [each.name for each in found]
    # A recording may have blanks in its name, and so has a partial answer beside it.
    whole = bare_word(line.strip())
    names = [whole] if whole in known else [bare_word(word) for _, word in words_of(line)]
    if not names:
        note = "%gemini_forget NAME deletes one of these, %gemini_forget all deletes all."
        return _table(found, note if found else "Nothing is kept.")
    for name in names:
        if name not in known and names != ["all"]:
            hint = did_you_mean(name, [*known, "all"]) if found else "Nothing is kept."
            raise BadRequest(f"{name} is not on the list of %gemini_forget. {hint}")
    # Nothing is deleted before each name is known, so a mistyped list deletes nothing.
    chosen = [each for each in found if names == ["all"] or each.name in names]
    for each in chosen:
        each.forget()
    return _table(chosen, "Deleted." if chosen else "Nothing was kept.")


def kept() -> Iterator[Kept]:
    """Yield what is kept: journals of dead kernels, batch files, keys in the keyring."""
    for path in left_behind(folders_of(resolve({}))):
        yield _file(path, "a partial answer")
    with suppress(OSError):  # the folder was deleted
        for path in sorted(notebook_folder().iterdir()):
            # lstat, and not stat: no batch has made a link, so one with such a name is somebody else's.
            if _BATCH_FILE.fullmatch(path.name) and S_ISREG(path.lstat().st_mode):
                yield _file(path, "answers of a batch")
    for service in keys.in_keyring(SERVICES.values()):
        yield Kept(service.name, f"the key for {service.origin}, in the keyring", _forgetter(service))


def _forgetter(service: Service) -> Callable[[], object]:
    return lambda: keys.forget(service)


def _file(path: Path, what: str) -> Kept:
    status = path.lstat()
    facts = [what, size(status.st_size)]
    with suppress(ValueError, OverflowError, OSError):  # an archive may bring any time
        facts.append(f"{datetime.fromtimestamp(status.st_mtime):%Y-%m-%d %H:%M}")

    def delete() -> None:
        try:
            path.unlink(missing_ok=True)  # another kernel may have deleted it
        except OSError as error:
            raise BadRequest(
                f"{path.name} cannot be deleted ({error.strerror}): delete it where its folder may be changed."
            ) from None

    return Kept(one_line(path.name, NAME_CHARS), ", ".join(facts), delete)


def _table(things: Iterable[Kept], note: str) -> Table:
    return Table(("name", "what it is"), [(each.name, each.what) for each in things], notes=(note,))
