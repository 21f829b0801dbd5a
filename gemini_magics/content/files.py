"""Files and bytes: what they hold decides what they are, and a file is read only where it may be."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from ..core.errors import CannotAttach
from ..core.messages import Attachment, Media
from ..core.plain import size
from ..core.settings import Settings
from . import svg
from .media import picture
from .sniff import HEAD_BYTES, sniff

PICTURE_FILE_BYTES = 100_000_000  # larger than what is sent, since pictures are scaled down
TEXT_CHARS = 4_000_000  # about the million tokens that the model takes in

TAKEN = "Pictures (PNG, JPEG, WebP, HEIC, GIF, BMP, TIFF, SVG), PDF, sound, film and text can be sent."

# Text has no magic number, so its files go by their endings. Files made to hold keys (.env, .pem) are not
# among them.
_TEXT_ENDINGS = frozenset(
    """
    txt text md markdown rst adoc org tex bib log out csv tsv tab dat json jsonl ndjson geojson yaml yml
    toml ini cfg conf xml html htm css scss py pyi pyx ipynb r rmd qmd jl m do sas sps stan sql sh bash zsh
    fish ps1 bat c h cc cpp cxx hpp cu cuh java kt scala groovy js mjs jsx ts tsx vue go rs swift rb pl php
    lua hs ml fs ex exs clj lisp el scm f f90 f95 asm v vhd proto graphql cmake mk nf smk wdl dot gv mmd
    diff patch srt vtt eml ics fasta fa fastq fq gff bed pdb cif xyz
    """.split()  # noqa: SIM905 - so many endings are best read as words
)
_TEXT_NAMES = frozenset(("README", "LICENSE", "CHANGELOG", "Makefile", "Dockerfile", "Snakefile", ".gitignore"))
_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def from_path(path: Path, name: str, settings: Settings) -> Attachment:
    """Read a file of the notebook's folder; `~/` at the start of its path is the home folder.

    Links are followed before it is asked where the file is, and its size before it is read.

    Raises:
        CannotAttach: there is no such file, it is no regular one, lies outside the folder (unless
            `allow_outside` is set), is too large, or of a kind that cannot be sent.
    """
    try:
        return from_bytes(_read(path, name, settings), name, settings, path.name)
    except OSError as error:
        raise CannotAttach(f"{name} cannot be read: {error.strerror or error}.") from None


def from_bytes(data: bytes, name: str, settings: Settings, filename: str = "") -> Attachment:
    """Return bytes as what their magic numbers say; text only where the name of a file says so.

    Raises:
        CannotAttach: they are of a kind that cannot be sent.
    """
    kind = sniff(data)
    if kind is None and _is_text(filename):
        return _text_file(data, name, filename)
    if kind is None:
        raise CannotAttach(f"{name} holds {size(len(data))} of no kind that is known here. {TAKEN}")
    if kind == "image/svg+xml":
        return svg.drawing(_decoded(data, name), name, settings)
    if kind.startswith("image/"):
        media, note = picture(data, name, settings)
        return Attachment(name, "image", media, note)
    return Attachment(name, "PDF" if kind == "application/pdf" else kind.partition("/")[0], Media(kind, data))


def expanded(path: Path) -> Path:
    """Read `~/` at the start of a path as the home folder; `~name` is a file's own name.

    Raises:
        RuntimeError: there is no home folder.
    """
    return path.expanduser() if path.parts[:1] == ("~",) else path


def where_paths_begin() -> str:
    """Say where a file is looked for, in a sentence."""
    return f"Paths begin in the notebook's folder, {Path.cwd()}: name one from there."


def text(content: str, name: str, note: str = "") -> Attachment:
    """Return text as an attachment.

    Raises:
        CannotAttach: it is blank, or longer than the model takes.
    """
    if not content.strip():
        raise CannotAttach(f"{name} is empty: there is nothing to send.")
    if len(content) > TEXT_CHARS:
        raise CannotAttach(
            f"{name} has {len(content):,} characters, more than the {TEXT_CHARS:,} that a model takes: "
            "name a part of it."
        )
    return Attachment(name, "text", content, note)


def _read(path: Path, name: str, settings: Settings) -> bytes:
    """Read a file that may be read, and no more of it than may be sent."""
    resolved = _resolved(path, name)
    folder = Path.cwd().resolve()
    if not (settings.allow_outside or resolved.is_relative_to(folder)):
        raise CannotAttach(f"{name} is not in {folder} or below: add --allow-outside to send it all the same.")
    status = resolved.stat()
    if stat.S_ISDIR(status.st_mode):
        raise CannotAttach(f"{name} is a folder: name a file in it.")
    if not stat.S_ISREG(status.st_mode):  # opening a pipe or a device could block, or never end
        raise CannotAttach(f"{name} is no regular file but a device, a pipe or a socket.")
    if not status.st_size:
        raise CannotAttach(f"{name} is an empty file: there is nothing to send.")
    with resolved.open("rb") as file:
        head = file.read(HEAD_BYTES)
        most = PICTURE_FILE_BYTES if (sniff(head) or "").startswith("image/") else settings.request_bytes
        if status.st_size > most:
            more = "" if most == PICTURE_FILE_BYTES else ", or raise %config GeminiMagics.request_bytes"
            raise CannotAttach(
                f"{name} has {size(status.st_size)}, and {size(most)} are the most: name a smaller file{more}."
            )
        return head + file.read(status.st_size - len(head))


def _resolved(path: Path, name: str) -> Path:
    try:
        return expanded(path).resolve(strict=True)
    except FileNotFoundError:
        raise CannotAttach(f"There is no file {name} here. {where_paths_begin()}") from None
    except (RuntimeError, ValueError) as error:  # a loop of links, no home folder, a NUL in the name
        raise CannotAttach(f"{name} is no path that leads to a file: {error}.") from None


def _is_text(filename: str) -> bool:
    path = Path(filename)
    return path.suffix[1:].lower() in _TEXT_ENDINGS or filename in _TEXT_NAMES


def _text_file(data: bytes, name: str, filename: str) -> Attachment:
    content = _decoded(data, name)
    if filename.lower().endswith(".ipynb"):
        return _notebook(content, name)
    return text(content, name)


def _decoded(data: bytes, name: str) -> str:
    encoding = next((encoding for mark, encoding in _BYTE_ORDER_MARKS if data.startswith(mark)), "utf-8")
    try:
        content = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise CannotAttach(
            f"{name} is no {error.encoding.upper()} text (byte {error.start:,} is wrong): save it as UTF-8."
        ) from None
    if "\0" in content:
        raise CannotAttach(f"{name} holds NUL characters, so it is no text. {TAKEN}")
    return content


def _notebook(content: str, name: str) -> Attachment:
    """Return the cells of a notebook without their outputs, which may hold megabytes of pictures."""
    try:
        cells = json.loads(content)["cells"]
        sources = [(cell["cell_type"], "".join(cell["source"])) for cell in cells]
    except (ValueError, KeyError, TypeError):
        return text(content, name)
    parts = (f"[{place}] {kind}\n{source}" for place, (kind, source) in enumerate(sources, 1))
    return text("\n\n".join(parts), name, f"{len(sources)} cells, without their outputs")
