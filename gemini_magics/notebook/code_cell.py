"""The code of an answer, put into the next cell; it is never run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display

from ..core.notices import notice
from ..core.text import fenced, reveal, shorten
from ..render.answer import Answer
from ..render.extract import Code, is_python, python_of
from ..render.html import MARKS
from ..render.markdown import render_blocks
from ..render.style import note_html, styled
from .frontend import Frontend, Kind
from .notes import show_note

QUOTED_CHARS = 60

# IPython hands such a line to a shell or to a magic: !ls, x = !ls, d["a"] = !ls, %run x.py, %%bash. It takes
# any target before the first "="; a "#" or "=" in its strings counts for nothing, and no step is taken back:
# https://github.com/ipython/ipython/blob/9.0.0/IPython/core/inputtransformer2.py, `_find_assign_op`
_TARGET = r"""(?:[^\n"'#=]|"(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+')++=[ \t]*+"""
_COMMAND = re.compile(rf"^(?:{_TARGET}|[ \t]*+)(?:!|%%?[^\W\d]).*", re.MULTILINE)


def code_of(answer: Answer) -> list[Code]:
    """Return the code of an answer; the list of its marks is none."""
    blocks = [block for block in answer.code if python_of(block).strip()]
    # Its JSON was asked for by the package, and is drawn into the picture.
    return [block for block in blocks if not (answer.pictures and MARKS.match(block.text))]


def put_code(code: Sequence[Code], shell: InteractiveShell) -> None:
    """Put the Python of an answer into the next cell; where a frontend adds no cells, show it to be copied.

    Blocks in other languages go there only when there is no Python at all. Invisible and bidirectional
    characters are written out, and lines that are not Python are named, so that a reader sees what would
    run. There is one next cell: it takes the code of all answers of this one. A block that begins with a
    cell magic such as %%writefile needs a cell of its own, so beside other code it is shown to be copied.
    """
    blocks = _of_one_language(code)
    texts = [reveal(python_of(block).strip("\n")) for block in blocks]
    where = Frontend.of(shell).kind
    waiting = _waiting(shell, where)
    alone = len(texts) == 1 and not waiting
    apart = [] if alone else [text for text in texts if text.lstrip().startswith("%%")]
    together = "\n\n".join(texts if alone else [text for text in texts if text not in apart])
    if together:
        shell.set_next_input("\n\n".join([*waiting, together]), replace=False)
        without = _named_languages(each for each in code if each not in blocks)
        careful = _warning(blocks, together)
        if where == "notebook":
            show_note(f"The code is in the next cell{without}. It was not run.{careful}")
        elif where != "terminal":
            # A frontend that names no cells may add none: a console, Colab, a program that runs notebooks.
            end = f".{careful}" if careful else ":"
            _show_code(f"Code for a cell of its own{without}. It was not run{end}", together, blocks[0])
        elif careful:  # the next prompt of a terminal shows the code itself
            notice(careful.strip())
    for text in apart:
        said = "Code for a cell of its own, which must begin with its magic. It was not run."
        _show_code(f"{said}{_warning(blocks, text)}", text, blocks[0])


def _of_one_language(code: Sequence[Code]) -> Sequence[Code]:
    """Return the blocks that say they are Python, else those that say nothing, else all."""
    python = [block for block in code if is_python(block)]
    return python or [block for block in code if not block.language] or code


def _named_languages(left_out: Iterable[Code]) -> str:
    """Write which languages stay out of the next cell: ", without the bash and sql"."""
    languages = dict.fromkeys(reveal(block.language) for block in left_out if block.language)
    return f", without the {' and '.join(languages)}" if languages else ""


def _warning(blocks: Sequence[Code], text: str) -> str:
    """Return a sentence, after a blank, about code that is not Python; "" where all of it is."""
    others = (block.language for block in blocks if block.language and not is_python(block))
    if languages := dict.fromkeys(map(reveal, others)):
        return f" It is {' and '.join(languages)}, not Python."
    commands = [shorten(" ".join(found[0].split()), QUOTED_CHARS) for found in _COMMAND.finditer(text)]
    if not commands:
        return ""
    if commands[1:]:
        return (
            f" Careful: {commands[0]} and {len(commands) - 1} more are not Python but commands for IPython or "
            "for a shell."
        )
    return f" Careful: {commands[0]} is not Python but a command for IPython or for a shell."


def _show_code(said: str, text: str, block: Code) -> None:
    shown = fenced(text, "python" if is_python(block) or not block.language else "")
    html = styled(f"{note_html(said)}{''.join(render_blocks(shown))}")
    display({"text/html": html, "text/plain": f"{said}\n\n{text}"}, raw=True)


def _waiting(shell: InteractiveShell, where: Kind) -> list[str]:
    """Return what this cell has put into the next one already."""
    if where == "terminal":
        # https://github.com/ipython/ipython/blob/9.0.0/IPython/terminal/interactiveshell.py, `set_next_input`
        return list(filter(None, [getattr(shell, "rl_next_input", None)]))
    # https://github.com/ipython/ipykernel/blob/v7.1.0/ipykernel/zmqshell.py, `set_next_input`
    payloads = shell.payload_manager
    said = payloads.read_payload() if payloads else []  # it is emptied after each cell
    return [each["text"] for each in said if each.get("source") == "set_next_input" and not each["replace"]]
