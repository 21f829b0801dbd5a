"""The words of a question, and which expressions in them this person has typed.

In a question of an imported chat, `` $`expr` `` is text. It stays text while such a question is edited, sent
again or written into a cell, and becomes an expression only where somebody types it.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...content.prompt import expressions, literally, openings
from ...core.text import reveal, whole_characters


@dataclass(frozen=True)
class Wording:
    """A question as it stands in the box of a panel.

    Attributes:
        text: the question.
        literal: the expressions, as `` $`expr` ``, that came from elsewhere and are sent as text, and the
            beginnings of such, as `` $`ex ``.
        typed: False where nobody typed the text in this panel.
    """

    text: str
    literal: frozenset[str] = frozenset()
    typed: bool = True

    @classmethod
    def from_elsewhere(cls, text: str) -> Wording:
        """Take words that this person did not type here: of a file, or with values already in them.

        Half a surrogate pair becomes U+FFFD: no message to a page can carry it, and what a page sends back
        must be what was marked as literal.
        """
        text = whole_characters(text)
        return cls(text, expressions(text) | openings(text), typed=False)

    @classmethod
    def edited(cls, text: str, literal: frozenset[str]) -> Wording:
        """Take words that may have been edited, among them literal expressions or their beginnings."""
        begun = tuple(each for each in literal if not each.endswith("`"))
        kept = {each for each in expressions(text) if each in literal or each.startswith(begun)}
        return cls(text, frozenset(kept) | (openings(text) & literal))

    @property
    def body(self) -> str:
        """The question for `read_body`, in which literal expressions give themselves."""
        return literally(self.text, self.literal)

    @property
    def source(self) -> str:
        """The question as the body of a cell; strangers' words show their invisible characters there."""
        return self.body if self.typed and not self.literal else reveal(self.body)
