"""Text without secrets: what of a notebook is shown and sent unasked must hold no key and no home."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ..content.attach import names_file
from ..content.expression import is_past as takes_from_past
from ..core.messages import Attachment, Part
from ..core.secret import REMOVED, SECRET
from ..service.keys import known
from ..service.redact import redact

SHORTEST_CHARS = 8  # a shorter text is no secret that can be looked for: it would be found in other words

# A text that is given to something named like a secret: API_KEY = "...", {"token": "..."}, f(password="...").
_NAMED = re.compile(
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
    """Return text without secrets, and with ~ for the home folder.

    A secret is a key of this package, whatever looks like a key, and what is given to something that is
    named like one: in the environment, among `variables`, or in the text. It is masked wherever it stands.
    """
    for _, key in known():
        text = redact(text, key)
    named = (found["value"] for found in _NAMED.finditer(text))
    values = {*_held(os.environ), *_held(variables or {}), *filter(_is_long, named)}
    for value in sorted(values, key=len, reverse=True):  # one may be a part of another
        text = text.replace(value, REMOVED)
    text = SECRET.sub(REMOVED, text)
    text = _NAMED.sub(rf"\g<named>\g<quote>{REMOVED}\g<quote>", text)
    return _home().sub("~", text)


def _held(variables: Mapping[str, Any]) -> Iterator[str]:
    """Yield the secrets among variables, by their names."""
    for name, value in variables.items():
        if isinstance(value, str) and _SECRET_VARIABLE.search(name) and _is_long(value):
            yield value


def _is_long(value: str) -> bool:
    """Tell whether a value is long enough to be looked for; a path says where a secret is, not what."""
    return len(value) >= SHORTEST_CHARS and not value.startswith(("/", "~"))


def _home() -> re.Pattern[str]:
    """Match the home folder as it is written, as it resolves, and as a repr doubles it on Windows."""
    home = os.path.expanduser("~")  # noqa: PTH111 - Path.home() raises where there is none
    ways = {home, os.path.realpath(home), home.replace("\\", "\\\\")} - {"~", "/", ""}
    return re.compile(rf"(?<![\w.~-])(?:{'|'.join(map(re.escape, ways)) or '(?!)'})(?![\w-])")


def is_past(attachment: Attachment) -> bool:
    """Tell whether an attachment is text of cells that ran: of In[3], Out[3] or Err[3], of _ or _i3."""
    if not isinstance(attachment.content, str) or not takes_from_past(attachment.name):
        return False
    return attachment.inline or attachment.name.isidentifier() or not names_file(attachment.name)


def masked_past(attachment: Attachment, variables: Mapping[str, Any]) -> Attachment:
    """Return an attachment, without secrets where it is text of cells that ran."""
    return masked_attachment(attachment, variables) if is_past(attachment) else attachment


def masked_parts(parts: Iterable[Part], variables: Mapping[str, Any]) -> list[Part]:
    """Return the parts of a question, without secrets where they are text of cells that ran."""
    return [masked_past(part, variables) if isinstance(part, Attachment) else part for part in parts]


def masked_attachment(attachment: Attachment, variables: Mapping[str, Any]) -> Attachment:
    """Return an attachment whose text holds no secrets; what is no text stays as it is."""
    if isinstance(attachment.content, str):
        return replace(attachment, content=masked(attachment.content, variables))
    return attachment
