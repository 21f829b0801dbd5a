"""The metadata of an output say where an answer is from, and neither the prompt nor the answer."""

import hashlib
import json

from gemini_magics import Answer, Media
from gemini_magics.core.answer import close, fold
from gemini_magics.core.messages import Attachment, Message, Opened, Text, Thinking, Usage
from gemini_magics.render.metadata import metadata


def sha256(data):
    return hashlib.sha256(data).hexdigest()


FIGURE = Attachment("my secret figure", "figure", Media("image/png", b"PNG", width=1, height=1))
TABLE = Attachment("df", "table", "a,b\n1,2")
TURN = Message("user", (FIGURE, TABLE, "Is this ", FIGURE, " red \ud800?"))


def answer(**fields):
    made = Answer(
        service="kie", model="gemini-3.1-pro", effort="low",
        prompt_sha256=TURN.prompt_sha256, attachments=TURN.attachments[:2], **fields,
    )  # fmt: skip
    for event in (Opened("gemini-3.1-pro"), Thinking("Hm."), Text("The answer."), Usage(10, 5, credits=0.5)):
        fold(made, event)
    close(made, "stop")
    made.total_s = 3.25
    return made


def test_an_output_says_where_its_answer_is_from():
    assert metadata(answer()) == {
        "gemini_magics": {
            "service": "kie",
            "model": "gemini-3.1-pro",
            "effort": "low",
            "source": "live",
            "prompt_sha256": sha256("Is this  red \ud800?".encode("utf-8", "surrogatepass")),
            "attachments": [
                {"kind": "figure", "type": "image/png", "bytes": 3, "sha256": sha256(b"PNG")},
                {"kind": "table", "type": "text/plain", "bytes": 7, "sha256": sha256(b"a,b\n1,2")},
            ],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "credits": 0.5},
            "seconds": 3.25,
            "ended": "stop",
        }
    }


def test_an_output_says_neither_prompt_nor_answer_nor_thoughts():
    told = json.dumps(metadata(answer()))
    for words in ("Is this", "red ", "answer.", "Hm.", "secret", "a,b"):
        assert words not in told


def test_a_replay_says_when_it_was_recorded():
    assert metadata(answer(recorded="2026-11-22"))["gemini_magics"]["source"] == "recorded 2026-11-22"


def test_what_a_service_calls_itself_is_short_and_plain():
    made = answer()
    fold(made, Opened("\u202e" + "x" * 10_000))
    assert len(metadata(made)["gemini_magics"]["model"]) <= 200
    assert "\u202e" not in metadata(made)["gemini_magics"]["model"]


def test_an_answer_that_still_arrives_has_its_metadata_too():
    assert metadata(Answer())["gemini_magics"]["ended"] is None
