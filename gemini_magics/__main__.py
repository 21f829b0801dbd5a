"""python -m gemini_magics: what is done outside of a notebook."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from inspect import cleandoc
from typing import Any

from .core.errors import BadRequest, GeminiError

HOW_TO_USE = """\
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
    asked = _parser().parse_args(arguments)
    try:
        status: int = asked.run(asked)
    except GeminiError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return status


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m gemini_magics", description="What gemini_magics does outside of a notebook."
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    serve = _command(commands, "demo", demo)
    serve.add_argument("--port", type=int, default=0, help="a port of this machine; without it, a free one")
    serve.add_argument(
        "--words-per-s", type=float, default=30.0, metavar="N",
        help="the pace of the answers, 30 by default; 0 is as fast as they are read",
    )  # fmt: skip

    keep = _command(commands, "recording", recording)
    keep.add_argument("file", metavar="FILE", help="the recording")
    action = keep.add_mutually_exclusive_group()
    action.add_argument("--check", action="store_true", help="say what is wrong with it, and nothing else")
    action.add_argument("--prune", action="store_true", help="take out the answers that later ones replaced")
    return parser


def _command(commands: Any, name: str, run: Callable[[Namespace], int]) -> ArgumentParser:
    """Add a command that is described by the docstring of what it runs."""
    about = cleandoc(run.__doc__ or "")
    command: ArgumentParser = commands.add_parser(
        name, help=about.splitlines()[0], description=about, formatter_class=RawDescriptionHelpFormatter
    )
    command.set_defaults(run=run)
    return command


def demo(asked: Namespace) -> int:
    """Run the demo service by hand, until Ctrl-C.

    It listens on 127.0.0.1 alone, needs no key, and speaks the wire format of kie. It looks at what it is
    sent and says what that was; it is a stand-in, not Gemini.
    """
    from .service.demo import Demo

    try:
        service = Demo(words_per_s=asked.words_per_s, port=asked.port, keep=0)
    except (OSError, OverflowError) as error:
        raise BadRequest(f"Port {asked.port} cannot be used ({error}): choose another, or none.") from None
    with service:
        sys.stdout.write(HOW_TO_USE.format(base_url=service.base_url))
        sys.stdout.flush()
        try:
            while not service.closed.wait(1):  # on Windows, Ctrl-C is heard between waits only
                pass
        except KeyboardInterrupt:
            sys.stdout.write("\n")
    return 0


def recording(asked: Namespace) -> int:
    """List what a recording holds, check it, or prune it."""
    from .service.recording_command import run

    return run(asked.file, check=asked.check, prune=asked.prune)


if __name__ == "__main__":
    sys.exit(main())
