"""The notebook's folder: files are read and written in it, wherever a cell has gone with os.chdir."""

from __future__ import annotations

from pathlib import Path

_begin: Path | None = None


def use_folder(folder: Path | None = None) -> None:
    """Let paths lead into this folder, the one that the kernel began in; None: into the current one.

    A cell may call os.chdir: then paths begin elsewhere, as Python reads them, and this folder stays.
    """
    global _begin
    _begin = folder.resolve() if folder else None


def notebook_folder() -> Path:
    """Return the folder in which files are read and written, without links."""
    return _begin or Path.cwd().resolve()


def current_folder() -> Path | None:
    """Return the folder in which paths begin; None where it was deleted, as a temporary one is."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return None


def where_paths_begin() -> str:
    """Say where a file is looked for, in a sentence."""
    here = current_folder()
    if here is None:
        return "The current folder, in which paths begin, was deleted: go to another one with os.chdir."
    which = "notebook's" if here.resolve() == notebook_folder() else "current"
    return f"Paths begin in the {which} folder, {here}: name one from there."
