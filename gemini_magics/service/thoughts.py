"""Thoughts that come among the text: they are parted from the answer, piece by piece."""

from __future__ import annotations

_TAGS = ("<think>", "<thought>")


class Tags:
    """Parts thoughts from text where a service sends both as content.

    Google flags the content that holds thoughts (https://ai.google.dev/gemini-api/docs/openai#thinking). Some
    of its models also put the thoughts between <thought> tags, with the closing tag at the start of the first
    content that has no flag. Local servers put <think> tags around thoughts at the very start. A tag may be
    split over pieces. A tag further on is text.
    """

    def __init__(self) -> None:
        self._held = ""  # the end of the content, if it may be the beginning of a tag
        self._blanks: list[str] = []  # the blanks before everything else; joined once, however many come
        self._closing = ""  # the tag that will end the thoughts, while they last
        self._by_flag = False  # the thoughts began with a flag
        self._begun = False  # content has come, so a tag without a flag is text
        self._trim = False  # a tag has just come, and newlines after a tag belong to it
        self._plain = False  # content without a flag is text and needs no search for tags

    def expect_none(self) -> None:
        """Take tags for text from now on, because this service has a field for thoughts."""
        self._begun = True

    def split(self, content: str, *, flagged: bool = False) -> tuple[str, str]:
        """Return the thoughts and the text of a piece of content; a possible part of a tag is held back."""
        if self._plain and not flagged:
            return "", content
        if not self._closing and not self._held and (flagged or not self._begun) and content.isspace():
            self._blanks.append(content)
            return "", ""
        content, self._held = "".join([*self._blanks, self._held, content]), ""
        self._blanks.clear()
        if not self._closing and (flagged or not self._begun):
            bare = content.lstrip()
            tag = next((tag for tag in _TAGS if bare.startswith(tag)), "")
            if tag:
                self._closing, self._by_flag, self._trim = tag.replace("<", "</"), flagged, True
                content = bare.removeprefix(tag)
            elif any(tag.startswith(bare) for tag in _TAGS):
                self._held = content
                return "", ""
        self._begun = True
        if self._closing:
            parted = self._end_thoughts(content, flagged)
        else:
            parted = (content, "") if flagged else ("", self._trimmed(content))
        self._plain = not (self._closing or self._trim)
        return parted

    def close(self) -> tuple[str, str]:
        """Return the rest, now that no more can come: thoughts and text, as `split` does."""
        held, self._held = "".join([*self._blanks, self._held]), ""
        self._blanks.clear()
        return (held, "") if self._closing else ("", held)

    def _end_thoughts(self, content: str, flagged: bool) -> tuple[str, str]:
        """Split content at the closing tag, if it is there."""
        before, tag, after = content.partition(self._closing)
        if not tag and self._by_flag and not flagged and not self._closing.startswith(content):
            before, tag, after = "", self._closing, content  # without a flag the thoughts are over
        if tag:
            thoughts = self._trimmed(before)
            self._closing, self._trim = "", True
            return thoughts, self._trimmed(after)
        kept = next(n for n in range(len(self._closing) - 1, -1, -1) if content.endswith(self._closing[:n]))
        self._held = content[len(content) - kept :]
        return self._trimmed(content[: len(content) - kept]), ""

    def _trimmed(self, text: str) -> str:
        if self._trim:
            text = text.lstrip("\n")
            self._trim = not text
        return text
