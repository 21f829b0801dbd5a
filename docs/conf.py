"""The site: Sphinx reads the pages of this folder, runs their cells on the demo, and takes the notebooks in."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from pygments.lexer import Lexer
from pygments.lexers import MarkdownLexer, TextLexer
from pygments.token import Keyword, _TokenType
from sphinx.application import Sphinx

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS), str(DOCS.parent)]
# The kernels of the pages find the package of this checkout, no key, and the demo.
os.environ["PYTHONPATH"] = str(DOCS.parent)
for name in [name for name in os.environ if name.endswith("_API_KEY") or name.startswith("GEMINI_MAGICS_")]:
    del os.environ[name]
os.environ["GEMINI_MAGICS_SERVICE"] = "demo"

import generated_pages  # noqa: E402 - of this folder
from IPython.lib.lexers import IPython3Lexer  # noqa: E402

import gemini_magics  # noqa: E402

# The notebooks are pages of the site, and some pages are made from the code.
TUTORIALS = DOCS / "tutorials"
shutil.rmtree(TUTORIALS, ignore_errors=True)
shutil.copytree(
    DOCS.parent / "notebooks", TUTORIALS, ignore=shutil.ignore_patterns("__pycache__", "*.py", ".*")
)
generated_pages.write(DOCS)

project = "gemini_magics"
author = "The gemini_magics maintainers"
release = version = gemini_magics.__version__
project_copyright = author  # without a year, which would change the pages by the day

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "tutorials/files"]
suppress_warnings = ["mystnb.unknown_mime_type"]
html_theme = "furo"
pygments_dark_style = "github-dark"  # furo's own underlines the names of modules like links
html_title = "gemini_magics"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_extra_path = ["llms.txt"]
html_show_sourcelink = False
templates_path: list[str] = []

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
# Notebooks are shown as they were saved; pages with cells are run, and a cell that fails fails the build.
nb_execution_mode = "auto"
nb_execution_excludepatterns = ["tutorials/*"]
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
napoleon_google_docstring = True
napoleon_use_ivar = True


class QuestionLexer(Lexer):
    """Colours a `%%gemini` cell as prose below its first line, and other cells as IPython's lexer does."""

    name = "IPython with questions"
    aliases = ("ipython3", "ipython", "python")

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, _TokenType, str]]:
        """Yield the tokens of a cell."""
        if not text.lstrip().startswith(("%%gemini", "%%gm")):
            yield from IPython3Lexer(**self.options).get_tokens_unprocessed(text)
            return
        line, newline, body = text.partition("\n")
        yield 0, Keyword, line + newline
        for place, token, value in MarkdownLexer(**self.options).get_tokens_unprocessed(body):
            yield len(line + newline) + place, token, value


def setup(app: Sphinx) -> None:
    """Colour the cells."""
    for alias in QuestionLexer.aliases:
        app.add_lexer(alias, QuestionLexer)
    app.add_lexer("ipythontb", TextLexer)  # our errors are sentences
