"""The static output of an answer: safe HTML for notebooks, and text for everything else.

A saved notebook keeps this output. It needs no kernel, no script and no package. It stays readable without
its style sheet, which JupyterLab removes from notebooks that it does not trust:
https://jupyter-notebook.readthedocs.io/en/stable/security.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from html import escape as quoted

from ..core.answer import CUT, FAILED, AnswerState
from ..core.messages import Attachment, Citation
from ..core.text import legible, one_line
from .calls import call_html, call_text
from .html import anchor, escape
from .markdown import LONGEST_CHARS, Blocks, render_blocks
from .marked_picture import marks_html, marks_text
from .marks import marks_of
from .status import NAME_CHARS, PROBLEM_CHARS, footer_text, notices, status_line, thinking_summary
from .style import note_html, styled

# Carries the number of a source through the Markdown parser. U+FDD0 and U+FDD1 are noncharacters, which no
# text contains (https://www.unicode.org/faq/private_use.html#noncharacters). The hair spaces keep the mark
# from changing the emphasis beside it (https://spec.commonmark.org/0.31.2/#left-flanking-delimiter-run).
_CITATION_MARK = "\u200a\ufdd0{}\ufdd1\u200a"
_CITATION_MARKS = re.compile("\u200a?\ufdd0(\\d+)\ufdd1\u200a?")


def bundle(
    answer: AnswerState,
    *,
    text: Blocks | None = None,
    thinking: Blocks | None = None,
    mark: str = "",
    words: Callable[[str], str] = str,
    raised: bool = False,
    failure: str = "",
) -> dict[str, str]:
    """Return the current state of an answer as text/html and text/plain.

    Args:
        text: the blocks of the text, if the caller has them; they are not rendered again.
        thinking: the blocks of the thoughts, likewise.
        mark: classes by which a page finds the output of a live view.
        words: rewrites each notice for a place that has controls of its own.
        raised: True where an exception in the same output says why it ended.
        failure: why it failed, in place of the notices, for an output to which no exception belongs.
    """
    red = note_html(failure, failed=True) if failure else ""
    html = "".join(
        (
            chips_html(answer),
            _rounds_html(answer) if answer.calls else _words_html(answer, text, thinking),
            marks_html(marks_of(answer)),
            sources_html(answer),
            red or notices_html(answer, words, raised=raised),
            _status_html(answer) if answer.ended is None else footer_html(answer, raised=raised),
        )
    )
    told = legible(failure) or "\n".join(map(words, notices(answer, raised=raised)))
    return {"text/html": styled(html, mark), "text/plain": _plain_text(answer, told, raised)}


def _words_html(answer: AnswerState, text: Blocks | None, thinking: Blocks | None) -> str:
    html = f'<div class="gemini-text">{_text_html(answer, text)}</div>'
    return _thinking_html(answer, thinking) + html


def _rounds_html(answer: AnswerState) -> str:
    """Return the thoughts, the text and the calls of an answer in the order in which they came."""
    return "".join(
        f"{_folded_html('Thoughts', render_blocks(thinking)) if thinking.strip() else ''}"
        f'<div class="gemini-text">{"".join(render_blocks(text))}</div>'
        f"{''.join(map(call_html, calls))}"
        for thinking, text, calls in answer.rounds
    )


def chips_html(answer: AnswerState) -> str:
    """Return one chip for each attachment of the question, with its picture; "" where it had none."""
    thumbnails = answer.thumbnails or [""] * len(answer.attachments)
    chips = "".join(
        f'<div class="gemini-chip">{_thumbnail_html(attachment, thumbnail)}'
        f"<bdi>{escape(_chip_label(attachment))}</bdi></div>"
        for attachment, thumbnail in zip(answer.attachments, thumbnails, strict=True)
    )
    return f'<div class="gemini-chips">{chips}</div>\n' if chips else ""


def _thumbnail_html(attachment: Attachment, source: str) -> str:
    if not source:
        return ""
    name = quoted(one_line(attachment.name, NAME_CHARS))
    # The blank at the end keeps picture and words apart where a sanitizer drops our style.
    return f'<img class="gemini-thumbnail" alt="{name}" src="{quoted(source)}"> '


def chips_text(answer: AnswerState) -> str:
    """Return one line for each attachment of the question; "" where it had none."""
    return "\n".join(f"[{_chip_label(attachment)}]" for attachment in answer.attachments)


def notices_html(answer: AnswerState, words: Callable[[str], str] = str, *, raised: bool = False) -> str:
    """Return the notices as notes; the one of a failure is red."""
    failed = not raised and answer.ended in (CUT, FAILED)
    return "".join(
        note_html(words(notice), failed=failed and place == 0)
        for place, notice in enumerate(notices(answer, raised=raised))
    )


def sources_html(answer: AnswerState) -> str:
    """Return the sources of an answer as a numbered list of links; "" where it has none."""
    items = "".join(f"<li>{anchor(source.url, _source_title(source))}</li>" for source in _sources(answer))
    return f'<div class="gemini-sources">Sources<ol>{items}</ol></div>\n' if items else ""


def sources_text(answer: AnswerState) -> str:
    """Return one numbered line for each source of an answer; "" where it has none."""
    return "\n".join(f"[{n}] {_source_text(source)}" for n, source in enumerate(_sources(answer), 1))


def footer_html(answer: AnswerState, *, raised: bool = False) -> str:
    """Return the footer as a small line of HTML; "" where nothing is known."""
    text = footer_text(answer, raised=raised)
    return f'<p class="gemini-foot"><small>{escape(text)}</small></p>\n' if text else ""


def _thinking_html(answer: AnswerState, thinking: Blocks | None) -> str:
    if not answer.thinking.strip():
        return ""
    is_open = answer.ended is None and not answer.text
    blocks = [thinking.html] if thinking else render_blocks(answer.thinking)
    return _folded_html(thinking_summary(answer), blocks, is_open=is_open)


def _folded_html(summary: str, blocks: Iterable[str], *, is_open: bool = False) -> str:
    return (
        f'<details class="gemini-thinking"{" open" if is_open else ""}><summary>{summary}</summary>'
        f'<div class="gemini-thoughts" tabindex="0">{"".join(blocks)}</div></details>\n'
    )


def _text_html(answer: AnswerState, text: Blocks | None) -> str:
    """Return the text as HTML, with the numbers of its sources at the places that the service named."""
    placed = answer.ended is not None and any(citation.end is not None for citation in answer.citations)
    if text and not placed:
        return text.html
    blocks = render_blocks(answer.text)
    marked = render_blocks(_with_citation_marks(answer)) if placed else blocks
    if len(marked) != len(blocks):
        return "".join(blocks)
    sources = _sources(answer)
    # A mark may still change how its block is parsed; such a block is shown without marks.
    return "".join(
        _CITATION_MARKS.sub(lambda found: _citation_html(int(found[1]), sources), cited)
        if _CITATION_MARKS.sub("", cited) == block
        else block
        for block, cited in zip(blocks, marked, strict=True)
    )


def _with_citation_marks(answer: AnswerState) -> str:
    """Return the text with a mark behind the words that a source supports, in linear time."""
    text = answer.text
    if "\ufdd0" in text:  # then a mark could not be told from the text of the model
        return text
    numbers = {source.url: number for number, source in enumerate(_sources(answer), 1)}
    cited = {
        (citation.end, numbers[citation.url])
        for citation in answer.citations
        if citation.end is not None and 0 < citation.end <= len(text)
    }
    places: set[tuple[int, int]] = set()
    word_end, seen = 0, 0  # the end of the last word before `seen`
    for end, number in sorted(cited):
        words = text[seen:end].rstrip()
        word_end = seen + len(words) if words else word_end
        seen = end
        places.add((word_end, number))
    pieces, taken = [], 0
    for place, number in sorted(places):
        pieces += [text[taken:place], _CITATION_MARK.format(number)]
        taken = place
    return "".join([*pieces, text[taken:]])


def _citation_html(number: int, sources: list[Citation]) -> str:
    return f'<sup class="gemini-cite">{anchor(sources[number - 1].url, f"[{number}]", name_host=False)}</sup>'


def _sources(answer: AnswerState) -> list[Citation]:
    """Return each source once, in the order of its first citation."""
    first: dict[str, Citation] = {}
    for citation in answer.citations:
        first.setdefault(citation.url, citation)
    return list(first.values())


def _source_title(source: Citation) -> str:
    return one_line(source.title, NAME_CHARS) or one_line(source.url, NAME_CHARS)


def _source_text(source: Citation) -> str:
    title, url = one_line(source.title, NAME_CHARS), one_line(source.url, PROBLEM_CHARS)
    return f"{title}: {url}" if title else url


def _status_html(answer: AnswerState) -> str:
    return f'<p class="gemini-status">{escape(status_line(answer))}</p>\n'


def text_place(answer: AnswerState) -> tuple[int, int]:
    """Return where the text of an answer begins in its text/plain, and how many characters it has there."""
    head, text = _plain_head(answer), shown_text(answer)
    return (len(head) + 2 * bool(head), len(text)) if text else (0, 0)


def _plain_head(answer: AnswerState) -> str:
    """Return the lines above the text: the attachments, one in place of the thoughts, and one for each call."""
    thought = f"[{thinking_summary(answer)}]" if answer.thinking.strip() else ""
    return "\n".join(filter(None, (chips_text(answer), thought, *map(call_text, answer.calls))))


def shown_text(answer: AnswerState) -> str:
    """Return the text of an answer as the Markdown that it is, as much of it as is shown."""
    return legible(answer.text[:LONGEST_CHARS]).strip("\n")


def _plain_text(answer: AnswerState, told: str, raised: bool) -> str:
    """Return the answer as text, with one line in place of its thoughts; `told` says how it ended."""
    parts = [_plain_head(answer), shown_text(answer)]
    if len(answer.text) > LONGEST_CHARS:
        parts.append(
            f"[{len(answer.text) - LONGEST_CHARS:,} more characters; gemini_magics.last() returns them all.]"
        )
    parts.append(marks_text(marks_of(answer)))
    parts.append(sources_text(answer))
    parts.append(told)
    parts.append(status_line(answer) if answer.ended is None else footer_text(answer, raised=raised))
    return "\n\n".join(filter(None, parts))


def _chip_label(attachment: Attachment) -> str:
    return one_line(attachment.label, 3 * NAME_CHARS)
