"""Safe HTML from text and from the tokens of Markdown.

No tag, attribute or style of the text survives. A link leads to http, https or mailto only and shows its
host, a picture becomes a link, and a formula is typeset only if it does nothing but draw.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping, Sequence
from html import escape as escaped
from typing import Any

from markdown_it import renderer  # the package before its parts: another thread may be loading it, too
from markdown_it.common.normalize_url import normalizeLink
from markdown_it.token import Token

from ..core.text import reveal, shorten
from .highlight import highlight
from .math import drawable

LANGUAGE_CHARS = 24
LONGEST_URL_CHARS = 4_000

_WEB = re.compile(r"https?://([\w.-]+)(?::\d{1,5})?(?:[/?#].*)?", re.ASCII | re.IGNORECASE | re.DOTALL)
_MAIL = re.compile(r"mailto:([\w.+-]+@[\w.-]+)(?:\?.*)?", re.ASCII | re.IGNORECASE | re.DOTALL)

MARKS = re.compile(
    r"\s*(?:\{\s*\"marks\"\s*:\s*)?\[\s*\{\s*\"(?:mark|picture|box_2d|point)\"\s*:"
)  # as `service.pointing` asks for them

Env = MutableMapping[str, Any]
Tokens = Sequence[Token]


def escape(text: str) -> str:
    """Return text as HTML that neither the page nor MathJax reads as markup."""
    # MathJax searches for its delimiters in unbroken text, and a tag between a dollar and its partner
    # hides them: https://docs.mathjax.org/en/latest/input/tex/delimiters.html
    return re.sub(r"[$\\]", r"<span>\g<0></span>", escaped(text, quote=False))


def anchor(url: str, text: str, *, name_host: bool = True) -> str:
    """Return a link with its host beside it, or the text alone where the URL is not allowed."""
    href = normalizeLink(url[: LONGEST_URL_CHARS + 1])
    if not host(href):
        return escape(text)
    return f"{_link_start(href)}{escape(text)}</a>{_host_note(href, text) if name_host else ''}"


def preformatted(text: str) -> str:
    """Return text with all of its spaces and line breaks."""
    return _join_lines(f'<pre class="gemini-plain" tabindex="0">{escaped(text, quote=False)}</pre>\n')


def host(url: str) -> str | None:
    """Return the host or mail address that a URL leads to, or None where the URL is not allowed."""
    found = _WEB.fullmatch(url) or _MAIL.fullmatch(url)
    return found[1].lower() if found and len(url) <= LONGEST_URL_CHARS else None


class MarkdownHtml(renderer.RendererHTML):
    """Renders each kind of token; the base class renders the kinds that are missing here as plain tags."""

    def text(self, tokens: Tokens, idx: int, options: Any, env: Env) -> str:
        return escape(tokens[idx].content)

    def code_inline(self, tokens: Tokens, idx: int, options: Any, env: Env) -> str:
        return f"<code>{escaped(reveal(tokens[idx].content), quote=False)}</code>"

    def code_block(self, tokens: Tokens, idx: int, options: Any, env: Env) -> str:
        return _code_html(tokens[idx].content, "")

    def fence(self, tokens: Tokens, idx: int, options: Any, env: Env) -> str:
        token = tokens[idx]
        if is_formula(token) and env["typeset"] and drawable(token.content):
            lines = "\n".join(line for line in token.content.split("\n") if line.strip())
            return _display(lines)
        html = _code_html(token.content, token.info)
        if not MARKS.match(token.content):
            return html
        # The picture and the list below the answer show them to people.
        return f'<details class="gemini-raw-marks"><summary>Marks as data</summary>{html}</details>\n'

    def mark_number(self, tokens: Tokens, idx: int, options: Any, env: Env) -> str:
        return f'<b class="gemini-mark">{escape(tokens[idx].content)}</b>'

    def math_inline(self, tokens: Tokens, idx: int, options: Any, env: Env) -> str:
        token = tokens[idx]
        shown = escaped(token.markup + token.content + token.markup, quote=False)
        typeset = env["typeset"] and drawable(token.content)
        return f'<span class="gemini-math">{shown}</span>' if typeset else f"<code>{shown}</code>"

    def math_block(self, tokens: Tokens, idx: int, options: Any, env: Env) -> str:
        token = tokens[idx]
        if not (env["typeset"] and drawable(token.content)):
            return _code_html(f"$${token.content}$${token.info}", "")
        return _display(token.content, token.info)

    def footnote(self, tokens: Tokens, idx: int, options: Any, env: Env) -> str:
        return f'<sup class="gemini-cite">{escape(tokens[idx].content)}</sup>'

    def script(self, tokens: Tokens, idx: int, options: Any, env: Env) -> str:
        tag = tokens[idx].tag
        return f"<{tag}>{escape(tokens[idx].content)}</{tag}>"

    # JupyterLab leaves headings of this class out of its table of contents, which belongs to the author of the
    # notebook: https://github.com/jupyterlab/jupyterlab/pull/10537
    def heading_open(self, tokens: Tokens, idx: int, options: Any, env: Env) -> str:
        return f'<{_heading_tag(tokens[idx].tag)} class="jp-toc-ignore">'

    def heading_close(self, tokens: Tokens, idx: int, options: Any, env: Env) -> str:
        return f"</{_heading_tag(tokens[idx].tag)}>\n"

    def table_open(self, tokens: Tokens, idx: int, options: Any, env: Env) -> str:
        return '<div class="gemini-table" tabindex="0" style="overflow:auto"><table>\n'

    def table_close(self, tokens: Tokens, idx: int, options: Any, env: Env) -> str:
        return "</table></div>\n"

    def link_open(self, tokens: Tokens, idx: int, options: Any, env: Env) -> str:
        close = next(place for place in range(idx, len(tokens)) if tokens[place].type == "link_close")
        words = self.renderInlineAsText(tokens[idx + 1 : close], options, env)
        href = str(tokens[idx].attrs["href"])
        env["link"] = _host_note(href, words)
        return _link_start(href)

    def link_close(self, tokens: Tokens, idx: int, options: Any, env: Env) -> str:
        return f"</a>{env.pop('link')}"

    def image(self, tokens: Tokens, idx: int, options: Any, env: Env) -> str:
        token = tokens[idx]
        words = escape(f"[image: {self.renderInlineAsText(token.children, options, env) or 'no description'}]")
        # HTML allows no link inside a link: https://html.spec.whatwg.org/multipage/text-level-semantics.html#the-a-element
        if "link" in env:
            return words
        source = str(token.attrs["src"])
        return f'{_link_start(source)}{words}</a> <span class="gemini-host">({host(source)}, not loaded)</span>'


def is_formula(token: Token) -> bool:
    """Tell whether a token is a formula, such as a fence of math."""
    # https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/writing-mathematical-expressions
    return token.type.startswith("math_") or (token.type == "fence" and token.info.strip() == "math")


def _display(tex: str, after: str = "") -> str:
    return f'<div class="gemini-math">$${escaped(tex, quote=False)}$${escape(after)}</div>\n'


def _code_html(code: str, info: str) -> str:
    found = re.match(r"[\w.+#-]+", info.strip())
    language = found[0] if found else ""
    label = shorten(language, LANGUAGE_CHARS)
    label = f'<div class="gemini-language">{label}</div>' if label else ""
    lines = highlight(reveal(code).removesuffix("\n"), language)
    return f'<div class="gemini-code">{label}<pre tabindex="0"><code>{_join_lines(lines)}</code></pre></div>\n'


def _join_lines(html: str) -> str:
    """Return HTML that looks the same and has no empty lines, for use inside a Markdown document."""
    # A blank line ends an HTML block there: https://spec.commonmark.org/0.31.2/#html-blocks
    return re.sub(r"\n(?=[ \t]*\n)", "&#10;", html)


def _heading_tag(tag: str) -> str:
    """Return the tag of a heading one level deeper, since an answer is part of a section of its notebook."""
    return f"h{min(int(tag[1]) + 1, 6)}"


def _link_start(href: str) -> str:
    # noopener keeps the opened page away from the notebook, noreferrer keeps the notebook's address from it:
    # https://html.spec.whatwg.org/multipage/links.html#link-type-noopener
    return f'<a href="{escaped(href)}" target="_blank" rel="noopener noreferrer">'


def _host_note(href: str, words: str) -> str:
    """Return the note that names the host beside a link, or "" where the words of the link already do."""
    named = host(href) or ""
    address = rf"\s*(?:https?://|mailto:)?{re.escape(named)}(?:[/?#].*)?"
    if re.fullmatch(address, words, re.IGNORECASE | re.DOTALL):
        return ""
    return f' <span class="gemini-host">({named})</span>'
