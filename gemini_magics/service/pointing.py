"""How a model is asked to point at places in the pictures of a question: in words, or in a form of its answer.

In words the answer ends with a list of marks. Where an answer in a JSON schema is asked for, or a service takes
one, the whole answer is an object: `answer` is what was asked for, and `marks` the list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..core.errors import BadRequest
from ..core.messages import NAME_CHARS, Attachment, Media
from ..core.text import one_line

ANSWER, MARKS = "answer", "marks"

# The form that Gemini was trained on: https://ai.google.dev/gemini-api/docs/image-understanding
_EACH = (
    'an object for each place. Each has "mark", its number from 1 on; '
    '"picture", the number of the picture; "label", a few words; and either "point": [y, x], or "box_2d": '
    "[ymin, xmin, ymax, xmax]. These are whole numbers from 0 to 1000 of the picture's height and width, "
    "counted from its upper left corner. Where the words speak of a place, write [mark 1] there. Without a "
    "place to point at, leave the list empty. The pictures:"
)
IN_MARKS = (
    "Answer in words first. Then point at the places that the answer speaks of: end with one block of code in "
    f"the language json, a list with {_EACH}"
)
IN_FORM = (
    'Answer with one JSON object. "answer" is the answer itself; a text in it is Markdown. "marks" points at '
    f"the places that the answer speaks of, a list with {_EACH}"
)
IN_PAGES = 'For a document give "page", too, counted from 1.'


_NUMBERS = {"type": "array", "items": {"type": "integer"}}
_MARK = {
    "type": "object",
    "properties": {
        "mark": {"type": "integer"},
        "picture": {"type": "integer"},
        "page": {"type": "integer"},
        "label": {"type": "string"},
        "point": _NUMBERS,
        "box_2d": _NUMBERS,
    },
    "required": ["mark", "picture", "label"],
}


def with_marks(form: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON schema of an answer in a form with marks beside it."""
    inner = {name: value for name, value in form.items() if name not in ("$defs", "definitions", "$schema")}
    outer = {name: form[name] for name in ("$defs", "definitions", "$schema") if name in form}
    return {
        "type": "object",
        "properties": {ANSWER: _moved(inner), MARKS: {"type": "array", "items": _MARK}},
        "required": [ANSWER, MARKS],
        **{name: _moved(value) for name, value in outer.items()},
    }


def _moved(form: Any) -> Any:
    """Return a part of a schema in which what refers to the whole refers to where it stands now."""
    if isinstance(form, Mapping):
        return {
            name: f"#/properties/{ANSWER}{value[1:]}" if name == "$ref" and _is_inside(value) else _moved(value)
            for name, value in form.items()
        }
    return [_moved(each) for each in form] if isinstance(form, list) else form


def _is_inside(reference: object) -> bool:
    """Tell whether a reference leads to a part of the same schema that has moved."""
    return (
        isinstance(reference, str)
        and (reference == "#" or reference.startswith("#/"))
        and not (reference.startswith(("#/$defs/", "#/definitions/")))
    )


def without_marks(value: Any) -> Any:
    """Return what was asked for out of an answer with marks beside it; another value as it is."""
    return (
        value[ANSWER] if isinstance(value, dict) and ANSWER in value and {*value} <= {ANSWER, MARKS} else value
    )


def words_for(pictures: Sequence[Attachment], *, in_form: bool = False) -> str:
    """Return the sentences that ask for marks in these pictures.

    Args:
        in_form: the answer follows a schema of `with_marks`.

    Raises:
        BadRequest: there is no picture to point at.
    """
    if not pictures:
        raise BadRequest(
            "There is nothing to point at: --point needs a figure, a picture or a PDF, as in %%gemini fig "
            "--point."
        )
    lines = [f"{number}. {one_line(each.name, NAME_CHARS)}" for number, each in enumerate(pictures, 1)]
    return "\n".join(
        [IN_FORM if in_form else IN_MARKS, *lines, *([IN_PAGES] if any(map(_has_pages, pictures)) else [])]
    )


def _has_pages(attachment: Attachment) -> bool:
    return isinstance(attachment.content, Media) and attachment.content.type == "application/pdf"
