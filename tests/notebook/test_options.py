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
    "--effort low fig": "fig comes after the options: name what to attach first, as in %%gemini fig --",
    "a --system='x y' b --chat idea c --search": "as in %%gemini a b c --system='x y' --chat idea --search.",
    "fig --system be brief --search": '--system "be brief".',
    "fig --system=be \\frac{1}{2}": "--system 'be \\frac{1}{2}'.",
    '--system "be brief" fig': '%%gemini fig --system "be brief".',
    "--system “be brief” --search": 'Write --system "be brief", with straight quotes.',
    "--system=“don’t be long”": 'Write --system "don’t be long", with straight quotes.',
    "--system “be brief --search": 'Write --system "be brief", with straight quotes.',
    "--system 'it's'": "The quotes of --system 'it's' do not pair: write --system \"it's\".",
    '--system "a\\"': "The quotes of --system",
    "--system 'brief": 'The quotes of --system \'brief do not pair: write --system "brief".',
    "--system 'be brief --search": 'The quotes of --system \'be do not pair: write --system "be brief".',
    "fig --effort = low": "No space stands beside the = of an option: write --effort=low.",
    "fig --effort =low --search": "No space stands beside the = of an option: write --effort=low.",
    "fig --effort= low": "No space stands beside the = of an option: write --effort=low.",
    "fig \\": "The line of %%gemini does not go on behind a backslash: write all of it in one line.",
    "fig --effort low\\": "The line of %%gemini does not go on behind a backslash",
    "“my photo.png” fig": 'Write "my photo.png", with straight quotes.',
    "-effort low": "-effort is not an option: write --effort, with two hyphens.",
    "fig —effort=low": "write --effort=low, with two hyphens.",
    "fig –-no-thoughts": "write --no-thoughts, with two hyphens.",
    "--search −effort low": "write --effort, with two hyphens.",
    "fig what is this?": "The question goes into the lines below; %gemini asks in one line",
    "fig?": "The question goes into the lines below",
    "--effort low what is this?": "The question goes into the lines below",
    "--extra {temperature}": "--extra is not JSON",
    "--extra [1]": "takes a JSON object",
    '--extra {"a":NaN}': "NaN, which is not a number in JSON",
    '--extra {"a":-Infinity}': "-Infinity, which is not a number in JSON",
    '--extra {"a":1e400}': "1e400, which is too large",
    '--extra {"a":' + "9" * 401 + "}": "a number of 401 digits",
    '--extra {"a":' + "[" * 986 + "]" * 986 + "}": "nested too deeply",
    "--to 1st": "--to takes the name of a variable, not '1st'",
    "--to class": "--to takes the name of a variable, not 'class'",
    "--nope": "There is --service, --model, --effort",
}


@pytest.mark.parametrize(("line", "message"), MISTAKES.items())
def test_a_mistake_is_one_line_with_the_next_step(line, message):
    with pytest.raises(BadRequest) as raised:
        read_cell_line(line)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_line_of_hundreds_of_words_is_a_question():
    with pytest.raises(BadRequest, match=r"This line has 8,000 words\. The question goes into the lines below"):
        read_cell_line("word " * 8000)
    assert read_question_line("word " * 8000).question == "word " * 8000
    assert read_question_line("--search " * 8000 + "What?").question == "What?"


OWN_NAMES = ["list", "print", "In", "Out", "get_ipython", "exit", "display", "_", "_i3", "__name__", "open"]


@pytest.mark.parametrize("name", OWN_NAMES)
def test_an_answer_overwrites_no_name_of_python_or_ipython(name):
    with pytest.raises(
        BadRequest, match=rf"--to {name} would overwrite a name of I?Python's own: take another"
    ):
        read_cell_line(f"--to {name}")


def test_a_variable_has_the_spelling_that_python_reads():
    assert read_cell_line("--to \u00b5").to == "\u03bc"


PROPOSED = [
    ("--effort low fig", "%%gemini fig --effort low"),
    ("--effort=low fig --dry-run", "%%gemini fig --effort=low --dry-run"),
    ("--chat idea x[0] --to y 'a b.png'", "%%gemini x[0] 'a b.png' --chat idea --to y"),
    ("fig --system be brief", '%%gemini fig --system "be brief"'),
]


@pytest.mark.parametrize(("line", "right"), PROPOSED)
def test_the_line_that_is_proposed_can_be_read(line, right):
    with pytest.raises(BadRequest) as raised:
        read_cell_line(line)
    assert right.partition(" --")[2] in str(raised.value)
    read_cell_line(right.removeprefix("%%gemini "))


def test_in_one_line_a_long_dash_is_named_before_an_option_only():
    with pytest.raises(BadRequest, match=r"—effort is not an option: write --effort, with two hyphens\."):
        read_question_line("—effort low What?")
    assert read_question_line("— what is this?").question == "— what is this?"
    assert read_question_line("-5 is what?").question == "-5 is what?"


def test_words_that_only_begin_like_an_option_are_attachments():
    assert read_cell_line("-df https://example.org/a? ~x").words == ("-df", "https://example.org/a?", "~x")
    assert read_cell_line("fig https://example.org/?").words == ("fig", "https://example.org/?")


def test_every_option_says_what_it_does():
    assert all(option.help and not option.help.endswith(".") for option in OPTIONS)
