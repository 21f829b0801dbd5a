"""python -m gemini_magics: the commands for use outside of a notebook."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from inspect import cleandoc
from pathlib import Path
from typing import Any

from . import __version__
from .core.errors import BadRequest, GeminiError
from .core.text import counted, legible, shorten, size, writable
from .recording.contents import Contents
from .recording.file import Recording, recording_at
from .render.table import Table

CELL_CHARS = 60
INSTRUCTIONS = """\
The demo service answers at {base_url} until Ctrl-C.

In a notebook:
    %load_ext gemini_magics
    %config GeminiMagics.service = "demo"
    %config GeminiMagics.base_url = "{base_url}"

For all notebooks of a Jupyter server, before it starts:
    export GEMINI_MAGICS_SERVICE=demo
    export GEMINI_MAGICS_BASE_URL='{base_url}'
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except GeminiError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except BrokenPipeError:
        # `| head` has read enough; the exit of Python would write what is left, and complain:
        # https://docs.python.org/3/library/signal.html#note-on-sigpipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m gemini_magics", description="Commands of gemini_magics for use outside of a notebook."
    )
    parser.add_argument("--version", action="version", version=f"gemini_magics {__version__}")
    parser.set_defaults(run=lambda _: _help(parser))
    commands = parser.add_subparsers(metavar="COMMAND")

    serve = _command(commands, "demo", demo)
    serve.add_argument("--port", type=int, default=0, help="a port of this machine; the default is a free one")
    serve.add_argument(
        "--words-per-s", type=float, default=30.0, metavar="N",
        help="words of an answer per second; the default is 30, and 0 means no pauses",
    )  # fmt: skip

    _command(commands, "info", info)

    publish = _command(commands, "class", class_site)
    publish.add_argument("folder", metavar="FOLDER", help="the folder with the notebooks and the recordings")
    publish.add_argument(
        "--output", default="class_site", metavar="SITE", help="the folder to write; the default is class_site"
    )
    publish.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="FILE",
        help="publish it although it seems to hold a key",
    )
    publish.add_argument("--list", action="store_true", help="list what would be published, and write nothing")

    manage = _command(commands, "recording", recording)
    manage.add_argument("file", metavar="FILE", help="the recording")
    action = manage.add_mutually_exclusive_group()
    action.add_argument("--check", action="store_true", help="report its problems only")
    action.add_argument("--prune", action="store_true", help="remove the answers that later ones replaced")
    return parser


def _command(commands: Any, name: str, run: Callable[[Namespace], int]) -> ArgumentParser:
    """Add a command whose description is the docstring of its function."""
    about = cleandoc(run.__doc__ or "")
    # The usual formatter would join the paragraphs of a docstring:
    # https://docs.python.org/3/library/argparse.html#formatter-class
    command: ArgumentParser = commands.add_parser(
        name, help=about.splitlines()[0], description=about, formatter_class=RawDescriptionHelpFormatter
    )
    command.set_defaults(run=run)
    return command


def _help(parser: ArgumentParser) -> int:
    parser.print_help()
    return 0


def info(options: Namespace) -> int:
    """Print versions, services, where keys are, proxies and more, for a bug report.

    It shows no key, no password and no header. In a notebook, %gemini_info adds what its frontend can show.
    """
    from .notebook.info import report

    _print(report())
    return 0


def demo(options: Namespace) -> int:
    """Run the demo service by hand, until Ctrl-C.

    It listens on 127.0.0.1 only, needs no key and speaks the wire format of kie. It answers with a
    description of what it received; it is a stand-in, not Gemini.
    """
    from .demo.server import Demo

    try:
        # It may run for days, so it keeps no request.
        service = Demo(words_per_s=options.words_per_s, port=options.port, keep=0)
    except (OSError, OverflowError) as error:  # the second is a port above 65,535
        raise BadRequest(
            f"Port {options.port} cannot be used ({error}): choose another one, or leave --port out."
        ) from None
    with service:
        sys.stdout.write(INSTRUCTIONS.format(base_url=service.base_url))
        sys.stdout.flush()  # a pipe would get the address only at the end
        try:
            # On Windows Ctrl-C does not interrupt a wait: https://github.com/python/cpython/issues/80116
            while not service.closed.wait(1):
                pass
        except KeyboardInterrupt:
            sys.stdout.write("\n")
    return 0


def class_site(options: Namespace) -> int:
    """Write a site on which a class runs the notebooks of a folder, without a server and without keys.

    The site is JupyterLite: each student's browser runs Python itself. Put the folder on any host of plain
    files, such as GitHub Pages. All files of FOLDER but hidden ones are published, and listed first; a file
    with what looks like a key is refused. The wheel of this gemini_magics is in the site as well.
    """
    from .notebook.class_site import build, check_secrets, files_of

    folder, site = Path(options.folder), Path(options.output)
    if not folder.is_dir():
        raise BadRequest(f"There is no folder {folder}: name the one with the notebooks.")
    files = files_of(folder, site)
    check_secrets(folder, (file for file in files if str(file) not in options.allow))
    sizes = [(folder / file).stat().st_size for file in files]
    rows = [(str(file), size(n_bytes)) for file, n_bytes in zip(files, sizes, strict=True)]
    notes = [f"{counted(len(files), 'file')}, {size(sum(sizes))}"]
    _print(Table(("published", ""), rows, frozenset({1}), notes).text())
    if not options.list:
        build(folder, files, site)
        _print(f"{site} is the site. To look at it: {sys.executable} -m http.server -d {site}")
    return 0


def recording(options: Namespace) -> int:
    """List, check or prune the answers in a recording."""
    file, found = options.file, recording_at(options.file)
    if not found.path.exists():
        raise BadRequest(f"The recording {file} does not exist: %gemini_record {file} in a notebook begins it.")
    if options.prune:
        cut = found.look().cut
        removed = _pruned(found)
        if cut:
            _print(f"{file}, line {cut}: removed; its writer was stopped in the middle of it")
        _print(f"{file}: {removed} replaced {_answers(removed)} removed, {len(found.load().current)} left")
        return 0
    contents = found.look()
    problems = [f"line {line}: {problem}" for line, problem in sorted(_problems(contents).items())]
    if options.check:
        _print("\n".join(f"{file}, {problem}" for problem in problems) or f"{file}: no problems")
    else:
        _print(_listing(found, contents, problems).text())
    return 1 if problems else 0


def _pruned(recording: Recording) -> int:
    try:
        return recording.prune()
    except OSError as error:
        raise BadRequest(
            f"{recording.label} cannot be replaced ({error.strerror}) and is unchanged: check the permissions "
            "of its folder."
        ) from None


def _problems(contents: Contents) -> dict[int, str]:
    cut = {contents.cut: "incomplete, its writer was stopped in the middle of it"} if contents.cut else {}
    return contents.problems | dict.fromkeys(contents.conflicts, "mark of a merge") | cut


def _listing(recording: Recording, contents: Contents, problems: list[str]) -> Table:
    current = contents.current
    rows = []
    for record in contents.records:
        newest = current[record.asked.key]
        attached = ", ".join(sent.name for sent in record.asked.attached)
        replaced = "" if newest.line == record.line else f"replaced by line {newest.line}"
        by = f"{record.service} {record.model}"
        # Each row is as wide as the longest one, so a single name of a megabyte would fill the memory.
        told = (shorten(" ".join(words.split()), CELL_CHARS) for words in (by, attached, record.asked.text))
        rows.append((str(record.line), record.day, *told, replaced))
    total = size(recording.path.stat().st_size)
    notes = [f"{len(current)} {_answers(len(current))}, {total}", *problems]
    return Table(("line", "recorded", "answered by", "attached", "asked", ""), rows, frozenset({0}), notes)


def _answers(count: int) -> str:
    return "answer" if count == 1 else "answers"


def _print(text: str) -> None:
    # A shell's * writes names of files that a person has not read.
    sys.stdout.write(writable(f"{legible(text)}\n", sys.stdout))


if __name__ == "__main__":
    sys.exit(main())
