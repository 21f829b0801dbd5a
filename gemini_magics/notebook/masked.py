"""Text without secrets: what of a notebook is shown and sent unasked must hold no key and no home."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ..core.messages import Attachment
from ..service.keys import known
from ..service.redact import REMOVED, redact

SHORTEST_CHARS = 8  # a shorter text is no secret that can be looked for: it would be found in other words

_SECRET = re.compile(
    r"""
      (?<=://) [^/\s:@]+ : [^/\s@]+ (?=@)                       # name and password in a URL
    | (?<=Bearer\ ) [\w.~+/=-]{8,}
    | \b (?: sk|pk|rk ) [-_] [\w-]{16,}                         # OpenAI, OpenRouter, Anthropic, Stripe
    | \b AIza [\w-]{30,} | \b ya29\. [\w.-]{20,}                # Google
    | \b gh[pousr]_ \w{20,} | \b github_pat_ \w{20,} | \b glpat- [\w-]{16,}
    | \b hf_ \w{20,} | \b npm_ \w{20,} | \b pypi- [\w-]{20,}
    | \b xox[a-z]- [\w-]{10,}                                   # Slack
    | \b (?: AKIA|ASIA ) [A-Z0-9]{16} \b                        # AWS
    | \b eyJ [\w-]{8,} \. [\w-]{8,} \. [\w-]*                   # a JSON web token
    | \b (?: [0-9a-fA-F]{32} | [0-9a-fA-F]{40} | [0-9a-fA-F]{64} ) \b   # kie's have 32 digits
    | -----BEGIN\ [A-Z ]* PRIVATE\ KEY----- .*? (?: -----END\ [A-Z ]* PRIVATE\ KEY----- | \Z )
    """,
    re.VERBOSE | re.DOTALL,
)
# A text that is given to something named like a secret: API_KEY = "...", {"token": "..."}, f(password="...").
_NAMED = re.compile(
    r"""
    (?P<named> (?: (?P<password> passw(?:or)?d | passphrase | pwd )
             | api_?key | access_?key | token | secret | credential )
        (?: s | \d{1,9} | _\w{1,40} )? ["']? \]? \s{0,9} [=:,] \s{0,9} )
    (?P<quote> ["'] ) (?P<value> (?(password) .{1,200}? | \S{8,4000}? ) ) (?P=quote)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_SECRET_VARIABLE = re.compile("(KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)(_ID)?$", re.IGNORECASE)
_PAST = re.compile(r"(In|Out|Err)\[")


def masked(text: str, variables: Mapping[str, Any] | None = None) -> str:
    """Return text without secrets, and with ~ for the home folder.

    A secret is a key of this package, whatever looks like a key, and what is given to something that is
    named like one: in the environment, among `variables`, or in the text. It is masked wherever it stands.
    """
    for key in known():
        text = redact(text, key)
    named = (found["value"] for found in _NAMED.finditer(text))
    values = {*_held(os.environ), *_held(variables or {}), *filter(_is_long, named)}
    for value in sorted(values, key=len, reverse=True):  # one may be a part of another
        text = text.replace(value, REMOVED)
    text = _SECRET.sub(REMOVED, text)
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
    """Tell whether an attachment is text of cells that ran: In[3], Out[3] or Err[3]."""
    return isinstance(attachment.content, str) and bool(_PAST.match(attachment.name))


def masked_past(attachment: Attachment, variables: Mapping[str, Any]) -> Attachment:
    """Return an attachment, without secrets where it is text of cells that ran."""
    return masked_attachment(attachment, variables) if is_past(attachment) else attachment


def masked_attachment(attachment: Attachment, variables: Mapping[str, Any]) -> Attachment:
    """Return an attachment whose text holds no secrets; what is no text stays as it is."""
    if isinstance(attachment.content, str):
        return replace(attachment, content=masked(attachment.content, variables))
    return attachment
