"""Files that this package writes: where the person named them, through no link, private and whole."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from tempfile import NamedTemporaryFile

from .errors import BadRequest
from .folder import current_folder, notebook_folder

_PRIVATE = 0o600


def place_for(path: str | os.PathLike[str]) -> Path:
    """Return the absolute path of a file that is going to be written; folders on the way are resolved.

    A path that is written as one of the notebook's folder must lead into it, and so must one of the current
    folder after os.chdir. A cloned repository may hold links, and the person who names `out/answers.jsonl`
    does not mean `~/.bash_aliases`. A path that is written as one of another folder is that person's choice.

    A link in the last step is followed where it leads to a file with something in it, so that a recording
    may be a link to another one. A link that leads to nothing or to an empty file is refused:
    writing there would make a new file in a place that nobody named.

    Raises:
        BadRequest: a link leads out of the folder, or to no file with something in it.
        OSError, RuntimeError, ValueError: it is not a path, or it leads in a circle.
    """
    if "\0" in os.fspath(path):
        raise ValueError("it holds a NUL character")
    written = Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100 - resolve() would follow links
    parent = written.parent.resolve()
    place = parent / written.name
    if place.is_symlink():
        place = place.resolve()
        if not place.is_file() or not place.stat().st_size:
            raise BadRequest(
                f"{written.name} is a link that leads to no file with text: delete the link first."
            )
    here = current_folder()
    for folder in (notebook_folder(), *([here.resolve()] if here else ())):
        if any(above.resolve() == folder for above in written.parents):
            if not place.is_relative_to(folder):
                raise BadRequest(
                    f"{written.name} leads out of the folder {folder} through a link: choose another name."
                )
            break
    return place


def open_here(path: str, flags: int) -> int:
    """Open a file as `os.open` does, but no link in the last step; a new file is its owner's alone.

    It is the `opener` of `open` and `FileIO`.

    Raises:
        OSError: it cannot be opened, or is a link.
    """
    if hasattr(os, "O_NOFOLLOW"):
        # https://man7.org/linux/man-pages/man2/open.2.html
        return os.open(path, flags | os.O_NOFOLLOW, _PRIVATE)
    # Windows has no such flag: a link can take the place of the file between the first look and the opening.
    _refuse_link(path)
    descriptor = os.open(path, flags, _PRIVATE)
    try:
        _refuse_link(path)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _refuse_link(path: str) -> None:
    if os.path.islink(path):  # noqa: PTH114 - an opener is called with a string
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)


def read_regular(path: str | os.PathLike[str], most: int = -1) -> bytes:
    """Read a file, at most so many bytes of it; a pipe or a device, which could block or never end, is refused.

    Raises:
        OSError: it cannot be read, or is not a regular file.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "It is a pipe or a device", os.fspath(path))
        return file.read(most)


def replace_file(path: Path, data: bytes) -> None:
    """Write a file beside the old one and put it in its place, so that no reader meets half of it.

    Its owner alone can read the new file; one that replaces another keeps its permissions. A link in the
    last step is replaced and not followed.

    Raises:
        OSError: it cannot be written; the old file is as it was.
    """
    mode = path.lstat().st_mode if path.is_file() and not path.is_symlink() else None
    # In the same folder, since a rename works within one file system, and with the mode 0600:
    # https://docs.python.org/3/library/tempfile.html#tempfile.mkstemp
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        new = Path(file.name)
        try:
            file.write(data)
            file.flush()
            # Else the new name can reach the disk before the data: https://lwn.net/Articles/322823/
            os.fsync(file.fileno())
            file.close()  # Windows replaces no open file
            if mode is not None:
                new.chmod(mode & 0o777)
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)
