"""Notes of a notebook: sentences that are not answers, in the look that notes have beside answers."""

from __future__ import annotations

from IPython.display import display

from ..core.text import legible


def show_note(sentence: str) -> None:
    """Show a note in the output of the cell that runs; a terminal shows its words."""
    from ..render.style import note_html, styled  # loads the Markdown parser

    sentence = legible(sentence)
    display({"text/html": styled(note_html(sentence)), "text/plain": sentence}, raw=True)
