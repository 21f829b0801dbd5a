"""Show a request without sending it: the prompt as a person reads it, its pictures, and the JSON."""

from __future__ import annotations

from base64 import b64encode
from html import escape as escaped

from IPython.display import display

from ...chat.run import service_of
from ...content.tokens import estimate_tokens, unmeasured
from ...core.messages import Attachment, Media, Part
from ...core.question import Question
from ...core.text import REMOVED, clean
from ...service import request
from ...service.auto import decided
from ...service.delivery import check_keys
from ...service.keys import find_headers, known

THUMBNAIL_PX = 64


def show_request(question: Question) -> None:
    """Show the prompt and the request of a question, its media shortened, with an estimate of its tokens.

    Raises:
        BadRequest: the question cannot be sent.
    """
    from ...render.html import escape, preformatted
    from ...render.style import styled

    service = service_of(decided(question.settings))  # a strict replay has not decided yet
    fields = request.shortened(request.body(question, service))
    body = request.as_json(fields, indent=2, ensure_ascii=False)
    check_keys(question, body.encode(errors="replace"), known())
    unknown = unmeasured(question.messages)
    uncounted = f" without {', '.join(unknown)}, whose length is not known" if unknown else ""
    head = [
        f"POST {request.url(service)}",
        *(f"{name}: {REMOVED}" for name in find_headers(service)),
        f"about {estimate_tokens(question.messages):,} tokens{uncounted}; nothing was sent",
    ]
    parts = question.messages[-1].parts
    prompt = "\n".join(map(_part_text, parts))
    # Names and texts must not become markup, so that all of them are escaped.
    html = "".join(
        [
            *(f"<p>{escape(clean(line))}</p>" for line in head),
            f'<div class="gemini-question">{"".join(map(_part_html, parts))}</div>',
            preformatted(clean(body)),
        ]
    )
    text = clean("\n".join([*head, "", prompt, "", body]))
    display({"text/html": styled(html), "text/plain": text}, raw=True)


def _part_text(part: Part) -> str:
    """Write a part of the prompt with its own line ends; a picture is its name in brackets."""
    if isinstance(part, str):
        return part
    return f"[{part.label}]" if isinstance(part.content, Media) else f"[{part.label}]\n{part.content}"


def _part_html(part: Part) -> str:
    from ...render.html import preformatted

    picture = _thumbnail_html(part) if isinstance(part, Attachment) else ""
    return preformatted(clean(_part_text(part))) + picture


def _thumbnail_html(attachment: Attachment) -> str:
    """Return a small copy of a picture as it will be sent; "" for everything else."""
    if not isinstance(attachment.content, Media):
        return ""
    from ...content.images import thumbnail

    small = thumbnail(attachment.content, THUMBNAIL_PX)
    if not small or not small.data:
        return ""
    data, name = b64encode(small.data).decode(), escaped(clean(attachment.name))
    return f'<p><img alt="{name}" src="data:{small.type};base64,{data}"></p>'
