"""%gemini_usage and %gemini_credits: what was spent, and what is left."""

from __future__ import annotations

from IPython.core.magic import Magics, line_magic, magics_class, no_var_expand
from IPython.display import display

from ..core.budget import count
from ..core.errors import BadRequest
from ..core.settings import resolve
from .one_line import one_line_errors


@magics_class
class UsageMagics(Magics):
    """What questions cost."""

    @no_var_expand
    @line_magic
    def gemini_usage(self, line: str) -> None:
        """Show what this session spent, by cell, conversation and service.

        Tokens and credits are as the services count them. Answers from a recording are free. For dollars
        set what a credit costs you: %config GeminiMagics.dollars_per_credit = 0.005
        """
        with one_line_errors():
            if line.strip():
                raise BadRequest("Write %gemini_usage alone: it shows all of this session.")
            from ..chat.ledger import usage_table

            display(usage_table(resolve({})))

    @no_var_expand
    @line_magic
    def gemini_credits(self, line: str) -> None:
        """Ask the service how many credits are left: %gemini_credits [SERVICE]."""
        with one_line_errors():
            words = line.split()
            if len(words) > 1:
                raise BadRequest(
                    "Write %gemini_credits, or %gemini_credits kie for another service than the chosen."
                )
            settings = resolve({"service": words[0]} if words else {})
            if settings.strict:
                raise BadRequest(
                    "A strict replay asks nothing, no balance either: end it with %gemini_record off."
                )
            from ..service.delivery import credits_left

            left = credits_left(settings)
            rate = settings.dollars_per_credit
            dollars = "" if rate is None else f", about ${left * rate:,.2f} at the rate that you set"
            display({"text/plain": f"{settings.service}: {count(left)} credits left{dollars}"}, raw=True)
