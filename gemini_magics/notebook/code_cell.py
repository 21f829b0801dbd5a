"""Code of an answer becomes the next cell, for the person to read and to run. Nothing here runs it."""

from __future__ import annotations

from collections.abc import Sequence

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display

from ..core.extract import Code, fenced
from ..core.plain import reveal
from .frontend import kind

PYTHON = ("", "python", "python3", "py", "ipython", "ipython3")


def put_code(code: Sequence[Code], shell: InteractiveShell) -> None:
    """Put the Python of an answer into the next cell; where a frontend adds no cells, show it to be copied.

    Blocks in other languages go there only when there is no Python at all. Invisible and bidirectional
    characters are written out, so that what is read is what would run. There is one next cell: it takes
    the code of all answers of this one.
    """
    blocks = [block for block in code if block.language in PYTHON] or code
    text = reveal("\n\n".join(block.text.strip("\n") for block in blocks))
    where = kind(shell)
    shell.set_next_input("\n\n".join([*_waiting(shell), text]), replace=False)
    if where == "terminal":  # the next prompt holds it, in plain sight
        return
    languages = dict.fromkeys(reveal(block.language) for block in code if block not in blocks)
    without = f", without the {' and '.join(languages)}" if languages else ""
    if where == "notebook":
        display({"text/plain": f"The code is in the next cell{without}. It was not run."}, raw=True)
        return
    # A frontend that names no cells may add none either: a console, Colab, a program that runs notebooks.
    from ..core.html import escape
    from ..core.markdown import rendered
    from ..core.twin import styled

    said = f"Code for a cell of its own{without}. It was not run:"
    block = fenced(text, "python" if blocks[0].language in PYTHON else "")
    html = styled(f"<p>{escape(said)}</p>{''.join(rendered(block))}")
    display({"text/html": html, "text/plain": f"{said}\n\n{text}"}, raw=True)


def _waiting(shell: InteractiveShell) -> list[str]:
    """Return what this cell has put into the next one already."""
    if kind(shell) == "terminal":
        return list(filter(None, [getattr(shell, "rl_next_input", None)]))
    said = shell.payload_manager.read_payload()  # it is emptied after each cell
    return [each["text"] for each in said if each.get("source") == "set_next_input" and not each["replace"]]
