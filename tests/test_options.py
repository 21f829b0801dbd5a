"""The line behind %%gemini: attachments, then options, read as people write them."""

import pytest

from gemini_magics import BadRequest
from gemini_magics.notebook.options import OPTIONS, read_cell_line, read_question_line

WORDS = {
    "fig df plots/photo.jpg": ("fig", "df", "plots/photo.jpg"),
    'df["a b"] axes[0]': ('df["a b"]', "axes[0]"),
    "f(g(x), [1, 2]) Out[3]": ("f(g(x), [1, 2])", "Out[3]"),
    '"two words.png" fig': ('"two words.png"', "fig"),
    "df[df.x > 1]   _": ("df[df.x > 1]", "_"),
    "don't fig": ("don't", "fig"),
    "https://example.org/a.png?x=1": ("https://example.org/a.png?x=1",),
    "": (),
}


@pytest.mark.parametrize(("line", "words"), WORDS.items())
def test_a_word_ends_at_a_space_outside_quotes_and_brackets(line, words):
    assert read_cell_line(line).words == words


VALUES = {
    "--effort low": {"effort": "low"},
    "--effort=low": {"effort": "low"},
    '--system "be brief, please"': {"system": "be brief, please"},
    "--system='be brief'": {"system": "be brief"},
    '--system="a \\"b\\" c"': {"system": 'a "b" c'},
    "--no-thoughts": {"thoughts": False},
    "--thoughts --search --no-stream": {"thoughts": True, "search": True, "stream": False},
    "--chat": {"chat": "main"},
    "--chat idea --effort low": {"chat": "idea", "effort": "low"},
    "--chat --effort low": {"chat": "main", "effort": "low"},
    '--extra {"temperature": 0.2}': {"extra": {"temperature": 0.2}},
    """--extra '{"a": {"b": 1}, "c": 2}'""": {"extra": {"a": {"b": 1}, "c": 2}},
    '--extra={"top_p":1}': {"extra": {"top_p": 1}},
    "--service demo --model m": {"service": "demo", "model": "m"},
}


@pytest.mark.parametrize(("line", "settings"), VALUES.items())
def test_an_option_sets_what_it_says(line, settings):
    assert read_cell_line(line).settings == settings


def test_options_that_concern_one_cell_are_no_settings():
    line = read_cell_line("fig --to trend --dry-run")
    assert (line.words, line.to, line.dry_run, line.settings) == (("fig",), "trend", True, {})


QUESTIONS = {
    "What is odd?": (None, "What is odd?"),
    "--effort low What's  odd -- here --effort high?": ("low", "What's  odd -- here --effort high?"),
    "--effort=low   $5 is {a} \\frac{1}{2}": ("low", "$5 is {a} \\frac{1}{2}"),
    "-- --effort is an option": (None, "--effort is an option"),
    "": (None, ""),
}


@pytest.mark.parametrize(("line", "read"), QUESTIONS.items())
def test_in_one_line_the_options_come_first_and_the_rest_is_the_question(line, read):
    asked = read_question_line(line)
    assert (asked.settings.get("effort"), asked.question) == read


def test_in_one_line_a_chat_has_its_name_behind_an_equals_sign():
    assert read_question_line("--chat=idea And now?").settings == {"chat": "idea"}
    assert read_question_line("--chat And now?").settings == {"chat": "main"}
    assert read_question_line("--chat And now?").question == "And now?"


MISTAKES = {
    "--efort low": "There is no option --efort. Did you mean --effort",
    "fig --dryrun": "Did you mean --dry-run",
    "--effort": "--effort needs a value: --effort low|high",
    "--effort --search": "--effort needs a value",
    "--search=yes": "--search takes no value",
    "--effort low fig": "name what to attach first, as in %%gemini fig --effort",
    "--extra {temperature}": "--extra is not JSON",
    "--extra [1]": "takes a JSON object",
    "--to 1st": "--to takes the name of a variable, not '1st'",
}


@pytest.mark.parametrize(("line", "message"), MISTAKES.items())
def test_a_mistake_is_one_line_with_the_next_step(line, message):
    with pytest.raises(BadRequest) as raised:
        read_cell_line(line)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_every_option_says_what_it_does():
    assert all(option.help and not option.help.endswith(".") for option in OPTIONS)
