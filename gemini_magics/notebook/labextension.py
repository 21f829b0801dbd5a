"""The kernel's part of the extension of JupyterLab; the page's part is in labextension/.

A request is data, and nothing in it is evaluated.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import count
from typing import Any

from IPython.core.getipython import get_ipython
from IPython.core.interactiveshell import InteractiveShell
from IPython.display import JSON, display

from ..core.errors import BadRequest, GeminiError
from ..core.json_fields import read_json
from ..core.settings import Settings
from ..core.text import fenced, whole_characters
from ..service.services import SERVICES, no_service
from .magics.question import GeminiMagics

# The settings whose defaults a page may set: no address, no header, no instructions.
SETTABLE = ("service", "model", "effort", "thoughts", "search", "budget", "display")
TEXT_CHARS = 200
STORED_CHARS = 20_000
PICTURES = ("image/png", "image/jpeg")
STORED = "as the notebook shows it"


def reply(request: str) -> JSON:
    """Answer a request of the page: `{"do": "ask", ...}` or `{"do": "defaults", ...}`."""
    asked, shell = _read(request), get_ipython()
    answer = _ANSWERS.get(str(asked.get("do")))
    if shell is None or answer is None:
        # The page and the kernel may have different versions: they are installed in two environments.
        return JSON({"error": "This kernel does not know that request: update gemini_magics in it."})
    try:
        return JSON(answer(asked, shell))
    except GeminiError as error:
        return JSON({"error": str(error)})


def show(request: str) -> None:
    """Show what a page asks for, in the output area that asks."""
    asked, shell = _read(request), get_ipython()
    if shell is not None and asked.get("do") == "panel":
        _magics(shell)
        from .panel.panel import panel

        display(panel())


def _read(request: str) -> dict[str, Any]:
    """Read a request; one that is not an object of JSON asks for nothing."""
    try:
        asked = read_json(request)
    except ValueError:
        return {}
    return asked if isinstance(asked, dict) else {}


def _magics(shell: InteractiveShell, *, load: bool = True) -> GeminiMagics | None:
    """Return the magics of the loaded extension; load it unless told otherwise."""
    if load and shell.extension_manager is not None:
        shell.extension_manager.load_extension("gemini_magics")
    return next((each for each in shell.configurables if isinstance(each, GeminiMagics)), None)


def _ask(asked: Mapping[str, Any], shell: InteractiveShell) -> dict[str, Any]:
    """Write the cell that asks about an output or a cell.

    Returns:
        `source`, and a `note` where something else than the thing itself is attached.
    """
    magics = _magics(shell)
    if magics is None:
        raise BadRequest("gemini_magics is not loaded: run %load_ext gemini_magics.")
    number, output = asked.get("count"), asked.get("output")
    # Half a character, which a stranger's notebook may hold, goes into no message.
    source = whole_characters(str(asked.get("source", "")))
    # JSON's true is a bool, which Python counts among the ints.
    number = number if type(number) is int else 0
    run = magics.runs.find(number, str(asked.get("cell", "")), source)
    if isinstance(output, dict):
        name = _made_here(number, output, run.figures, shell) if run else ""
        if name:
            return {"source": f"%%gemini {name}\n"}
        return _stored(output, shell)
    if run is None:
        return {"source": f"%%gemini\n\n{_quoted(source)}\n", "note": "This cell has not run in this kernel."}
    return {"source": f"%%gemini {'Err' if _failed(number, shell) else 'In'}[{number}]\n"}


def _made_here(
    number: int, output: Mapping[str, Any], figures: Mapping[str, Any], shell: InteractiveShell
) -> str:
    """Return what to attach for an output that this kernel made; "" where no name leads to it."""
    if output.get("kind") == "error":
        return f"Err[{number}]" if _failed(number, shell) else ""
    result = shell.user_ns.get("Out", {}).get(number)
    if output.get("kind") == "result":
        return f"Out[{number}]" if result is not None else ""
    if output.get("type") not in PICTURES:
        return ""
    from ..content.figures import artists_in

    # A later cell may have given the name to another figure.
    named = [name for name, figure in figures.items() if figure() is shell.user_ns.get(name)]
    # Axes and their figure are one picture: of several names the first one counts, as the cell wrote them.
    distinct = {id(getattr(figures[name](), "figure", None) or figures[name]()): name for name in named[::-1]}
    names = list(distinct.values())[::-1]
    if len(names) == 1:
        return names[0]
    place = output.get("place")
    # Only where each picture has one name does their order tell which is which.
    if len(names) == output.get("pictures") and type(place) is int and 0 <= place < len(names):
        return names[place]
    return f"Out[{number}]" if not names and artists_in(result) else ""


def _failed(number: int, shell: InteractiveShell) -> bool:
    from .failures import Failures

    failures = shell.user_ns.get("Err")
    # `Err` may be a name of the person's own.
    return isinstance(failures, Failures) and f"Err[{number}]" in dict(failures.last_lines())


def _stored(output: Mapping[str, Any], shell: InteractiveShell) -> dict[str, Any]:
    """Keep what the notebook shows under a name of its own, and attach that.

    Raises:
        BadRequest: it shows neither a picture nor text.
    """
    from ..content.files import from_bytes
    from ..core.messages import Attachment
    from ..service.masking import masked

    name = next(each for n in count(1) if (each := f"output_{n}") not in shell.user_ns)
    data, text = output.get("data"), output.get("text")
    if output.get("type") in PICTURES and isinstance(data, str):
        settings = Settings()
        # A saved notebook may be a stranger's, so its picture goes through the same entrance as a file.
        try:
            picture = b64decode(data)
        except ValueError:
            raise BadRequest(
                "The picture of this output is broken in the notebook: run its cell again, then ask about it."
            ) from None
        kept = replace(from_bytes(picture, name, settings), note=STORED)
    elif isinstance(text, str) and text.strip():
        shown = masked(text[:STORED_CHARS], shell.user_ns)
        kept = Attachment(name, "text", f"{name}:\n{fenced(shown)}", STORED)
    else:
        raise BadRequest("This output shows neither a picture nor text that can be sent: ask about its cell.")
    # The cell that is written names a thing and holds no data, so it stays short and can be read.
    shell.push({name: kept})
    return {
        "source": f"%%gemini {name}\n",
        "note": f"No name of this kernel leads to this output: what the notebook shows is attached as {name}.",
    }


def _quoted(source: str) -> str:
    """Quote a cell in a prompt, with nothing in it that would be read as an expression."""
    from ..content.prompt import expressions, literally

    quoted = fenced(source.strip("\n"), "python")
    return literally(quoted, expressions(quoted))


def _defaults(asked: Mapping[str, Any], shell: InteractiveShell) -> dict[str, Any]:
    """Use the defaults of the settings page, where neither a file nor this session has set others."""
    values = asked.get("values")
    known = values if isinstance(values, dict) else {}
    taken: dict[str, Any] = {name: known[name] for name in SETTABLE if _is_set(known.get(name))}
    checked = Settings(**taken)
    if "service" in taken and checked.service not in SERVICES:
        raise no_service(checked.service)
    # A page that is opened must not load an extension into a kernel whose person has not asked for it.
    magics = _magics(shell, load=False)
    for name, value in taken.items():
        if magics is not None and getattr(magics, name) is None:
            setattr(magics, name, value)
        elif magics is None and name not in shell.config["GeminiMagics"]:
            shell.config["GeminiMagics"][name] = value
    return {"taken": sorted(taken)}


def _is_set(value: object) -> bool:
    return isinstance(value, bool) or (isinstance(value, str) and 0 < len(value) <= TEXT_CHARS)


_ANSWERS: dict[str, Callable[[Mapping[str, Any], InteractiveShell], dict[str, Any]]] = {
    "ask": _ask,
    "defaults": _defaults,
}
