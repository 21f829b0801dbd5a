"""Keep what people type: IPython edits a cell before a magic sees it, and a prompt must not be edited."""

from __future__ import annotations

import re

NAMES = ("gemini", "gm")
_CELL = re.compile(rf"%%({'|'.join(NAMES)})(?:[ \t]+(.*))?$")
_LINE = re.compile(rf"(\s*)%({'|'.join(NAMES)})[ \t]+(\S.*)$")


def as_typed(lines: list[str]) -> list[str]:
    """Turn our magics into calls before IPython's own transformers run.

    Left alone they would strip ">>> " from a prompt, call a one-line cell a mistake, and take a
    question that ends in "?" for a request for help.
    """
    start = next((place for place, line in enumerate(lines) if line.strip()), None)
    if start is None:
        return lines
    if cell := _CELL.match(lines[start].rstrip()):
        body = "".join(lines[start + 1 :]).removesuffix("\n")
        return [f"get_ipython().run_cell_magic({cell[1]!r}, {cell[2] or ''!r}, {body + chr(10)!r})\n"]
    if lines[start].startswith("%%"):
        return lines
    return [_call(line) if _outside_string(lines[:place]) else line for place, line in enumerate(lines)]


# IPython asks its transformers whether a half-typed cell is complete; a cell of ours goes on until an
# empty line, which it knows from the %% that it must still see then.
as_typed.has_side_effects = True  # type: ignore[attr-defined]


def _call(line: str) -> str:
    match = _LINE.match(line.rstrip())
    return f"{match[1]}get_ipython().run_line_magic({match[2]!r}, {match[3]!r})\n" if match else line


def _outside_string(before: list[str]) -> bool:
    text = "".join(before)
    return text.count('"""') % 2 == 0 and text.count("'''") % 2 == 0
