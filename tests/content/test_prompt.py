"""The body of a cell goes as typed; only `` $`expr` `` is read in it."""

import datetime
import io
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from PIL import Image

from gemini_magics.content.namespace import Namespace
from gemini_magics.content.prompt import read_body
from gemini_magics.core.answer import fold
from gemini_magics.core.errors import BadRequest, CannotAttach
from gemini_magics.core.messages import Attachment, Media, Text
from gemini_magics.core.settings import Settings
from gemini_magics.render.answer import Answer

SETTINGS = Settings()


def namespace(**names):
    """What evaluates an expression there, and the names that are defined."""
    return {"namespace": Namespace(names), "settings": SETTINGS}


UNTOUCHED = [
    "",
    "What is odd about the second peak?",
    "{x} {{y}} {0} %s %(a)s ${HOME} $HOME",
    r"\frac{a}{b} $x^2$ $$\int_0^1 f$$ \$5",
    '{"a": [1, 2, {"b": null}]}',
    "It costs $5, {1,2} or 10 $.",
    "`code` and ``more `code` `` and ```\nfenced $x\n```",
    "tabs\tand\r\nline ends\r, \x00 and \u2028 and \ud800",
    "GitHub writes $`\\sqrt{x}`$ for mathematics",
    "$`a`$`b` is mathematics, too",
    "$``x`` has two backticks",
    "$`never closed",
    "$`over\ntwo lines`",
    "$`` and $` `",
    "$ `x` and $\n`x`",
]


@pytest.mark.parametrize("body", UNTOUCHED)
def test_everything_else_passes_as_it_is(body):
    def nothing(expression):
        raise AssertionError(expression)

    assert "".join(read_body(body, nothing, SETTINGS)) == body


VALUES = {
    "a `str`": "a `str`",
    3: "3",
    2.5: "2.5",
    None: "None",
    True: "True",
    (1, "a"): "(1, 'a')",
    np.float64(2.5): "2.5",
    datetime.date(2026, 11, 22): "2026-11-22",
    Path("plots/photo.jpg"): "plots/photo.jpg",
}


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_stands_in_its_place_as_in_an_f_string(value):
    assert read_body("is $`x`?", **namespace(x=value)) == (f"is {VALUES[value]}?",)
    assert f"{value}" == VALUES[value]


def test_an_expression_may_hold_anything_but_a_backtick_and_a_line_end():
    assert read_body("$`d['k'][0] + sum(i for i in (1, 2))`!", **namespace(d={"k": [4]})) == ("7!",)
    assert read_body("$` x `", **namespace(x=1)) == ("1",)
    assert read_body("$`'$'`", **namespace()) == ("$",)


def test_a_value_is_never_read_again():
    assert read_body("$`x` $`x`", **namespace(x="$`y`")) == ("$`y` $`y`",)
    assert read_body("$`x``y`", **namespace(x="$", y=1)) == ("$`y`",)


def test_each_expression_is_evaluated_once_and_in_order():
    asked = []

    def ask(name):
        asked.append(name)
        return "-"

    assert read_body("$`ask('b')` $`ask('a')` $`ask('b')`", **namespace(ask=ask)) == ("- - -",)
    assert asked == ["b", "a", "b"]


def test_one_that_is_not_closed_leaves_the_next_alone():
    assert read_body("costs $`5 and $`x`", **namespace(x=3)) == ("costs $`5 and 3",)


def test_it_is_read_in_code_and_fences_too():
    assert read_body("```python\n$`code`\n```", **namespace(code="1 + {x}")) == ("```python\n1 + {x}\n```",)


def test_a_picture_stands_at_its_place():
    parts = read_body("Compare $`a` with $`images[1]`.", **namespace(a=red(), images=[None, red(7)]))
    before, first, between, second, after = parts
    assert (before, between, after) == ("Compare ", " with ", ".")
    assert (first.name, second.name) == ("a", "images[1]")
    assert first.inline
    assert first.kind == "image"
    image = Image.open(io.BytesIO(second.content.data))
    assert image.size == (7, 7)
    assert image.getpixel((3, 3)) == (255, 0, 0)


def test_a_picture_alone_has_no_empty_text_around_it():
    assert [type(part) for part in read_body("$`a`", **namespace(a=red()))] == [Attachment]


@pytest.mark.parametrize(
    "frame", [pd.DataFrame({"a": [1, 2]}), pl.DataFrame({"a": [1, 2]})], ids=["pandas", "polars"]
)
def test_a_table_becomes_its_compact_text_on_lines_of_its_own(frame):
    (text,) = read_body("See $`df` there", **namespace(df=frame))
    assert text.startswith("See \ndf: ")
    assert text.endswith("|\n there")
    assert "a |\n" in text
    assert " 2 |\n" in text


def test_a_table_becomes_a_picture_with_as_image():
    given = namespace(df=pd.DataFrame({"a": [1, 2]})) | {"settings": Settings(as_image=True)}
    _, picture = read_body("See $`df`", **given)
    assert picture.inline
    assert isinstance(picture.content, Media)


def test_an_answer_becomes_its_words():
    answer = Answer()
    fold(answer, Text("It is **odd**."))
    assert read_body("You said: $`a`", **namespace(a=answer)) == ("You said: It is **odd**.",)


MISTAKES = {
    "$`fgi`": "fgi cannot be read: there is no fgi. Did you mean fig?",
    "$`fgi.axes[0]`": "fgi.axes[0] cannot be read: there is no fgi. Did you mean fig?",
    "$`nowhere`": "nowhere cannot be read: there is no nowhere. Run the cell that defines it.",
    "$`fig +`": "fig + is not a Python expression: invalid syntax. Correct it.",
    "$`x = 3`": "x = 3 is not a Python expression: invalid syntax. Correct it.",
    "$`1 / 0`": "1 / 0 fails with ZeroDivisionError: division by zero. Try it in a cell of its own.",
    "$`fig.a`": "fig.a fails with AttributeError: 'int' object has no attribute 'a'. "
    "Try it in a cell of its own.",
}


@pytest.mark.parametrize("body", MISTAKES)
def test_a_mistake_in_an_expression_is_one_line_with_a_next_step(body):
    with pytest.raises(BadRequest) as caught:
        read_body(f"What is {body}?", **namespace(fig=1, axes=2))
    assert str(caught.value) == MISTAKES[body]


def test_a_function_that_was_not_called_says_how_to():
    with pytest.raises(CannotAttach, match=r"^df\.describe is a function: call it, as in df\.describe\(\)"):
        read_body("See $`df.describe`", **namespace(df=pd.DataFrame({"a": [1]})))


def test_a_stop_while_an_expression_runs_is_a_stop():
    def slow():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_body("$`slow()`", **namespace(slow=slow))


def red(side=5):
    return Image.new("RGB", (side, side), "red")
