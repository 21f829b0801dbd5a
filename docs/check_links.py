"""Check the built site: each link and picture inside of it leads to a file that is there, each anchor to an id.

python docs/check_links.py SITE
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The links and ids of one page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect what a tag names."""
        named = dict(attrs)
        self.links += [value for name in ("href", "src") if (value := named.get(name))]
        if identity := named.get("id") or named.get("name"):
            self.ids.add(identity)


def broken(site: Path) -> list[str]:
    """Return one line for each link that leads nowhere."""
    pages = {path.resolve(): Page(path) for path in site.rglob("*.html")}
    found = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            ids = pages[target].ids if target in pages else {unquote(parts.fragment)}
            if not target.exists() or (parts.fragment and unquote(parts.fragment) not in ids):
                found.append(f"{path.relative_to(site.resolve())}: {link}")
    return sorted(set(found))


if __name__ == "__main__":
    lines = broken(Path(sys.argv[1]))
    sys.stdout.write("\n".join([*lines, f"{len(lines)} broken links\n"]))
    sys.exit(bool(lines))
