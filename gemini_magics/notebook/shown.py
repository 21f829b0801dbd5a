"""The pictures that cells show without giving them a name, as `plt.show()` does."""

from __future__ import annotations

from base64 import b64decode
from collections import deque
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from ..core.messages import Media

MOST = 4
TYPES = ("image/png", "image/jpeg")


class Shown:
    """Notes what a kernel sends to be shown. A terminal shows no pictures, and cannot be watched.

    Attributes:
        pictures: those of the last cells by what they can be called, the newest first.
    """

    def __init__(self) -> None:
        self.pictures: dict[str, Media] = {}
        self._cell: deque[tuple[str, bytes | str]] = deque(maxlen=MOST)
        self._watches = False

    def watch(self, shell: InteractiveShell) -> None:
        """Look on from now on, at what the thread that calls shows."""
        if not self._watches and hasattr(shell.display_pub, "register_hook"):
            shell.display_pub.register_hook(self._see)
            self._watches = True

    def leave(self, shell: InteractiveShell) -> None:
        """Look on no longer."""
        if self._watches:
            shell.display_pub.unregister_hook(self._see)
            self._watches = False

    def cell_has_run(self, number: int | None, *, named: bool) -> None:
        """Keep what the cell has shown, unless it can be had by a name, or the cell has no number."""
        shown = [] if named or number is None else [_picture(*each) for each in self._cell]
        self._cell.clear()
        names = [f"picture of In[{number}]", *(f"picture {n} of In[{number}]" for n in range(2, MOST + 1))]
        fresh = dict(zip(names, filter(None, shown), strict=False))
        self.pictures = dict(list((dict(reversed(fresh.items())) | self.pictures).items())[:MOST])

    def _see(self, message: dict[str, Any]) -> dict[str, Any]:
        if message["msg_type"] == "clear_output":
            self._cell.clear()
        if message["msg_type"] == "display_data":
            data = message["content"]["data"]
            self._cell.extend([(name, data[name]) for name in TYPES if name in data][:1])
        return message


def _picture(media_type: str, data: bytes | str) -> Media | None:
    """Make a picture of what was shown: the file, or its base64."""
    try:
        return Media(media_type, b64decode(data) if isinstance(data, str) else bytes(data))
    except ValueError:  # it was no base64
        return None
