"""A notebook that was saved: what readers without a kernel get, however they open it."""

from html.parser import HTMLParser

import nbformat
import pytest
from markdown_it import MarkdownIt
from nbclient import NotebookClient
from nbconvert import HTMLExporter, MarkdownExporter, SlidesExporter

QUESTION = "%%gemini --service demo\nWhat is a fixed point? Give a formula."

# What JupyterLab's sanitizer leaves of the HTML of a notebook that it does not trust, as far as we use it;
# GitHub's leaves less: no style sheet, no class.
KEPT_TAGS = {
    "a", "bdi", "blockquote", "br", "code", "details", "div", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol",
    "p", "pre", "s", "small", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "th", "thead",
    "tr", "ul",
}  # fmt: skip


@pytest.fixture(scope="module")
def notebook():
    """A notebook with an answer, run without a page."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GEMINI_MAGICS_DEMO_WORDS_PER_S", "2000")
        cells = [nbformat.v4.new_code_cell(source) for source in ("%load_ext gemini_magics", QUESTION)]
        notebook = nbformat.v4.new_notebook(cells=cells)
        NotebookClient(notebook, kernel_name="python3").execute()
    return notebook


@pytest.mark.slow
@pytest.mark.parametrize("exporter", [HTMLExporter, SlidesExporter])
def test_a_page_made_of_it_shows_the_answer_with_its_thinking_folded(notebook, exporter):
    html, _ = exporter().from_notebook_node(notebook)
    assert "This is the stand-in, not Gemini." in html
    assert '<details class="gemini-thinking"><summary>Thought for' in html
    assert r"\bar\ell = \frac{1}{n}" in html
    assert "Error displaying widget" not in html


@pytest.mark.slow
def test_markdown_made_of_it_shows_the_answer(notebook):
    markdown, _ = MarkdownExporter().from_notebook_node(notebook)
    assert "This is the stand-in, not Gemini." in markdown
    html = notebook.cells[1].outputs[0].data["text/html"]
    assert html in MarkdownIt("commonmark").render(markdown)


class Kept(HTMLParser):
    """The tags and the words that a sanitizer meets, and those that it would leave."""

    def __init__(self):
        super().__init__()
        self.removed, self.words, self._inside = set(), [], []

    def handle_starttag(self, tag, attrs):
        self._inside.append(tag)
        if tag not in KEPT_TAGS:
            self.removed.add(tag)

    def handle_endtag(self, tag):
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data):
        if "style" not in self._inside:
            self.words.append(data)


def test_a_sanitizer_takes_its_looks_and_nothing_else(notebook):
    kept = Kept()
    kept.feed(notebook.cells[1].outputs[0].data["text/html"])
    assert kept.removed == {"style"}
    assert "This is the stand-in, not Gemini." in "".join(kept.words)
    assert "Thought for" in "".join(kept.words)


def test_its_outputs_have_no_widget_and_no_script(notebook):
    (output,) = notebook.cells[1].outputs
    assert sorted(output.data) == ["text/html", "text/plain"]
    assert "<script" not in output.data["text/html"]
    assert "widgets" not in notebook.metadata
