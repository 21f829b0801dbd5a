"""The line behind %%gemini: what is attached, and how the question is asked.

Options come from the fields of `Settings`; those that concern one cell only are added here. The help
and the table in the README are written from the same list.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any

from ..core.errors import BadRequest
from ..core.settings import Settings, did_you_mean


@dataclass(frozen=True)
class Option:
    """One option: `flag` sets `name`; a `metavar` says that a value follows, in brackets that it may."""

    flag: str
    name: str
    help: str
    metavar: str = ""
    off: str = ""
    default: str = ""

    @property
    def usage(self) -> str:
        """How it is written: "--effort low|high"."""
        return f"{self.flag} {self.metavar}".rstrip() + (f" / {self.off}" if self.off else "")


def _settings_options() -> Iterator[Option]:
    for setting in fields(Settings):
        about = setting.metadata
        if about["flag"]:
            default = "on" if setting.default is True else setting.default
            yield Option(
                about["flag"], setting.name, about["help"], about["metavar"], about["off"],
                default if isinstance(default, str) else "",
            )  # fmt: skip


OPTIONS = (
    *_settings_options(),
    Option("--to", "to", "keep the answer in a variable", "NAME"),
    Option("--schema", "schema", "ask for data in the form of a class or JSON schema of the notebook", "NAME"),
    Option("--code", "code", "put the code of the answer into the next cell; it is not run"),
    Option("--dry-run", "dry_run", "show what would be sent, and send nothing"),
)
CELL_ONLY = tuple(option.name for option in OPTIONS if option.name not in Settings.__dataclass_fields__)


@dataclass(frozen=True)
class Line:
    """A line that was understood.

    Attributes:
        words: the attachments, as typed.
        settings: the settings that its options change.
        to: the variable that takes the answer, or "".
        schema: the expression whose value is the form of the answer, or "".
        code: True to put the answer's code into the next cell.
        dry_run: True to show the request instead of sending it.
        question: the rest of a `%gemini` line.
    """

    words: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    to: str = ""
    schema: str = ""
    code: bool = False
    dry_run: bool = False
    question: str = ""


def read_cell_line(line: str) -> Line:
    """Read the line of a `%%gemini` cell: attachments, then options.

    Raises:
        BadRequest: an option that is unknown, lacks its value or comes before an attachment.
    """
    words = [word for _, word in _words(line)]
    first = next((place for place, word in enumerate(words) if word.startswith("--")), len(words))
    attached, rest = tuple(words[:first]), words[first:]
    values: dict[str, Any] = {}
    while rest:
        if not rest[0].startswith("--"):
            raise BadRequest(
                f"{rest[0]} comes after the options: name what to attach first, as in "
                f"%%gemini {' '.join([*attached, rest[0]])} {words[first]}."
            )
        rest = rest[_read_option(rest, values, optional=True) :]
    return _line(values, words=attached)


def read_question_line(line: str) -> Line:
    """Read a `%gemini` line: options, then the question, which is taken as it was typed.

    A `--` alone ends the options. An option whose value may be left out takes it after "=" only.
    """
    values: dict[str, Any] = {}
    words = list(_words(line))
    while words and words[0][1].startswith("--"):
        if words[0][1] == "--":
            words = words[1:]
            break
        words = words[_read_option([word for _, word in words], values, optional=False) :]
    return _line(values, question=line[words[0][0] :] if words else "")


def _line(values: dict[str, Any], **rest: Any) -> Line:
    own = {name: values.pop(name) for name in CELL_ONLY if name in values}
    if not own.get("to", "name").isidentifier():
        raise BadRequest(f"--to takes the name of a variable, not {own['to']!r}.")
    return Line(settings=values, **own, **rest)


def _words(line: str) -> Iterator[tuple[int, str]]:
    """Yield each word and where it begins; spaces in quotes and brackets are inside a word: df["a b"]."""
    begin, place, depth = 0, 0, 0
    while place < len(line):
        character = line[place]
        if character.isspace() and depth <= 0:
            if begin < place:
                yield begin, line[begin:place]
            begin, depth = place + 1, 0
        elif character in "'\"":
            place = max(place, line.find(character, place + 1))
        else:
            depth += (character in "([{") - (character in ")]}")
        place += 1
    if begin < len(line):
        yield begin, line[begin:]


def _read_option(words: list[str], values: dict[str, Any], *, optional: bool) -> int:
    """Read the option at the head of `words` into `values`; return how many words it took."""
    flag, equals, text = words[0].partition("=")
    option = next((option for option in OPTIONS if flag in (option.flag, option.off)), None)
    if option is None:
        known = [name for each in OPTIONS for name in (each.flag, each.off) if name]
        raise BadRequest(f"There is no option {flag}. {did_you_mean(flag, known)} %%gemini? shows them all.")
    if not option.metavar or flag == option.off:
        if equals:
            raise BadRequest(f"{flag} takes no value: write {flag} alone.")
        values[option.name] = "" if option.metavar else flag == option.flag
        return 1
    may_lack = option.metavar.startswith("[")
    follows = len(words) > 1 and not words[1].startswith("--")
    if equals:
        value, taken = text, 1
    elif follows and (optional or not may_lack):
        value, taken = words[1], 2
    elif may_lack:
        value, taken = "main", 1
    else:
        raise BadRequest(f"{flag} needs a value: {option.usage}.")
    values[option.name] = _value(option, _unquoted(value))
    return taken


def _value(option: Option, text: str) -> Any:
    if option.metavar != "JSON":
        return text
    try:
        value = json.loads(text)
    except ValueError as error:
        raise BadRequest(
            f"{option.flag} is not JSON ({error}): write it as {option.flag} '{{\"temperature\": 0.2}}'."
        ) from None
    if not isinstance(value, dict):
        raise BadRequest(f"{option.flag} takes a JSON object, such as '{{\"temperature\": 0.2}}', not {text}.")
    return value


def _unquoted(text: str) -> str:
    """Take the quotes off a value that is wholly quoted, as a shell would."""
    return shlex.split(text)[0] if len(text) > 1 and text[0] in "'\"" and text[-1] == text[0] else text


def help_text() -> str:
    """Write the help that `%%gemini?` shows."""
    width = max(len(option.usage) for option in OPTIONS)
    rows = "\n".join(f"  {option.usage:<{width}}  {option.help}" for option in OPTIONS)
    return (
        "Ask Gemini about what is in this notebook.\n\n"
        "  %%gemini [ATTACHMENT ...] [OPTION ...]     the question stands in the lines below\n"
        "  %gemini [OPTION ...] QUESTION              the question stands in the line\n\n"
        "An attachment is a name or an expression (fig, axes[0], df, Out[3]), a path (plots/photo.jpg) or an\n"
        "https URL. The question is sent as it is typed; only $`expression` is replaced, by its value.\n\n"
        f"Options:\n{rows}\n\n"
        'Defaults for the session: %config GeminiMagics.effort = "low". All of them: %config GeminiMagics'
    )


def markdown_table() -> str:
    """Write the table of options that stands in the README."""
    head = "| option | what it does | default |\n|---|---|---|\n"
    return head + "".join(
        f"| `{option.usage.replace('|', chr(92) + '|')}` | {option.help} | {option.default} |\n"
        for option in OPTIONS
    )
