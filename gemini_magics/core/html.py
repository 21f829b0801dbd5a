"""Text and Markdown as HTML in which nothing is markup but what is made here.

No tag, attribute or style is the text's own; there is no picture, no link but to http, https and mailto,
each with its host in sight, and no formula that does more than draw.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping, Sequence
from html import escape as escaped
from typing import Any

from markdown_it.common.normalize_url import normalizeLink
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from .highlight import highlight
from .plain import reveal, shorten
from .tex import drawable

LANGUAGE_CHARS = 24
LONGEST_URL_CHARS = 4_000

_WEB = re.compile(r"https?://([\w.-]+)(?::\d{1,5})?(?:[/?#].*)?", re.ASCII | re.IGNORECASE | re.DOTALL)
_MAIL = re.compile(r"mailto:([\w.+-]+@[\w.-]+)(?:\?.*)?", re.ASCII | re.IGNORECASE | re.DOTALL)

Env = MutableMapping[str, Any]
Tokens = Sequence[Token]


def escape(text: str) -> str:
    """Return text as HTML in which nothing is markup, neither for the page nor for its formulas.

    MathJax looks for its delimiters in stretches of text between tags, so a dollar or a backslash in a
    span of its own is none.
    """
    return re.sub(r"[$\\]", r"<span>\g<0></span>", escaped(text, quote=False))


def anchor(url: str, text: str, *, name_host: bool = True) -> str:
    """Return a link, its host named beside it; only the text where the URL must not be followed."""
    href = normalizeLink(url[: LONGEST_URL_CHARS + 1])
    if not host(href):
        return escape(text)
    return f"{_opened(href)}{escape(text)}</a>{_named(href, text) if name_host else ''}"


def preformatted(text: str) -> str:
    """Return text as it is written, line for line."""
    return _in_lines(f'<pre class="gemini-plain" tabindex="0">{escaped(text, quote=False)}</pre>\n')


def host(url: str) -> str | None:
    """Return the host or mail address that a URL leads to, None where it must not be followed."""
    found = _WEB.fullmatch(url) or _MAIL.fullmatch(url)
    return found[1].lower() if found and len(url) <= LONGEST_URL_CHARS else None


class MarkdownHtml(RendererHTML):
    """What becomes of each token; what is not here becomes the tag of its name."""

    def text(self, tokens: Tokens, idx: int, options: Any, env: Env) -> str:
        return escape(tokens[idx].content)

    def code_inline(self, tokens: Tokens, idx: int, options: Any, env: Env) -> str:
        return f"<code>{escaped(reveal(tokens[idx].content), quote=False)}</code>"

    def code_block(self, tokens: Tokens, idx: int, options: Any, env: Env) -> str:
        return _code(tokens[idx].content, "")

    def fence(self, tokens: Tokens, idx: int, options: Any, env: Env) -> str:
        return _code(tokens[idx].content, tokens[idx].info)

    def math_inline(self, tokens: Tokens, idx: int, options: Any, env: Env) -> str:
        token = tokens[idx]
        shown = escaped(token.markup + token.content + token.markup, quote=False)
        typeset = env["typeset"] and drawable(token.content)
        return f'<span class="gemini-math">{shown}</span>' if typeset else f"<code>{shown}</code>"

    def math_block(self, tokens: Tokens, idx: int, options: Any, env: Env) -> str:
        token = tokens[idx]
        if not (env["typeset"] and drawable(token.content)):
            return _code(f"$${token.content}$${token.info}", "")
        return f'<div class="gemini-math">$${escaped(token.content, quote=False)}$${escape(token.info)}</div>\n'

    def script(self, tokens: Tokens, idx: int, options: Any, env: Env) -> str:
        tag = tokens[idx].tag
        return f"<{tag}>{escape(tokens[idx].content)}</{tag}>"

    # The outline of a notebook is its author's: JupyterLab leaves headings of this class out of it.
    def heading_open(self, tokens: Tokens, idx: int, options: Any, env: Env) -> str:
        return f'<{_lower(tokens[idx].tag)} class="jp-toc-ignore">'

    def heading_close(self, tokens: Tokens, idx: int, options: Any, env: Env) -> str:
        return f"</{_lower(tokens[idx].tag)}>\n"

    def table_open(self, tokens: Tokens, idx: int, options: Any, env: Env) -> str:
        return '<div class="gemini-table" tabindex="0" style="overflow:auto"><table>\n'

    def table_close(self, tokens: Tokens, idx: int, options: Any, env: Env) -> str:
        return "</table></div>\n"

    def link_open(self, tokens: Tokens, idx: int, options: Any, env: Env) -> str:
        close = next(place for place in range(idx, len(tokens)) if tokens[place].type == "link_close")
        words = self.renderInlineAsText(tokens[idx + 1 : close], options, env)
        href = str(tokens[idx].attrs["href"])
        env["link"] = _named(href, words)
        return _opened(href)

    def link_close(self, tokens: Tokens, idx: int, options: Any, env: Env) -> str:
        return f"</a>{env.pop('link')}"

    def image(self, tokens: Tokens, idx: int, options: Any, env: Env) -> str:
        token = tokens[idx]
        words = escape(f"[image: {self.renderInlineAsText(token.children, options, env) or 'no description'}]")
        if "link" in env:  # no link within a link
            return words
        source = str(token.attrs["src"])
        return f'{_opened(source)}{words}</a> <span class="gemini-host">({host(source)}, not loaded)</span>'


def _code(code: str, info: str) -> str:
    found = re.match(r"[\w.+#-]+", info.strip())
    language = found[0] if found else ""
    label = shorten(language, LANGUAGE_CHARS)
    label = f'<div class="gemini-language">{label}</div>' if label else ""
    lines = highlight(reveal(code).removesuffix("\n"), language)
    return f'<div class="gemini-code">{label}<pre tabindex="0"><code>{_in_lines(lines)}</code></pre></div>\n'


def _in_lines(html: str) -> str:
    """Return HTML of the same look in which no line is empty: one would end it where it stands in Markdown."""
    return re.sub(r"\n(?=[ \t]*\n)", "&#10;", html)


def _lower(tag: str) -> str:
    """An answer stands below the title of its notebook: h1 becomes h2."""
    return f"h{min(int(tag[1]) + 1, 6)}"


def _opened(href: str) -> str:
    return f'<a href="{escaped(href)}" target="_blank" rel="noopener noreferrer">'


def _named(href: str, words: str) -> str:
    """Return what names the host beside a link, unless its words are the address."""
    named = host(href) or ""
    address = rf"\s*(?:https?://|mailto:)?{re.escape(named)}(?:[/?#].*)?"
    if re.fullmatch(address, words, re.IGNORECASE | re.DOTALL):
        return ""
    return f' <span class="gemini-host">({named})</span>'
