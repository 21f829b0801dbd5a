"""The line behind %%gemini: what is attached, and how the question is asked.

Options come from the fields of `Settings`; those that concern one cell only are added here. The help
and the table in the README are written from the same list.
"""

from __future__ import annotations

import builtins
import json
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from itertools import takewhile
from keyword import iskeyword
from typing import Any

from ..content.namespace import identifier
from ..core.errors import BadRequest
from ..core.json_fields import read_json
from ..core.settings import REQUEST_FIELDS, Settings
from ..core.text import did_you_mean


@dataclass(frozen=True)
class Option:
    """One option: `flag` sets `name`; a `metavar` says that a value follows, in brackets that it may.

    Where `many` is true it may stand several times, and its value is a tuple.
    """

    flag: str
    name: str
    help: str
    metavar: str = ""
    off: str = ""
    default: str = ""
    many: bool = False

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
    Option("--tool", "tool", "let the model call this function; once for each", "NAME", many=True),
    Option("--code", "code", "put the code of the answer into the next cell; it is not run"),
    Option("--background", "background", "let the cell end at once; its answer grows while other cells run"),
    Option("--dry-run", "dry_run", "show what would be sent, and send nothing"),
    Option(
        "--over", "over", "ask once for each row of a table or item of a list; $`column` is its value", "NAME"
    ),
    Option(
        "--compare", "compare", "ask in several ways, side by side: effort=low,high or model=A,B", "NAME=A,B"
    ),
    Option("--expect", "expect", "with --compare: the column of --over that holds the right answers", "COLUMN"),
    Option("--limit", "limit", "with --over: ask only so many first rows", "N"),
    Option("--concurrency", "concurrency", "with --over: the most questions under way at once", "N"),
    Option("--executor", "executor", "with --over: a Dask or ipyparallel Client whose workers ask", "NAME"),
    Option("--record", "record", "with --over: the file that keeps the answers, or no for none", "FILE"),
    Option(
        "--retry-failed", "retry_failed", "with --over: ask rows again that broke off and may have been charged"
    ),
    Option("--stop-after", "stop_after", "with --over: begin no more rows after so many failures", "N"),
    Option("--no-confirm", "no_confirm", "with --over: ask many rows without asking you first"),
)
FLAGS = {flag: option for option in OPTIONS for flag in (option.flag, option.off) if flag}
CELL_ONLY = tuple(option.name for option in OPTIONS if option.name not in Settings.__dataclass_fields__)
MANY = ("over", "compare")
BATCH_ONLY = (
    "expect", "limit", "concurrency", "executor", "record", "retry_failed", "stop_after", "no_confirm",
)  # fmt: skip
MOST_WORDS = 500  # of a line that names attachments; one with more is a question
MOST_WORDS_OF_OPTION = 100  # that are looked at to find where the text of an option ends
ASK_BELOW = (
    "The question goes into the lines below; %gemini asks in one line, with $`fig` where something is attached."
)

# Word processors put these in place of "--", "-" and quotes.
_DASHES = re.compile("[-‐‑‒–—―−]+")
_CURLY_QUOTES = tuple("“”„‟‘’‚«»")
_CURLY = re.compile("[“”„‟‘’‚«»](.+?)(?:[“”„‟‘’‚«»](?=\\s|$)|$)")

# The names that IPython puts into a notebook, those of its history and those that Python gives a module.
_IPYTHONS_OWN = re.compile(
    r"In|Out|Err|get_ipython|exit|quit|open|display|_{1,3}|_i{1,3}|_[iod]h|_i?\d+|__\w+__"
)


@dataclass(frozen=True)
class CellLine:
    """A line that was understood.

    Attributes:
        words: the attachments, as typed.
        settings: the settings that its options change.
        to: the variable that takes the answer, or "".
        schema: the expression whose value is the form of the answer, or "".
        tool: the expressions whose values are functions that the model may call.
        code: True to put the answer's code into the next cell.
        background: True to let the cell end before its answer.
        dry_run: True to show the request instead of sending it.
        over: the expression whose value has the rows of a batch, or "".
        compare: the settings that are compared, as "effort=low,high service=kie,google", or "".
        expect: the column with the right answers, or "".
        limit: how many first rows are asked, or "" for all.
        concurrency: the most questions of a batch under way at once, or "".
        executor: the expression whose value has the workers of a batch, or "".
        record: the file of a batch, "no" for none, or "".
        retry_failed: True to ask rows again that broke off.
        stop_after: after how many failures no more rows begin, or "".
        no_confirm: True to ask many rows without a yes.
        question: the rest of a `%gemini` line.
    """

    words: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    to: str = ""
    schema: str = ""
    tool: tuple[str, ...] = ()
    code: bool = False
    background: bool = False
    dry_run: bool = False
    over: str = ""
    compare: str = ""
    expect: str = ""
    limit: str = ""
    concurrency: str = ""
    executor: str = ""
    record: str = ""
    retry_failed: bool = False
    stop_after: str = ""
    no_confirm: bool = False
    question: str = ""

    @property
    def is_batch(self) -> bool:
        """True where one cell asks many questions.

        Raises:
            BadRequest: an option is there that only such a cell has.
        """
        if self.expect and not self.compare:
            raise BadRequest("--expect belongs to a comparison: add it, as in --compare effort=low,high.")
        many = bool(self.over or self.compare)
        if not many and (alone := next((name for name in BATCH_ONLY if getattr(self, name)), "")):
            raise BadRequest(
                f"--{alone.replace('_', '-')} belongs to many questions: name the rows with --over."
            )
        return many

    def refuse(self, names: Iterable[str], magic: str) -> None:
        """See that the line has none of these options.

        Raises:
            BadRequest: it has one.
        """
        if found := next((name for name in names if getattr(self, name)), ""):
            raise BadRequest(f"{magic} takes no --{found.replace('_', '-')}: leave it out.")


def read_cell_line(line: str) -> CellLine:
    """Read the line of a `%%gemini` cell: attachments, then options.

    Raises:
        BadRequest: an option that is unknown, lacks its value or comes before an attachment; or the line
            holds the question.
    """
    words = [word for _, word in words_of(line)]
    if words and words[-1].endswith("\\"):
        raise BadRequest(
            "The line of %%gemini does not go on behind a backslash: write all of it in one line. The lines "
            "below are the question."
        )
    if len(words) > MOST_WORDS:
        raise BadRequest(f"This line has {len(words):,} words. {ASK_BELOW}")
    attached: list[str] = []
    options: list[list[str]] = []
    late: list[str] = []
    values: dict[str, Any] = {}
    while words:
        taken = 1
        if words[0].startswith("--"):
            taken = _read_option(words, values, optional=True)
            options.append(words[:taken])
        else:
            _check_marks(words)
            if options:
                _check_text(options[-1], words)
            (late if options else attached).append(words[0])
        words = words[taken:]
    typed = [*attached, *late]
    # Who ends a line so has asked in it. An address may end so, too.
    if typed and typed[-1].endswith("?") and "://" not in typed[-1]:
        raise BadRequest(ASK_BELOW)
    if late:
        right = " ".join(["%%gemini", *typed, *(word for option in options for word in option)])
        raise BadRequest(f"{late[0]} comes after the options: name what to attach first, as in {right}.")
    return _line(values, words=tuple(attached))


def read_question_line(line: str) -> CellLine:
    """Read a `%gemini` line: options, then the question, which is taken as it was typed.

    A `--` alone ends the options. An option whose value may be left out takes it after "=" only.
    """
    values: dict[str, Any] = {}
    begins, words = [*zip(*words_of(line), strict=True)] or [(), ()]
    place = 0
    while place < len(words) and words[place].startswith("--"):
        if words[place] == "--":
            place += 1
            break
        place += _read_option(list(words[place : place + MOST_WORDS_OF_OPTION]), values, optional=False)
    else:
        _check_hyphens(words[place] if place < len(words) else "")
    return _line(values, question=line[begins[place] :] if place < len(words) else "")


def _line(values: dict[str, Any], **rest: Any) -> CellLine:
    own = {name: values.pop(name) for name in CELL_ONLY if name in values}
    if "to" in own:
        own["to"] = _variable(own["to"])
    return CellLine(settings=values, **own, **rest)


def _variable(typed: str) -> str:
    """Return the variable that takes the answer, spelled as Python stores it.

    Raises:
        BadRequest: it is not a name, or one that Python or IPython uses itself.
    """
    name = identifier(typed)
    if not name.isidentifier() or iskeyword(name):
        raise BadRequest(f"--to takes the name of a variable, not {typed!r}.")
    # `--to list` would break each cell that calls list() afterwards.
    owner = "IPython" if _IPYTHONS_OWN.fullmatch(name) else "Python" if hasattr(builtins, name) else ""
    if owner:
        raise BadRequest(
            f"--to {typed} would overwrite a name of {owner}'s own: take another, such as --to answer."
        )
    return name


def words_of(line: str) -> Iterator[tuple[int, str]]:
    """Yield each word and where it begins; spaces in quotes and brackets are inside a word: df["a b"]."""
    begin, place, depth = 0, 0, 0
    while place < len(line):
        character = line[place]
        # Below 0 too, so that one bracket too many does not make the rest of the line one word.
        if character.isspace() and depth <= 0:
            if begin < place:
                yield begin, line[begin:place]
            begin, depth = place + 1, 0
        elif character in "'\"":
            # An apostrophe alone is a letter: find gives -1 for it.
            place = max(place, line.find(character, place + 1))
        else:
            depth += (character in "([{") - (character in ")]}")
        place += 1
    if begin < len(line):
        yield begin, line[begin:]


def _check_marks(words: Sequence[str]) -> None:
    """See that the word at the head of `words` has no dash or quote of a word processor."""
    _check_hyphens(words[0])
    if straight := _straight(words):
        raise BadRequest(f"Write {straight}, with straight quotes.")


def _check_hyphens(word: str) -> None:
    dashes = _DASHES.match(word)
    if dashes and dashes[0] != "--" and (meant := f"--{word[dashes.end() :]}").partition("=")[0] in FLAGS:
        raise BadRequest(f"{word} is not an option: write {meant}, with two hyphens.")


def _check_text(option: Sequence[str], words: Sequence[str]) -> None:
    """See that the words behind an option are not the rest of its text, whose quotes are missing."""
    flag, _, value = " ".join(option).replace(" ", "=", 1).partition("=")
    if FLAGS[flag].metavar == "TEXT" and value[-1:] not in ("'", '"'):
        text = " ".join([value, *_up_to_option(words)])
        raise BadRequest(f"A text of several words needs quotes: {flag} {_quoted(text)}.")


def _straight(words: Sequence[str]) -> str:
    """Return a text in curly quotes as it must be written, in straight ones; else ""."""
    if not words[0].startswith(_CURLY_QUOTES):
        return ""
    found = _CURLY.match(" ".join(_up_to_option(words)))
    return _quoted(found[1]) if found else ""


def _up_to_option(words: Sequence[str]) -> Iterator[str]:
    return takewhile(lambda word: not word.startswith("--"), words)


def _read_option(words: list[str], values: dict[str, Any], *, optional: bool) -> int:
    """Read the option at the head of `words` into `values`; return how many words it took."""
    flag, equals, text = words[0].partition("=")
    option = FLAGS.get(flag)
    if option is None:
        raise BadRequest(f"There is no option {flag}. {_instead(flag, equals, text, words)}")
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
    if straight := _straight([value, *words[taken:]]):
        raise BadRequest(f"Write {flag} {straight}, with straight quotes.")
    # In one line the question may follow, so there nobody can tell where a text was to end.
    typed = " ".join([value, *_up_to_option(words[taken:])]) if optional else value
    if (value.startswith("=") and not equals) or (optional and not value and typed.strip()):
        meant = typed.lstrip("= ").partition(" ")[0] or "VALUE"
        raise BadRequest(f"No space stands beside the = of an option: write {flag}={meant}.")
    if option.metavar == "TEXT" and value[:1] in ("'", '"') and value[0] not in value[1:]:
        raise BadRequest(f"The quotes of {flag} {value} do not pair: write {flag} {_quoted(typed[1:])}.")
    try:
        bare = _unquoted(value)
    except ValueError:  # shlex finds one quote too many
        raise BadRequest(
            f"The quotes of {flag} {value} do not pair: write {flag} {_quoted(value[1:-1])}."
        ) from None
    read = _value(option, bare)
    values[option.name] = (*values.get(option.name, ()), read) if option.many else read
    return taken


def _instead(flag: str, equals: str, text: str, words: list[str]) -> str:
    """Say what to write for an option that there is not: a field of the request goes into --extra."""
    name = flag.lstrip("-").replace("-", "_")
    if name not in REQUEST_FIELDS:
        return f"{did_you_mean(flag, FLAGS)} %%gemini? shows them all."
    typed = text if equals else next(iter(words[1:]), "")
    try:
        value = read_json(typed)
    except ValueError:
        value = typed or "..."
    return f"A field of the request goes into --extra: --extra '{json.dumps({name: value})}'."


def _value(option: Option, text: str) -> Any:
    if option.metavar != "JSON":
        return text
    try:
        value = read_json(text)
    except ValueError as error:
        raise BadRequest(
            f"{option.flag} is not JSON ({error}): write it as {option.flag} '{{\"temperature\": 0.2}}'."
        ) from None
    if not isinstance(value, dict):
        raise BadRequest(f"{option.flag} takes a JSON object, such as '{{\"temperature\": 0.2}}', not {text}.")
    return value


def _quoted(text: str) -> str:
    """Put quotes around a text of several words."""
    return shlex.quote(text) if set(text) & set('"\\') else f'"{text}"'


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
