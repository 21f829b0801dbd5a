"""Answers in a schema: what may be one, how an answer is checked against it, and asking once more."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, is_dataclass, replace
from functools import partial
from types import FunctionType
from typing import Any

from ..core.answer import INTERRUPTED, Answer
from ..core.cancel import Cancel
from ..core.errors import BadRequest, Unfit
from ..core.extract import read_json
from ..core.messages import Turn
from ..core.plain import shorten
from ..core.question import Question
from .ask import Nobody, View, answer_to

TAKEN = "a pydantic model, a dataclass, a TypedDict or a JSON schema"
TOLD_PROBLEMS = 5
PROBLEM_CHARS = 200
UNKNOWN = "Unable to generate pydantic-core schema for "  # how pydantic begins; advice of its own follows


@dataclass(frozen=True)
class Schema:
    """The form that an answer is to have.

    Attributes:
        name: what the person calls it.
        json: the form as a JSON schema.
        build: makes the object of a JSON value, or raises Unfit.
    """

    name: str
    json: Mapping[str, Any]
    build: Callable[[Any], Any] = field(repr=False)

    def read(self, text: str) -> Any:
        """Return the object that an answer's text holds.

        Raises:
            Unfit: it holds no JSON, or JSON of another form.
        """
        return self.build(read_json(text))


def schema_of(form: object, name: str = "") -> Schema:
    """Make a schema of a pydantic model, a dataclass, a TypedDict, a type such as list[Peak], or a JSON schema.

    Raises:
        BadRequest: it is none of these, or the package that checks it is not installed.
    """
    name = name or getattr(form, "__name__", "the schema")
    return _of_json_schema(form, name) if isinstance(form, dict) else _of_type(form, name)


def answer_in(
    schema: Schema,
    question: Question,
    *,
    watch: Callable[[], View] = Nobody,
    again: Callable[[Unfit], View] | None = None,
    cancel: Cancel | None = None,
    started: Callable[[Answer], object] | None = None,
) -> Answer:
    """Ask a question whose answer has a form; where it has not, say what is wrong and ask once more.

    Args:
        again: is told what is wrong with the first answer, and makes the view of the second.

    Returns:
        The answer that fits, with its object in `data`; or the one that was stopped, without.

    Raises:
        Unfit: the second answer does not fit either; it is the error's `answer`.
        GeminiError: as `answer_to` does.
    """

    def ask(asked: Question, watch: Callable[[], View]) -> Answer:
        one = Cancel()  # a question pulls its own switch when it ends; the next one needs another
        if cancel:
            cancel.on_cancel(one.cancel)
        return answer_to(asked, watch=watch, cancel=one, started=started)

    question = replace(question, schema=schema.json)
    answer = ask(question, watch)
    try:
        return _filled(answer, schema)
    except Unfit as misfit:
        wrong = misfit
    second = ask(_corrected(question, answer, wrong), partial(again, wrong) if again else Nobody)
    try:
        return _filled(second, schema)
    except Unfit as misfit:
        last = Unfit(
            f"The answer does not fit {schema.name}, asked twice: {misfit.why}. It is kept: read "
            "gemini_magics.last().text, and loosen the schema or say more in the question.",
            why=misfit.why,
        )
        last.answer = second
        raise last from None


def _filled(answer: Answer, schema: Schema) -> Answer:
    if answer.ended != INTERRUPTED:
        answer.data = schema.read(answer.text)
    return answer


def _corrected(question: Question, answer: Answer, wrong: Unfit) -> Question:
    complaint = f"This answer does not fit the schema: {wrong.why}. Give the whole answer again, corrected."
    said = Turn("assistant", (answer.text,)), Turn("user", (complaint,))
    return replace(question, turns=(*question.turns, *said), original=question.turn)


def _of_type(form: Any, name: str) -> Schema:
    try:
        from pydantic import TypeAdapter, ValidationError
        from pydantic.errors import PydanticUndefinedAnnotation, PydanticUserError

        from .typed_dicts import for_pydantic
    except ImportError:
        raise _not_installed("pydantic 2") from None
    # pydantic would look a text up, call a function, and stumble over an object.
    if isinstance(form, str | FunctionType) or (is_dataclass(form) and not isinstance(form, type)):
        raise BadRequest(f"{name} is no schema: name {TAKEN}.")
    try:
        adapter = TypeAdapter(for_pydantic(form))
        as_json = adapter.json_schema()
    except (PydanticUserError, PydanticUndefinedAnnotation, NameError) as error:
        raise BadRequest(f"{name} is no schema{_why_not(form, str(error))}: name {TAKEN}.") from None

    def build(value: Any) -> Any:
        try:
            # As JSON, because the rules for JSON are the laxer ones: a text may become a date.
            return adapter.validate_json(json.dumps(value))
        except ValidationError as error:
            raise _unfit((found["loc"], found["msg"]) for found in error.errors(include_url=False)) from None

    return Schema(name, as_json, build)


def _why_not(form: object, told: str) -> str:
    """Say in brackets what in a type is in the way; nothing, where it is the type itself."""
    if told.startswith(f"{UNKNOWN}{form!r}"):
        return ""
    first = told.partition("\n")[0].partition(". ")[0]
    unknown = first.removeprefix(UNKNOWN)
    return f" ({shorten(first if unknown == first else f'JSON holds no {unknown}', PROBLEM_CHARS)})"


def _of_json_schema(form: dict[str, Any], name: str) -> Schema:
    try:
        from jsonschema import SchemaError
        from jsonschema.validators import validator_for
        from referencing import Registry
        from referencing.exceptions import Unresolvable
    except ImportError:
        raise _not_installed("jsonschema") from None
    try:
        json.dumps(form)
        kind = validator_for(form)
        kind.check_schema(form)
    except SchemaError as error:
        raise BadRequest(
            f"{name} is no JSON schema: {_place(error.absolute_path)}: {shorten(error.message, PROBLEM_CHARS)}."
        ) from None
    except (TypeError, ValueError) as error:
        raise BadRequest(f"{name} is no JSON schema ({error}): it may hold only what JSON can.") from None
    for reference in _references(form):
        if not reference.startswith("#"):
            raise BadRequest(
                f"{name} refers to {reference}, and nothing is fetched for it: put that schema under $defs."
            )
    validator = kind(form, registry=Registry())

    def build(value: Any) -> Any:
        try:
            problems = [(error.absolute_path, error.message) for error in validator.iter_errors(value)]
        except Unresolvable as error:
            lost = "#" + error.ref.removeprefix("#")
            raise BadRequest(f"{name} refers to {lost}, which is not in it: add it under $defs.") from None
        if problems:
            raise _unfit(problems)
        return value

    return Schema(name, form, build)


def _references(schema: Any) -> Iterator[str]:
    """Yield every $ref of a JSON schema."""
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        schema = list(schema.values())
    if isinstance(schema, list):
        for inner in schema:
            yield from _references(inner)


def _unfit(problems: Iterable[tuple[Iterable[str | int], str]]) -> Unfit:
    told = [f"{_place(path)}: {shorten(message, PROBLEM_CHARS)}" for path, message in problems]
    why = "; ".join(told[:TOLD_PROBLEMS])
    if len(told) > TOLD_PROBLEMS:
        why += f"; and {len(told) - TOLD_PROBLEMS} more"
    return Unfit(f"The answer does not fit the schema: {why}.", why=why)


def _place(path: Iterable[str | int]) -> str:
    """Write where in a JSON value something is: "peaks[0].height"."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "".join(steps).removeprefix(".") or "the whole"


def _not_installed(what: str) -> BadRequest:
    return BadRequest(f"Answers in a schema need {what}: pip install 'gemini_magics[schema]'.")
