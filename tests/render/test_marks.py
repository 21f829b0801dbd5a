"""Marks are found in the forms in which models write them, and what is wrong with the others is said."""

import json
import pickle

import pytest
from hostile import MARKUP

from gemini_magics import Answer, Media
from gemini_magics.core.answer import close, fold
from gemini_magics.core.messages import Attachment, Finished, Text
from gemini_magics.render.marks import MarkReader


def picture(name="fig", width=800, height=600, kind="image", **more):
    return Attachment(name, kind, Media("image/png", name.encode(), width=width, height=height), **more)


FIG, PHOTO = picture(), picture("photo.jpg", 400, 200)
POINT = {"x": 400, "y": 150}  # of [250, 500] in FIG


def read_marks(text, pictures):
    """The marks of a whole answer about these pictures."""
    answer = Answer(pictures=tuple(pictures))
    fold(answer, Text(text))
    close(answer, "stop")
    return answer.marks


def places(text, *pictures):
    return [(mark.attachment.name, mark.label, mark.pixels) for mark in read_marks(text, pictures or (FIG,))]


FORMS = {
    "a list in a fence": '```json\n[{"point": [250, 500], "label": "peak"}]\n```',
    "one object in a fence": '```json\n{"point": [250, 500], "label": "peak"}\n```',
    "a fence without a language": '```\n[{"point": [250, 500], "label": "peak"}]\n```',
    "a fence in a list": '- here\n\n  ```json\n  [{"point": [250, 500], "label": "peak"}]\n  ```',
    "no fence": '[{"point": [250, 500], "label": "peak"}]',
    "in a sentence": 'The peak {"label": "peak", "point": [250, 500]} is odd, see {x}.',
    "in an object": '{"answer": "a {peak}", "marks": [{"point": [250, 500], "label": "peak"}]}',
    "over several lines": '[\n  {\n    "label": "peak",\n    "point": [\n      250,\n      500\n    ]\n  }\n]',
    "as Python writes it": "[{'point': [250, 500], 'label': 'peak'}]",
    "as JavaScript writes it": '{point: [250, 500], label: "peak"}',
    "with a comma too many": '[{"point": [250, 500,], "label": "peak",},]',
    "with a comment": '[{"point": [250, 500], // the place\n "label": "peak"}]',
    "floats": '{"point": [250.0, 500.0], "label": "peak"}',
    "numbers as text": '{"point": ["250", "500"], "label": "peak"}',
    "x and y": '{"point": {"y": 250, "x": 500}, "label": "peak"}',
    "points": '{"points": [[250, 500]], "label": "peak"}',
    "its picture by number": '{"picture": 1, "point": [250, 500], "label": "peak"}',
    "its picture by a number as text": '{"picture": "1", "point": [250, 500], "label": "peak"}',
    "its picture by name": '{"picture": "fig", "point": [250, 500], "label": "peak"}',
    "its only picture by another name": '{"image": "the chart", "point": [250, 500], "label": "peak"}',
    "after a formula": r'With $\frac{a}{b}$ and a lone { brace: {"point": [250, 500], "label": "peak"}',
    "after a lone quotation mark": 'A 5" screen. {"point": [250, 500], "label": "peak"}',
    "in prose": "**peak**: point [250, 500].",
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_a_mark_is_found_in_each_form_that_models_write(text):
    assert places(text) == [("fig", "peak", (400, 150))]


@pytest.mark.parametrize("text", [*FORMS.values(), json.dumps({"point": [1, 2], "label": 'a } b " c \\ d {'})])
def test_marks_do_not_depend_on_where_the_network_cut_the_answer(text):
    reader = MarkReader()
    for end in range(len(text) + 1):
        reader.read(text[:end], whole=False)
    assert repr(reader.read(text, whole=True)) == repr(MarkReader().read(text, whole=True))


def test_a_mark_is_there_as_soon_as_its_object_is_closed():
    answer = Answer(pictures=(FIG,))
    for piece, count in (
        ('Look: [{"point": [250, ', 0),
        ('500], "label": "peak"}', 1),
        (', {"point": [1, 2]', 1),
        ("}", 2),
    ):
        fold(answer, Text(piece))
        assert len(answer.marks) == count


def test_a_box_has_its_middle_and_its_edges():
    (mark,) = read_marks('{"box_2d": [100, 200, 300, 400], "label": "box"}', [FIG])
    assert mark.pixels == pytest.approx((160, 60, 320, 180))
    assert (mark.x, mark.x0, mark.x1) == pytest.approx((240, 160, 320))
    assert (mark.y, mark.y0, mark.y1) == pytest.approx((120, 60, 180))
    assert mark.axes is None


def test_a_point_has_no_edges():
    (mark,) = read_marks('{"point": [250, 500]}', [FIG])
    assert {"x": mark.x, "y": mark.y} == POINT
    assert (mark.x0, mark.x1, mark.y0, mark.y1) == (None, None, None, None)
    assert (mark.row, mark.column) == (150, 400)


def test_each_mark_names_its_picture():
    text = json.dumps([
        {"picture": 2, "point": [500, 500]}, {"picture": "FIG", "point": [500, 500]},
        {"picture": "photo.jpg", "point": [500, 500]}, {"picture": "picture 1", "point": [500, 500]},
    ])  # fmt: skip
    assert places(text, FIG, PHOTO) == [
        ("photo.jpg", "", (200, 100)), ("fig", "", (400, 300)), ("photo.jpg", "", (200, 100)),
        ("fig", "", (400, 300)),
    ][:2]  # fmt: skip  # the others are the same places again


DROPPED = {
    '{"point": [250, 1001]}': "[250, 1001] is not within 0 to 1000",
    '{"point": [-1, 5]}': "[-1, 5] is not within 0 to 1000",
    '{"box_2d": [300, 10, 200, 20]}': "the minimum of the box [300, 10, 200, 20] is above its maximum",
    '{"box_2d": [10, 40, 20, 30]}': "the minimum of the box [10, 40, 20, 30] is above its maximum",
    '{"point": [0.25, 0.5]}': "[0.25, 0.5] counts from 0 to 1, not to 1000",
    '{"point": [250]}': "a point has 2 numbers and a box 4, not 1",
    '{"box_2d": [1, 2, 3]}': "a point has 2 numbers and a box 4, not 3",
    '{"point": [NaN, 5]}': "nan is not a place",
    '{"point": [1e400, 5]}': "inf is not a place",
    '{"point": [true, 5]}': "True is not a place",
    '{"point": [null, 5]}': "None is not a place",
    f'{{"point": [{"9" * 400}, 5]}}': "is not a place",
    '{"picture": 3, "point": [1, 2]}': "there is no picture '3'",
    '{"picture": 0, "point": [1, 2]}': "there is no picture '0'",
    '{"label": "a" b", "point": [1, 2]}': "its coordinates cannot be read",
}


@pytest.mark.parametrize("text, why", DROPPED.items())
def test_a_mark_that_cannot_be_used_is_dropped_and_the_reader_is_told_why(text, why):
    marks = read_marks(text, [FIG])
    assert marks == []
    (said,) = marks.dropped
    assert why in said


def test_with_several_pictures_a_mark_that_names_none_is_dropped():
    marks = read_marks('{"point": [1, 2], "label": "peak"}', [FIG, PHOTO])
    assert marks == []
    assert marks.dropped == ("Mark 1 (peak) is left out: it names none of the 2 pictures.",)


def test_numbers_stay_those_of_the_answer_when_marks_are_dropped():
    text = '[{"point": [1, 2]}, {"point": [1, 2000]}, {"point": [3, 4]}, {"mark": 9, "point": [5, 6]}]'
    assert [mark.number for mark in read_marks(text, [FIG])] == [1, 3, 9]


def test_code_of_another_language_holds_no_marks():
    text = '```python\nmark = {"point": [250, 500]}\n```\nand\n```json\n{"point": [1, 2]}\n```'
    assert len(read_marks(text, [FIG])) == 1


def test_at_most_200_marks_are_read():
    marks = read_marks(json.dumps([{"point": [1, n]} for n in range(500)]), [FIG])
    assert len(marks) == 200
    assert marks.dropped == ("Only the first 200 marks are read.",)


def test_many_marks_that_are_dropped_take_few_lines():
    marks = read_marks(json.dumps([{"point": [1, 2000]}] * 50), [FIG])
    assert len(marks.dropped) == 6
    assert marks.dropped[-1] == "45 more marks are left out."


def test_a_label_is_one_short_line_in_which_everything_can_be_seen():
    text = json.dumps({"point": [1, 2], "label": "a\u202eb\x1b[31m\n" + "x" * 500})
    (mark,) = read_marks(text, [FIG])
    assert mark.label.startswith("a⟨U+202E⟩b␛[31m x")
    assert len(mark.label) == 80


def test_marks_of_a_scaled_picture_are_pixels_of_the_original():
    media = Media("image/png", b"x", width=300, height=200, scaled_from=(6000, 4000))
    (mark,) = read_marks('{"point": [500, 250]}', [Attachment("big", "image", media)])
    assert mark.pixels == (75, 100)
    assert (mark.x, mark.y, mark.row, mark.column) == (1500, 2000, 2000, 1500)


@pytest.mark.parametrize("kind", ["chart", "figure", "table"])
def test_a_picture_whose_data_are_unknown_has_pixels_only_and_says_so(kind):
    (mark,) = read_marks('{"point": [500, 250]}', [picture(kind=kind)])
    assert mark.pixels == (200, 300)
    assert (mark.x, mark.y, mark.axes) == (None, None, None)
    assert "pixels only" in mark.note


def test_a_link_has_neither():
    link = Attachment("https://a.example/x.png", "link", Media("image/png", url="https://a.example/x.png"))
    (mark,) = read_marks('{"point": [500, 250]}', [link])
    assert (mark.pixels, mark.x) == (None, None)
    assert "size of the picture" in mark.note


def test_marks_become_a_data_frame():
    text = '[{"point": [250, 500], "label": "a"}, {"box_2d": [100, 200, 300, 400], "label": "b"}]'
    frame = read_marks(text, [FIG]).frame()
    assert frame.label.tolist() == ["a", "b"]
    assert frame.attachment.tolist() == ["fig", "fig"]
    assert frame.x.tolist() == pytest.approx([400, 240])


def finished(text, *pictures):
    answer = Answer(pictures=pictures, attachments=pictures)
    fold(answer, Text(text))
    fold(answer, Finished("stop"))
    close(answer)
    return answer


def test_an_answer_that_was_not_asked_to_point_has_no_marks():
    assert finished('{"point": [250, 500]}').marks == []


def test_the_marks_of_an_answer_stay_the_same_object():
    answer = finished('{"point": [250, 500]}', FIG)
    assert answer.marks is answer.marks


def test_a_pickled_answer_keeps_its_marks():
    answer = pickle.loads(pickle.dumps(finished('{"point": [250, 500], "label": "a"}', FIG)))
    assert [(mark.label, mark.x, mark.y) for mark in answer.marks] == [("a", 400, 150)]


@pytest.mark.parametrize("text", MARKUP.values(), ids=MARKUP)
def test_hostile_labels_and_names_are_text_in_the_saved_output(text):
    answer = finished(json.dumps([{"point": [250, 500], "label": text}]), picture(text))
    html = answer._repr_mimebundle_()[0]["text/html"]
    shown = html[html.index('<div class="gemini-marks">') :]
    assert "<script" not in shown.lower()
    assert "<img" not in shown  # the picture cannot be opened
    assert "onerror=" not in shown.replace("&", "<") or "&lt;" in shown


def test_the_text_has_the_numbers_where_the_answer_speaks_of_marks():
    answer = finished('It rises at [mark 1] and falls, `[mark 1]`.\n\n{"point": [250, 500]}', FIG)
    html = answer._repr_mimebundle_()[0]["text/html"]
    assert 'rises at <b class="gemini-mark">1</b> and falls, <code>[mark 1]</code>' in html


def test_the_list_that_the_model_wrote_is_folded_away():
    answer = finished('Here.\n```json\n[{"mark": 1, "point": [250, 500]}]\n```', FIG)
    html = answer._repr_mimebundle_()[0]["text/html"]
    assert '<details class="gemini-raw-marks"><summary>Marks as data</summary>' in html


def test_plain_text_lists_the_marks_and_says_what_was_dropped():
    answer = finished('[{"point": [250, 500], "label": "peak"}, {"point": [1, 2000]}]', FIG)
    text = answer._repr_mimebundle_()[0]["text/plain"]
    assert "(1) peak: x = 400, y = 150 of 800 × 600 pixels" in text
    assert "Mark 2 is left out: [1, 2000] is not within 0 to 1000." in text


@pytest.mark.parametrize(
    "text",
    [
        "{" * 50_000,
        '{"point": ' * 9_000,
        '{"point":[1,2],"a":' * 5_000,
        "{point" + " " * 90_000,
        "point [" * 20_000,
    ],
)
def test_endless_beginnings_of_marks_are_read_to_their_end(text):
    assert len(read_marks(text, [FIG])) <= 200
