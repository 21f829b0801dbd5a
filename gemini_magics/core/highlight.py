"""Colours for code, in one pass over it.

Pygments is not used: some of its lexers take time with the square of a text's length (the one for C is busy
for 18 s with 20 kB of blank lines), and this text comes from a model. Here whatever begins also ends, at the
latest where the line or the text does, so the time is in proportion to the length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from html import escape as escaped

_DOUBLE = r'"(?:\\.|[^"\\\n])*+"?'
_SINGLE = r"'(?:\\.|[^'\\\n])*+'?"
_CHARACTER = r"'(?:\\[^\n]{1,8}?|[^'\\\n])'"  # closed, unlike a lifetime of Rust
_TICKS = r"`(?:\\[\s\S]|[^`\\])*+`?"
_TRIPLE = r'"""(?:\\[\s\S]|[^"\\]|"(?!""))*+(?:"""|\Z)'
_TRIPLE_SINGLE = _TRIPLE.replace('"', "'")
_HASH = r"(?<!\S)#.*"
_SLASHES = r"//.*|/\*(?:[^*]|\*(?!/))*+(?:\*/|\Z)"


@dataclass(frozen=True)
class _Language:
    """What to tell apart in some languages: comments and strings by pattern, keywords by list."""

    names: str
    comment: str
    string: str
    words: str


_LANGUAGES = (
    _Language(
        "python py python3 ipython", _HASH, "|".join((_TRIPLE, _TRIPLE_SINGLE, _DOUBLE, _SINGLE)),
        "and as assert async await break case class continue def del elif else except False finally for"
        " from global if import in is lambda match None nonlocal not or pass raise return True try while"
        " with yield",
    ),
    _Language(
        "r", _HASH, f"{_DOUBLE}|{_SINGLE}",
        "break else FALSE for function if in library NA NULL next repeat require return TRUE while",
    ),
    _Language(
        "julia jl", _HASH, f"{_TRIPLE}|{_DOUBLE}|{_CHARACTER}",
        "abstract begin break catch const continue do else elseif end export false finally for function"
        " global if import in let local macro module mutable nothing quote return struct true try using"
        " where while",
    ),
    _Language(
        "bash sh shell zsh", _HASH, f"{_DOUBLE}|{_SINGLE}",
        "case do done elif else esac exit export fi for function if in local return set then until while",
    ),
    _Language(
        "sql", r"--.*|/\*(?:[^*]|\*(?!/))*+(?:\*/|\Z)", _SINGLE,
        "all alter and as asc between by case create cross delete desc distinct drop else end exists from"
        " full group having in index inner insert into is join left like limit not null offset on or order"
        " outer over partition primary key references right select set table then union unique update using"
        " values view when where with",
    ),
    _Language(
        "javascript js jsx typescript ts tsx", _SLASHES, f"{_DOUBLE}|{_SINGLE}|{_TICKS}",
        "async await break case catch class const continue default delete do else enum export extends false"
        " finally for from function if implements import in instanceof interface let new null of private"
        " public return static super switch this throw true try type typeof undefined var void while yield",
    ),
    _Language(
        "c h cpp c++ cc csharp cs java rust rs go kotlin swift scala", _SLASHES, f"{_DOUBLE}|{_CHARACTER}",
        "abstract as async auto await bool break case catch char class const continue default defer delete"
        " do double else enum explicit extends extern false final float fn for func fun go if impl"
        " implements import in inline int interface internal let long loop match mod mut namespace new nil"
        " null nullptr object override package private protected pub public range return self short signed"
        " sizeof static struct super switch template this throw trait true try type typedef typename union"
        " unsafe unsigned use using val var virtual void volatile when where while yield",
    ),
    _Language("json jsonc json5", _SLASHES, _DOUBLE, "true false null"),
    _Language("yaml yml toml ini cfg", _HASH, f"{_DOUBLE}|{_SINGLE}", "true false null yes no on off"),
)  # fmt: skip
_BY_NAME = {name: language for language in _LANGUAGES for name in language.names.split()}


def highlight(code: str, language: str) -> str:
    """Return code as HTML: comments, strings, keywords and defined names in spans with a class.

    The code of a language that is not known here is only escaped.
    """
    name = language.lower()
    if name not in _BY_NAME:
        return _plain(code)
    pieces, done = [], 0
    for found in _pattern(_BY_NAME[name]).finditer(code):
        pieces.append(_plain(code[done : found.start()]))
        pieces.append(f'<span class="gemini-{found.lastgroup}">{_plain(found[0])}</span>')
        done = found.end()
    return "".join(pieces) + _plain(code[done:])


def _plain(code: str) -> str:
    return escaped(code, quote=False)


@cache
def _pattern(language: _Language) -> re.Pattern[str]:
    """The groups are named as the classes end: comment, string, keyword, definition."""
    case = "(?i:" if language.names == "sql" else "(?:"
    return re.compile(
        rf"(?P<c>{language.comment})|(?P<s>{language.string})"
        r"|(?P<d>(?:(?<=\bdef )|(?<=\bclass )|(?<=\bfn )|(?<=\bfunc )|(?<=\bfunction ))[A-Za-z_]\w*)"
        rf"|\b(?P<k>{case}{'|'.join(language.words.split())}))\b"
    )
