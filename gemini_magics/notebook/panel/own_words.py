"""Sentences of errors and notices for the panel: its controls take the places of options."""

from __future__ import annotations

import re
from dataclasses import fields

from ...core.settings import Settings

# The settings that have a control in the panel, by its visible name.
CONTROLS = {
    "service": "Service",
    "model": "Model",
    "effort": "Effort",
    "thoughts": "Show thoughts",
    "search": "Google Search",
    "point": "Point at places",
    "system": "Standing instructions",
    "chat": "Conversation",
}
# An option in the new words is replaced by the name of its control below.
_PHRASES = {
    re.compile(pattern): words
    for pattern, words in {
        r"begin another with --chat NAME, or forget it with %gemini_chat reset \S*[^\s.]":
            "Branch at an earlier turn, or Clear it",
        r"leave --effort out, and set %config GeminiMagics\.effort = None":
            "choose another --effort in Settings",
        r"leave --search or --tool out": "untick --search or the functions in Settings",
        r"leave --tool out": "untick the functions in Settings",
        r"leave --(search|thoughts) out": r"untick --\1 in Settings",
        r"--point needs a figure, a picture or a PDF, as in %%gemini fig --point":
            "--point in Settings needs a figure, a picture or a PDF among the attachments",
        r"\(--no-(thoughts|search)\)": r"(--\1 is not ticked in Settings)",
        r"(?:add|ask with|correct) --model(?: NAME)?": "write it into --model in Settings",
        r"another --(service|model|effort)": r"another --\1 in Settings",
        r"choose --effort": "in Settings, choose --effort",
        r"Look at the request with --dry-run, then change the question or its options":
            "Change the question or its settings",
        r"add --allow-outside to send it all the same":
            "attach it in Python, with panel(allow_outside=True).attach(...)",
        r"not sent again; run the cell to ask once more": "not sent again; press Retry to ask once more",
    }.items()
}  # fmt: skip


def _names() -> dict[str, str]:
    """Return the setting of each option: {"--no-thoughts": "thoughts", "--allow-outside": "allow_outside"}."""
    spelled = ("flag", "off")
    return {
        each.metadata[way]: each.name for each in fields(Settings) for way in spelled if each.metadata.get(way)
    }


_SETTINGS = _names()
_OPTION = re.compile(rf"(?:{'|'.join(map(re.escape, _SETTINGS))})(?![\w-])")


def in_own_words(sentence: str) -> str:
    """Return a sentence with controls in the place of options; a setting without one keeps its own name."""
    for pattern, words in _PHRASES.items():
        sentence = pattern.sub(words, sentence)
    return _OPTION.sub(lambda found: _control(_SETTINGS[found[0]]), sentence)


def _control(setting: str) -> str:
    return CONTROLS.get(setting, f"{setting} (a setting of panel(...))")
