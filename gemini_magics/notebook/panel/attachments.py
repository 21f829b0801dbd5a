"""The tray of a panel: the attachments of the next question, in the order in which they are sent."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import count
from typing import Any

from ...content.files import PICTURE_FILE_BYTES, from_bytes
from ...core.errors import BadRequest, CannotAttach
from ...core.messages import Attachment
from ...core.settings import Settings
from ...core.text import reveal, shorten, size
from .gallery import small_picture

NAME_CHARS = 120
MOST = 100
THUMB_PX = 320  # large enough to choose a part of it
# Pages that are closed leave files without an end.
MOST_COMING = 16
COMING_BYTES = PICTURE_FILE_BYTES


class Tray:
    """Attachments that can be removed and put in another order."""

    def __init__(self) -> None:
        self._items: dict[str, tuple[Attachment, str]] = {}
        self._keys = map(str, count(1))
        self._coming: dict[str, bytearray] = {}
        # A page still sends pieces of a file that was given up; they would begin it again without its head.
        self._given_up: deque[str] = deque(maxlen=4 * MOST_COMING)

    @property
    def attachments(self) -> list[Attachment]:
        """All of them, in order."""
        return [attachment for attachment, _ in self._items.values()]

    def put(self, attachment: Attachment) -> None:
        """Add an attachment at the end.

        Raises:
            BadRequest: there are too many.
        """
        if len(self._items) >= MOST:
            raise BadRequest(f"A question takes at most {MOST} attachments: remove one first.")
        self._items[next(self._keys)] = attachment, small_picture(attachment, THUMB_PX)

    def clear(self, attachments: Sequence[Attachment] = ()) -> None:
        """Leave nothing but these."""
        self._items.clear()
        for attachment in attachments:
            self.put(attachment)

    def find(self, key: str) -> Attachment | None:
        """Return the attachment of a key, if it is there."""
        attachment, _ = self._items.get(key, (None, ""))
        return attachment

    def drop(self, key: str) -> None:
        """Remove one."""
        self._items.pop(key, None)

    def move(self, key: str, by: int) -> None:
        """Put one earlier or later by so many places."""
        keys = list(self._items)
        if key in keys:
            at = keys.index(key)
            keys.insert(max(0, at + by), keys.pop(at))
        # A dict has no move; it keeps the order in which it is made.
        self._items = {key: self._items[key] for key in keys}

    def take(self, name: str, key: str, last: bool, data: bytes, settings: Settings) -> None:
        """Take a piece of a file; the last one adds it.

        A page sends pieces because servers take no message of more than 10 MiB (websocket_max_message_size,
        https://www.tornadoweb.org/en/stable/websocket.html). Of files that come at once the oldest are given
        up, once they are too many or too large together.

        Raises:
            CannotAttach: the file is too large, or of a kind that cannot be sent.
            BadRequest: there are too many attachments.
        """
        if key in self._given_up:
            return
        whole = self._coming.setdefault(key, bytearray())
        whole += data
        name = shorten(reveal(name), NAME_CHARS)
        while len(self._coming) > MOST_COMING or sum(map(len, self._coming.values())) > COMING_BYTES:
            oldest = next(iter(self._coming))
            self._give_up(oldest)
            if oldest == key:
                raise CannotAttach(f"{name} has more than {size(COMING_BYTES)}: attach a smaller file.")
        if last:
            self.put(from_bytes(bytes(self._coming.pop(key)), name, settings, name))

    def _give_up(self, key: str) -> None:
        """Forget the pieces of a file, and ignore those that are still to come."""
        del self._coming[key]
        self._given_up.append(key)

    def facts(self) -> list[dict[str, Any]]:
        """Return the facts that a page shows of the attachments."""
        return [
            {"key": key, "label": attachment.label, "name": reveal(attachment.name), "thumb": thumb}
            for key, (attachment, thumb) in self._items.items()
        ]
