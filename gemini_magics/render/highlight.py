"""Syntax highlighting of code in one pass, in time proportional to its length.

Pygments is not used, because this code comes from a model. Several lexers of Pygments need quadratic or
exponential time for hostile text (CVE-2021-27291, https://github.com/pygments/pygments/issues/3247; the
lexer for C needs 18 s for 20 kB of blank lines), and its maintainers leave that to the application:
https://github.com/pygments/pygments/issues/2355. Here each comment and string ends at the latest where its
line or the text ends, so no text is read twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from html import escape as escaped

# The possessive quantifiers (*+) keep no positions to return to, so a string without an end fails once.
# https://docs.python.org/3/library/re.html#regular-expression-syntax
_DOUBLE = r'"(?:\\.|[^"\\\n])*+"?'
_SINGLE = r"'(?:\\.|[^'\\\n])*+'?"
_CHARACTER = r"'(?:\\[^\n]{1,8}?|[^'\\\n])'"  # always closed, unlike 'a in Rust: https://doc.rust-lang.org/reference/tokens.html
_TICKS = r"`(?:\\[\s\S]|[^`\\])*+`?"
_TRIPLE = r'"""(?:\\[\s\S]|[^"\\]|"(?!""))*+(?:"""|\Z)'
_TRIPLE_SINGLE = _TRIPLE.replace('"', "'")
_HASH = r"(?<!\S)#.*"
_SLASHES = r"//.*|/\*(?:[^*]|\*(?!/))*+(?:\*/|\Z)"


@dataclass(frozen=True)
class _Language:
    """The comments and strings (patterns) and the keywords (a list) of some languages."""

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
    """Return code as HTML with its comments, strings, keywords and defined names in spans with a class.

    Code of a language outside of the table is only escaped.
    """
    name = language.lower()
    if name not in _BY_NAME:
        return _escape(code)
    pieces, done = [], 0
    for found in _pattern(_BY_NAME[name]).finditer(code):
        pieces.append(_escape(code[done : found.start()]))
        pieces.append(f'<span class="gemini-{found.lastgroup}">{_escape(found[0])}</span>')
        done = found.end()
    return "".join(pieces) + _escape(code[done:])


def _escape(code: str) -> str:
    return escaped(code, quote=False)


@cache
def _pattern(language: _Language) -> re.Pattern[str]:
    """Compile the pattern of a language; each group is named like the end of its CSS class."""
    # SQL keywords have no case: https://www.postgresql.org/docs/current/sql-syntax-lexical.html
    case = "(?i:" if language.names == "sql" else "(?:"
    return re.compile(
        rf"(?P<c>{language.comment})|(?P<s>{language.string})"
        r"|(?P<d>(?:(?<=\bdef )|(?<=\bclass )|(?<=\bfn )|(?<=\bfunc )|(?<=\bfunction ))[A-Za-z_]\w*)"
        rf"|\b(?P<k>{case}{'|'.join(language.words.split())}))\b"
    )
