"""Python functions as tools: pydantic describes their arguments for the model, and checks what it sends.

A function is an ordinary one. Its type hints, defaults and docstring tell the model how to call it. Data of the
notebook, such as a DataFrame, is passed by its name: the name is looked up, and never evaluated.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import re
import sys
import threading
from collections import ChainMap
from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from math import isfinite
from types import NoneType, SimpleNamespace, UnionType
from typing import (
    Annotated,
    Any,
    NotRequired,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    overload,
)

from ..core.browser import check_threads
from ..core.errors import BadRequest
from ..core.text import error_line, listed, one_line, shorten
from ..core.tool import Tool

NAME_CHARS = 64  # https://platform.openai.com/docs/api-reference/chat/create#chat-create-tools
DESCRIPTION_CHARS = 8_000
PROBLEM_CHARS = 200
MOST_TOOLS = 128  # as the same page says
_MARK = "__gemini_tool__"
_NAME = re.compile(r"[A-Za-z_]\w{0,63}", re.ASCII)
# Classes of data that a notebook has under a name, by package and class.
_BY_NAME = frozenset(
    (
        "pandas.DataFrame", "pandas.Series", "polars.DataFrame", "polars.LazyFrame", "polars.Series",
        "numpy.ndarray", "matplotlib.Figure", "matplotlib.Axes", "xarray.DataArray", "xarray.Dataset",
        "PIL.Image", "pyarrow.Table",
    )
)  # fmt: skip

_Function = TypeVar("_Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class _Options:
    """The choices of `@tool`."""

    run: bool = False
    name: str = ""


@overload
def tool(function: _Function) -> _Function: ...
@overload
def tool(*, run: bool = False, name: str = "") -> Callable[[_Function], _Function]: ...
def tool(
    function: _Function | None = None, *, run: bool = False, name: str = ""
) -> _Function | Callable[[_Function], _Function]:
    """Mark a function that the model may call; the function itself stays as it is.

    Example::

        @gemini_magics.tool(run=True)
        def mean_of(column: Literal["height", "age"]) -> float:
            '''Return the mean of a column.'''
            return df[column].mean()

    Args:
        run: run it without asking the person, also where nobody can be asked.
        name: the name that the model calls it by, in the place of its own.

    Raises:
        BadRequest: it takes no mark, as a builtin or a bound method.
    """
    if function is None:
        return partial(_marked, _Options(run, name))
    return _marked(_Options(run, name), function)


def _marked(options: _Options, function: _Function) -> _Function:
    try:
        setattr(function, _MARK, options)
    except (AttributeError, TypeError):  # a builtin, a bound method, an object with __slots__
        raise BadRequest(
            f"{one_line(repr(function), 80)} cannot be marked: write a function that calls it, and mark that."
        ) from None
    return function


def is_marked(function: object) -> bool:
    """Tell whether `@tool` marks a function."""
    return hasattr(function, _MARK)


def tools_of(functions: Iterable[Any], names: Mapping[str, Any] | None = None) -> tuple[Tool, ...]:
    """Make tools of functions.

    Args:
        names: the variables of the notebook, in which data that is passed by name is looked up; without them
            those of `__main__`.

    Raises:
        BadRequest: one of them cannot be described to the model; the message says which, and why.
    """
    if callable(functions):
        called = getattr(functions, "__name__", "load_prices")
        raise BadRequest(f"tools is a list of functions: write tools=[{called}].")
    tools = tuple(_tool_of(function, names) for function in functions)
    twice = [each.name for each in tools if [other.name for other in tools].count(each.name) > 1]
    if twice:
        raise BadRequest(f"Two functions are called {twice[0]}: rename one with @gemini_magics.tool(name=...).")
    if len(tools) > MOST_TOOLS:
        raise BadRequest(f"{len(tools)} functions are too many: name at most {MOST_TOOLS}.")
    return tools


def _tool_of(function: Any, names: Mapping[str, Any] | None) -> Tool:
    options = getattr(function, _MARK, _Options())
    if not callable(function) or isinstance(function, type):
        raise BadRequest(
            f"{one_line(repr(function), 80)} is not a function: name functions, as in tools=[load_prices]."
        )
    written = _written(function)
    name = options.name or getattr(function, "__name__", "") or getattr(written, "__name__", "")
    if not _NAME.fullmatch(name):
        raise BadRequest(
            f"The model cannot call {one_line(repr(name), 80)}: a name has at most {NAME_CHARS} Latin letters, "
            "digits and _. Give it one with @gemini_magics.tool(name=...)."
        )
    around = dict(names) if names is not None else vars(sys.modules["__main__"])
    known = ChainMap({}, _globals_of(function), around)
    arguments = _Arguments(function, name, known)
    return Tool(
        name=name,
        description=shorten(inspect.getdoc(written) or "", DESCRIPTION_CHARS),
        parameters=arguments.schema,
        asks=not options.run,
        read=arguments.read,
        call=lambda values: _call(function, values),
        names=known,
    )


def _written(function: Any) -> Any:
    """Return the function as a person wrote it: without decorators, the one of a partial or of an object."""
    function = inspect.unwrap(function)
    while isinstance(function, partial):
        function = inspect.unwrap(function.func)
    return function if inspect.isroutine(function) else type(function).__call__


def _globals_of(function: Any) -> dict[str, Any]:
    found = getattr(_written(function), "__globals__", {})
    return found if isinstance(found, dict) else {}


class _Arguments:
    """The arguments of a function, as pydantic describes and checks them."""

    def __init__(self, function: Any, name: str, names: Mapping[str, Any]) -> None:
        self._name, self._names = name, names
        self._by_name: dict[str, Any] = {}
        self._adapter = self._made(self._fields(function))
        try:
            self.schema = _plain(self._adapter.json_schema())
        except Exception as error:  # noqa: BLE001 - a class may describe itself with code of its own
            raise self._undescribed(error) from None

    def read(self, text: str) -> dict[str, Any]:
        """Return the arguments that a text holds as JSON.

        Raises:
            ValueError: it holds no JSON object, or one that does not fit; the message says what is wrong.
        """
        from pydantic import ValidationError

        try:
            values: dict[str, Any] = self._adapter.validate_json(text)
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False, include_context=False)
            told = [f"{'.'.join(map(str, each['loc'])) or 'the whole'}: {each['msg']}" for each in found[:5]]
            raise ValueError(shorten("; ".join(told), 5 * PROBLEM_CHARS)) from None
        return {name: self._found(name, value) for name, value in values.items()}

    def _found(self, name: str, value: Any) -> Any:
        """Return an argument; where it is the name of data, that data."""
        if name not in self._by_name or value is None:
            return value
        known = self._names.get(value) if value.isidentifier() else None
        if not isinstance(known, self._by_name[name]):
            kind = self._by_name[name].__name__  # which names there are is not told: the model did not get them
            raise ValueError(f"{name}: the notebook has no {kind} of the name {one_line(repr(value), 80)}")
        return known

    def _fields(self, function: Any) -> dict[str, Any]:
        try:
            hints = _hints(_written(function))
            parameters = inspect.signature(function).parameters.values()
        except (NameError, TypeError, ValueError) as error:
            raise self._undescribed(error) from None
        fields = {}
        for parameter in parameters:
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                raise BadRequest(
                    f"{self._name} takes {parameter}, which no schema can describe: name each argument."
                )
            if parameter.name not in hints:
                raise BadRequest(
                    f"{self._name}: the argument {parameter.name} has no type: write it, as in "
                    f"{parameter.name}: str."
                )
            fields[parameter.name] = self._field(parameter, hints[parameter.name])
        return fields

    def _field(self, parameter: inspect.Parameter, hint: Any) -> Any:
        from pydantic import Field

        if data := _data_in(hint):
            self._by_name[parameter.name] = data
            about = f"The name of a {data.__name__} of the notebook, such as {parameter.name}"
            hint = Annotated[str | None if NoneType in _choices(hint) else str, Field(description=about)]
        if parameter.default is parameter.empty:
            return hint
        default = parameter.default
        # The function itself fills in what is left out. JSON has no NaN.
        if isinstance(default, str | int) or (isinstance(default, float) and isfinite(default)):
            hint = Annotated[hint, Field(json_schema_extra={"default": default})]
        return NotRequired[hint]

    def _made(self, fields: dict[str, Any]) -> Any:
        from pydantic import ConfigDict, TypeAdapter, with_config
        from typing_extensions import TypedDict

        # Before Python 3.12 pydantic takes only the TypedDict of typing_extensions:
        # https://docs.pydantic.dev/latest/errors/usage_errors/#typed-dict-version
        made: Any = TypedDict  # a type checker knows it as syntax only
        try:
            # By default pydantic drops a misspelled argument in silence:
            # https://docs.pydantic.dev/latest/api/config/#pydantic.config.ConfigDict.extra
            return TypeAdapter(with_config(ConfigDict(extra="forbid"))(made(self._name, fields)))
        except Exception as error:  # noqa: BLE001 - a class may describe itself with code of its own
            raise self._undescribed(error) from None

    def _undescribed(self, error: Exception) -> BadRequest:
        # pydantic's advice and the address of its page follow
        said = one_line(re.split(r"\.? (?:Set `|For further)", error_line(error))[0], PROBLEM_CHARS)
        return BadRequest(
            f"{self._name} cannot be described to the model ({said}): give its arguments types that JSON has, "
            "a Literal, a pydantic model, or a table or figure, which goes by its name."
        )


def _hints(function: Any) -> dict[str, Any]:
    """Return the type hints of the arguments. That of the result may name what only a type checker imports.

    Raises:
        NameError: a type is not known.
    """
    annotations = {name: hint for name, hint in inspect.get_annotations(function).items() if name != "return"}
    parameters = getattr(function, "__type_params__", ())
    arguments = SimpleNamespace(__annotations__=annotations, __type_params__=parameters)
    return get_type_hints(arguments, _globals_of(function), include_extras=True)


def _data_in(hint: Any) -> Any:
    """Return the class of data that a type hint is, or is beside None; None where it is something else."""
    kinds = [each for each in _choices(hint) if each is not NoneType]
    kind = _class_of(kinds[0]) if len(kinds) == 1 else None
    if not isinstance(kind, type):
        return None
    names = (f"{each.__module__.partition('.')[0]}.{each.__qualname__}" for each in kind.__mro__)
    return kind if any(name in _BY_NAME for name in names) else None


def _class_of(hint: Any) -> Any:
    """Return the class of a type hint without its arguments: ndarray for NDArray[float64]."""
    origin = get_origin(hint) or hint
    # numpy writes NDArray as an alias: https://docs.python.org/3/library/typing.html#typing.TypeAliasType
    meant = getattr(origin, "__value__", origin)
    return get_origin(meant) or meant


def _choices(hint: Any) -> tuple[Any, ...]:
    """Return the types of a union, or else the one type, without the notes of Annotated."""
    if get_origin(hint) is Annotated:
        return _choices(get_args(hint)[0])
    if get_origin(hint) in (Union, UnionType):
        return tuple(inner for each in get_args(hint) for inner in _choices(each))
    return (hint,)


def _plain(schema: Any) -> dict[str, Any]:
    """Return a schema in the part of JSON Schema that Gemini takes: no references, no titles, no `const`.

    Raises:
        ValueError: it holds itself.
    """
    # https://ai.google.dev/api/caching#Schema
    definitions = schema.get("$defs", {})

    def plain(part: Any, inside: tuple[str, ...] = ()) -> Any:
        if isinstance(part, list):
            return [plain(each, inside) for each in part]
        if not isinstance(part, dict):
            return part
        if isinstance(reference := part.get("$ref"), str):
            if reference in inside:
                raise ValueError(f"{reference.rpartition('/')[2]} holds itself")
            found = definitions.get(reference.rpartition("/")[2], {})
            rest = {key: value for key, value in part.items() if key != "$ref"}
            return plain({**found, **rest}, (*inside, reference))
        # What tells the choices of a union apart stands in each of them, and is told by references.
        left = ("$defs", "additionalProperties", "discriminator")
        kept = {key: value for key, value in part.items() if key not in left}
        if isinstance(kept.get("title"), str):
            del kept["title"]
        if "const" in kept:
            kept["enum"] = [kept.pop("const")]
        return {
            key: named(value, inside) if key == "properties" else plain(value, inside)
            for key, value in kept.items()
        }

    def named(properties: Any, inside: tuple[str, ...]) -> Any:
        """Keep the names of arguments, which may be those of keywords."""
        return {name: plain(value, inside) for name, value in properties.items()}

    made: dict[str, Any] = plain(schema)
    return made


def _call(function: Any, values: Mapping[str, Any]) -> Any:
    """Call a function; an async one is awaited."""
    # Not by **values, which cannot reach arguments before a / (https://peps.python.org/pep-0570/).
    bound = inspect.signature(function).bind_partial()
    bound.arguments.update(values)
    given = function(*bound.args, **bound.kwargs)
    if inspect.isasyncgen(given):
        given = _collected(given)
    return _awaited(given) if inspect.isawaitable(given) else given


async def _collected(given: AsyncIterable[Any]) -> list[Any]:
    return [each async for each in given]


def _awaited(given: Any) -> Any:
    """Wait for a coroutine. Where a loop runs already, as in a kernel, it gets a thread with another loop."""

    async def wait() -> Any:
        return await given

    try:
        # asyncio.run refuses to run inside of a loop:
        # https://docs.python.org/3/library/asyncio-runner.html#asyncio.run
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(wait())
    check_threads("An asynchronous function", "give the model one that is defined with def alone")
    result: list[Any] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            result.append(asyncio.run(wait()))
        except BaseException as error:  # noqa: BLE001 - it is raised again where the function was called
            failure.append(error)

    # The context tells ipykernel which cell prints.
    thread = threading.Thread(target=contextvars.copy_context().run, args=(run,), daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(0.1)  # Ctrl-C passes between two waits
    if failure:
        raise failure[0]
    return result[0]


def unknown_name(name: str, tools: Iterable[Tool]) -> str:
    """Say that there is no function of a name, and which there are."""
    there = listed([each.name for each in tools], "and")
    return f"There is no function {one_line(name, NAME_CHARS)}; there is {there}."
