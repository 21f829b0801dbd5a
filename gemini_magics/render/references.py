"""References in a text: bare addresses, numbered sources, footnotes."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, paragraph
from markdown_it.rules_inline import StateInline

_SCHEME = re.compile(r"(?<![A-Za-z0-9.+-])https?\Z", re.IGNORECASE)
# Behind the scheme: the host and a port, then what RFC 3986 allows, and letters of any script, since people
# write /wiki/数学; but no punctuation of those scripts, which ends the sentence around it.
_ADDRESS = re.compile(
    r"://[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?"
    r"(?!:?[^\s/]{0,200}@)"  # a name and a password, which may look like a host
    r"(?:[/?#](?:[\w!#$%&'()+,./:;=?@~-]|\*(?!\*))*)?"
)
MOST_ADDRESS_CHARS = 2_000
_TRAILING = "?!.,:;*_~'"  # https://github.github.com/gfm/#extended-autolink-path-validation
_NUMBER = re.compile(r"\[(\d{1,3})\](?![(:])")
_FOOTNOTE = re.compile(r"\[\^([^\]\s\\^`]{1,40})\]")


def use_references(md: MarkdownIt) -> None:
    """Add bare addresses, numbered sources and footnotes (tokens `footnote`) to a parser."""
    md.inline.ruler.after("text", "bare_address", _bare_address)
    md.inline.ruler.before("link", "numbered_source", _numbered_source)
    md.inline.ruler.before("link", "footnote", _footnote_mark)
    md.block.ruler.before("reference", "footnote", _footnote, {"alt": ["paragraph", "reference"]})


def _bare_address(state: StateInline, silent: bool) -> bool:
    """Parse https://example.org without brackets: a link that shows itself."""
    if state.src[state.pos] != ":" or state.linkLevel:
        return False
    scheme = _SCHEME.search(state.src, max(state.pos - 6, 0), state.pos)
    most = min(state.pos + MOST_ADDRESS_CHARS, state.posMax)
    found = _ADDRESS.match(state.src, state.pos, most)
    if not scheme or not found or found.end() == state.pos + MOST_ADDRESS_CHARS:
        return False
    if not silent and not state.pending.endswith(scheme[0]):
        return False
    rest = _without_trailing(found[0])
    url = scheme[0] + rest
    href = state.md.normalizeLink(url)
    if not state.md.validateLink(href):
        return False
    if not silent:
        state.pending = state.pending[: -len(scheme[0])]
        _push_link(state, href, url)
    state.pos += len(rest)
    return True


def _without_trailing(address: str) -> str:
    """Return an address without the punctuation of the sentence around it."""
    while True:
        shorter = address.rstrip(_TRAILING)
        if shorter.endswith(")") and shorter.count(")") > shorter.count("("):
            shorter = shorter[:-1]
        if shorter == address:
            return address
        address = shorter


def _numbered_source(state: StateInline, silent: bool) -> bool:
    """Parse [1][2], each a link to its own source; CommonMark takes it for a text 1 that leads to 2."""
    # https://spec.commonmark.org/0.31.2/#full-reference-link
    found = _NUMBER.match(state.src, state.pos, state.posMax) if state.src[state.pos] == "[" else None
    if not found or state.linkLevel:
        return False
    source = state.env.get("references", {}).get(found[1])
    if not source and not _NUMBER.match(state.src, found.end(), state.posMax):
        return False
    if not silent and source:
        _push_link(state, source["href"], found[0])
    elif not silent:
        state.pending += found[0]
    state.pos = found.end()
    return True


def _push_link(state: StateInline, href: str, words: str) -> None:
    state.push("link_open", "a", 1).attrs = {"href": href}
    state.push("text", "", 0).content = words
    state.push("link_close", "a", -1)


def _footnote_mark(state: StateInline, silent: bool) -> bool:
    """Parse [^1], if there is such a footnote."""
    found = _FOOTNOTE.match(state.src, state.pos, state.posMax) if state.src[state.pos] == "[" else None
    if not found or found[1] not in state.env.get("footnotes", ()):
        return False
    if not silent:
        state.push("footnote", "sup", 0).content = found[1]
    state.pos = found.end()
    return True


def _footnote(state: StateBlock, first: int, end: int, silent: bool) -> bool:
    """Parse [^1]: and its text, a paragraph that begins with the mark."""
    # https://docs.github.com/en/get-started/writing-on-github/getting-started-with-writing-and-formatting-on-github/basic-writing-and-formatting-syntax#footnotes
    start = state.bMarks[first] + state.tShift[first]
    found = _FOOTNOTE.match(state.src, start, state.eMarks[first])
    if not found or state.is_code_block(first) or state.src[found.end() : found.end() + 1] != ":":
        return False
    if silent:
        return True
    state.env.setdefault("footnotes", set()).add(found[1])
    paragraph(state, first, end, False)
    inline = state.tokens[-2]
    inline.content = f"{found[0]} {inline.content[len(found[0]) + 1 :].lstrip()}"
    return True
