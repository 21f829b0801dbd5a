"""Everything that can go wrong, by what the reader can do about it.

GeminiError                 .answer: what had arrived, or None
├── BadRequest              the question cannot be asked as it stands: change the cell
│   ├── NoKey               no key for the chosen service
│   └── CannotAttach        something named in the cell cannot be sent
├── Unreachable             no connection was made and nothing was sent: look at the network
├── Refused                 the service answered no: .status .code .request_id .retry_after
│   ├── KeyRejected
│   ├── OutOfCredit
│   └── RateLimited
├── Cut                     the answer broke off after the question was sent
├── Unfit                   the answer came, but not in the form that was asked for
└── UnknownReply            the bytes follow no documented format: .excerpt

Each message is one line that ends with a next step. Messages may quote a service, so control and
invisible characters in them are made visible before anything prints them. IPython shows them without
the frames of this package (`notebook.one_line`); elsewhere they are exceptions like others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from .plain import reveal, shorten
from .secret import REMOVED, SECRET

if TYPE_CHECKING:
    from .answer import Answer

EXCERPT_CHARS = 500


class GeminiError(Exception):
    """The base of every error this package raises.

    Attributes:
        answer: the part of the answer that had arrived before the failure, or None.
        by_magic: True where a magic raised it, and no Python that a person wrote.
    """

    answer: Answer | None = None
    by_magic = False
    _render_traceback_: ClassVar[Callable[[GeminiError], list[str]]]  # the package puts it on for IPython

    def __init__(self, message: str) -> None:
        super().__init__(reveal(message))


class BadRequest(GeminiError):
    """The question cannot be asked as it is written; nothing was sent.

    The message may quote what was written, but never what looks like a key: notebooks keep their errors.
    """

    def __init__(self, message: str) -> None:
        super().__init__(SECRET.sub(REMOVED, message))


class NoKey(BadRequest):
    """There is no key for the chosen service; the message lists each place that was looked in."""


class CannotAttach(BadRequest):
    """Something that was named cannot be sent: not found, of no known kind, or too large."""


class Unreachable(GeminiError):
    """No connection could be made; the question was not sent and nothing was charged."""


class Refused(GeminiError):
    """The service received the question and said no.

    Attributes:
        status: the HTTP status code.
        code: the service's own code, where it differs or exists at all.
        request_id: the service's name for the request, to quote to its support.
        retry_after: seconds until it is worth asking again, or None where the service does not say.
    """

    retry_after: float | None = None

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: int | str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.request_id = request_id


class KeyRejected(Refused):
    """The service does not accept the key."""


class OutOfCredit(Refused):
    """The account behind the key has nothing left to spend."""


class RateLimited(Refused):
    """Too many questions in too short a time."""


class Cut(GeminiError):
    """The answer broke off before its end; `answer` holds what had arrived."""


class Unfit(GeminiError):
    """The answer came, but not in the form that was asked for: no such table, no JSON, not in the schema.

    Attributes:
        why: what is wrong with it, alone.
    """

    def __init__(self, message: str, *, why: str = "") -> None:
        super().__init__(message)
        self.why = reveal(why or message)


class UnknownReply(GeminiError):
    """The service sent something that follows no documented format.

    Attributes:
        excerpt: the start of what came, at most 500 characters.
    """

    def __init__(self, message: str, *, excerpt: str = "") -> None:
        super().__init__(message)
        self.excerpt = shorten(reveal(excerpt), EXCERPT_CHARS)
