"""A site for a class: JupyterLite, which runs Python in each student's browser, with notebooks and recordings.

It needs no server and no key: the notebooks replay recordings, or ask the demo.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator
from hashlib import sha256
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from ..content.files import named_for_keys
from ..core.errors import BadRequest, GeminiError
from ..core.json_fields import read_json
from ..core.text import SECRET, listed

PACKAGE = Path(__file__).parents[1]
INSTALL = "%pip install -q gemini-magics"  # as the index of the site spells the name
MOST_NAMED = 10
_LOADS = re.compile(r"^[^\S\n]*+%(?:load|reload)_ext\s+gemini_magics\b", re.MULTILINE)
_ENCODED = re.compile(r"image/(?!svg)|audio/|video/")  # media types; SVG is text
_OF_HASHES = ("signature", "vscode")  # in the metadata of a notebook: of its cells, of an interpreter
_HEX = re.compile(r"[0-9a-f]{32,64}")
_BASE64 = re.compile(r"(?<=;base64,)[\w+/=]+", re.ASCII)
# Nobody has an account there: https://www.rfc-editor.org/rfc/rfc2606
_AT_EXAMPLE = re.compile(r"://[^/\s@]+@(?:[\w-]+\.)*(?:example\.(?:com|net|org)|example|invalid|test)\b")
_LEFT_OUT = {"__pycache__", "conftest.py"}


def files_of(folder: Path, site: Path) -> list[Path]:
    """Return the files of a folder that its site publishes, relative to it: all but the hidden ones.

    A site that was built in the folder before, as `class .` does, is not a part of itself.

    Raises:
        BadRequest: there is no notebook among them, or one is a link to a file that stands elsewhere or is
            hidden.
    """
    inside = (path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file())
    whole, built = folder.resolve(), site.resolve()
    files = [
        path
        for path in inside
        if not any(_is_left_out(part) for part in path.parts)
        and (whole.is_relative_to(built) or not (whole / path).is_relative_to(built))
    ]
    if not any(path.suffix == ".ipynb" for path in files):
        raise BadRequest(f"There is no notebook in {folder}: name the folder that holds them.")
    stored = {path: (folder / path).resolve() for path in files}
    outside = [str(path) for path, own in stored.items() if not own.is_relative_to(whole)]
    if outside:
        raise BadRequest(
            f"{listed(outside[:MOST_NAMED], 'and')} would be published and lies outside of {folder}, "
            "where a link leads: put a copy in its place, or delete the link."
        )
    hidden = [str(path) for path, own in stored.items() if any(map(_is_left_out, own.relative_to(whole).parts))]
    if hidden:
        raise BadRequest(
            f"{listed(hidden[:MOST_NAMED], 'and')} would be published and is a link to a hidden file: put a "
            "copy in its place, or delete the link."
        )
    return files


def _is_left_out(part: str) -> bool:
    return part.startswith(".") or part in _LEFT_OUT


def check_secrets(folder: Path, files: Iterable[Path]) -> None:
    """Look for texts that may be keys, because everybody can read a site.

    Raises:
        BadRequest: there are some; names each file with its cell or line.
    """
    places = [f"{file}{place}" for file in files for place in _secrets(folder / file)]
    if places:
        named = [*places[:MOST_NAMED], *([f"{len(places) - MOST_NAMED} more"] if places[MOST_NAMED:] else [])]
        raise BadRequest(
            f"What looks like a key stands in {listed(named, 'and')}. Everybody can read a site, so nothing "
            "was written: take it out and save the file; if it is not a key, add --allow with the file's name "
            "as it stands here."
        )


def _secrets(path: Path) -> Iterator[str]:
    if named_for_keys(path.name) or named_for_keys(path.resolve().name):
        yield ", by its name"
    elif path.suffix == ".ipynb":
        notebook = _notebook(path)
        for number, cell in enumerate(notebook.pop("cells"), 1):
            if _holds_secret(cell):
                yield f", cell {number}"
        # The state of widgets is kept there, with what was typed into a field for a password.
        about = notebook.get("metadata")
        if isinstance(about, dict):
            about = {name: value for name, value in about.items() if name not in _OF_HASHES}
        if _holds_secret(about):
            yield ", metadata of the notebook"
    elif path.suffix == ".json":
        if _holds_secret(_as_json(_letters(path))):
            yield ""
    else:
        for number, line in enumerate(_letters(path).splitlines(), 1):
            if _holds_secret(_as_json(line)):
                yield f", line {number}"


def _letters(path: Path) -> bytes:
    """Read a file without NUL bytes: in UTF-16 and UTF-32, they alone stand between the letters of a key."""
    return path.read_bytes().replace(b"\0", b"")


def _as_json(data: bytes) -> Any:
    """Read JSON, such as a line of a recording, where hashes are known to be none; other text stays text."""
    try:
        return read_json(data) if data.lstrip()[:1] in (b"{", b"[") else data.decode("utf-8", "ignore")
    except ValueError:
        return data.decode("utf-8", "ignore")


def _holds_secret(value: Any, name: str = "") -> bool:
    """Look for a key in all texts of JSON, names of fields among them.

    Hashes, identities of widgets and encoded pictures are none, but look so.
    """
    if isinstance(value, dict):
        if any(SECRET.search(key) and not _HEX.fullmatch(key) for key in value):
            return True
        # The binary parts of widgets:
        # https://ipywidgets.readthedocs.io/en/stable/embedding.html#embedding-widgets-in-html-web-pages
        encoded = "data" if value.get("encoding") == "base64" else None
        return any(_holds_secret(each, key) for key, each in value.items() if key != encoded)
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        value = "".join(value)  # a notebook keeps a text as its lines
    if isinstance(value, list):
        return any(_holds_secret(each, name) for each in value)
    if not isinstance(value, str) or name.endswith("sha256") or _ENCODED.match(name):
        return False
    if name == "model_id" and _HEX.fullmatch(value):
        return False
    return bool(SECRET.search(_AT_EXAMPLE.sub("", _BASE64.sub("", value))))


def _notebook(path: Path) -> Any:
    try:
        read = read_json(path.read_bytes())
        if not isinstance(read["cells"], list) or not all(isinstance(cell, dict) for cell in read["cells"]):
            raise ValueError("no cells")
        if not all(_is_text(cell.get("source", "")) for cell in read["cells"]):
            raise ValueError("a cell without text")
    except (ValueError, KeyError, TypeError) as error:
        raise BadRequest(f"{path} is not a notebook ({error}): save it again, or move it away.") from None
    return read


def _is_text(value: Any) -> bool:
    """Tell whether a value is text as a notebook keeps it: whole, or as a list of lines."""
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(each, str) for each in value))


def build(folder: Path, files: Iterable[Path], site: Path) -> None:
    """Build the site of the files of a folder.

    Raises:
        BadRequest: JupyterLite is not installed, or the site's folder holds other things.
        GeminiError: JupyterLite failed; quotes it.
    """
    if not (find_spec("jupyterlite_core") and find_spec("jupyterlite_pyodide_kernel")):
        raise BadRequest("JupyterLite, which builds the site, is missing: pip install 'gemini_magics[class]'.")
    # A site may be built again in its place; other files of the person are never mixed with it.
    if site.is_file():
        raise BadRequest(f"{site} is a file: name a new folder with --output.")
    if site.exists() and any(site.iterdir()) and not (site / "jupyter-lite.json").exists():
        raise BadRequest(f"{site} holds other files: name a new folder with --output.")
    with TemporaryDirectory() as temporary:
        contents, lite = Path(temporary, "contents"), Path(temporary, "lite")
        lite.mkdir()
        for file in files:
            place = contents / file
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / file, place)
            if file.suffix == ".ipynb":
                _let_install(place)
        # No index is asked: the students get the version with which the teacher has tried the notebooks.
        wheel = write_wheel(Path(temporary))
        words = ["-m", "jupyterlite_core", "build", "--contents", contents, "--piplite-wheels", wheel]
        ran = subprocess.run(  # noqa: S603 - these words alone
            # A `jupyter` on the PATH may belong to another environment.
            [sys.executable, *map(str, words), "--output-dir", str(site.resolve()), "--lite-dir", str(lite)],
            # JupyterLite takes its configuration from the folder that it runs in:
            # https://jupyterlite.readthedocs.io/en/stable/howto/configure/config_files.html
            cwd=lite,
            capture_output=True,
            text=True,
            check=False,
        )
    if ran.returncode:
        raise GeminiError(f"JupyterLite could not build the site: {ran.stderr.strip() or ran.stdout.strip()}")


def _let_install(path: Path) -> None:
    """Let a notebook that loads gemini_magics install it first, which takes the site's own wheel."""
    notebook = _notebook(path)
    for cell in notebook["cells"]:
        source = "".join(cell.get("source", ""))
        if cell.get("cell_type") == "code" and _LOADS.search(source):
            cell["source"] = f"{INSTALL}\n{source}"
            break
    # As Jupyter itself writes a notebook:
    # https://github.com/jupyter/nbformat/blob/v5.10.4/nbformat/v4/nbjson.py
    path.write_text(json.dumps(notebook, ensure_ascii=False, indent=1) + "\n", "utf-8")


def write_wheel(folder: Path) -> Path:
    """Write this installation as a wheel again, for browsers; return where it is.

    https://packaging.python.org/en/latest/specifications/binary-distribution-format/
    """
    installed = distribution("gemini_magics")
    name, metadata = f"gemini_magics-{installed.version}", installed.read_text("METADATA") or ""
    files = {
        path.relative_to(PACKAGE.parent).as_posix(): path.read_bytes()
        for path in sorted(PACKAGE.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    files[f"{name}.dist-info/METADATA"] = metadata.encode()
    files[f"{name}.dist-info/WHEEL"] = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    rows = [f"{path},sha256={_digest(data)},{len(data)}" for path, data in files.items()]
    # RECORD cannot hold a hash of itself.
    files[f"{name}.dist-info/RECORD"] = "\n".join([*rows, f"{name}.dist-info/RECORD,,\n"]).encode()
    wheel = folder / f"{name}-py3-none-any.whl"
    with ZipFile(wheel, "w", ZIP_DEFLATED) as archive:
        for path, data in files.items():
            archive.writestr(path, data)
    return wheel


def _digest(data: bytes) -> str:
    # The format asks for base64 without padding: https://peps.python.org/pep-0427/
    return urlsafe_b64encode(sha256(data).digest()).rstrip(b"=").decode()
