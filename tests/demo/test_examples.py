"""The code and the formulas of the demo service: they fit what was sent, and the code runs."""

import pytest

from gemini_magics.render.answer import Answer
from gemini_magics.testing import Demo

SETUP = """
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl
from PIL import Image

tides = pd.DataFrame({
    "time": pd.date_range("2026-01-01", periods=100, freq="h"),
    "level (m)": np.sin(np.arange(100)),
    "o'clock|": range(100),
    "place": "north",
})
by_place = pd.DataFrame({"place": list("aabb"), "day": [1, 2, 1, 2], "x": [1.0, 2, 3, 4]}).set_index(["place", "day"])
numbered = pd.DataFrame({3: [1, 2], "4": [2, 3]})
words = pd.DataFrame({"a": ["x", "y"]})
one = pd.DataFrame({"a": [1, 2]})
polar = pl.DataFrame({"a": [1, 2, 3], "b": [1.5, 2.5, 3.5]})
nothing = pd.DataFrame({"a": []})
fig, ax = plt.subplots()
ax.plot([1, 2, 3], [1, 5, 2], label="peak")
ax.plot([], [])
bars, _ = plt.subplots()
bars.axes[0].bar([1, 2], [3, 4])
image = Image.new("RGB", (40, 30), "red")
array = np.zeros((30, 40, 3), "uint8")
image.save("red one.png")
tides.to_csv("tides.csv", index=False)
tides.to_csv("tides.tsv", index=False, sep="\\t")
from pathlib import Path
assert Path("note.txt").write_text("Some words.")
"""

# What is named, and what its code is to show.
RUNS = {
    "tides": ["level (m)", "100.0"],
    "tides.head(24)": ["24.0"],
    'tides["level (m)"]': ["mean"],
    'tides["place"]': ["unique"],
    'tides["level (m)"].describe()': ["count"],
    "tides[tides.place == 'north']": ["count"],
    "by_place": ["mean"],
    "numbered": ["mean"],
    "words": ["unique"],
    "one": ["mean"],
    "nothing": ["count"],
    "polar": ["mean"],
    'polar["a"]': ["mean"],
    "tides.style.hide(axis=0)": [],
    "tides.columns": ["level (m)"],
    "np.eye(3)": [],
    "fig": ["peak is highest at 2.0 with 5.0"],
    "ax": ["peak is highest at 2.0 with 5.0"],
    "bars": ["Figure  1 axes"],
    "image": ["Image (40, 30)"],
    "array": ["ndarray 3600 0 axes"],
    "'red one.png'": ["(40, 30) [255.0, 0.0, 0.0]"],
    "tides.csv": ["level (m)"],
    "tides.tsv": ["level (m)"],
    "note.txt": ["11 bytes"],
    "tides fig tides.csv": ["highest", "100.0"],
    "": ["7 words"],
}


@pytest.fixture
def notebook(shell):
    with Demo(words_per_s=0) as demo:
        shell.run(f'%config GeminiMagics.base_url = "{demo.base_url}"')
        shell.run('%config GeminiMagics.service = "demo"')
        shell.run(SETUP)
        yield shell
        shell.run("plt.close('all')")


@pytest.mark.slow
@pytest.mark.parametrize("named", RUNS)
def test_its_code_runs_on_what_was_sent(notebook, named, capsys):
    notebook.run(f"%%gemini {named} --code --to reply\nWrite Python code that looks at this.")
    (code,) = notebook.user_ns["reply"].code
    capsys.readouterr()
    notebook.run(code.text)
    shown = capsys.readouterr().out
    assert shown
    for words in RUNS[named]:
        assert words in shown


def test_a_table_is_plotted_by_its_own_columns(notebook):
    notebook.run("%%gemini tides --to reply\nPlot the levels, please.")
    (code,) = notebook.user_ns["reply"].code
    assert "tides.plot(x='time', y=['level (m)', \"o'clock|\"])" in code.text
    notebook.run(f"plt.figure()\n{code.text}\ndrawn = plt.gcf().axes[0]")
    assert [line.get_label() for line in notebook.user_ns["drawn"].lines] == ["level (m)", "o'clock|"]
    notebook.run("%%gemini polar --to reply\nWrite code.")
    notebook.run(f"plt.figure()\n{notebook.user_ns['reply'].code[0].text}\ndrawn = plt.gcf().axes[0]")
    assert [list(line.get_ydata()) for line in notebook.user_ns["drawn"].lines] == [[1.5, 2.5, 3.5]]


FORMULAS = {
    ("", "What is a fixed point? Give one formula, for example for $\\cos x$."): "$$\\cos x$$",
    ("", "It costs $5 or $6. Give a formula."): "mean length of the $n$ words",
    ("tides", "Give a formula."): "mean of a column",
    ("image", "Give a formula for $x$."): "mean colour of a picture",
}


@pytest.mark.parametrize("named, question", FORMULAS)
def test_a_formula_is_about_what_was_sent(notebook, named, question):
    notebook.run(f"%%gemini {named} --to reply\n{question}")
    text = notebook.user_ns["reply"].text
    assert FORMULAS[named, question] in text
    assert ("picture" in text) == (named == "image")


def test_a_file_of_text_is_not_taken_for_words_of_the_question(notebook):
    notebook.run("%%gemini note.txt --to reply\nWhat?")
    text = notebook.user_ns["reply"].text
    assert "the question and 1 text" in text
    assert "`note.txt`: text, 11 characters, 1 line" in text
    notebook.run("%%gemini --to reply\nnote.txt:\n```\nmine\n```")
    assert "the question alone" in notebook.user_ns["reply"].text


def test_no_credits_are_spoken_of(notebook):
    notebook.run("%%gemini tides --to reply\nWhat?")
    reply: Answer = notebook.user_ns["reply"]
    assert reply.credits is None
    assert "credit" not in str(reply._repr_mimebundle_()).lower()
