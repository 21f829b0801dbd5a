"""The demo without a server: where Python has no sockets, its answers come from this process."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from ..core.cancel import Cancel
from ..core.messages import Event
from ..core.question import Question
from ..service import request
from ..service.delivery import check_keys
from ..service.keys import known
from ..service.response import Reader
from ..service.services import Service
from .answers import answer, session_pace
from .replies import Head, Request

BASE_URL = (
    "http://demo.invalid/{model}/v1"  # no address of a host: https://www.rfc-editor.org/rfc/rfc6761#section-6.4
)


class InProcess:
    """A question to the demo, in the place of a `Delivery`.

    The request is written, the answer is read as on the wire; nothing but the connection is left out.

    Raises:
        BadRequest: it cannot be asked, as in a `Delivery`.
    """

    def __init__(self, question: Question, service: Service, cancel: Cancel) -> None:
        self.cancel: Cancel = cancel
        self.service: Service = service
        path, content = urlsplit(request.url(service)).path, request.content(question, service)
        check_keys(question, content, known())
        self._reply = answer(Request("POST", path, {}, content), words_per_s=session_pace(), key=None)

    def batches(self, tick_s: float | None = None) -> Iterator[list[Event]]:
        """Yield the events one by one, at the demo's pace.

        Raises:
            GeminiError: the demo refused the question.
        """
        reader = Reader()
        for step in self._reply:
            match step:
                case Head():
                    reader = Reader(step.status, step.headers)
                case bytes():
                    for event in reader.feed(step):
                        yield [event]
                case float() if self.cancel.wait(step):  # the pause; it is True where the question was stopped
                    return
        for event in reader.close():
            yield [event]
