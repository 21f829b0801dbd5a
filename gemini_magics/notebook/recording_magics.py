"""%gemini_record and %gemini_replay: answers that are kept in a file, and used again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from IPython.core.magic import Magics, line_magic, magics_class
from IPython.display import display

from ..core.errors import BadRequest
from ..core.settings import did_you_mean, resolve
from .one_line import one_line_errors

if TYPE_CHECKING:
    from ..service.recording import Recording


@magics_class
class RecordingMagics(Magics):
    """Answers that are recorded once."""

    @line_magic
    def gemini_record(self, line: str) -> None:
        """Record each whole answer in a file, and answer from the file what is in it.

        %gemini_record answers.jsonl      from now on
        %gemini_record                    say what is recorded or replayed
        %gemini_record off                ask again, and record no more

        The same question is then free, needs no key and has the same answer after each restart, marked
        "recorded" with its day. It is the same wherever what is asked, what is attached and the options
        that change the answer are the same. --fresh in a question asks again and replaces its answer.
        """
        with one_line_errors():
            name = _read("%gemini_record", line)
            if name.lower() == "off":
                self._choose(None)
            elif name:
                recording = _recording(name)
                recording.load()
                self._choose(recording)
            self._say()

    @line_magic
    def gemini_replay(self, line: str) -> None:
        """Answer from a recording, and leave it as it is.

        %gemini_replay answers.jsonl            what is not in it is asked, and not recorded
        %gemini_replay answers.jsonl --strict   nothing is ever asked: what is not in it is an error
        """
        with one_line_errors():
            strict = "--strict" in line.split()
            name = _read("%gemini_replay", line, "--strict")
            if not name:
                raise BadRequest("Name the recording: %gemini_replay answers.jsonl [--strict].")
            recording = _recording(name)
            if not recording.path.exists():
                raise BadRequest(f"There is no recording {name}: %gemini_record {name} begins one.")
            recording.load()
            self._choose(recording, record_new=False, strict=strict)
            self._say()

    def _choose(self, recording: Recording | None, *, record_new: bool = True, strict: bool = False) -> None:
        session = self.shell.magics_manager.registry["GeminiMagics"]
        session.recording = str(recording.path) if recording else ""  # None would let the environment choose
        session.record_new, session.strict = record_new, strict

    def _say(self) -> None:
        settings = resolve({})
        label = _recording(settings.recording).label if settings.recording else ""
        match label, settings.strict, settings.record_new:
            case "", _, _:
                said = "Nothing is recorded or replayed."
            case _, True, _:
                said = f"Replaying {label}; nothing is asked."
            case _, _, True:
                said = f"Recording in {label}."
            case _:
                said = f"Replaying {label}; other questions are asked, and not recorded."
        display({"text/plain": said}, raw=True)


def _recording(name: str) -> Recording:
    from ..service.recording import recording_at

    return recording_at(name)


def _read(magic: str, line: str, *flags: str) -> str:
    """Return the path in the line of a magic: all of it but the flags, without quotes."""
    for flag in re.findall(r"(?<!\S)--?\w\S*", line):
        if flag not in flags:
            hint = did_you_mean(flag, flags) if flags else "It takes a file alone."
            raise BadRequest(f"{magic} has no option {flag}. {hint}")
    name = re.sub(r"(?<!\S)--?\w\S*", "", line).strip()
    return name[1:-1] if name[:1] in "'\"" and name[:1] == name[-1:] else name
