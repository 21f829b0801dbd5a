"""Text that comes in pieces: characters in halves, and thoughts among the words of the answer."""

from __future__ import annotations

_TAGS = ("<think>", "<thought>")


def whole(text: str) -> str:
    """Join the halves of surrogate pairs; a lone half, which UTF-8 cannot carry, becomes U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class Tags:
    """Parts thoughts from text where a service sends both as content.

    Google flags the content that is thoughts; some of its models also put it between <thought> tags, the
    closing one at the start of the first content without a flag. Local servers put <think> tags around
    the thoughts at the very start. Any tag may be split over pieces, and one further on is text.
    """

    def __init__(self) -> None:
        self._held = ""  # what may turn out to be a tag
        self._closing = ""  # the tag that ends the thoughts, while they go on
        self._by_flag = False  # the thoughts that go on began with a flag
        self._begun = False  # a tag in content without a flag is text from now on
        self._trim = False  # newlines after a tag belong to the tag
        self._plain = False  # nothing is left to look for in content without a flag

    def expect_none(self) -> None:
        """Take tags for text from now on: this service has a field for thoughts."""
        self._begun = True

    def split(self, content: str, *, flagged: bool = False) -> tuple[str, str]:
        """Return the thoughts and the text in a piece of content, as far as they are certain."""
        if self._plain and not flagged:
            return "", content
        content, self._held = self._held + content, ""
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
        """Return what was held back, now that no more can come: thoughts and text, as `split` does."""
        held, self._held = self._held, ""
        return (held, "") if self._closing else ("", held)

    def _end_thoughts(self, content: str, flagged: bool) -> tuple[str, str]:
        """Split content at the tag that closes the thoughts, if it is there."""
        before, tag, after = content.partition(self._closing)
        if not tag and self._by_flag and not flagged and not self._closing.startswith(content):
            before, tag, after = "", self._closing, content  # the flag ends thoughts without their tag too
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
