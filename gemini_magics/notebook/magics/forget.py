"""%gemini_forget: list what this package keeps for a person outside of the notebook, and delete it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from stat import S_ISREG

from ...chat.batch_file import HASH_DIGITS
from ...core.errors import BadRequest
from ...core.folder import notebook_folder
from ...core.settings import resolve
from ...core.text import did_you_mean, size
from ...recording.journal import folders_of, left_behind
from ...render.table import Table
from ...service import keys
from ...service.services import SERVICES, Service
from .chat import split_words

_BATCH_FILE = re.compile(rf"gemini-[0-9a-f]{{{HASH_DIGITS}}}\.jsonl")


@dataclass(frozen=True)
class Kept:
    """A thing that is kept: its name, what it is, and the function that deletes it."""

    name: str
    what: str
    forget: Callable[[], object]


def forget(line: str) -> Table:
    """Delete what a line names; return a table of what was deleted, or of all that is kept.

    Raises:
        BadRequest: a name is not on the list, or a file cannot be deleted.
    """
    names, found = split_words(line), {each.name: each for each in kept()}
    if line.strip() in found:  # a name with spaces in it
        names = [line.strip()]
    if not names:
        note = "%gemini_forget NAME deletes one of these, %gemini_forget all deletes all."
        return _table(found.values(), note if found else "Nothing is kept.")
    for name in names:
        if name not in found and names != ["all"]:
            known = did_you_mean(name, [*found, "all"]) if found else "Nothing is kept."
            raise BadRequest(f"{name} is not on the list of %gemini_forget. {known}")
    # Nothing is deleted before each name is known, so a mistyped list deletes nothing.
    chosen = [each for each in found.values() if names == ["all"] or each.name in names]
    for each in chosen:
        try:
            each.forget()
        except OSError as error:
            raise BadRequest(
                f"{each.name} cannot be deleted ({error.strerror}): check the permissions of its folder."
            ) from None
    return _table(chosen, "Deleted." if chosen else "Nothing was kept.")


def kept() -> Iterator[Kept]:
    """Yield what is kept: journals of dead kernels, batch files, keys in the keyring."""
    for path in left_behind(folders_of(resolve({}))):
        yield Kept(path.name, f"a partial answer, {_facts(path)}", path.unlink)
    for path in sorted(notebook_folder().iterdir()):
        # lstat, and not stat: no batch has made a link, so one with such a name is somebody else's.
        if _BATCH_FILE.fullmatch(path.name) and S_ISREG(path.lstat().st_mode):
            yield Kept(path.name, f"answers of a batch, {_facts(path)}", path.unlink)
    for service in keys.in_keyring(SERVICES.values()):
        yield Kept(service.name, f"the key for {service.origin}, in the keyring", _forgetter(service))


def _forgetter(service: Service) -> Callable[[], object]:
    return lambda: keys.forget(service)


def _facts(path: Path) -> str:
    status = path.lstat()
    return f"{size(status.st_size)}, {datetime.fromtimestamp(status.st_mtime):%Y-%m-%d %H:%M}"


def _table(things: Iterable[Kept], note: str) -> Table:
    return Table(("name", "what it is"), [(each.name, each.what) for each in things], notes=(note,))
