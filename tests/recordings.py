"""Questions, answers and recordings, for the tests of these."""

from gemini_magics import Answer, Media, Settings
from gemini_magics.core.answer import close, fold
from gemini_magics.core.messages import Attachment, Finished, Message, Opened, Text, Thinking, Usage
from gemini_magics.core.question import Question
from gemini_magics.recording.file import Recording
from gemini_magics.recording.record import asked_by, record_of


def picture(name="fig", pixels=b"pixels", kind="figure", media_type="image/png"):
    return Attachment(name, kind, Media(media_type, pixels, width=4, height=3))


def question(*parts, cell="", earlier=(), schema=None, **settings):
    messages = (*earlier, Message("user", parts or ("What is odd?",)))
    return Question(messages, Settings(**settings), cell=cell, schema=schema)


def answered(asked, text="Nothing."):
    answer = Answer(service="kie", model="gemini-3.1-pro")
    for event in (Opened("gemini-3.1-pro"), Thinking("Hm."), Text(text), Usage(credits=0.49), Finished("stop")):
        fold(answer, event)
    close(answer)
    return record_of(asked, answer)


def opened(path, *questions):
    """A session that opens a recording in which these questions have been answered by their own prompt."""
    before = Recording(path)
    for asked in questions:
        before.add(answered(asked, answer_of(asked)))
    return Recording(path)


def answer_of(asked):
    """An answer that tells which question it belongs to."""
    return f"To {asked_by(asked).key[:8]}"


def found(recording, asked):
    key = asked_by(asked)
    return recording.exact(key) or recording.near(key, asked.cell)
