"""The file that keeps the answers of a batch, so that running it again asks only what is missing."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..core.answer import CUT, close
from ..core.cancel import Cancel
from ..core.errors import BadRequest, GeminiError
from ..core.folder import notebook_folder
from ..core.notices import notice
from ..core.question import Question
from ..core.settings import Settings
from ..recording.differences import missing
from ..recording.file import Recording, recording_at
from ..recording.record import CHANGES_THE_ANSWER, Record, asked_by, record_of
from ..recording.replay import Replay
from ..render.answer import Answer
from .run import answer_for, take

HASH_DIGITS = 12  # two batches with one name would share a file, whose records have whole keys
# Only these are used without being named: a cloned folder may hold a stranger's answers to the same batch.
_begun: set[Path] = set()


class BatchFile:
    """The recording of a batch; without a path it keeps nothing.

    Args:
        of_one_service: leave out what other services answered to the same questions.
    """

    def __init__(
        self, recording: Recording | None, settings: Settings, *, of_one_service: bool = False
    ) -> None:
        self._recording, self._settings, self._of_one_service = recording, settings, of_one_service
        self._adds = settings.record_new
        self.unkept: int = 0

    @property
    def label(self) -> str:
        """The path for people, "" where nothing is kept."""
        return self._recording.label if self._recording else ""

    @property
    def keeps(self) -> bool:
        """True where the file has taken every answer so far."""
        return self._recording is not None and self._adds and not self.unkept

    def find(self, question: Question, *, retry_failed: bool) -> tuple[Answer, GeminiError | None] | None:
        """Return the answer that was kept, with its error where it broke off; None where it is to be asked.

        Raises:
            BadRequest: the file is broken, or is replayed strictly and has no answer.
        """
        if self._recording is None or self._settings.fresh:
            return None
        asked = asked_by(question)
        record = self._recording.exact(asked, question.anchor)
        if record is None and self._settings.strict:
            raise BadRequest(missing(self._recording, asked, ""))
        if record is None or (record.ended == CUT and retry_failed):
            return None
        if self._of_one_service and record.service != self._settings.service:
            return None
        return _answer_of(record, question)

    def keep(self, question: Question, answer: Answer) -> None:
        """Keep a whole answer, or one that broke off and may have been charged.

        A full disk costs no answer: it is told once, and the batch goes on.
        """
        if self._recording is None or not self._adds:
            return
        try:
            self._recording.add(replace(record_of(question, answer), problem=answer.problem), question.anchor)
        except (OSError, GeminiError) as error:
            self.unkept += 1
            if self.unkept == 1:
                reason = error.strerror if isinstance(error, OSError) else str(error)
                notice(
                    f"{self.label} did not take an answer ({reason}). The batch goes on, and returns all that "
                    "come; keep what it returns in a file of your own."
                )


def _answer_of(record: Record, question: Question) -> tuple[Answer, GeminiError | None]:
    replay = Replay(record, Cancel())
    answer = answer_for(question, replay.service, **replay.about)
    for events in replay.batches():
        take(answer, events, question.settings)
    if record.ended != CUT:
        close(answer)
        return answer, None
    close(answer, CUT, record.problem)
    error = GeminiError(
        f"{record.problem or 'The answer broke off.'} It is not asked again by itself, since it may have been "
        "charged: retry_failed=True, or --retry-failed, asks again."
    )
    return answer, error


def batch_file(
    record: bool | str | os.PathLike[str] | None,
    settings: Settings,
    identity: Any,
    *,
    of_one_service: bool = False,
) -> BatchFile:
    """Open the file of a batch.

    Args:
        record: True keeps one beside the notebook, unless the session records already; False keeps none; a
            path names one.
        identity: the prompt and the form of the answers; the file has its hash in its name.

    Raises:
        BadRequest: the file was not begun by this session, and is not named; or it cannot be read.
    """
    if record is False or record is None:
        return BatchFile(None, settings)
    if record is not True:
        recording = recording_at(record)
    elif settings.recording:
        recording = recording_at(settings.recording)
    else:
        own = _own(settings, identity)
        if own is None:
            return BatchFile(None, settings)
        recording = own
    recording.load()
    return BatchFile(recording, settings, of_one_service=of_one_service)


def _own(settings: Settings, identity: Any) -> Recording | None:
    """Return the recording beside the notebook; None where that folder cannot be written to."""
    chosen = {name: getattr(settings, name) for name in (*CHANGES_THE_ANSWER, "service", "model")}
    digest = sha256(json.dumps([identity, chosen], sort_keys=True, default=str).encode()).hexdigest()
    recording = recording_at(notebook_folder() / f"gemini-{digest[:HASH_DIGITS]}.jsonl")
    path = recording.path
    if path not in _begun and path.exists() and path.stat().st_size:
        raise BadRequest(
            f"{recording.label} holds answers to this batch that this session did not ask for. To use them, "
            f'name the file: record="{recording.label}", or --record {recording.label}. To ask all again, '
            "delete it."
        )
    # A folder that is read-only costs the file, and not the batch.
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        notice(
            f"The answers of this batch are kept in no file, because {path.parent.name or path.parent} cannot "
            "be written to: record=FILE, or --record FILE, names another place."
        )
        return None
    _begun.add(path)
    return recording
