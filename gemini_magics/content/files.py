"""Read files and bytes: their content decides what they are, and a file is read only where it may be."""

from __future__ import annotations

import json
import os
import re
import stat
from errno import ELOOP
from fnmatch import fnmatchcase
from io import BytesIO
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO
from unicodedata import normalize
from urllib.parse import SplitResult, unquote, urlsplit

from ..core.errors import CannotAttach
from ..core.folder import notebook_folder, where_paths_begin
from ..core.messages import Attachment, Media
from ..core.pictures import open_picture
from ..core.settings import Settings
from ..core.text import SECRET, counted, reveal, shorten, size, url_without_secrets
from .file_kinds import next_step
from .file_types import HEAD_BYTES, PILLOW_FORMATS, sniff
from .images import picture
from .pdf import why_unreadable
from .pdf_pages import PdfPages
from .svg import svg
from .text_files import decoded

PICTURE_FILE_BYTES = 100_000_000  # larger than what is sent, since pictures are scaled down
TEXT_CHARS = 4_000_000  # about the million tokens that the model takes in

TAKEN = "Pictures (PNG, JPEG, WebP, HEIC, GIF, BMP, TIFF, SVG), PDF, sound, film and text can be sent."

# Text with one of these endings may hold anything a person names; other text is sent unless it looks like keys.
_TEXT_ENDINGS = frozenset(
    """
    txt text md markdown rst adoc org tex bib log out csv tsv tab dat json jsonl ndjson geojson jsonc json5
    yaml yml toml ini cfg conf lock xml html htm css scss py pyi pyx ipynb r rmd qmd jl m do sas sps stan sql
    sh bash zsh fish ps1 bat c h cc cpp cxx hpp cu cuh java kt scala groovy js mjs jsx ts tsx vue go rs swift
    rb pl php lua hs ml fs ex exs clj lisp el scm f f90 f95 asm v vhd proto graphql cmake mk nf smk wdl dot gv
    mmd diff patch srt vtt eml ics fasta fa fastq fq gff bed pdb cif xyz slurm gpx
    """.split()  # noqa: SIM905 - so many endings are best read as words
)
_TEXT_NAMES = frozenset(("README", "LICENSE", "CHANGELOG", "Makefile", "Dockerfile", "Snakefile", ".gitignore"))
_KEY_NAMES = (
    ".env*", ".netrc", "_netrc", ".pgpass", "*.pem", "*.key", "*.ppk", "*.p12", "*.pfx", "*.kdbx",
    "credentials", "credentials.*", "kubeconfig", "kubeconfig.*",
)  # fmt: skip
_TGA_ENDINGS = (".tga", ".icb", ".vda", ".vst")  # its files have no magic number


def named_for_keys(filename: str) -> bool:
    """Tell whether a file's name is one that files with keys have."""
    # `fnmatch` minds case on some systems only: https://docs.python.org/3/library/fnmatch.html
    return any(fnmatchcase(filename.lower(), pattern) for pattern in _KEY_NAMES)


def from_path(path: Path, name: str, settings: Settings) -> Attachment:
    """Read a file of the notebook's folder; `~/` at the start of its path is the home folder.

    The file is opened first, and what is open is judged: a link that is swapped meanwhile changes nothing.

    Raises:
        CannotAttach: there is no such file, it is not a regular one, lies outside the folder (unless
            `allow_outside` is set), is too large, or of a kind that cannot be sent.
    """
    try:
        data, stored_as = _read(path, name, settings)
        return from_bytes(data, name, settings, path.name, stored_as)
    except OSError as error:
        raise CannotAttach(f"{name} cannot be read: {error.strerror or error}.") from None


def from_file(file: Any, name: str, settings: Settings) -> Attachment:
    """Return what an open file of the notebook holds: `open("a.png")`, or text or bytes in memory.

    A file on the disk is read by its path, whose rule holds for it; where it stands open stays as it is.

    Raises:
        CannotAttach: as `from_path` does, or the file is closed.
    """
    try:
        if hasattr(file, "getvalue"):
            content = file.getvalue()
            return from_bytes(content, name, settings) if isinstance(content, bytes) else text(content, name)
        return from_path(Path(os.fsdecode(file.name)), name, settings)
    except (ValueError, TypeError, AttributeError):
        raise CannotAttach(
            f"{name} is an open file without a path: name its path, or what you read from it."
        ) from None


def from_bytes(
    data: bytes, name: str, settings: Settings, filename: str = "", stored_as: str = ""
) -> Attachment:
    """Return bytes as what their magic numbers say; text only where they are a file's.

    Args:
        filename: the name by which a file was named, which may be a link.
        stored_as: the name of the file itself, where it is another one.

    Raises:
        CannotAttach: they are of a kind that cannot be sent.
    """
    kind = sniff(data)
    if kind is None and filename.lower().endswith(_TGA_ENDINGS):
        kind = "image/x-tga"
    if kind is None:
        _refuse_known(BytesIO(data), name, filename)
        return _text_file(data, name, filename, stored_as or filename)
    if kind == "image/svg+xml":
        return svg(decoded(data, name)[0], name, settings)
    if kind in PILLOW_FORMATS:
        image = open_picture(data, name, PILLOW_FORMATS[kind])
        media, note = picture(image, name, settings)
        return Attachment(name, "image", media, ", ".join(filter(None, [f"{image.format} as PNG", note])))
    if kind.startswith("image/"):
        media, note = picture(data, name, settings)
        return Attachment(name, "image", media, note)
    if kind != "application/pdf":
        return Attachment(name, kind.partition("/")[0], Media(kind, data))
    if reason := why_unreadable(data):
        raise CannotAttach(f"{name} {reason}.")
    return Attachment(name, "PDF", Media(kind, data), ground=PdfPages(data))


def expanded(path: Path) -> Path:
    """Read `~/` at the start of a path as the home folder; `~name` is a file's own name.

    Raises:
        RuntimeError: there is no home folder.
    """
    return path.expanduser() if path.parts[:1] == ("~",) else path


def as_spelled(path: Path) -> Path:
    """Return a path in the Unicode form in which it exists: macOS and archives store names decomposed."""
    if path.exists():
        return path
    found = Path()
    for part in path.parts:
        forms = (part, normalize("NFC", part), normalize("NFD", part))
        found /= next((form for form in forms if (found / form).exists()), part)
    return found


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


def _read(path: Path, name: str, settings: Settings) -> tuple[bytes, str]:
    """Read a file that may be read, and no more of it than may be sent; return its own name, too."""
    resolved = _resolved(path, name)
    _check_folder(resolved, name, settings)
    _check_regular(resolved.stat(), name)  # opening a pipe or a device could block, or never end
    # A pipe that takes the file's place now would block without O_NONBLOCK, which regular files ignore.
    descriptor = os.open(resolved, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        _check_regular(status, name)
        opened = _path_of(descriptor, resolved, name)
        _check_folder(opened, name, settings)
        if not status.st_size:
            raise CannotAttach(f"{name} is an empty file: there is nothing to send.")
        head = file.read(HEAD_BYTES)
        kind = sniff(head)
        if kind is None:
            file.seek(0)
            _refuse_known(file, name, path.name)
            file.seek(len(head))
        most = PICTURE_FILE_BYTES if (kind or "").startswith("image/") else settings.request_bytes
        if status.st_size > most:
            more = "" if most == PICTURE_FILE_BYTES else ", or raise %config GeminiMagics.request_bytes"
            raise CannotAttach(
                f"{name} has {size(status.st_size)}, and {size(most)} are the most: name a smaller file{more}."
            )
        # One byte more than there should be tells that the file has grown meanwhile.
        data = head + file.read(status.st_size - len(head) + 1)
    if len(data) != status.st_size:
        raise CannotAttach(f"{name} changed while it was read: wait until it is written, or name a copy of it.")
    return data, opened.name


def _check_folder(file: Path, name: str, settings: Settings) -> None:
    folder = notebook_folder()
    if not (settings.allow_outside or file.is_relative_to(folder)):
        raise CannotAttach(f"{name} is not in {folder} or below: add --allow-outside to send it all the same.")


def _check_regular(status: os.stat_result, name: str) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise CannotAttach(f"{name} is a folder: name a file in it.")
    if not stat.S_ISREG(status.st_mode):
        raise CannotAttach(f"{name} is not a regular file but a device, a pipe or a socket: name a file.")


def _path_of(descriptor: int, resolved: Path, name: str) -> Path:
    """Return where an open file lies, as the system says (proc(5), fcntl(2) of macOS).

    Elsewhere it is the resolved path, if what lies there, with no link followed, is the open file.
    """
    link_to_it = Path(f"/proc/self/fd/{descriptor}")
    if link_to_it.exists():
        return link_to_it.readlink()
    try:
        import fcntl

        return Path(os.fsdecode(fcntl.fcntl(descriptor, fcntl.F_GETPATH, bytes(1024)).rstrip(b"\0")))  # type: ignore[attr-defined,unused-ignore]
    except (ImportError, AttributeError):
        now = resolved.resolve(strict=True)
        if now == resolved and os.path.samestat(now.lstat(), os.fstat(descriptor)):
            return resolved
    raise CannotAttach(f"{name} was replaced while it was opened: name it again.")


def _resolved(path: Path, name: str) -> Path:
    try:
        return as_spelled(expanded(path)).resolve(strict=True)
    except FileNotFoundError:
        if expanded(path).is_symlink():
            raise CannotAttach(
                f"{name} is a link to a file that is not there: get the file, as with git annex get or dvc "
                "pull, or name another."
            ) from None
        raise CannotAttach(f"There is no file {name} here. {where_paths_begin()}") from None
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, no home folder, a NUL in the name
        if isinstance(error, OSError) and error.errno != ELOOP:  # it is an OSError from Python 3.13 on
            raise
        raise CannotAttach(f"{name} is not a path that leads to a file ({error}): name another.") from None


def _refuse_known(file: BinaryIO, name: str, filename: str) -> None:
    if step := next_step(file, name, filename):
        raise CannotAttach(f"{name} is {step}.")


def _text_file(data: bytes, name: str, filename: str, stored_as: str) -> Attachment:
    """Return the text of a file; without a known ending it is text if it looks like it, and holds no key.

    A cloned folder may hold a link `notes.txt` to `.env`, so the name of the file itself counts as well.

    Raises:
        CannotAttach: it is not text, or may hold keys.
    """
    names = (filename, stored_as)
    unknown = [each for each in names if not _is_known_as_text(each)]
    if any(map(named_for_keys, names)) or any(each.startswith((".", "id_")) for each in unknown):
        raise _may_hold_keys(name)
    content, note = _looks_like_text(data, name, filename) if filename in unknown else decoded(data, name)
    if unknown and SECRET.search(content):
        raise CannotAttach(f"{name} holds what looks like a key, and is not sent: name a copy without it.")
    if filename.lower().endswith(".ipynb"):
        return _notebook(content, name)
    return text(content, name, note)


def _is_known_as_text(filename: str) -> bool:
    return Path(filename).suffix[1:].lower() in _TEXT_ENDINGS or filename in _TEXT_NAMES


def _looks_like_text(data: bytes, name: str, filename: str) -> tuple[str, str]:
    unknown = CannotAttach(f"{name} holds {size(len(data))} of no kind that is known here. {TAKEN}")
    if not filename:
        raise unknown
    try:
        content, note = decoded(data, name)
    except CannotAttach:
        raise unknown from None
    if _CONTROLS.search(content):
        raise unknown
    return content, note


# Tabs, ends of lines and pages, and the escape of coloured logs stand in texts. The others do not.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")


def _may_hold_keys(name: str) -> CannotAttach:
    return CannotAttach(
        f"{name} has a name under which keys are kept, and is not sent: name a copy with another name if it "
        "holds none."
    )


def _notebook(content: str, name: str) -> Attachment:
    """Return the cells of a notebook without their outputs, which may hold megabytes of pictures."""
    try:
        cells = json.loads(content)["cells"]
        sources = [(cell["cell_type"], "".join(cell["source"])) for cell in cells]
    except (ValueError, KeyError, TypeError, RecursionError):
        return text(content, name)
    parts = (f"[{place}] {kind}\n{source}" for place, (kind, source) in enumerate(sources, 1))
    return text("\n\n".join(parts), name, f"{counted(len(sources), 'cell')}, without outputs")


_TYPES = {
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp",
    ".heic": "image/heic", ".gif": "image/gif", ".bmp": "image/bmp", ".pdf": "application/pdf",
    ".wav": "audio/wav", ".mp3": "audio/mp3", ".aac": "audio/aac", ".flac": "audio/flac",
    ".ogg": "audio/ogg", ".aiff": "audio/aiff", ".mp4": "video/mp4", ".mov": "video/mov",
    ".webm": "video/webm", ".avi": "video/avi", ".mpeg": "video/mpeg", ".mpg": "video/mpeg",
    ".flv": "video/x-flv", ".wmv": "video/wmv", ".3gp": "video/3gpp",
}  # fmt: skip

# The characters of a scheme: https://www.rfc-editor.org/rfc/rfc3986#section-3.1
URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
# A reader of URLs takes this full stop for a dot, too, and its half-width form becomes it in NFKC:
# https://www.unicode.org/reports/tr46/#Table_Example_Processing
_FULL_STOP = "\u3002"
# Networks whose last 32 bits are an address of IPv4 (RFC 4291, 2.5.5.1; RFC 6052, 2.1).
_HOLDS_IPV4 = (IPv6Network("::/96"), IPv6Network("64:ff9b::/96"))
# Names that mean this machine or this network (RFC 6761, 6762, 8375 and common habit).
_PRIVATE_NAMES = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "home.arpa", "test")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")


def link(url: str, name: str) -> Attachment:
    """Return an https URL as an attachment; its media type is guessed from how its path ends.

    Raises:
        CannotAttach: it is not https, holds a password, or leads to this machine or a private network.
    """
    parts = _split(url)
    if parts.scheme != "https":
        raise CannotAttach(
            f"{_short(url)} is not an https URL: only https is sent on; a file is named by its path alone."
        )
    if parts.username is not None or parts.password is not None:
        raise CannotAttach("That URL holds a user name or a password, and would give it away: leave it out.")
    if _is_private(parts.hostname or ""):
        raise CannotAttach(
            f"{_short(url)} leads to this machine or a private network, where the service cannot go: "
            "save the file and name its path."
        )
    suffix = PurePosixPath(unquote(parts.path)).suffix.lower()
    return Attachment(name, "link", Media(_TYPES.get(suffix, ""), url=url))


def _split(url: str) -> SplitResult:
    """Split a URL that has one reading only: readers differ about spaces, controls and backslashes."""
    try:
        parts = urlsplit(url)
        # A port that is not a number is told when it is read: https://docs.python.org/3/library/urllib.parse.html
        _ = parts.port
    except ValueError:
        parts = None
    # In a host a reader of URLs leaves out what nobody sees: https://www.unicode.org/reports/tr46/#Processing
    if (
        parts is None
        or reveal(parts.netloc) != parts.netloc
        or "\\" in url
        or not url.isprintable()
        or " " in url
    ):
        raise CannotAttach(f"{_short(url)} is not a well-formed URL: write blanks and the like as %20.")
    return parts


def _is_private(host: str) -> bool:
    """Tell whether a host is anything but a public one, by its name alone: nothing is looked up."""
    # A reader of URLs takes letters such as ⓛ for plain ones: https://url.spec.whatwg.org/#idna
    host = normalize("NFKC", host).casefold().replace(_FULL_STOP, ".").rstrip(".")
    try:
        address = ip_address(host)
    except ValueError:
        labels = host.split(".")
        # With a number as its last label it is an IPv4 address: 127.1, 0x7f000001 (WHATWG URL, 3.5).
        odd = bool(_NUMBER.fullmatch(labels[-1])) or "%" in host
        return odd or len(labels) < 2 or any(f".{host}".endswith(f".{name}") for name in _PRIVATE_NAMES)
    if isinstance(address, IPv6Address):
        # An address of IPv6 may hold a private one of IPv4 (RFC 4291, 2.5.5.2; RFC 3056, 2).
        held = IPv4Address(int(address) & 0xFFFFFFFF) if any(address in each for each in _HOLDS_IPV4) else None
        address = address.ipv4_mapped or address.sixtofour or held or address
    return not address.is_global or address.is_multicast


def _short(url: str) -> str:
    return shorten(url_without_secrets(url), 80)
