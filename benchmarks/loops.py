"""The compared ways to ask: this project, a loop with httpx, and a loop with the openai SDK."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Way:
    """One way to ask in a notebook: the cell that prepares it, and the cell that asks."""

    name: str
    load: str
    question: str
    view: bool = False


HTTPX = """
def ask(url):
    text, shown = "", 0.0
    handle = display(Markdown(text), display_id=True)
    body = {"messages": [{"role": "user", "content": [{"type": "text", "text": "How?"}]}], "stream": True}
    with httpx.stream("POST", url + "/chat/completions", json=body, timeout=300) as response:
        for line in response.iter_lines():
            if line.startswith("data: {"):
                for choice in json.loads(line[6:])["choices"]:
                    text += choice["delta"].get("content") or ""
                if time.monotonic() - shown > 0.05:
                    handle.update(Markdown(text))
                    shown = time.monotonic()
    handle.update(Markdown(text))
"""

OPENAI = """
def ask(url):
    text = ""
    handle = display(Markdown(text), display_id=True)
    client = OpenAI(base_url=url, api_key="none")
    messages = [{"role": "user", "content": "How?"}]
    for chunk in client.chat.completions.create(model="gemini", messages=messages, stream=True):
        for choice in chunk.choices:
            text += choice.delta.content or ""
            handle.update(Markdown(text))
"""


def ways(base_url: str) -> tuple[Way, Way, Way]:
    """Return this project, the httpx loop and the openai loop, in this order; all ask `base_url`."""
    plain = base_url.replace("{model}", "gemini-3.1-pro")
    return (
        Way("gemini_magics", "%load_ext gemini_magics", "%%gemini\nHow?", view=True),
        Way(
            "httpx loop",
            f"import json, time\nimport httpx\nfrom IPython.display import Markdown, display\n{HTTPX}",
            f"ask({plain!r})",
        ),
        Way(
            "openai SDK",
            f"from openai import OpenAI\nfrom IPython.display import Markdown, display\n{OPENAI}",
            f"ask({plain!r})",
        ),
    )
