"""A lock on a file that lasts as long as its process keeps the file open, and ends with a process that dies."""

from __future__ import annotations

import sys
from io import FileIO

if sys.platform == "win32":
    import msvcrt

    # Windows keeps others from reading a locked byte, so the locked one is far behind the end:
    # https://learn.microsoft.com/en-us/windows/win32/fileio/locking-and-unlocking-byte-ranges-in-files
    _LOCKED_BYTE = 2**40

    def lock(file: FileIO) -> None:
        """Wait until no other process holds the lock of an open file, and take it."""
        _lock(file, msvcrt.LK_LOCK)

    def try_lock(file: FileIO) -> bool:
        """Take the lock of an open file, unless another process holds it."""
        try:
            _lock(file, msvcrt.LK_NBLCK)
        except OSError:
            return False
        return True

    def _lock(file: FileIO, mode: int) -> None:
        place = file.tell()
        file.seek(_LOCKED_BYTE)
        msvcrt.locking(file.fileno(), mode, 1)
        file.seek(place)

else:
    try:
        import fcntl
    except ImportError:
        _can_lock = False
    else:
        _can_lock = hasattr(fcntl, "flock")  # JupyterLite puts an empty module in its place

    # Without fcntl Python runs in a browser, as the only process that sees the file.

    # A lock of flock belongs to the open file and ends with it (https://man7.org/linux/man-pages/man2/flock.2.html);
    # one of lockf would end as soon as this process closed the file anywhere else.

    def lock(file: FileIO) -> None:
        """Wait until no other process holds the lock of an open file, and take it."""
        if _can_lock:
            fcntl.flock(file, fcntl.LOCK_EX)

    def try_lock(file: FileIO) -> bool:
        """Take the lock of an open file, unless another process holds it."""
        try:
            if _can_lock:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
