"""The errors of this package, by the next step of the reader.

GeminiError                 .answer: the part that had arrived, or None
├── BadRequest              the question cannot be asked as it stands: change the cell
│   ├── MissingKey          no key for the chosen service
│   └── CannotAttach        something named in the cell cannot be sent
├── ConnectionFailed        no connection was made and nothing was sent: look at the network
├── ServiceError            the service answered no: .status .code .request_id .retry_after_s .lasts
│   ├── AuthenticationError
│   ├── QuotaExceeded
│   └── RateLimitError
├── IncompleteAnswer        the answer broke off after the question was sent
├── AnswerMismatch          the answer came, but not in the form that was asked for
└── UnexpectedResponse      the bytes follow no documented format: .excerpt

Each message is one line that ends with a next step. Messages may quote a service, so control and
invisible characters in them are made visible before anything prints them. IPython shows them without
the frames of this package (`_render_traceback_`); elsewhere they are exceptions like others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING, ClassVar

from .text import REMOVED, SECRET, reveal, shorten

if TYPE_CHECKING:
    from .answer import AnswerState

HOME = Path(__file__).parents[1]
EXCERPT_CHARS = 500
MESSAGE_CHARS = 2000  # a message may quote what was typed, which can be a whole book


class GeminiError(Exception):
    """The base of every error this package raises.

    Attributes:
        answer: the part of the answer that had arrived before the failure, or None.
        by_magic: True where a magic raised it, and no Python that a person wrote.
        again_after_s: seconds until the same question may be sent again; None where it must not be repeated,
            because it may cost twice or would fail again.
    """

    answer: AnswerState | None = None
    by_magic = False
    again_after_s: float | None = None
    _render_traceback_: ClassVar[Callable[[GeminiError], list[str]]]  # the package puts it on for IPython

    def __init__(self, message: str) -> None:
        # Shortened before, so that a book is not read, and after, because `reveal` makes a text longer.
        super().__init__(shorten(reveal(shorten(message, 2 * MESSAGE_CHARS)), MESSAGE_CHARS))


class BadRequest(GeminiError):
    """The question cannot be asked as it is written; nothing was sent.

    The message may quote what was written, but never what looks like a key: notebooks keep their errors.
    """

    def __init__(self, message: str) -> None:
        super().__init__(SECRET.sub(REMOVED, message))


class MissingKey(BadRequest):
    """There is no key for the chosen service; the message lists each place that was looked in.

    Attributes:
        service: the name of the service.
    """

    def __init__(self, message: str, *, service: str = "") -> None:
        super().__init__(message)
        self.service = service


class CannotAttach(BadRequest):
    """Something that was named cannot be sent: not found, of no known kind, or too large."""


class ConnectionFailed(GeminiError):
    """No connection could be made; the question was not sent and nothing was charged."""


class ServiceError(GeminiError):
    """The service received the question and said no.

    Attributes:
        status: the HTTP status code.
        code: the service's own code, where it differs or exists at all.
        request_id: the service's name for the request, to quote to its support.
        retry_after_s: seconds until it is worth asking again, or None where the service does not say.
        lasts: the same question would be refused again, or charged twice: it must not be repeated.
    """

    retry_after_s: float | None = None
    lasts = False

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


class AuthenticationError(ServiceError):
    """The service does not accept the key."""


class QuotaExceeded(ServiceError):
    """The account behind the key has nothing left to spend."""


class RateLimitError(ServiceError):
    """Too many questions in too short a time."""


class IncompleteAnswer(GeminiError):
    """The answer broke off before its end; `answer` holds the part that had arrived."""


class AnswerMismatch(GeminiError):
    """The answer came, but not in the form that was asked for: no such table, no JSON, not in the schema.

    Attributes:
        why: what is wrong with it, alone.
    """

    def __init__(self, message: str, *, why: str = "") -> None:
        super().__init__(message)
        self.why: str = reveal(why or message)


class UnexpectedResponse(GeminiError):
    """The service sent something that follows no documented format.

    Attributes:
        excerpt: the start of what came, at most 500 characters.
    """

    def __init__(self, message: str, *, excerpt: str = "") -> None:
        super().__init__(message)
        self.excerpt: str = shorten(reveal(excerpt), EXCERPT_CHARS)


@contextmanager
def needed(package: str, why: str) -> Iterator[None]:
    """Import a package that not everybody has.

    Args:
        package: its name at `pip install`.
        why: what it is needed for; begins the message.

    Raises:
        BadRequest: it is not installed.
    """
    try:
        yield
    except ImportError:
        raise BadRequest(f"{why}: pip install {package}.") from None


def unexpected(error: Exception) -> GeminiError:
    """Say where our own code failed, without the words of the error, which may hold anything."""
    ours = [frame for frame in extract_tb(error.__traceback__) if HOME in Path(frame.filename).parents]
    place = f" in {Path(ours[-1].filename).name}, line {ours[-1].lineno}" if ours else ""
    return GeminiError(f"gemini_magics itself failed ({type(error).__name__}{place}). Please report this line.")
