"""Keep prompts as typed: IPython edits the text of a cell before a magic receives it."""

from __future__ import annotations

import re

from IPython.core.getipython import get_ipython

NAMES = ("gemini", "gm")
_CELL = re.compile(rf"%%({'|'.join(NAMES)})(?:[ \t]+(.*))?$")
# The possessive repeats (*+, ++) try nothing twice, so a hostile line costs linear time:
# https://docs.python.org/3/library/re.html#regular-expression-syntax
_TARGET = r"[^\W\d]\w*+(?:\.\w++|\[[^\]\n]*+\])*+"
_ASSIGNED = rf"(?:{_TARGET}(?:\s*,\s*{_TARGET})*+\s*(?::[^=%\n]*+)?=(?!=)\s*)*+"
_LINE = re.compile(rf"(\s*)({_ASSIGNED}|(?:return|yield)[ \t]+)%({'|'.join(NAMES)})[ \t]+(\S.*)$")
_BARE = re.compile(rf"({'|'.join(NAMES)})[ \t]+[^\s!=()<>,+*/%^&|][^\n]*$")
_QUOTES = re.compile(r"""#.*|\\.|'{3}|"{3}|'(?:\\.|[^'\\\n])*+'|"(?:\\.|[^"\\\n])*+\"""")


def as_typed(lines: list[str]) -> list[str]:
    """Turn our magics into calls before IPython's own transformers run.

    Those would strip ">>> " from a prompt, refuse a cell of one line, and answer a question that ends in
    "?" with help. https://ipython.readthedocs.io/en/stable/config/inputtransforms.html
    """
    start = next((place for place, line in enumerate(lines) if line.strip()), None)
    if start is None:
        return lines
    if cell := _CELL.match(lines[start].rstrip()):
        body = "".join(lines[start + 1 :]).removesuffix("\n")
        return [f"get_ipython().run_cell_magic({cell[1]!r}, {cell[2] or ''!r}, {body + chr(10)!r})\n"]
    # What stands in a cell of another magic is that magic's own text: %%writefile keeps our lines as typed.
    if lines[start].startswith("%%"):
        return lines
    if asked := _automagic(lines[start:]):
        return [*lines[:start], asked]
    typed, string = [], ""
    for line in lines:
        call = "" if string else _call(line)
        typed.append(call or line)
        if not call:
            string = _open_string(line, string)
    return typed


# IPython also runs its transformers to find out whether a half-typed cell is complete, but skips those with
# side effects. Then it still sees the %% and lets the cell go on until an empty line.
# https://ipython.readthedocs.io/en/stable/config/inputtransforms.html
as_typed.has_side_effects = True  # type: ignore[attr-defined]  # IPython looks for it on the function


def _automagic(lines: list[str]) -> str:
    """Return a cell of one line, `gemini What is it?` without the %, as a call, or "".

    IPython's own rules hold: %automagic is on, no variable has the name, and no operator follows.
    https://ipython.readthedocs.io/en/stable/interactive/magics.html#magic-automagic
    """
    shell = get_ipython()
    match = _BARE.match("".join(lines).strip())
    if shell is None or not match or not shell.automagic or match[1] in shell.user_ns:
        return ""
    return _call(f"%{match[0]}")


def _call(line: str) -> str:
    """Return a line of ours as a call, or "".

    The value of a bare line is None, because the answer is shown already and a cell shows its last value.
    """
    match = _LINE.match(line.rstrip())
    if not match:
        return ""
    indent, assigned, name, question = match.groups()
    call = f"get_ipython().run_line_magic({name!r}, {question!r})"
    return f"{indent}{assigned}{call}\n" if assigned else f"{indent}({call}, None)[1]\n"


def _open_string(line: str, string: str) -> str:
    """Return the three quotes of the string that is open at the end of a line, or "".

    Args:
        string: the quotes of the one that is open at its beginning, or "".
    """
    place = 0
    while True:
        if string:
            closed = re.compile(rf"\\.|{string}", re.DOTALL)
            while (found := closed.search(line, place)) and found[0] != string:
                place = found.end()
            if not found:
                return string
            string, place = "", found.end()
        found = _QUOTES.search(line, place)
        while found and found[0] not in ("'''", '"""'):
            place = found.end()
            found = _QUOTES.search(line, place)
        if not found:
            return ""
        string, place = found[0], found.end()
