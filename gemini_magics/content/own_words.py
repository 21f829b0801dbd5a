"""The words of objects about themselves: for a model (`_ai_repr_`), as text, and as HTML."""

from __future__ import annotations

import asyncio
import inspect
import re
import sys
import threading
from base64 import b64decode
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from html.parser import HTMLParser
from types import ModuleType
from typing import Any

from ..core.browser import check_threads
from ..core.errors import CannotAttach
from ..core.messages import FOR_MODELS, Attachment
from ..core.settings import Settings
from ..core.text import REMOVED, SECRET, counted, error_line, shorten
from .arrays import NUMBERS
from .files import from_bytes, text

TAKEN = "Figures, images, charts, tables, arrays, text, files and https URLs can be attached."
REPR_CHARS = 100_000  # of what objects say of themselves
SECONDS = 20.0  # that an object may take to describe itself for a model

_EDGE = 30  # numbers from both ends of an array inside a text, where it is not written out in full
_EMPTY_REPR = re.compile(r"<.*\bat 0x[0-9a-fA-F]+>", re.DOTALL)
_COLOURS = re.compile("\x1b\\[[0-9;]*m")
_KEPT_SPACE = "\0"  # of <pre>; in other text of HTML several are one
_OBJECT_AT = re.compile(r"<[^<>]*\bat 0x[0-9a-fA-F]+>")
_WORDS = ("text/markdown", "text/plain", "application/json", "text/html")
_PICTURES = ("image/png", "image/jpeg", "image/webp")


def for_models(value: Any, name: str, settings: Settings) -> Attachment | None:
    """Send what an object says of itself for a model, its `_ai_repr_`, which may be asynchronous.

    The method returns a dict of media types or a text (Jupyter enhancement proposal 129,
    https://github.com/jupyter/enhancement-proposals/pull/129). Words come before pictures; text that
    looks like a key is masked in them.

    Returns:
        None where the object says nothing.

    Raises:
        CannotAttach: it fails, or takes longer than 20 seconds.
    """
    said = _asked(value, name)
    bundle = said if isinstance(said, Mapping) else {"text/plain": said}
    for media_type in _WORDS:
        words = bundle.get(media_type)
        if words is not None and str(words).strip():
            written = html_text(str(words)) if media_type == "text/html" else str(words)
            masked = SECRET.sub(REMOVED, written)
            cut = f", cut to {REPR_CHARS:,}" if len(masked) > REPR_CHARS else ""
            note = f"{FOR_MODELS}, {counted(len(masked), 'character')}{cut}"
            return text(shorten(masked, REPR_CHARS), name, note)
    for media_type in _PICTURES:
        if data := bundle.get(media_type):
            try:
                picture = b64decode(data) if isinstance(data, str) else bytes(data)
            except (ValueError, TypeError) as error:
                raise _failed(name, error) from None
            shown = from_bytes(picture, name, settings)
            return Attachment(name, shown.kind, shown.content, shown.note or "the object's own picture")
    return None


def _asked(value: Any, name: str) -> Any:
    """Call `_ai_repr_` in a thread, which has no running event loop and can be left behind."""
    check_threads(f"The _ai_repr_ of {name}", f"name str({name}) instead")
    answers: list[Any] = []

    async def awaited(later: Awaitable[Any]) -> Any:
        return await later

    def ask() -> None:
        try:
            said = value._ai_repr_()
            answers.append(asyncio.run(awaited(said)) if inspect.isawaitable(said) else said)
        except BaseException as error:  # noqa: BLE001 - objects describe themselves with code of their own
            answers.append(error)

    thread = threading.Thread(target=ask, name="gemini_magics _ai_repr_", daemon=True)
    thread.start()
    thread.join(SECONDS)
    if not answers:
        raise CannotAttach(
            f"{name} takes more than {SECONDS:g} seconds to describe itself with _ai_repr_: name a part "
            f"of it, or str({name})."
        )
    if isinstance(answers[0], BaseException):
        raise _failed(name, answers[0])
    return answers[0]


def _failed(name: str, error: BaseException) -> CannotAttach:
    return CannotAttach(
        f"{name} cannot describe itself: its _ai_repr_ fails with {error_line(error).rstrip('.')}. "
        f"Name str({name}) instead."
    )


def said(value: Any, name: str, settings: Settings) -> Attachment:
    """Send what an object says of itself, if that is anything: its text, or else what a notebook shows for it.

    Arrays in it are written out up to 2,500 numbers, and the note says where their middle is left out.
    """
    with _numbers_in_full():
        words = str(value)
    reason = says_nothing(value, words, name)
    if reason and not isinstance(value, type) and (shown := _shown(value, name)):
        words, reason = shown, ""
    if reason:
        raise CannotAttach(f"{name} is {reason}. {TAKEN}")
    count = getattr(value, "size", 0)
    notes = ["the middle left out"] if isinstance(count, int) and count > NUMBERS and "..." in words else []
    if len(words) > REPR_CHARS:
        notes.append(f"cut to {REPR_CHARS:,} characters")
    return text(shorten(words, REPR_CHARS), name, ", ".join(notes))


def _shown(value: object, name: str) -> str:
    """Return the words that a notebook shows for an object which has none as `str`, or ""."""
    from IPython.lib.pretty import pretty

    bundle = shown_by(value, "_repr_mimebundle_", include=None, exclude=None) or {}
    html = bundle.get("text/html") or shown_by(value, "_repr_html_")
    plain = bundle.get("text/plain") or (pretty(value) if hasattr(type(value), "_repr_pretty_") else "")
    plain = _COLOURS.sub("", str(plain)).strip("\n")
    ways = (
        bundle.get("text/markdown"),
        html_text(html) if isinstance(html, str) else "",
        "" if says_nothing(value, plain, name) else plain,
        bundle.get("text/latex"),
        shown_by(value, "_repr_latex_"),
    )
    return next((words for words in ways if isinstance(words, str) and words), "")


def shown_by(value: object, method: str, **arguments: object) -> Any:
    """Call a method by which objects show themselves; None where the class has none, metadata left out."""
    # The class is asked, because an object whose `__getattr__` answers everything has no such method:
    # https://github.com/ipython/ipython/blob/9.0.0/IPython/utils/dir2.py, `get_real_method`
    if not hasattr(type(value), method):
        return None
    shown = getattr(value, method)(**arguments)
    # https://ipython.readthedocs.io/en/stable/config/integrating.html#metadata
    return shown[0] if isinstance(shown, tuple) else shown


def of_html(value: Any, name: str, settings: Settings) -> Attachment:
    """Send the text of the HTML that an object shows, where its own text is a dump of its parts."""
    return text(html_text(value._repr_html_()), name)


def measured(value: Any, name: str, settings: Settings) -> Attachment:
    """Send what means more than its numbers, such as a quantity with its unit, as it says it."""
    attachment = said(value, name, settings)
    shape = getattr(value, "shape", ())
    if not shape or type(value).__name__ in str(attachment.content):
        return attachment
    kind = f"{type(value).__module__.partition('.')[0]} {type(value).__name__}"
    return text(f"{kind} of shape {tuple(shape)}\n{attachment.content}", name, attachment.note)


def says_nothing(value: object, words: str, name: str) -> str:
    """Say why the text of an object is of no use, or ""."""
    if value is None:
        return "None: there is nothing in it"
    if isinstance(value, type):
        return "a class"
    if isinstance(value, ModuleType):
        return "a module"
    if isinstance(value, Awaitable):
        return f"not there yet: name await {name}"
    if isinstance(value, Iterator):
        return f"an iterator: name list({name})"
    # Elements of Beautiful Soup can be called, too, and write themselves as HTML.
    is_plain = type(value).__str__ is object.__str__ or hasattr(value, "__name__")
    if callable(value) and words.startswith("<") and is_plain:
        return f"a function: call it, as in {name}(), and name what it returns"
    if _EMPTY_REPR.fullmatch(words) or _is_list_of_objects(words):
        return f"of type {type(value).__name__}, which shows neither a picture nor a table nor text of itself"
    return ""


def _is_list_of_objects(words: str) -> bool:
    """Tell whether a text is a list of things that say no more than where they stand in memory."""
    return bool(_OBJECT_AT.search(words)) and not _OBJECT_AT.sub("", words).strip("[](){}, \n")


@contextmanager
def _numbers_in_full() -> Iterator[None]:
    """Let arrays inside texts be written out, where numpy and xarray are loaded at all."""
    numpy, xarray = sys.modules.get("numpy"), sys.modules.get("xarray")
    options = {"threshold": NUMBERS, "edgeitems": _EDGE, "linewidth": 112}
    with (
        numpy.printoptions(**options) if numpy else nullcontext(),
        xarray.set_options(display_values_threshold=NUMBERS) if xarray else nullcontext(),
    ):
        yield


def html_text(html: str) -> str:
    """Return the text of HTML; the cells of a row stand on one line between bars."""
    first, *rest = html.split("<!--")
    html = first + "".join(piece.partition("-->")[2] for piece in rest)
    reader = _Reader()
    reader.feed(_UNCLOSED.sub("&lt;", html))
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.parts).splitlines())
    return "\n".join(filter(None, lines)).replace(_KEPT_SPACE, " ")


# Python's own parser looks to the end for each tag that is not closed (CVE-2025-6069), so none reaches it.
_UNCLOSED = re.compile(r"<(?=[^<>]*(?:<|\Z))")


class _Reader(HTMLParser):
    """Collects the text of HTML, without styles and scripts."""

    _HIDDEN = ("style", "script", "head", "template", "iframe", "svg")
    _LINES = ("tr", "p", "div", "br", "li", "h1", "h2", "h3", "h4", "pre", "caption", "table")

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._hidden = 0
        self._as_written = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._hidden += tag in self._HIDDEN
        self._as_written += tag == "pre"
        if tag in self._LINES:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = max(self._hidden - (tag in self._HIDDEN), 0)
        self._as_written = max(self._as_written - (tag == "pre"), 0)
        if tag in ("td", "th"):
            self.parts.append(" | ")
        elif tag in self._LINES:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            kept = data.replace(" ", _KEPT_SPACE) if self._as_written else data.replace("\n", " ")
            self.parts.append(kept)
