"""Answers in a schema: the forms of a schema, the check of an answer, and the second question."""

from __future__ import annotations

import json
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, is_dataclass, replace
from functools import partial
from pathlib import Path
from traceback import extract_tb
from types import FunctionType
from typing import TYPE_CHECKING, Any

from ..core.answer import INTERRUPTED
from ..core.cancel import Cancel, linked
from ..core.errors import AnswerMismatch, BadRequest, GeminiError
from ..core.messages import Message
from ..core.question import Question
from ..core.text import one_line, shorten
from ..render.answer import Answer
from ..service.pointing import without_marks
from .consent import Consent, by_input
from .run import Nobody, View, answer_to

if TYPE_CHECKING:
    from referencing.jsonschema import SchemaResource

TAKEN = "a pydantic model, a dataclass, a TypedDict or a JSON schema"
HOME = Path(__file__).parents[1]
TOLD_PROBLEMS = 5
PROBLEM_CHARS = 200
UNKNOWN = "Unable to generate pydantic-core schema for "  # how pydantic begins; advice of its own follows


@dataclass(frozen=True)
class Schema:
    """The form that an answer is to have.

    Attributes:
        name: what the person calls it.
        json: the form as a JSON schema.
        build: makes the object of a JSON value, or raises AnswerMismatch.
    """

    name: str
    json: Mapping[str, Any]
    build: Callable[[Any], Any] = field(repr=False)

    def read(self, text: str, *, beside_marks: bool = False) -> Any:
        """Return the object that an answer's text holds.

        Args:
            beside_marks: the answer was asked to point as well.

        Raises:
            AnswerMismatch: it holds no JSON, or JSON of another form.
            GeminiError: the schema's own code failed. The answer may be right, so it is not asked for again.
        """
        from ..render.extract import read_json

        value = read_json(text)
        try:
            return self.build(without_marks(value) if beside_marks else value)
        except GeminiError:
            raise
        except Exception as error:  # validators are code of the person's, and may raise anything
            raise GeminiError(
                f"{self.name} could not check the answer: {_raised(error)}. Correct the schema; the answer is "
                "kept: read gemini_magics.last().text."
            ) from error


def _raised(error: Exception) -> str:
    """Say what was raised, and where in the person's code."""
    own = [frame for frame in extract_tb(error.__traceback__) if not _is_library(frame.filename)]
    where = f" in line {own[-1].lineno} of {own[-1].name}" if own else ""
    return one_line(f"{type(error).__name__}{where}: {error}".removesuffix(": "), PROBLEM_CHARS)


def _is_library(file: str) -> bool:
    return "site-packages" in file or file.startswith((sysconfig.get_path("stdlib"), str(HOME), "<frozen"))


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
    again: Callable[[AnswerMismatch], View] | None = None,
    cancel: Cancel | None = None,
    started: Callable[[Answer], object] | None = None,
    consent: Consent = by_input,
) -> Answer:
    """Ask a question whose answer has a form; if the answer does not fit, tell the fault and ask once more.

    Args:
        again: is told what is wrong with the first answer, and makes the view of the second.
        consent: asks the person whether a function may be called.

    Returns:
        The answer that fits, with its object in `data`; or the one that was stopped, without.

    Raises:
        AnswerMismatch: the second answer does not fit either; it is the error's `answer`.
        GeminiError: as `answer_to` does.
    """

    def ask(asked: Question, watch: Callable[[], View]) -> Answer:
        return answer_to(asked, watch=watch, cancel=linked(cancel), started=started, consent=consent)

    question = replace(question, schema=schema.json)
    answer = ask(question, watch)
    try:
        return _filled(answer, schema)
    except AnswerMismatch as misfit:
        wrong = misfit
    second = ask(corrected(question, answer, wrong), partial(again, wrong) if again else Nobody)
    try:
        return _filled(second, schema)
    except AnswerMismatch as misfit:
        last = AnswerMismatch(
            f"The answer does not fit {schema.name}, asked twice: {misfit.why}. It is kept: read "
            "gemini_magics.last().text, and loosen the schema or say more in the question.",
            why=misfit.why,
        )
        last.answer = second
        raise last from None


def _filled(answer: Answer, schema: Schema) -> Answer:
    if answer.ended != INTERRUPTED:
        try:
            answer.data = schema.read(answer.text, beside_marks=bool(answer.pictures))
        except GeminiError as error:
            error.answer = answer
            raise
    return answer


def corrected(question: Question, answer: Answer, wrong: AnswerMismatch) -> Question:
    """Return the question that asks once more for an answer, and says what was wrong with the first."""
    complaint = f"This answer does not fit the schema: {wrong.why}. Give the whole answer again, corrected."
    said = Message("assistant", (answer.text,)), Message("user", (complaint,))
    return replace(question, messages=(*question.messages, *said), original=question.message)


def _of_type(form: Any, name: str) -> Schema:
    try:
        from pydantic import TypeAdapter, ValidationError
        from pydantic.errors import PydanticUndefinedAnnotation, PydanticUserError
    except ImportError:
        raise _not_installed("pydantic 2") from None
    # pydantic would look a text up, call a function, and stumble over an object.
    if isinstance(form, str | FunctionType) or (is_dataclass(form) and not isinstance(form, type)):
        raise BadRequest(f"{name} is not a schema: name {TAKEN}.")
    try:
        adapter = TypeAdapter(form)
        adapter.rebuild(raise_errors=True)  # an unknown name is an error here, and named
        as_json = adapter.json_schema()
    except (PydanticUserError, PydanticUndefinedAnnotation, NameError) as error:
        # https://docs.pydantic.dev/latest/errors/usage_errors/#typed-dict-version
        if isinstance(error, PydanticUserError) and error.code == "typed-dict-version":
            raise BadRequest(
                f"{name} uses a TypedDict of typing, which pydantic reads only from Python 3.12 on: import "
                "TypedDict from typing_extensions."
            ) from None
        raise BadRequest(f"{name} is not a schema{_why_not(form, str(error))}: name {TAKEN}.") from None
    except Exception as error:  # a class may make its schema with code of its own
        why = _raised(error)
        raise BadRequest(f"{name} is not a schema, its own code fails: {why}. Correct it.") from error

    def build(value: Any) -> Any:
        try:
            # As JSON, because the rules for JSON are the laxer ones: a text may become a date.
            # https://docs.pydantic.dev/latest/concepts/conversion_table/
            return adapter.validate_json(json.dumps(value))
        except ValidationError as error:
            raise _unfit((found["loc"], found["msg"]) for found in error.errors(include_url=False)) from None

    return Schema(name, as_json, build)


def _why_not(form: object, told: str) -> str:
    """Name in brackets the part of a type that fails; "" if the type itself does."""
    if told.startswith(f"{UNKNOWN}{form!r}"):
        return ""
    first = told.partition("\n")[0].partition(". ")[0]
    unknown = first.removeprefix(UNKNOWN)
    return f" ({shorten(first if unknown == first else f'JSON holds no {unknown}', PROBLEM_CHARS)})"


def _of_json_schema(form: dict[str, Any], name: str) -> Schema:
    try:
        from jsonschema import SchemaError
        from jsonschema.validators import validator_for
        from referencing import Registry, Resource
        from referencing.exceptions import Unresolvable
        from referencing.jsonschema import specification_with
    except ImportError:
        raise _not_installed("jsonschema") from None
    try:
        json.dumps(form)
        kind = validator_for(form)
        kind.check_schema(form)
        references = list(_references(form))
    except SchemaError as error:
        raise BadRequest(
            f"{name} is not a JSON schema: {_place(error.absolute_path)}: "
            f"{shorten(error.message, PROBLEM_CHARS)}. Correct it."
        ) from None
    except (TypeError, ValueError) as error:
        raise BadRequest(f"{name} is not a JSON schema ({error}): it may hold only what JSON can.") from None
    except RecursionError:
        raise BadRequest(
            f"{name} is a JSON schema that is nested too deeply to be checked: put its inner parts under $defs."
        ) from None
    for reference in references:
        if not reference.startswith("#"):
            raise BadRequest(
                f"{name} refers to {reference}, and nothing is fetched for it: put that schema under $defs."
            )
    # An empty registry, because without one jsonschema fetches what a reference names:
    # https://python-jsonschema.readthedocs.io/en/stable/referencing/
    validator = kind(form, registry=Registry())
    dialect = specification_with(str(kind.META_SCHEMA.get("$id") or kind.META_SCHEMA.get("id")))
    whole = Resource.from_contents(form, default_specification=dialect)

    def lost(error: Unresolvable) -> BadRequest:
        reference = "#" + error.ref.removeprefix("#")
        return BadRequest(f"{name} refers to {reference}, which is not in it: add it under $defs.")

    try:
        _look_up_references(whole, Registry().resolver_with_root(whole))
    except Unresolvable as error:
        raise lost(error) from None

    def build(value: Any) -> Any:
        try:
            problems = [(error.absolute_path, error.message) for error in validator.iter_errors(value)]
        except Unresolvable as error:
            raise lost(error) from None
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


def _look_up_references(schema: SchemaResource, resolver: Any) -> None:
    """Follow the references of a schema and of those in it, as jsonschema will.

    Raises:
        Unresolvable: one leads nowhere.
    """
    if isinstance(schema.contents, dict) and isinstance(schema.contents.get("$ref"), str):
        resolver.lookup(schema.contents["$ref"])
    for inner in schema.subresources():
        _look_up_references(inner, resolver.in_subresource(inner))


def _unfit(problems: Iterable[tuple[Iterable[str | int], str]]) -> AnswerMismatch:
    told = [f"{_place(path)}: {shorten(message, PROBLEM_CHARS)}" for path, message in problems]
    why = "; ".join(told[:TOLD_PROBLEMS])
    if len(told) > TOLD_PROBLEMS:
        why += f"; and {len(told) - TOLD_PROBLEMS} more"
    return AnswerMismatch(f"The answer does not fit the schema: {why}.", why=why)


def _place(path: Iterable[str | int]) -> str:
    """Write where in a JSON value something is: "peaks[0].height"."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "".join(steps).removeprefix(".") or "the whole"


def _not_installed(what: str) -> BadRequest:
    return BadRequest(f"Answers in a schema need {what}: pip install 'gemini_magics[schema]'.")
