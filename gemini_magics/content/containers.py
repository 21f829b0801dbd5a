"""Lists, tuples and dicts of things that can be attached: each of the things goes under its own name."""

from __future__ import annotations

import ast
import json
from collections import deque
from collections.abc import Iterable, Iterator, Set, ValuesView
from typing import Any

from ..core.errors import CannotAttach
from ..core.messages import Attachment
from ..core.settings import Settings
from ..core.text import shorten
from .class_names import class_names, is_a
from .convert import CONVERTERS, attach
from .figures import artists_in
from .regions import Region, attached

MOST_ITEMS = 20  # attachments that one name may stand for
DEEPEST = 4  # containers in containers that are opened; a list may hold itself

# Lists of words and numbers are data: they go as one text.
_NOT_ALONE = frozenset(("builtins.str", "builtins.list", "builtins.tuple", "builtins.dict"))
_LISTED = (Set, ValuesView, deque)  # an index finds nothing in them, or nothing that can be typed
_SHOWN_BY = ("_repr_png_", "_repr_jpeg_", "_repr_svg_", "_repr_mimebundle_", "_ai_repr_")


def attach_each(value: object, name: str, settings: Settings, *, inline: bool = False) -> list[Attachment]:
    """Return a thing of the notebook as attachments: one, or one for each thing in a container.

    A list, tuple or dict that holds a table, a figure, a picture or a file is opened, and each item has the
    name by which a cell reaches it: `figs[0]`, `d["a"]`, `list(d.values())[0]`. The list that
    a plotting call returned is its one figure.

    Raises:
        CannotAttach: an item cannot be sent, or there are more than MOST_ITEMS.
    """
    if isinstance(value, Region):
        return [attach(each, each.name, settings, inline=inline) for each in attached(value, name, settings)]
    listed = list(value) if isinstance(value, _LISTED) else value
    if not opens(listed):
        # One figure in a set is shown; words and numbers in a set are text, as Python writes them.
        whole = listed if _is_container(listed) and _is_one_plot(listed) else value
        return [attach(whole, name, settings, inline=inline)]
    found: list[Attachment] = []
    for item_name, item in _items(listed, name if listed is value else f"list({name})"):
        if len(found) == MOST_ITEMS:
            raise CannotAttach(
                f"{name} holds more than {MOST_ITEMS} things, and {MOST_ITEMS} are the most that one name "
                f"attaches: name some of them, such as {_first_name(value, name)}."
            )
        # A part that is empty, as `frame` of a data set, does not keep the others from being sent; one that was
        # named in the cell is rather a slip.
        part = "None" if item is None and not _written_out(name) else item
        found.append(attach(part, item_name, settings, inline=inline))
    return found


def opens(value: object) -> bool:
    """Tell whether each thing of a container goes as an attachment of its own."""
    return _is_container(value) and not _is_one_plot(value) and _holds_things(value)


def _is_container(value: object) -> bool:
    return isinstance(value, (list, tuple, dict))


def _is_one_plot(value: Any) -> bool:
    """Tell whether a container is what a plotting call returned: artists of one figure.

    `hist` returns its numbers beside the artists; a table, a picture, words, or numbers beside a whole figure
    or Axes are things of their own.
    """
    artists = artists_in(value)
    if not artists or len({id(artist.figure or artist) for artist in artists}) != 1:
        return False
    others = [item for item in _leaves(value) if item is not None and not artists_in(item)]
    if any(is_a(artist, "matplotlib.FigureBase") or is_a(artist, "matplotlib._AxesBase") for artist in artists):
        return not others
    return all(is_a(item, "numpy.ndarray") for item in others)


def _leaves(value: Any, depth: int = DEEPEST) -> Iterator[object]:
    """Yield what stands in a container and in the containers inside of it."""
    for item in value.values() if isinstance(value, dict) else value:
        if depth > 1 and _is_container(item):
            yield from _leaves(item, depth - 1)
        else:
            yield item


def _holds_things(value: Any, depth: int = DEEPEST) -> bool:
    """Tell whether any item of a container is a thing that is more than text; each class is asked once."""
    items = value.values() if isinstance(value, dict) else value
    one_of_each = {type(item): item for item in items}.values()
    if any(_is_thing(item) for item in one_of_each):
        return True
    return depth > 1 and any(_holds_things(item, depth - 1) for item in items if _is_container(item))


def _is_thing(value: object) -> bool:
    if isinstance(value, Attachment):
        return True
    known = next((name for name in class_names(value) if name in CONVERTERS), "")
    return (bool(known) and known not in _NOT_ALONE) or any(hasattr(type(value), way) for way in _SHOWN_BY)


def _items(value: Any, name: str, depth: int = DEEPEST) -> Iterator[tuple[str, object]]:
    """Yield each thing of a container with its name; containers in it are opened too."""
    for item_name, item in _named(value, name):
        if depth > 1 and _is_container(item) and not _is_one_plot(item) and _holds_things(item, depth - 1):
            yield from _items(item, item_name, depth - 1)
        else:
            yield item_name, item


def _named(value: Any, name: str) -> Iterable[tuple[str, object]]:
    """Yield the items of a container under the names that a cell could type."""
    if len(written := _written_out(name)) == len(value):
        return zip(written, value.values() if isinstance(value, dict) else value, strict=True)
    base = name if _is_primary(name) else f"({name})"
    if isinstance(value, dict):
        return ((f"{base}[{_key(key)}]", item) for key, item in value.items())
    return ((f"{base}[{place}]", item) for place, item in enumerate(value))


def _first_name(value: Any, name: str) -> str:
    return next(iter(_named(value, name)))[0]


def _written_out(name: str) -> list[str]:
    """Return the items of a container that was written in the cell: "df1" and "df2" of "[df1, df2]"."""
    match _parsed(name):
        case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Dict(values=items):
            if not any(isinstance(item, ast.Starred) for item in items):
                return [ast.get_source_segment(name, item) or "" for item in items]
    return []


def _is_primary(name: str) -> bool:
    """Tell whether an index may stand behind an expression; a name that is not an expression stays as it is."""
    parsed = _parsed(name)
    return parsed is None or isinstance(
        parsed, (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.List, ast.Tuple, ast.Dict)
    )


# A name may come from a stranger's file, and text that is nested deeply can end in any of these errors:
# https://docs.python.org/3/library/ast.html#ast.parse
def _parsed(name: str) -> ast.expr | None:
    try:
        return ast.parse(name, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _key(key: object) -> str:
    return json.dumps(key, ensure_ascii=False) if isinstance(key, str) else shorten(repr(key), 40)
