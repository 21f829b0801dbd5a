"""The errors and notices of the panel name its controls, and no option of a cell."""

import ast
from pathlib import Path

import pytest

import gemini_magics
from gemini_magics import Settings
from gemini_magics.notebook.panel.own_words import CONTROLS, in_own_words
from gemini_magics.notebook.panel.settings import SHOWN
from gemini_magics.service.refusals import CHARGED

OPTIONS = {
    flag
    for each in Settings.__dataclass_fields__.values()
    for flag in (each.metadata["flag"], each.metadata["off"])
    if flag
}
FOLDERS = ("content", "service", "chat", "recording", "render")
SENTENCES = {
    text
    for folder in FOLDERS
    for path in (Path(gemini_magics.__file__).parent / folder).glob("*.py")
    for node in ast.walk(ast.parse(path.read_text("utf-8")))
    if isinstance(node, ast.Constant) and isinstance(text := node.value, str)
    if any(f" {option}" in text or f"({option}" in text for option in OPTIONS)
}  # fmt: skip
SAID = {
    "Choose another --service.": "Choose another Service in Settings.",
    "The service kie offers no search; leave --search out, or ask google.":
        "The service kie offers no search; untick Google Search in Settings, or ask google.",
    "takes a search or functions, and not both in one question: leave --search or --tool out.":
        "takes a search or functions, and not both in one question: untick Google Search or the functions in Settings.",
    "The service documents no functions: leave --tool out, or ask google.":
        "The service documents no functions: untick the functions in Settings, or ask google.",
    "There is nothing to point at: --point needs a figure, a picture or a PDF, as in %%gemini fig --point.":
        "There is nothing to point at: Point at places in Settings needs a figure, a picture or a PDF among the "
        "attachments.",
    "Its thoughts are hidden (--no-thoughts).": "Its thoughts are hidden (Show thoughts is not ticked in Settings).",
    "The model does not take this effort: choose --effort low or high.":
        "The model does not take this effort: in Settings, choose Effort low or high.",
    "begin another with --chat NAME, or forget it with %gemini_chat reset main.":
        "Branch at an earlier turn, or Clear it.",
    "leave --fresh out": "leave fresh (a setting of panel(...)) out",
    f"It broke. {CHARGED}": "It broke. It may have been charged, so it was not sent again; press Retry to ask once more.",
    "pip install 'x'; qpdf --decrypt; --searching": "pip install 'x'; qpdf --decrypt; --searching",
}  # fmt: skip


@pytest.mark.parametrize("sentence", SAID)
def test_a_control_stands_for_an_option(sentence):
    assert in_own_words(sentence) == SAID[sentence]


@pytest.mark.parametrize("sentence", sorted(SENTENCES))
def test_no_sentence_of_the_package_names_an_option_in_the_panel(sentence):
    assert not [option for option in OPTIONS if option in in_own_words(sentence).split()]


def test_each_setting_of_the_page_has_a_control_with_a_name():
    assert set(SHOWN) <= set(CONTROLS)


def test_each_control_is_in_the_page():
    static = Path(gemini_magics.__file__).parent / "notebook" / "static" / "settings.js"
    assert [name for name in CONTROLS.values() if f'"{name}"' not in static.read_text("utf-8")] == []
