"""Write the table of options into the README, generated from the options."""

from pathlib import Path

from gemini_magics.notebook.options import markdown_table

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- options -->\n", "<!-- /options -->"


def with_table(text: str) -> str:
    """Return the README with a new table of options."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + markdown_table() + END + rest.split(END)[1]


if __name__ == "__main__":
    README.write_text(with_table(README.read_text("utf-8")), "utf-8")
