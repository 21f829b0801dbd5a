"""An answer in the form {"answer", "marks"} becomes words with the marks behind them, however it was cut."""

import json

import pytest

from gemini_magics.core.errors import IncompleteAnswer
from gemini_magics.core.messages import Finished, Text
from gemini_magics.service.prose import in_words

MARK = {"mark": 1, "picture": 1, "label": "peak", "point": [10, 20]}
WORDS = 'A "peak" at [mark 1]:\n\n$\\frac{1}{2}$ \U0001f600 ü \\ é.'
FORM = json.dumps({"answer": WORDS, "marks": [MARK]})


def text_of(*pieces):
    return "".join(
        event.text for event in in_words([*map(Text, pieces), Finished("stop")]) if type(event) is Text
    )


@pytest.mark.parametrize("n", [1, 2, 3, 5, 7, len(FORM)])
def test_the_words_come_first_and_the_marks_behind_them_wherever_the_network_cut(n):
    pieces = [FORM[at : at + n] for at in range(0, len(FORM), n)]
    assert text_of(*pieces) == f'{WORDS}\n\n```json\n{{ "marks": [{json.dumps(MARK)}]}}\n```\n'


def test_the_words_come_as_soon_as_they_are_there():
    events = in_words(iter([Text('{"answer": "It is'), Text(" her")]))
    assert [next(events).text, next(events).text] == ["It is", " her"]


OTHERS = {
    "prose": "It is here.\n```json\n[]\n```",
    "another object": '{"marks": [], "answer": "x"}',
    "a list": "[1, 2]",
    "a brace": "{",
    "nothing": "",
    "a long object": '{"data": "' + "x" * 200 + '"}',
}


@pytest.mark.parametrize("text", OTHERS.values(), ids=list(OTHERS))
def test_a_text_of_another_form_stays_as_it_is(text):
    assert text_of(*text) == text


def test_an_answer_without_marks_is_its_words():
    assert text_of('{"answer": "Nothing odd."', " }\n") == "Nothing odd."


def test_a_backslash_that_json_does_not_know_stays():
    assert text_of('{"answer": "\\alpha \\uXY \\u12', '"}') == "\\alpha \\uXY \\u12"


def test_of_an_answer_that_is_cut_everything_is_kept():
    def cut():
        yield Text('{"answer": "It is here", "marks": [{"mark": 1, "po')
        raise IncompleteAnswer("cut off")

    events = in_words(cut())
    assert next(events).text == 'It is here\n\n```json\n{ "marks": [{"mark": 1, "po'
    assert next(events).text == "\n```\n"
    with pytest.raises(IncompleteAnswer):
        next(events)
