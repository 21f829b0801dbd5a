"""Draw SVG in a process of its own: a script that `content.svg` starts, and nothing else imports.

It gets its limits from itself, before it reads what came from outside: a drawing of a few hundred bytes can
ask for hours or for more memory than there is, and one that is nested deeply ends the process that draws it.
"""

from __future__ import annotations

import json
import re
import sys
from base64 import b64encode
from xml.etree import ElementTree

# In a style sheet, or in the style of one element.
_FONT = re.compile(r"""(\bfont(?:-family)?+\s*+:)((?:"[^"]*+"|'[^']*+'|[^"';{}!])++)""")
_AS_IT_IS = ("inherit", "initial", "unset")


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


def _with_fonts(source: str) -> str:
    """Name a family that is always there behind each font, and for the texts without one.

    A browser writes a text in another font where its own is missing; the renderer leaves the text out.
    """
    # `content.svg` has read the drawing before, and entities have been refused there.
    root = ElementTree.fromstring(source)  # noqa: S314
    root.set("font-family", root.get("font-family", "serif"))
    for element in root.iter():
        if family := element.get("font-family"):
            element.set("font-family", _or_another(family))
        if style := element.get("style"):
            element.set("style", _FONT.sub(_declared, style))
        if element.text and element.tag.endswith("}style"):
            element.text = _FONT.sub(_declared, element.text)
    return ElementTree.tostring(root, encoding="unicode")


def _declared(found: re.Match[str]) -> str:
    return f"{found[1]}{_or_another(found[2])}"


def _or_another(families: str) -> str:
    return families if families.strip() in _AS_IT_IS else f"{families.rstrip()}, sans-serif"


def main() -> None:
    """Read an order from stdin, and write the pictures, or what went wrong, to stdout."""
    seconds, memory_bytes, folder = sys.argv[1:]
    _limit(int(seconds), int(memory_bytes))
    sys.path.append(folder)  # where the renderer is installed; the isolated mode knows no user's packages
    import vl_convert

    order = json.load(sys.stdin)
    try:
        sources = [_with_fonts(source) for source in order["sources"]]
        pictures = [vl_convert.svg_to_png(source, scale=order["scale"]) for source in sources]
    except (RuntimeError, ValueError, ElementTree.ParseError) as error:  # the last: an unknown entity
        json.dump({"error": str(error)}, sys.stdout)
        return
    json.dump({"pictures": [b64encode(picture).decode() for picture in pictures]}, sys.stdout)


if __name__ == "__main__":
    main()
