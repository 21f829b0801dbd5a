"""What marimo gets: an answer with its own element for each formula, and the panel as an anywidget."""

import sys
from types import SimpleNamespace

import pytest

from gemini_magics import panel
from gemini_magics.core.answer import close, fold
from gemini_magics.core.messages import Text
from gemini_magics.render.answer import Answer

FORMULAS = {
    "in a line": ("So $a < b$ holds.", "||(a &lt; b||)"),
    "in a paragraph": ("$$\n\\frac{1}{2}\n$$", "||[\\frac{1}{2}||]"),
    "in a table": ("| x |\n|---|\n| $x^2$ |", "||(x^2||)"),
}


def in_marimo(text):
    answer = Answer()
    fold(answer, Text(text))
    close(answer, "stop")
    mime, html = answer._mime_()
    assert mime == "text/html"
    return html


@pytest.mark.parametrize("name", FORMULAS)
def test_marimo_typesets_a_formula(name):
    text, expected = FORMULAS[name]
    html = in_marimo(text)
    assert f'<marimo-tex class="arithmatex">{expected}</marimo-tex>' in html
    assert "$" not in html


@pytest.mark.parametrize("text", ["It costs $5.", "`$x$`", "```\n$x$\n```"])
def test_what_is_no_formula_is_left_alone(text):
    assert "marimo-tex" not in in_marimo(text).replace("&lt;marimo-tex", "")


def test_a_formula_adds_no_element_but_the_one_of_marimo():
    html = in_marimo("$x || y</marimo-tex><script>alert(1)</script>$ and $\\href{javascript:alert(1)}{x}$")
    assert "<script" not in html
    assert html.count("</marimo-tex>") == html.count("<marimo-tex")


def test_the_panel_is_an_anywidget_that_marimo_holds(monkeypatch):
    held = []
    monkeypatch.setitem(sys.modules, "marimo", SimpleNamespace(ui=SimpleNamespace(anywidget=held.append)))
    shown = panel("marimo")
    shown._display_()
    shown._display_()
    assert held[0] is held[1]
    assert held[0].get_state()["said"]["facts"]["chat"] == "marimo"
    shown.close()
