"""Draw SVG in a process of its own: a script that `content.svg` starts, and nothing else imports.

It gets its limits from itself, before it reads what came from outside: a drawing of a few hundred bytes can
ask for hours or for more memory than there is, and one that is nested deeply ends the process that draws it.
"""

from __future__ import annotations

import json
import sys
from base64 import b64encode


def _limit(seconds: int, memory_bytes: int) -> None:
    """Bound the time and the memory of this process, where the platform can: Windows has no `resource`."""
    try:
        import resource
    except ImportError:
        return
    for kind, most in (("RLIMIT_CPU", seconds), ("RLIMIT_AS", memory_bytes), ("RLIMIT_CORE", 0)):
        try:
            resource.setrlimit(getattr(resource, kind), (most, most))
        except (AttributeError, ValueError, OSError):  # macOS takes no RLIMIT_AS; the parent's clock is left
            continue


def main() -> None:
    """Read an order from stdin, and write the pictures, or what went wrong, to stdout."""
    seconds, memory_bytes, folder = sys.argv[1:]
    _limit(int(seconds), int(memory_bytes))
    sys.path.append(folder)  # where the renderer is installed; the isolated mode knows no user's packages
    import vl_convert

    order = json.load(sys.stdin)
    try:
        pictures = [vl_convert.svg_to_png(source, scale=order["scale"]) for source in order["sources"]]
    except (RuntimeError, ValueError) as error:
        json.dump({"error": str(error)}, sys.stdout)
        return
    json.dump({"pictures": [b64encode(picture).decode() for picture in pictures]}, sys.stdout)


if __name__ == "__main__":
    main()
