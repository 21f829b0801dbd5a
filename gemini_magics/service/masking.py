"""Mask secrets and the home folder in text that is sent or shown without being typed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from ..core.text import REMOVED, SECRET
from .keys import known
from .redact import redact

MOST_NAMED = 500  # values of a text that are searched for in all of it; each is masked at its own place anyway
SHORTEST_CHARS = 8  # do not search for shorter values: they would match inside ordinary words

# A string literal beside a name for secrets: API_KEY = "...", {"token": "..."}, f(password="...").
_NAMED_VALUE = re.compile(
    r"""
    (?P<named> (?: (?P<password> passw(?:or)?d | passphrase | pwd
                             | (?-i: (?<=_) PASS ) | (?<=db_) pass | (?<=pg) pass )
             | api_?key | access_?key | token | secret | credential )
        (?: s | \d{1,9} | _\w{1,40} )? ["']? \]? \s{0,9} [=:,] \s{0,9} )
    (?P<quote> ["'] ) (?P<value> (?(password) .{1,200}? | \S{8,4000}? ) ) (?P=quote)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_SECRET_VARIABLE = re.compile(
    r"""
      (?: key | token | secret | passw(?:or)?d | passphrase | credentials? ) (?: _id )? $
    | (?-i: _ (?: PASS | PWD ) ) $                              # DB_PASS, MYSQL_PWD; but no first_pass
    | (?: ^ | _ ) (?: db | pg | sql | mysql | ssh | ftp | smtp | mail | user | admin ) _? (?: pass | pwd ) $
    """,
    re.VERBOSE | re.IGNORECASE,
)


def masked(text: str, variables: Mapping[str, Any] | None = None) -> str:
    """Return text with secrets masked and with ~ for the home folder.

    A secret is a key of this package, a text that looks like a key, or the value of a name for secrets in the
    environment, among `variables` or in the text. Each one is masked everywhere in the text.
    """
    for _, key in known():
        text = redact(text, key)
    named = dict.fromkeys(found["value"] for found in _NAMED_VALUE.finditer(text) if _is_long(found["value"]))
    values = {*_secret_values(os.environ), *_secret_values(variables or {}), *islice(named, MOST_NAMED)}
    for value in sorted(values, key=len, reverse=True):  # the longest first: one value may be part of another
        text = text.replace(value, REMOVED)
    text = SECRET.sub(REMOVED, text)
    text = _NAMED_VALUE.sub(rf"\g<named>\g<quote>{REMOVED}\g<quote>", text)
    return _home_pattern().sub("~", text)


def _secret_values(variables: Mapping[str, Any]) -> Iterator[str]:
    """Yield the values of the variables whose names are names for secrets."""
    for name, value in variables.items():
        if isinstance(value, str) and _SECRET_VARIABLE.search(name) and _is_long(value):
            yield value


def _is_long(value: str) -> bool:
    """Tell whether a value is long enough to search for; a path is a place of a secret and not a secret."""
    return len(value) >= SHORTEST_CHARS and not value.startswith(("/", "~"))


def _home_pattern() -> re.Pattern[str]:
    """Match the home folder as spelled, as resolved, and with the doubled backslashes of a repr on Windows."""
    # Path.home() raises where there is no home folder: https://docs.python.org/3/library/pathlib.html#pathlib.Path.home
    home = os.path.expanduser("~")  # noqa: PTH111
    ways = {home, os.path.realpath(home), home.replace("\\", "\\\\")} - {"~", "/", ""}
    return re.compile(rf"(?<![\w.~-])(?:{'|'.join(map(re.escape, ways)) or '(?!)'})(?![\w-])")
