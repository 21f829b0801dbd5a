"""An answer as a plain output: safe HTML for every notebook, and text for everything else.

This is what a saved notebook keeps. It needs no kernel, no script and no package; where a page takes its
style sheet away, as JupyterLab does with notebooks that it does not trust, it can still be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files

from .answer import CUT, FAILED, INTERRUPTED, Answer
from .budget import count
from .html import anchor, escape
from .markdown import LONGEST_CHARS, Blocks, rendered
from .messages import Attachment, Citation, Media
from .plain import legible, reveal, shorten

NAME_CHARS = 80
PROBLEM_CHARS = 500
FEWEST_IMAGE_TOKENS = 250  # a picture that was read takes 258 tokens at least

STYLE = files("gemini_magics.core").joinpath("answer.css").read_text("utf-8")

_LENGTH = ("length", "max_tokens")
_BLOCKED = ("content_filter", "safety", "recitation", "blocklist", "prohibited_content", "spii", "image_safety")
_TOOLS = ("tool_calls", "function_call")

# The number of a source is carried through the Markdown between two characters that no text has, with
# spaces around them so that no mark beside it is read in another way.
_MARK = "\u200a\ufdd0{}\ufdd1\u200a"
_MARKED = re.compile("\u200a?\ufdd0(\\d+)\ufdd1\u200a?")


def bundle(answer: Answer, *, text: Blocks | None = None, thinking: Blocks | None = None) -> dict[str, str]:
    """Return the answer as it stands as text/html and text/plain.

    Args:
        text: the blocks of the text so far, where they are kept; they are not rendered again.
        thinking: the same for the thoughts.
    """
    html = "".join(
        (
            chips_html(answer),
            _thinking_html(answer, thinking),
            f'<div class="gemini-text">{_text_html(answer, text)}</div>',
            sources_html(answer),
            notices_html(answer),
            _status_html(answer) if answer.ended is None else footer_html(answer),
        )
    )
    return {"text/html": styled(html), "text/plain": _plain(answer)}


def styled(html: str) -> str:
    """Return HTML of ours in the look of an answer, complete with the rules it needs."""
    return f'<div class="gemini-answer">{_style(html)}{html}</div>'


def chips_html(answer: Answer) -> str:
    """What went with the question, one chip for each attachment; nothing where nothing did."""
    chips = "".join(
        f'<div class="gemini-chip"><bdi>{escape(_labelled(attachment))}</bdi></div>'
        for attachment in answer.attachments
    )
    return f'<div class="gemini-chips">{chips}</div>\n' if chips else ""


def chips_text(answer: Answer) -> str:
    """What went with the question, a line for each attachment; "" where nothing did."""
    return "\n".join(f"[{_labelled(attachment)}]" for attachment in answer.attachments)


def thinking_summary(answer: Answer) -> str:
    """The heading of the thoughts: Thinking…, Thought for 12 s."""
    thinking = answer.ended is None and not answer.text
    return "Thinking…" if thinking else f"Thought for {_seconds(answer.thought_s)}"


def status_text(answer: Answer) -> str:
    """How it stands, in a few words that stay the same while nothing happens."""
    if answer.waiting:
        return f"Trying again in {answer.waiting.seconds:.0f} s: {_line(answer.waiting.reason, PROBLEM_CHARS)}"
    if answer.ended is None:
        return "Answering…" if answer.writing else "Thinking…"
    ended = {INTERRUPTED: "Stopped after", CUT: "Cut off after", FAILED: "Failed after"}
    return f"{ended.get(answer.ended, 'Answered in')} {_seconds(answer.seconds)}"


def notices(answer: Answer) -> list[str]:
    """What the reader must know of how it ended, a sentence for each."""
    if answer.ended is None:
        return []
    told = [ending] if (ending := _ending(answer)) else []
    if not answer.text.strip() and answer.ended not in (INTERRUPTED, CUT, FAILED):
        told.append("The model thought, but gave no answer." if answer.thinking.strip() else "No answer came.")
    told += [
        f"{_line(name, NAME_CHARS)} had other pixels when this answer was recorded." for name in answer.redrawn
    ]
    pictures = sum(_is_picture(attachment) for attachment in answer.attachments)
    tokens = answer.usage.prompt_tokens
    if pictures and tokens is not None and tokens < FEWEST_IMAGE_TOKENS * pictures:
        which = "The picture" if pictures == 1 else f"Some of the {pictures} pictures"
        told.append(f"{which} may not have been read: the question was counted as {tokens:,} tokens.")
    return told


def notices_html(answer: Answer) -> str:
    """The notices as quiet lines."""
    return "".join(
        f'<p class="gemini-note"><small>{escape(notice)}</small></p>\n' for notice in notices(answer)
    )


def sources_html(answer: Answer) -> str:
    """The sources that the service gave, as a numbered list of links; nothing where it gave none."""
    items = "".join(f"<li>{anchor(source.url, _titled(source))}</li>" for source in _sources(answer))
    return f'<div class="gemini-sources">Sources<ol>{items}</ol></div>\n' if items else ""


def sources_text(answer: Answer) -> str:
    """The sources that the service gave, a numbered line for each; "" where it gave none."""
    return "\n".join(f"[{n}] {_written(source)}" for n, source in enumerate(_sources(answer), 1))


def footer_text(answer: Answer) -> str:
    """Who answered, and what it took: gemini-3.1-pro · kie · high effort · 34 s · 1,204 tokens in, 698 out."""
    usage = answer.usage
    model, service, effort = (_line(word, NAME_CHARS) for word in (answer.model, answer.service, answer.effort))
    tokens = [
        f"{usage.prompt_tokens:,} tokens in" if usage.prompt_tokens is not None else "",
        f"{usage.completion_tokens:,} out" if usage.completion_tokens is not None else "",
    ]
    thought = f" ({usage.reasoning_tokens:,} of them thoughts)" if usage.reasoning_tokens else ""
    parts = [
        *([f"demo, a stand-in for {model}"] if service == "demo" else [model, service]),
        f"{effort} effort" if effort else "",
        f"recorded {_line(answer.recorded, NAME_CHARS)}" if answer.recorded else "",
        _seconds(answer.seconds),
        ", ".join(filter(None, tokens)) + thought,
        f"{count(usage.credits)} credits" if usage.credits is not None else "",
        f"${usage.cost_usd:.4f}" if usage.cost_usd is not None else "",
    ]
    return " · ".join(filter(None, parts))


def footer_html(answer: Answer) -> str:
    """The footer as a quiet line."""
    return f'<p class="gemini-foot"><small>{escape(footer_text(answer))}</small></p>\n'


def _thinking_html(answer: Answer, thinking: Blocks | None) -> str:
    if not answer.thinking.strip():
        return ""
    is_open = " open" if answer.ended is None and not answer.text else ""
    html = thinking.html if thinking else "".join(rendered(answer.thinking))
    return (
        f'<details class="gemini-thinking"{is_open}><summary>{thinking_summary(answer)}</summary>'
        f'<div class="gemini-thoughts" tabindex="0">{html}</div></details>\n'
    )


def _text_html(answer: Answer, text: Blocks | None) -> str:
    """The text, with the numbers of its sources where the service placed them."""
    placed = answer.ended is not None and any(citation.end is not None for citation in answer.citations)
    if text and not placed:
        return text.html
    blocks = rendered(answer.text)
    marked = rendered(_with_marks(answer)) if placed else blocks
    if len(marked) != len(blocks):
        return "".join(blocks)
    sources = _sources(answer)
    # A block in which a mark has changed more than its own place is shown without marks.
    return "".join(
        _MARKED.sub(lambda found: _cited(int(found[1]), sources), cited)
        if _MARKED.sub("", cited) == block
        else block
        for block, cited in zip(blocks, marked, strict=True)
    )


def _with_marks(answer: Answer) -> str:
    text = answer.text
    numbers = {source.url: number for number, source in enumerate(_sources(answer), 1)}
    places = {
        (len(text[: citation.end].rstrip()), numbers[citation.url])
        for citation in answer.citations
        if citation.end is not None and 0 < citation.end <= len(text)
    }
    if "\ufdd0" in text:
        return text
    for place, number in sorted(places, reverse=True):
        text = text[:place] + _MARK.format(number) + text[place:]
    return text


def _cited(number: int, sources: list[Citation]) -> str:
    return f'<sup class="gemini-cite">{anchor(sources[number - 1].url, f"[{number}]", name_host=False)}</sup>'


def _sources(answer: Answer) -> list[Citation]:
    """Each source once, in the order in which they were first named."""
    first: dict[str, Citation] = {}
    for citation in answer.citations:
        first.setdefault(citation.url, citation)
    return list(first.values())


def _titled(source: Citation) -> str:
    return _line(source.title, NAME_CHARS) or _line(source.url, NAME_CHARS)


def _written(source: Citation) -> str:
    title, url = _line(source.title, NAME_CHARS), _line(source.url, PROBLEM_CHARS)
    return f"{title}: {url}" if title else url


def _status_html(answer: Answer) -> str:
    return f'<p class="gemini-status">{escape(_status(answer))}</p>\n'


def _status(answer: Answer) -> str:
    status = status_text(answer)
    return status if answer.waiting else f"{status} {_seconds(answer.seconds)}"


def _ending(answer: Answer) -> str:
    """The sentence that says why an answer ended, "" where it simply came to its end."""
    ended = (answer.ended or "").lower()
    problem = _line(answer.problem, PROBLEM_CHARS)
    if ended == INTERRUPTED:
        return "Stopped by you. What had arrived is kept."
    if ended == CUT:
        return problem or "Cut off: the connection ended before the answer did."
    if ended == FAILED:
        return problem or "The service could not answer."
    if ended in _LENGTH:
        return "Cut off at the limit: the model may write no more in one answer. Ask it to go on."
    if ended in _BLOCKED:
        return f"Blocked by the service ({ended})."
    if ended in _TOOLS:
        return f"The model asked for a tool ({ended}), but was offered none."
    if ended == "stop":
        return problem
    return f"It ended for a reason that is not known here: {_line(answer.ended or 'none', NAME_CHARS)}."


def _plain(answer: Answer) -> str:
    """The answer as text, its thoughts folded to one line."""
    lines = [chips_text(answer)]
    if answer.thinking.strip():
        lines.append(f"[{thinking_summary(answer)}]")
    parts = ["\n".join(filter(None, lines)), legible(answer.text[:LONGEST_CHARS]).strip("\n")]
    if len(answer.text) > LONGEST_CHARS:
        parts.append(
            f"[{len(answer.text) - LONGEST_CHARS:,} more characters; gemini_magics.last() returns them all.]"
        )
    parts.append(sources_text(answer))
    parts.append("\n".join(notices(answer)))
    parts.append(_status(answer) if answer.ended is None else footer_text(answer))
    return "\n\n".join(filter(None, parts))


def _labelled(attachment: Attachment) -> str:
    return _line(attachment.label, 3 * NAME_CHARS)


def _is_picture(attachment: Attachment) -> bool:
    return isinstance(attachment.content, Media) and attachment.content.type.startswith("image/")


def _seconds(seconds: float) -> str:
    """Write a time for people: 0.4 s, 12 s, 1 min 15 s."""
    if seconds < 1:
        return f"{max(seconds, 0.1):.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _line(text: str, most: int) -> str:
    """Return someone else's words as one line in which everything can be seen."""
    return shorten(" ".join(reveal(text[: 20 * most]).split()), most)


def _style(html: str) -> str:
    """Return the rules for the classes and tags that occur in some HTML, so that a short answer stays short."""
    used = {"gemini-answer"}.union(*(names.split() for names in re.findall(r'class="([^"]*)"', html)))
    used |= set(re.findall(r"<(\w+)", html))
    rules = []
    for selectors, declarations in _RULES:
        kept = [selector for selector, names in selectors if used.issuperset(names)]
        if kept:
            rules.append(f"{','.join(kept)}{{{declarations}}}")
    return f"<style>{''.join(rules)}</style>"


def _rules(sheet: str) -> Iterator[tuple[list[tuple[str, list[str]]], str]]:
    """Read a style sheet: the selectors of each rule, with the names in them, and its declarations."""
    for selectors, declarations in re.findall(r"([^{}]+)\{([^{}]*)\}", re.sub(r"/\*[\s\S]*?\*/", "", sheet)):
        named = [
            (re.sub(r"\s*>\s*", ">", selector.strip()), re.findall(r"(?<![\w:[-])[a-z][\w-]*", selector))
            for selector in selectors.split(",")
        ]
        yield named, re.sub(r"\s*([;:,])\s*", r"\1", declarations).strip("; ")


_RULES = list(_rules(STYLE))
