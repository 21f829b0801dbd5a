"""Pages that are made from the code: the options, the magics, the errors, and the list for language models."""

from __future__ import annotations

import re
from inspect import cleandoc, signature
from pathlib import Path

import gemini_magics
from gemini_magics.core import errors
from gemini_magics.core.settings import Settings
from gemini_magics.notebook.extension import ALL_MAGICS
from gemini_magics.notebook.options import OPTIONS

HEAD = "---\nfile_format: mystnb\nkernelspec:\n  name: python3\n  display_name: Python 3\n---\n\n"
# Cells for each option, which are run on the demo when the page is built.
EXAMPLES = {
    "--service": "%%gemini --service demo\nWhat is a fixed point?",
    "--model": "%%gemini --service google --model gemini-3.1-pro-preview --dry-run\nWhat is a fixed point?",
    "--effort": "%%gemini --effort low\nWhat is a fixed point?",
    "--tier": "%%gemini --tier flex\nWhat is a fixed point?",
    "--no-thoughts": "%%gemini --no-thoughts\nWhat is a fixed point?",
    "--search": "%%gemini --search\nWhat is new in Python 3.14?",
    "--point": "%%gemini fig --point\nWhere is the odd value?",
    "--system": '%%gemini --system "Answer in one sentence."\nWhat is a fixed point?',
    "--chat": "%%gemini --chat notes\nWhat is a fixed point?",
    "--no-chat": "%%gemini --no-chat\nWhat is a limit?",
    "--drop-stale": "%%gemini --chat notes --drop-stale\nGive an example.",
    "--with-partial": "%%gemini --chat notes --with-partial\nGo on.",
    "--no-stream": "%%gemini --no-stream\nWhat is a fixed point?",
    "--extra": '%%gemini --extra {"temperature":0.2} --dry-run\nWhat is a fixed point?',
    "--fresh": "%gemini_record answers.jsonl\n---\n%%gemini --fresh\nWhat is a limit?\n---\n%gemini_record off",
    "--allow-outside": "%%gemini ../readings.csv --allow-outside\nWhich row is odd?",
    "--as-image": "%%gemini df --as-image\nWhich row is odd?",
    "--to": "%%gemini df --to answer\nWhich row is odd?\n---\nanswer.seconds > 0, answer.ended",
    "--schema": "%%gemini --schema Reading --to answer\nDescribe a table of three rows.\n---\nanswer.data",
    "--tool": "%%gemini --tool total\nUse total for the column y.",
    "--code": "%%gemini df --code\nPlot it.",
    "--background": "%%gemini --background\nWhat is a fixed point?",
    "--dry-run": "%%gemini df --dry-run\nWhich row is odd?",
    "--over": "%%gemini --over df --to rows --record no\nIs $`y` twice $`x`?\n---\nrows[['ended', 'tokens']]",
    "--compare": "%%gemini --compare effort=low,high --record no\nWhat is a fixed point?",
    "--expect": "%%gemini --over df --compare effort=low,high --expect right --record no\nIs $`y` twice $`x`?",
    "--limit": "%%gemini --over df --to rows --limit 2 --record no\nIs $`y` twice $`x`?",
    "--stop-after": "%%gemini --over df --to rows --stop-after 1 --record no\nIs $`y` twice $`x`?",
    "--concurrency": "%%gemini --over df --to rows --concurrency 1 --record no\nIs $`y` twice $`x`?",
    "--executor": "%%gemini --over df --to rows --executor pool --record no\nIs $`y` twice $`x`?",
    "--record": "%%gemini --over df --to rows --record rows.jsonl\nIs $`y` twice $`x`?",
    "--retry-failed": "%%gemini --over df --to rows --record rows.jsonl --retry-failed\nIs $`y` twice $`x`?",
    "--no-confirm": "%%gemini --over df --to rows --no-confirm --record no\nIs $`y` twice $`x`?",
}
FAILS = '"3" + 4'
# The same for the magics; %gemini_key and %gemini_credits need a person and an account.
MAGIC_EXAMPLES = {
    "gemini": "%%gemini df --chat notes\nWhich row is odd?",
    "gemini_last": "%gemini_last",
    "gemini_fix": f"{FAILS}\n---\n%gemini_fix",
    "gemini_chat": "%gemini_chat\n---\n%gemini_chat notes",
    "gemini_info": "%gemini_info",
    "gemini_usage": "%gemini_usage",
    "gemini_record": "%gemini_record answers.jsonl\n---\n%%gemini\nWhat is a fixed point?",
    "gemini_replay": "%gemini_replay answers.jsonl --strict\n---\n%%gemini\nWhat is a fixed point?",
    "gemini_panel": "%gemini_panel notes",
    "gemini_jobs": "%%gemini --background\nWhat is a fixed point?\n---\n%gemini_jobs",
    "gemini_forget": "%gemini_forget",
}
NEXT_STEPS = {
    "BadRequest": "Change the cell as the message says. Nothing was sent.",
    "MissingKey": 'Enter a key with `%gemini_key`, or ask `%config GeminiMagics.service = "demo"`.',
    "CannotAttach": "Name something else, or the part that the message names.",
    "ConnectionFailed": "Look at the network, the proxy or the certificate that the message names.",
    "ServiceError": "Read the words of the service. `.status`, `.code` and `.request_id` are for its support.",
    "AuthenticationError": "Enter the key again with `%gemini_key`.",
    "QuotaExceeded": "The message says whose quota is used up: the account's, the project's or the gateway's.",
    "RateLimitError": "Wait for `.retry_after_s` seconds, then run the cell again.",
    "IncompleteAnswer": "`error.answer` has what came. Asking again may cost again; the message says so.",
    "AnswerMismatch": "Ask for the form in words, or look at `error.answer`. `.why` says what does not fit.",
    "UnexpectedResponse": "Look at `.excerpt`, and at the address of the service; choose another service.",
    "GeminiError": "The base of all. `.answer` has what came before the failure, or None.",
}


def _cells(example: str, *, hidden: bool = False) -> str:
    """Write cells that are run; a line of three hyphens separates them."""
    page = ""
    for source in example.split("\n---\n"):
        tag = "remove-cell" if hidden else "raises-exception" if source == FAILS else ""
        page += f"```{{code-cell}} ipython3\n{f':tags: [{tag}]' if tag else ''}\n{source}\n```\n\n"
    return page


def _prose(text: str) -> str:
    """Write options, magics and values in a sentence of a help text as code."""
    return re.sub(
        r"(?<![\w`])(?:\$`\w+`|%config \S+ = \S+|%%?\w+|--[a-z][\w-]*|\w+=\w+,\w+|\w+\.\w*marks)",
        lambda found: f"`` {found[0]} ``" if "`" in found[0] else f"`{found[0]}`",
        text,
    )


OPTIONS_HEAD = """# Options

Options follow the attachments in the line of `%%gemini`, and come before the question of `%gemini`. Those above
`--to` have a default for the session: `%config GeminiMagics.effort = "low"`. The answers below are those of the
demo.

"""
# The files of the examples stand in a folder of their own.
FOLDER = """import os, tempfile
from pathlib import Path

folder = tempfile.TemporaryDirectory()
Path(folder.name, "readings.csv").write_text("x,y\\n1,2\\n2,40\\n")
Path(folder.name, "notebook").mkdir()
get_ipython().run_line_magic("cd", f"-q {folder.name}/notebook")
_dh[:] = [os.getcwd()]"""
OPTIONS_SETUP = """%load_ext gemini_magics
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import gemini_magics
import matplotlib.pyplot as plt
import pandas as pd

df = pd.DataFrame({"x": [1, 2, 3], "y": [2, 4, 60], "right": ["yes", "yes", "no"]})
fig, ax = plt.subplots(figsize=(4, 2))
ax.plot(df["x"], df["y"])
plt.close()
pool = ThreadPoolExecutor(2)


@dataclass
class Reading:
    title: str
    count: int


@gemini_magics.tool(run=True)
def total(column: Literal["x", "y"]) -> int:
    \"\"\"Add up a column of the table.\"\"\"
    return int(df[column].sum())"""
MAGICS_SETUP = """%load_ext gemini_magics
import pandas as pd

df = pd.DataFrame({"x": [1, 2, 3], "y": [2, 4, 60]})"""
QUICK = "%config GeminiMagics.stream = False"  # the demo's pace is for readers of a live page
MAGICS_HEAD = """# Magics

`%load_ext gemini_magics` brings them. Complete `%gemini_` to find them; `%gemini_chat --help` and
`%gemini_chat?` show what stands here.

"""
ERRORS_HEAD = """# Errors

A failed question is an exception below `gemini_magics.GeminiError`, so the cell fails, and Run All,
nbclient and nbval stop. Its message is one line that ends with a next step.

| exception | is a | cause | next step |
|---|---|---|---|
"""
ERRORS_CODE = """
```python
from gemini_magics import GeminiError, RateLimitError, ask

try:
    answer = ask("Why?")
except RateLimitError as error:
    print(error.retry_after_s)
except GeminiError as error:
    print(error, error.answer)
```
"""


def options_page() -> str:
    """Write the page of options, each with a question that was asked with it."""
    page = (
        HEAD + OPTIONS_HEAD + _cells(FOLDER, hidden=True) + _cells(OPTIONS_SETUP) + _cells(QUICK, hidden=True)
    )
    for option in OPTIONS:
        page += f"## `{option.usage}`\n\n{_prose(option.help[0].upper() + option.help[1:])}."
        page += f" Default: {option.default}.\n\n" if option.default else "\n\n"
        for flag in (option.flag, option.off):
            page += _cells(EXAMPLES[flag]) if flag in EXAMPLES else ""
    page += "## Settings without an option\n\n| setting | what it does | default |\n|---|---|---|\n"
    flags = {option.name for option in OPTIONS}
    for name, field in Settings.__dataclass_fields__.items():
        if name not in flags:
            default = f"`{field.default!r}`" if field.default not in (None, "") else ""
            page += f"| `{name}` | {field.metadata['help']} | {default} |\n"
    return page


def magics_page() -> str:
    """Write the page of magics from their help, each with an output."""
    page = HEAD + MAGICS_HEAD + _cells(FOLDER, hidden=True) + _cells(MAGICS_SETUP) + _cells(QUICK, hidden=True)
    for magics in ALL_MAGICS:
        for kind, names in sorted(magics.magics.items()):  # first %%gemini
            for name, method in names.items():
                if name == "gm" or (name == "gemini" and kind == "line"):
                    continue
                about = cleandoc(getattr(magics, method).__doc__ or "").partition("\n\nOptions:")[0]
                page += f"## `{'%%' if kind == 'cell' else '%'}{name}`\n\n"
                page += "".join(_paragraph(each) for each in about.split("\n\n"))
                page += "[Each option has an example.](options.md)\n\n" if name == "gemini" else ""
                if example := MAGIC_EXAMPLES.get(name):
                    page += _cells(example)
    return page


def _paragraph(text: str) -> str:
    """Write a paragraph of a help text: lines to type as a block, and else as prose."""
    is_usage = all(line.lstrip().startswith("%") for line in text.splitlines())
    return f"```text\n{cleandoc(text)}\n```\n\n" if is_usage else f"{_prose(text)}\n\n"


def errors_page() -> str:
    """Write the page of exceptions: cause and next step of each."""
    page = ERRORS_HEAD
    for name, step in sorted(NEXT_STEPS.items(), key=lambda item: item[0] != "GeminiError"):
        kind = getattr(errors, name)
        cause = cleandoc(kind.__doc__).partition("\n\n")[0].replace("\n", " ")
        page += f"| `{name}` | `{kind.__base__.__name__}` | {cause} | {step} |\n"
    return page + ERRORS_CODE


def api_page() -> str:
    """Write the page of the Python API: every public name, by autodoc."""
    page = "# Python API\n\nEverything here works without a notebook.\n\n"
    kinds = {True: "autofunction", False: "autoclass"}
    for name in sorted(gemini_magics.__all__, key=str.lower):
        value = getattr(gemini_magics, name)
        if name.startswith("__") or not callable(value):
            continue
        is_function = not isinstance(value, type)
        if isinstance(value, type) and issubclass(value, Exception):
            continue
        # An object whose fields are private is given to callers, who do not make it.
        shown = f"{name}()" if not is_function and re.search(r"[(, ]_\w", str(signature(value))) else name
        page += f"## {name}\n\n```{{eval-rst}}\n.. {kinds[is_function]}:: gemini_magics.{shown}\n"
        page += "" if is_function else "   :members:\n"
        page += "```\n\n"
    page += "## gemini_magics.testing\n\n```{eval-rst}\n.. automodule:: gemini_magics.testing\n"
    page += "   :members:\n   :imported-members:\n```\n"
    return page


def llms_text(docs: Path) -> str:
    """Write llms.txt: one line for each page (https://llmstxt.org)."""
    lines = ["# gemini_magics", "", f"> {gemini_magics.__doc__.splitlines()[0]}", "", "## Pages", ""]
    for name in re.findall(r"^(?:[^<\n]* <)?([\w/]+)>?$", (docs / "index.md").read_text("utf-8"), re.MULTILINE):
        page = docs / f"{name}.md"
        if page.exists():
            lines_of_page = page.read_text("utf-8").splitlines()
            title = next((line[2:] for line in lines_of_page if line.startswith("# ")), name.capitalize())
            lines.append(f"- [{title}]({name}.html)")
    return "\n".join(lines) + "\n"


PAGES = {
    "options": options_page,
    "magics": magics_page,
    "errors": errors_page,
    "api": api_page,
}


def write(docs: Path) -> None:
    """Write all of them."""
    for name, page in PAGES.items():
        (docs / f"{name}.md").write_text(page(), "utf-8")
    (docs / "llms.txt").write_text(llms_text(docs), "utf-8")
