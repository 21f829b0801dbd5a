"""How much a session may spend."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import BadRequest

_WRITTEN = re.compile(r"\s*(\d[\d,_]*(?:\.\d+)?)\s*(credit|token)s?\s*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Budget:
    """An amount of what services count.

    Attributes:
        unit: "credits" or "tokens".
    """

    amount: float
    unit: str

    @classmethod
    def read(cls, text: str) -> Budget | None:
        """Read "200 credits" or "50,000 tokens"; nothing written is no budget.

        Raises:
            BadRequest: it is neither.
        """
        if not text.strip():
            return None
        written = _WRITTEN.fullmatch(text)
        if written is None:
            raise BadRequest(f'A budget is written "200 credits" or "50,000 tokens", not {text!r}.')
        return cls(float(re.sub("[,_]", "", written[1])), f"{written[2].lower()}s")

    def __str__(self) -> str:
        return f"{count(self.amount)} {self.unit}"


def count(amount: float) -> str:
    """Write an amount of tokens or credits for people: 1,204, 0.49, 200, 0.003."""
    return f"{amount:.1g}" if 0 < amount < 0.01 else f"{amount:,.2f}".removesuffix(".00")
