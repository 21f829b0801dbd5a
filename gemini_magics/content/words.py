"""The words of a `%%gemini` line: what each of them names, in the notebook or on the disk."""

from __future__ import annotations

import builtins
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from glob import escape, iglob
from itertools import chain, dropwhile, islice
from pathlib import Path

from ..core.errors import CannotAttach
from ..core.folder import where_paths_begin
from ..core.messages import Attachment
from ..core.settings import Settings
from ..core.text import SECRET, near, shorten, suggest
from .containers import MOST_ITEMS, attach_each
from .convert import TAKEN, attach
from .files import URL, as_spelled, expanded, link
from .namespace import Namespace
from .regions import with_region

NEAR_FILES = 2000  # looked at in a folder to find the file that was meant

# Each number of pieces that is tried asks the disk once.
LONGEST_FILE_PIECES = 8  # a file's name may hold this many commas less one

_LEFTMOST_NAME = re.compile(r"[-~+(\[{]*([^\W\d]\w*)")
_QUOTED = re.compile(r"""(["'])(.+)\1""", re.DOTALL)
_NAMED_VALUE = re.compile(r"([^\W\d]\w*)(?:$|[\[(])")  # fig, axes[0]; fig.png is rather a path
_PATH = re.compile(r"[/\\]|\.\w{1,5}$")
_GLOB = re.compile(r"[*?]|\[[^\]]+\]")


def read_words(words: Iterable[str], namespace: Namespace, settings: Settings) -> list[Attachment]:
    """Return what the words of a `%%gemini` line name, in their order.

    A comma separates words too, outside quotes and brackets, unless a file has it in its name. Words that
    are the path of one file together are that file. A pattern such as plots/*.png stands for the files that
    it matches. A list, tuple or dict of things becomes an attachment for each of them.

    Raises:
        CannotAttach: as `read_word` and `attach_each` do.
    """
    joined_words = _with_spaces(list(words), namespace)
    separated = (
        piece
        for word in joined_words
        for part in _at_commas(word, namespace)
        for piece in _matches(part, namespace)
    )
    return [
        attachment
        for word in separated
        for attachment in attach_each(*_named(word, namespace, settings), settings)
    ]


def _with_spaces(words: list[str], namespace: Namespace) -> Iterator[str]:
    """Yield the words; those that are the path of one file with spaces in it as one, in quotes."""
    place = 0
    while place < len(words):
        taken = 1
        if not (words[place] in namespace or _QUOTED.fullmatch(words[place])):
            most = min(len(words) - place, LONGEST_FILE_PIECES)
            tried = (n for n in range(most, 1, -1) if names_file(_path(words[place : place + n])))
            taken = next(tried, 1)
        path = _path(words[place : place + taken])
        yield f'"{path}"' if taken > 1 and '"' not in path else words[place]
        place += taken


def _path(words: Iterable[str]) -> str:
    """Return words as one path; before a space a backslash may stand, as in a shell, and a comma ends them."""
    return " ".join(words).replace("\\ ", " ").removesuffix(",")


def _matches(word: str, namespace: Namespace) -> Iterator[str]:
    """Yield the files that a pattern such as plots/*.png matches, each in quotes; any other word as it is.

    Raises:
        CannotAttach: no file matches, or more than one name may stand for.
    """
    quoted = _QUOTED.fullmatch(word)
    pattern = quoted[2] if quoted else word
    begins = None if quoted else _LEFTMOST_NAME.match(word)
    if not _GLOB.search(pattern) or URL.match(pattern) or names_file(pattern):
        yield word
        return
    if begins and begins[1] in namespace:
        yield word
        return
    found = _files_of(pattern)
    if not found and not _PATH.search(pattern):
        yield word
        return
    if not found:
        raise CannotAttach(f"No file matches {shorten(pattern, 80)}. {where_paths_begin()}")
    if len(found) > MOST_ITEMS:
        raise CannotAttach(
            f"{shorten(pattern, 80)} matches more than {MOST_ITEMS} files: name some, such as {found[0]}."
        )
    yield from (f'"{path}"' for path in found)


def _files_of(pattern: str) -> list[str]:
    """Return the files that a pattern matches, in the order of their names, at most one more than may go."""
    with suppress(OSError, ValueError, RuntimeError):
        paths = chain.from_iterable(map(iglob, _unfolded(expanded(Path(pattern)))))
        return sorted(islice((path for path in paths if Path(path).is_file()), MOST_ITEMS + 1))
    return []


def _unfolded(pattern: Path) -> Iterator[str]:
    """Yield a pattern for each folder that a `**` stands for; a folder to which several links lead, once.

    glob itself follows each link again and again: two links that lead in a circle have 2**40 paths.
    """
    if "**" not in pattern.parts:
        yield str(pattern)
        return
    at, seen = pattern.parts.index("**"), set()
    rest = list(dropwhile("**".__eq__, pattern.parts[at:])) or ["*"]
    tops = iglob(str(Path(*pattern.parts[:at]))) if at else ["."]  # noqa: PTH207 - Path.glob refuses a full path
    for top in tops:
        for folder, within, _ in os.walk(top, followlinks=True):
            real = os.path.realpath(folder)
            shown = sorted(name for name in within if not name.startswith("."))
            within[:] = [] if real in seen else shown
            if real not in seen:
                seen.add(real)
                yield from _unfolded(Path(escape(folder), *rest))


def read_word(word: str, namespace: Namespace, settings: Settings) -> Attachment:
    """Return what one word of the `%%gemini` line names: a URL, a file, or a value of the namespace.

    A word in quotes is a path. A plain name that is defined is that; any other word that leads to a file is
    the file; the rest is an expression, if it begins with a name that is defined.

    Args:
        word: as it was typed, quotes included.

    Raises:
        CannotAttach: it names nothing that can be sent; says what was meant, where that can be guessed.
    """
    return attach(*_named(word, namespace, settings), settings)


def _named(word: str, namespace: Namespace, settings: Settings) -> tuple[object, str]:
    """Return the thing that a word names, and the word without its quotes."""
    quoted = _QUOTED.fullmatch(word)
    inner = quoted[2] if quoted else word
    namespace = namespace if quoted else with_region(word, namespace)
    if URL.match(inner):
        return link(inner, inner), inner
    if quoted or not (word.isidentifier() and word in namespace):
        if names_file(inner):
            return Path(inner), inner
        begins = None if quoted else _LEFTMOST_NAME.match(word)
        unknown = begins[1] if begins else inner
        if unknown == inner or not (unknown in namespace or hasattr(builtins, unknown)):
            raise _nothing_there(word, unknown, namespace)
    return namespace.value(word, CannotAttach), word


def _at_commas(word: str, namespace: Namespace) -> Iterator[str]:
    """Yield what the commas of a word separate; a file or URL with a comma in it stays whole."""
    pieces = split_at_commas(word)
    while pieces:
        most = min(len(pieces), LONGEST_FILE_PIECES)
        files = (taken for taken in range(most, 1, -1) if names_file(",".join(pieces[:taken])))
        taken = next(files, 1)
        if URL.match(pieces[0]):
            while taken < len(pieces) and not _names_another(pieces[taken], namespace):
                taken += 1
        if piece := ",".join(pieces[:taken]):
            yield piece
        pieces = pieces[taken:]


def _names_another(piece: str, namespace: Namespace) -> bool:
    """Tell whether the text behind a comma of a URL is an attachment of its own."""
    return not piece or bool(URL.match(piece)) or piece in namespace or names_file(piece)


def bare_word(word: str) -> str:
    """Return a word without the quotes around it."""
    quoted = _QUOTED.fullmatch(word)
    return quoted[2] if quoted else word


def split_at_commas(word: str) -> list[str]:
    """Split a word at each comma outside quotes and brackets."""
    pieces, begin, place, depth = [], 0, 0, 0
    while place < len(word):
        character = word[place]
        if character in "'\"":
            place = max(place, word.find(character, place + 1))
        elif character == "," and depth <= 0:
            pieces.append(word[begin:place])
            begin = place + 1
        else:
            depth += (character in "([{") - (character in ")]}")
        place += 1
    return [*pieces, word[begin:]]


def names_file(word: str) -> bool:
    """Tell whether a word is the path of anything, also of a link that leads nowhere."""
    try:
        path = as_spelled(expanded(Path(word)))
        return word != "" and (path.exists() or path.is_symlink())  # the path of "" is the current folder
    except (OSError, ValueError, RuntimeError):  # too long, with a NUL, or "~" without a home
        return False


def _nothing_there(typed: str, unknown: str, namespace: Namespace) -> CannotAttach:
    """Say that a word names nothing, and what to write instead."""
    word = bare_word(typed)
    quoted = word != typed
    if SECRET.fullmatch(word):
        return CannotAttach(
            "A word of this line looks like a key: delete it, since notebooks keep their cells. "
            "%gemini_key asks for a key, and hides what is typed."
        )
    what = "file" if quoted or not namespace.names else "name and no file"
    meant = [*near(unknown, () if quoted else namespace.names, 2), *near(word, _files_beside(word))]
    value = _NAMED_VALUE.match(word)
    if quoted and value and value[1] in namespace:
        hint = f"For the value, write {shorten(word, 80)} without quotes."
    elif meant:
        hint = suggest(meant[:3])
    elif what == "file" or _PATH.search(word):
        hint = where_paths_begin()
    elif unknown.isidentifier() and not hasattr(builtins, unknown):
        hint = f"Run the cell that defines it. {TAKEN}"
    else:
        hint = TAKEN
    return CannotAttach(f"There is no {what} {shorten(word, 80)} here. {hint}")


def _files_beside(word: str) -> list[str]:
    """List the files of the folder in which a path was looked for, each as it would be typed."""
    with suppress(OSError, ValueError, RuntimeError):
        return [str(file) for file in islice(expanded(Path(word)).parent.iterdir(), NEAR_FILES)]
    return []
