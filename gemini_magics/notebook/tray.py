"""What lies beside the next question of a panel: attachments in the order in which they are sent."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

from ..content.files import PICTURE_FILE_BYTES, from_bytes
from ..core.messages import Attachment
from ..core.plain import reveal, shorten
from ..core.settings import Settings
from .shelf import small_picture

NAME_CHARS = 120


class Tray:
    """Attachments that can be removed and put in another order."""

    def __init__(self) -> None:
        self._items: dict[str, tuple[Attachment, str]] = {}
        self._keys = map(str, count(1))
        self._coming: dict[str, bytearray] = {}

    @property
    def attachments(self) -> list[Attachment]:
        """All of them, in order."""
        return [attachment for attachment, _ in self._items.values()]

    def put(self, attachment: Attachment) -> None:
        """Add an attachment at the end."""
        self._items[next(self._keys)] = attachment, small_picture(attachment)

    def clear(self, attachments: Sequence[Attachment] = ()) -> None:
        """Leave nothing but these."""
        self._items.clear()
        for attachment in attachments:
            self.put(attachment)

    def drop(self, key: str) -> None:
        """Remove one."""
        self._items.pop(key, None)

    def move(self, key: str, by: int) -> None:
        """Put one earlier or later by so many places."""
        keys = list(self._items)
        if key in keys:
            at = keys.index(key)
            keys.insert(max(0, at + by), keys.pop(at))
        self._items = {key: self._items[key] for key in keys}

    def take(self, name: str, key: str, last: bool, data: bytes, settings: Settings) -> None:
        """Take a piece of a file; the last one adds it. Servers take no message of more than 10 MB.

        Raises:
            CannotAttach: the file is of a kind that cannot be sent.
        """
        whole = self._coming.setdefault(key, bytearray())
        whole += data
        if last or len(whole) > PICTURE_FILE_BYTES:
            name = shorten(reveal(name), NAME_CHARS)
            self.put(from_bytes(bytes(self._coming.pop(key)), name, settings, name))

    def told(self) -> list[dict[str, Any]]:
        """What a page shows of them."""
        return [
            {"key": key, "label": attachment.label, "name": reveal(attachment.name), "thumb": thumb}
            for key, (attachment, thumb) in self._items.items()
        ]
