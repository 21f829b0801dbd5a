"""Words of the %%gemini line: names, expressions, files and URLs."""

import json
import os
import re
from collections import deque
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pictures import SVG, encoded, picture_of, red, wav
from PIL import Image

from gemini_magics.content.containers import MOST_ITEMS
from gemini_magics.content.convert import attach
from gemini_magics.content.namespace import Namespace
from gemini_magics.content.prompt import literal_name, read_body
from gemini_magics.content.words import read_word, read_words
from gemini_magics.core.errors import CannotAttach
from gemini_magics.core.messages import Media
from gemini_magics.core.settings import Settings

SETTINGS = Settings()


pytestmark = pytest.mark.usefixtures("folder")


def word(text, settings=SETTINGS, **names):
    return read_word(text, Namespace(names), settings)


def test_a_name_and_an_expression_are_values():
    names = {"image": red(3, 3), "images": [red(9, 9)], "_": red(5, 5), "Out": {3: red(7, 7)}}
    assert picture_of(word("image", **names)).size == (3, 3)
    assert picture_of(word("images[0]", **names)).size == (9, 9)
    assert picture_of(word("images[-1].rotate(90)", **names)).size == (9, 9)
    assert picture_of(word("Out[3]", **names)).size == (7, 7)
    assert picture_of(word("_", **names)).size == (5, 5)
    assert "\n1\n" in word("len(images)", **names).content
    assert word("images[0]", **names).name == "images[0]"


def test_a_path_is_its_file():
    Path("plots").mkdir()
    Path("plots/photo.jpg").write_bytes(encoded(red(), "JPEG"))
    for typed in ("plots/photo.jpg", "./plots/photo.jpg", '"plots/photo.jpg"', "'plots/photo.jpg'"):
        attachment = word(typed, plots=1, photo=2)
        assert (attachment.kind, attachment.name) == ("image", typed.strip("'\""))
        assert attachment.content.data == encoded(red(), "JPEG")


def test_what_is_both_a_name_and_a_file():
    Path("data").write_text("never")
    Path("data.csv").write_text("a,b\n1,2\n")
    names = {"data": pd.DataFrame({"a": [1]})}
    assert word("data", **names).kind == "table"
    assert word("data.csv", **names).content == "data.csv:\n```\na,b\n1,2\n\n```"
    assert "never" in word("'data'", **names).content


def test_a_path_with_blanks_and_brackets_is_quoted():
    Path("my photo[1].png").write_bytes(encoded(red()))
    assert word("'my photo[1].png'").kind == "image"


def test_a_url_goes_as_a_link():
    attachment = word("https://example.org/a.png")
    assert (attachment.name, attachment.kind, attachment.content.type) == (
        "https://example.org/a.png",
        "link",
        "image/png",
    )
    assert word("'https://example.org/a b'".replace(" ", "%20")).kind == "link"


def names_of(line, **names):
    """The names of what the words of a line attach."""
    return [each.name for each in read_words(line.split(" "), Namespace(names), SETTINGS)]


def test_a_comma_separates_attachments():
    df = pd.DataFrame({"a": [1]})
    for line in ("df1, df2", "df1,df2", "df1 , df2", "df1, df2,"):
        assert names_of(line, df1=df, df2=df) == ["df1", "df2"]
    assert names_of('df1[["a","a"]],df1.loc[:,"a"]', df1=df) == ['df1[["a","a"]]', 'df1.loc[:,"a"]']


def test_a_comma_is_part_of_a_file_or_url_that_has_one():
    Path("a,b.csv").write_text("1")
    Path("c.csv").write_text("2")
    assert names_of("a,b.csv") == ["a,b.csv"]
    assert names_of("c.csv,a,b.csv, 'a,b.csv'") == ["c.csv", "a,b.csv", "a,b.csv"]
    assert names_of("https://a.org/x?box=1,2, c.csv,https://a.org/y") == [
        "https://a.org/x?box=1,2", "c.csv", "https://a.org/y",
    ]  # fmt: skip


def test_each_thing_of_a_container_goes_under_its_own_name():
    df, image = pd.DataFrame({"a": [1]}), red()
    names = {"tables": [df, df], "d": {"a": df, 3: [image, "words"]}, "df": df, "image": image}
    assert names_of("tables d", **names) == ["tables[0]", "tables[1]", 'd["a"]', "d[3][0]", "d[3][1]"]
    assert names_of("(df,image)", **names) == ["df", "image"]
    assert names_of("tables+tables", **names)[2] == "(tables+tables)[2]"
    kinds = [each.kind for each in read_words(["d"], Namespace(names), SETTINGS)]
    assert kinds == ["table", "image", "text"]


def test_a_container_of_words_and_numbers_is_one_text():
    assert names_of("words rows", words=["a", "b"], rows=[{"a": 1}, {"a": 2}]) == ["words", "rows"]


def test_a_container_of_too_many_things_says_what_to_name():
    with pytest.raises(CannotAttach, match=rf"more than {MOST_ITEMS} things.*such as many\[0\]"):
        names_of("many", many=[red()] * (MOST_ITEMS + 1))
    endless = [red()]
    endless.append(endless)
    with pytest.raises(CannotAttach, match="endless"):
        names_of("endless", endless=endless)


def test_figures_in_a_list_are_several_and_the_artists_of_one_figure_are_one():
    from matplotlib.figure import Figure

    figures = [Figure(), Figure()]
    lines = figures[0].subplots().plot([1, 2], [3, 4])
    axes = [figure.subplots() for figure in figures]
    axes[1].plot([1, 2])
    assert names_of("lines", lines=lines) == ["lines"]
    assert names_of("axes", axes=axes) == ["axes[0]", "axes[1]"]


def test_a_figure_beside_a_table_or_a_picture_hides_nothing():
    from matplotlib.figure import Figure

    figure, df = Figure(), pd.DataFrame({"a": [1]})
    axes = figure.subplots()
    histogram = axes.hist([1, 2, 2])
    things = {"d": {"a": df, "f": figure}, "l": [red(), [figure]], "n": [np.eye(3), axes], "h": histogram}
    assert names_of("d l n h", **things) == ['d["a"]', 'd["f"]', "l[0]", "l[1]", "n[0]", "n[1]", "h"]
    assert names_of("pair", pair=(figure, axes)) == ["pair"]
    assert names_of("found", found={"f": figure, "slope": np.int64(2)}) == ['found["f"]', 'found["slope"]']
    assert names_of("told", told=(figure, "It grows.")) == ["told[0]", "told[1]"]


def test_words_and_numbers_beside_a_figure_are_sent_with_it():
    from matplotlib.figure import Figure

    figure = Figure()
    lines = figure.subplots().plot([1, 2])
    assert names_of("d", d={"figure": figure, "caption": "Sales"}) == ['d["figure"]', 'd["caption"]']
    assert names_of("t l", t=(figure, 0.05), l=[lines, "a"]) == ["t[0]", "t[1]", "l[0]", "l[1]"]
    assert names_of("lines", lines=[lines, None]) == ["lines"]


def test_an_empty_part_of_a_data_set_does_not_keep_the_others_from_being_sent():
    bunch = {"data": pd.DataFrame({"a": [1]}), "frame": None}
    assert names_of("bunch", bunch=bunch) == ['bunch["data"]', 'bunch["frame"]']
    assert names_of("parts", parts=[None, bunch["data"]]) == ["parts[0]", "parts[1]"]
    with pytest.raises(CannotAttach, match=r"^frame is None: there is nothing in it"):
        names_of("[data,frame]", **bunch)


def test_the_values_of_a_dict_and_a_queue_of_tables_are_opened_too():
    df = pd.DataFrame({"a": [1]})
    names = {"d": {"a": df, "b": red()}, "q": deque([df])}
    assert names_of("d.values() q", **names) == ["list(d.values())[0]", "list(d.values())[1]", "list(q)[0]"]
    assert names_of("d.keys()", **names) == ["d.keys()"]


@pytest.mark.parametrize(
    "word", ["{figure}", "frozenset(axes)", "d.values()", "deque(lines)", "{figure,*axes}"]
)
def test_one_figure_in_a_set_or_in_the_values_of_a_dict_is_a_picture(word):
    from matplotlib.figure import Figure

    figure = Figure()
    axes = [figure.subplots()]
    names = {"figure": figure, "axes": axes, "d": {"a": figure}, "lines": axes[0].plot([1, 2]), "deque": deque}
    assert [each.kind for each in read_words([word], Namespace(names), SETTINGS)] == ["figure"]


def test_a_container_in_the_body_puts_each_thing_at_its_place():
    parts = read_body("See $`images`.", Namespace({"images": [red(), red()]}), SETTINGS)
    assert [part if isinstance(part, str) else part.name for part in parts] == [
        "See ", "images[0]", "images[1]", ".",
    ]  # fmt: skip


def test_a_name_is_found_in_each_of_its_unicode_forms():
    assert word("\u00b5", **{"\u03bc": red()}).kind == "image"  # the micro sign, and Greek mu
    Path("e\u0301te\u0301").mkdir()
    Path("e\u0301te\u0301/caf\u00e9.txt").write_text("warm")
    for typed in ("\u00e9t\u00e9/caf\u00e9.txt", "e\u0301te\u0301/cafe\u0301.txt"):
        assert "warm" in word(typed).content


LITERAL = {
    "Explain {df}.": "{df}", "Mean {df:.2f}?": "{df:.2f}", "Sum $df, please": "$df", "$df and $s": "$df",
    "\\frac{df}{s}": "", "x_{df}": "", "the formula $df$": "", "$df + s$ is": "", "{{df}}": "",
    "costs $5": "", "{unknown} $unknown": "", "$`df`": "", "{_x}": "",
}  # fmt: skip


@pytest.mark.parametrize("body", LITERAL)
def test_a_name_in_braces_or_behind_a_dollar_is_noticed(body):
    assert literal_name(body, Namespace({"df": 1, "s": 2, "_x": 3})) == LITERAL[body]


def test_the_files_of_the_real_world(folder):
    pdf = encoded(red(), "PDF")
    (folder / "page.pdf").write_bytes(pdf)
    (folder / "sound.wav").write_bytes(wav())
    (folder / "drawing.svg").write_text(SVG)
    (folder / "scan.tiff").write_bytes(encoded(red(), "TIFF"))
    (folder / "table.csv").write_text("a,b\n1,2\n")
    (folder / "code.py").write_text("print('é')\n", "utf-8")
    (folder / "README").write_text("read me")
    (folder / "lies.txt").write_bytes(encoded(red()))
    assert {path: word(path).kind for path in sorted(map(str, Path().iterdir()))} == {
        "page.pdf": "PDF", "sound.wav": "audio", "drawing.svg": "image", "scan.tiff": "image",
        "table.csv": "text", "code.py": "text", "README": "text", "lies.txt": "image",
    }  # fmt: skip
    assert word("page.pdf").content == Media("application/pdf", pdf)
    assert "print('é')" in word("code.py").content


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_files_may_begin_with_a_byte_order_mark(encoding):
    Path("note.txt").write_bytes("größer\r\n".encode(encoding))
    assert word("note.txt").content == "note.txt:\n```\ngrößer\r\n\n```"


def test_a_notebook_goes_without_its_outputs():
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "text"]},
        {"cell_type": "code", "source": "1 + 1", "outputs": [{"data": {"image/png": "iVBORw0KGgo"}}]},
    ]
    Path("a.ipynb").write_text(json.dumps({"cells": cells}))
    attachment = word("a.ipynb")
    assert "[1] markdown\n# Title\ntext\n\n[2] code\n1 + 1\n" in attachment.content
    assert "iVBOR" not in attachment.content
    assert attachment.note == "2 cells, without outputs"
    Path("one.ipynb").write_text(json.dumps({"cells": cells[:1]}))
    assert word("one.ipynb").note == "1 cell, without outputs"


def test_files_outside_the_folder_need_a_word(folder, tmp_path):
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "shortcut").symlink_to(tmp_path)
    for typed in ("../secret.txt", str(tmp_path / "secret.txt"), "link.txt", "shortcut/secret.txt"):
        with pytest.raises(CannotAttach, match=r"is not in .* or below: add --allow-outside"):
            word(typed)
        with pytest.raises(CannotAttach, match="--allow-outside"):
            attach(Path(typed), typed, SETTINGS)
        assert "secret" in word(typed, Settings(allow_outside=True)).content


def test_a_link_inside_the_folder_may_be_followed(folder):
    (folder / "note.txt").write_text("inside")
    (folder / "link.md").symlink_to("note.txt")
    assert "inside" in word("link.md").content


def test_a_link_that_leads_nowhere_is_said_to_and_not_taken_for_a_slip_of_the_pen(folder):
    (folder / "scan.csv").symlink_to(".git/annex/objects/scan.csv")
    (folder / "loop").symlink_to("loop")
    for typed in ("scan.csv", "'scan.csv'"):
        with pytest.raises(
            CannotAttach, match=r"^scan\.csv is a link to a file that is not there: get the file"
        ):
            word(typed)
    with pytest.raises(CannotAttach, match=r"^loop is not a path that leads to a file"):
        word("loop")


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "note.txt").write_text("at home")
    with pytest.raises(CannotAttach, match="--allow-outside"):
        word("~/note.txt")
    assert "at home" in word("~/note.txt", Settings(allow_outside=True)).content
    assert "-4" in word("~x", x=3).content


def test_what_is_no_regular_file_is_never_opened(folder):
    (folder / "sub").mkdir()
    os.mkfifo("pipe")
    (folder / "loop").symlink_to("loop")
    said = {"sub": "sub is a folder: name a file in it.", "pipe": "pipe is not a regular file but a device"}
    for typed, message in said.items():
        with pytest.raises(CannotAttach, match=message):
            word(typed)
    with pytest.raises(CannotAttach, match="is a folder"):
        word("..", Settings(allow_outside=True))
    with pytest.raises(CannotAttach, match="not a regular file"):
        word("/dev/zero", Settings(allow_outside=True))
    with pytest.raises(CannotAttach, match="not a path that leads to a file"):
        attach(Path("loop"), "loop", SETTINGS)


def test_sizes_are_asked_before_a_file_is_read(folder):
    with (folder / "huge.csv").open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(CannotAttach, match=r"huge\.csv has 1000 GB, and 15\.0 MB are the most"):
        word("huge.csv")
    (folder / "empty.txt").touch()
    with pytest.raises(CannotAttach, match="is an empty file"):
        word("empty.txt")


def test_a_large_photo_may_be_read_to_be_scaled():
    pixels = np.random.default_rng(1).integers(0, 256, (400, 400, 3), np.uint8)
    Path("photo.png").write_bytes(encoded(Image.fromarray(pixels)))
    attachment = word("photo.png", Settings(image_side_px=100, request_bytes=100_000))
    assert picture_of(attachment).size == (100, 100)


BAD_FILES = {
    "cut.txt": (b"gr\xc3\xb6\xc3er", "is not UTF-8 text (byte 4 is wrong): save it as UTF-8."),
    "half.txt": (b"\xff\xfea", "is not UTF-16"),
    "binary.txt": (b"a\0b", "holds NUL characters, so it is not text"),
    "model.bin": (b"\x00\x01", "holds 2 B of no kind that is known here. Pictures (PNG"),
    ".env": (b"KEY=1", "has a name under which keys are kept, and is not sent"),
    "half.png": (b"\x89PNG\r\n\x1a\n\0\0", "is a picture that is cut off or broken"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_that_cannot_be_sent_says_why(name):
    data, said = BAD_FILES[name]
    Path(name).write_bytes(data)
    with pytest.raises(CannotAttach, match=re.escape(said)) as caught:
        word(name)
    assert str(caught.value).startswith(name)


def test_a_file_that_may_not_be_read_says_so(monkeypatch):
    Path("locked.txt").write_text("x")

    def denied(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", denied)  # root may read everything, so the rights alone would not do
    with pytest.raises(CannotAttach, match=r"^locked\.txt cannot be read: Permission denied\.$"):
        word("locked.txt")


TAKEN = "Figures, images, charts, tables, arrays, text, files and https URLs can be attached."

MISTYPED = {
    "fgi": "There is no name and no file fgi here. Did you mean fig?",
    "fgi.axes[0]": "There is no name and no file fgi.axes[0] here. Did you mean fig?",
    "photo.jpg": "There is no name and no file photo.jpg here. Did you mean photo.jpeg?",
    "plots/ab.png": "There is no name and no file plots/ab.png here. Did you mean plots/abc.png?",
    "./plots/ab.png": "There is no name and no file ./plots/ab.png here. Did you mean plots/abc.png?",
    "'photo.jpg'": "There is no file photo.jpg here. Did you mean photo.jpeg?",
    "'fgi'": "There is no file fgi here. Paths begin in the notebook's folder, {folder}: name one from there.",
    "'fig'": "There is no file fig here. For the value, write fig without quotes.",
    '"axes[0]"': "There is no file axes[0] here. For the value, write axes[0] without quotes.",
    "'fig.png'": "There is no file fig.png here. Paths begin in the notebook's folder, {folder}: name one from "
    "there.",
    "nope": f"There is no name and no file nope here. Run the cell that defines it. {TAKEN}",
    "Fig": "There is no name and no file Fig here. Did you mean fig?",
    "sk-secret-0123456789": "A word of this line looks like a key: delete it, since notebooks keep their "
    "cells. %gemini_key asks for a key, and hides what is typed.",
    "nowhere": f"There is no name and no file nowhere here. Run the cell that defines it. {TAKEN}",
    "no/such/folder.png": "There is no name and no file no/such/folder.png here. Paths begin in the notebook's "
    "folder, {folder}: name one from there.",
    "nothing.csv": "There is no name and no file nothing.csv here. Paths begin in the notebook's folder, "
    "{folder}: name one from there.",
    "max": f"There is no name and no file max here. {TAKEN}",
    "5": f"There is no name and no file 5 here. {TAKEN}",
    "fig.nothing": "fig.nothing fails with AttributeError: 'int' object has no attribute 'nothing'. "
    "Try it in a cell of its own.",
    "fig[a b]": "fig[a b] is not a Python expression: invalid syntax. Perhaps you forgot a comma. Correct it.",
    "fig[0": "fig[0 is not a Python expression: '[' was never closed. Correct it.",
    "fig/nothing": "fig/nothing cannot be read: there is no nothing. Run the cell that defines it.",
    "x" * 5000: None,
    "a\0b": None,
}


@pytest.mark.parametrize("typed", MISTYPED, ids=lambda typed: repr(typed[:20]))
def test_a_mistyped_word_is_one_line_with_what_was_meant(typed):
    Path("photo.jpeg").touch()
    Path("plots").mkdir()
    Path("plots/abc.png").touch()
    with pytest.raises(CannotAttach) as caught:
        word(typed, fig=1, axes=2, open=3)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300
    if MISTYPED[typed]:
        assert str(caught.value) == MISTYPED[typed].replace("{folder}", str(Path.cwd()))


def test_a_path_that_is_missing_says_where_paths_begin():
    with pytest.raises(CannotAttach) as caught:
        attach(Path("nothing.csv"), "nothing.csv", SETTINGS)
    assert str(caught.value) == (
        "There is no file nothing.csv here. "
        f"Paths begin in the notebook's folder, {Path.cwd()}: name one from there."
    )


def test_without_a_namespace_there_are_paths_and_urls_alone():
    Path("photo.png").write_bytes(encoded(red()))
    assert read_word("photo.png", Namespace(), SETTINGS).kind == "image"
    with pytest.raises(CannotAttach, match="There is no file fig"):
        read_word("fig", Namespace(), SETTINGS)
