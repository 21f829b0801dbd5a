"""What is found in an answer's text: code, JSON, tables."""

import builtins
import subprocess
import sys

import pandas
import pytest

from gemini_magics import Answer, AnswerMismatch, BadRequest
from gemini_magics.core.answer import fold
from gemini_magics.core.messages import Text
from gemini_magics.core.text import fenced
from gemini_magics.render.extract import Code, is_python, python_of


def said(text: str) -> Answer:
    answer = Answer()
    fold(answer, Text(text))
    return answer


def test_code_is_every_fenced_block_in_order_with_its_language():
    answer = said(
        "First:\n\n```python\nx = 1\n\ny = 2\n```\n\n"
        "- in a list\n\n  ~~~SQL title=a\n  SELECT 1\n  ~~~\n\n"
        "> ````\n> a ``` inside\n> ````\n"
    )
    assert [(block.language, block.text) for block in answer.code] == [
        ("python", "x = 1\n\ny = 2"),
        ("sql", "SELECT 1"),
        ("", "a ``` inside"),
    ]
    assert str(answer.code[0]) == "x = 1\n\ny = 2"


def test_code_words_in_a_sentence_are_no_block():
    assert said("Call `f(x)`, or ``g``.").code == ()


def test_code_that_was_cut_in_mid_block_is_there_as_far_as_it_came():
    assert [block.text for block in said("```python\nx = 1\ny = ").code] == ["x = 1\ny = "]


DOCUMENT = "# Plan\n\n```python\nprint(1)\n```\n\n## Notes\n\nlast"


@pytest.mark.parametrize("around", ["", "> ", "   "])
def test_a_fence_in_a_fence_of_markdown_is_part_of_the_document(around):
    text = "\n".join(around + line for line in f"```markdown\n{DOCUMENT}\n```\n\nDone.\n".split("\n"))
    (block,) = said(f"Here it is:\n\n{text}").code
    assert (block.language, block.text) == ("markdown", DOCUMENT)


def test_a_longer_fence_of_markdown_ends_where_it_says():
    text = f"````md\n{DOCUMENT}\n```\n````\n\n```sql\nSELECT 1\n```"
    assert [(block.language, block.text) for block in said(text).code] == [
        ("md", DOCUMENT + "\n```"), ("sql", "SELECT 1"),
    ]  # fmt: skip


LANGUAGES = {
    "{code-cell} ipython3": "ipython3", "{code-cell}": "python", "{python}": "python", "{.python .numberLines}": "python", "python:main.py": "python", "{r, echo=FALSE}": "r",
    "Python title=x": "python", "python3.11": "python3.11", "c++": "c++", "{=html}": "html",
}  # fmt: skip


@pytest.mark.parametrize("info", LANGUAGES)
def test_a_language_is_its_name_without_what_is_written_around_it(info):
    assert said(f"```{info}\nx\n```").code[0].language == LANGUAGES[info]


SESSIONS = {
    "pycon": ">>> x = 1\n>>> for i in x:\n...     print(i)\n...\n1\n>>> y", "": ">>> x = 1\n1\n>>> y",
    "ipython": "In [1]: x = 1\nOut[1]: 1\n\nIn [2]: y",
}  # fmt: skip


@pytest.mark.parametrize("language", SESSIONS)
def test_of_a_session_the_python_is_what_was_typed(language):
    block = Code(language, SESSIONS[language])
    lines = python_of(block).split("\n")
    assert (is_python(block), lines[0], lines[-1]) == (True, "x = 1", "y")
    assert "1" not in lines


def test_a_shell_session_is_no_python():
    assert not is_python(Code("console", "$ pip install x"))


JSON = {
    '{"a": [1, 2.5, null]}': {"a": [1, 2.5, None]},
    "  \n[1]\n": [1],
    "\ufeff3": 3,
    'Here it is:\n\n```json\n{"a": 1}\n```\nAnything else?': {"a": 1},
    '```JSON\n"x"\n```': "x",
    "```\n[1]\n```": [1],
    "```python\nx\n```\n\n```json\n1\n```": 1,
    '1. So:\n\n   ```json\n   {\n     "a": 1\n   }\n   ```': {"a": 1},
    'Here it is:\n\n{"x": 1, "y": [2]}\n\nAnything else?': {"x": 1, "y": [2]},
    '{"x": 1}\n\nThat is all.': {"x": 1},
    "The peaks [1] are [0.5, 2.5].": [0.5, 2.5],
    'As {df} says: ["a"]': ["a"],
    '{"a": [1, 2,], // the first two\n "u": "http://x", /* ", */ }': {"a": [1, 2], "u": "http://x"},
    'See http://x: {"a": 1,}': {"a": 1},
    '```jsonc\n// counts\n{"a": 1}\n```': {"a": 1},
    '{"a": "one\nline,]\ttwo"}': {"a": "one\nline,]\ttwo"},
    "The matches: []": [],
    "The matches [1]: [3, 4]": [3, 4],
    "The primes [1] of [2, 3] are here.\n\n[2, 3, 5].\n": [2, 3, 5],
    'A list [1].\n\n[1]\n{"a": 1}': {"a": 1},
    '[The page](https://example.org) and [1](x) say: {"a": 1}': {"a": 1},
    r'{"f": "\tau \tan x \to \nu_1 \not \rfloor \rm"}': {"f": r"\tau \tan x \to \nu_1 \not \rfloor \rm"},
    r'{"f": "a\tnote\nnew \r\n total"}': {"f": "a\tnote\nnew \r\n total"},
    '{"f": "\\frac{a}{b} \\beta \\theta \\alpha \\nabla"}': {"f": r"\frac{a}{b} \beta \theta \alpha \nabla"},
    r'{"f": "\\frac{a}{b}", "g": "a\nb\tc \u00e9 \"q\" \f"}': {"f": r"\frac{a}{b}", "g": 'a\nb\tc é "q" \f'},
    '{"code": "```python\\nx\\n```"}': {"code": "```python\nx\n```"},
}


@pytest.mark.parametrize(("text", "value"), JSON.items())
def test_json_is_read_out_of_its_fences(text, value):
    assert said(text).json() == value


def test_of_several_blocks_of_json_one_is_chosen():
    answer = said("```json\n1\n```\n\n```json\n2\n```")
    assert (answer.json(0), answer.json(-1)) == (1, 2)
    with pytest.raises(AnswerMismatch, match=r"2 JSON blocks: .* answer\.json\(0\) to answer\.json\(1\)"):
        answer.json()
    with pytest.raises(AnswerMismatch, match=r"answer\.json\(2\) does not exist: the answer holds 2"):
        answer.json(2)


BROKEN = {
    'So:\n\n```json\n{\n  "a": 1\n  "b": 2\n}\n```': (
        "line 6, column 3: Expecting ',' delimiter, between '  ' and '\"b\": 2'"
    ),
    '{"a": 1, "b"': "line 1, column 13: Expecting ':' delimiter, after '{\"a\": 1, \"b\"', where it ends",
    "The curve peaks at 3.": "line 1, column 1: Expecting value, between '' and 'The curve peaks at 3.'",
    "": "line 1, column 1: Expecting value, after '', where it ends",
    "[" * 200_000: "nested too deeply",
    "[" + "9" * 5000 + "]": "4300 digits",
}


@pytest.mark.parametrize("text", BROKEN, ids=range(len(BROKEN)))
def test_json_that_is_broken_says_where(text):
    with pytest.raises(AnswerMismatch) as raised:
        said(text).json()
    assert BROKEN[text] in str(raised.value)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 400


def test_a_power_in_a_cell_is_not_joined_to_its_base():
    table = said("| n | m |\n|---|---|\n| 10<sup>5</sup> | H<sub>2</sub>O, 1<sup>st</sup> |").table()
    assert table.to_numpy().tolist() == [["10^5", "H2O, 1st"]]


def test_a_table_in_a_fence_of_markdown_is_found():
    assert said("```markdown\n| a |\n|---|\n| 1 |\n```").table()["a"].tolist() == [1]


def test_separators_inside_quotes_of_csv_do_not_count():
    assert list(said('```csv\n"a,b,c";d\n1;2\n```').table()) == ["a,b,c", "d"]


def test_sessions_of_doctest_are_python():
    [block] = said("```doctest\n>>> x = 1\n>>> x\n1\n```").code
    assert python_of(block) == "x = 1\nx"


MARKDOWN = """The months:

| month | rain | sun | code | share | note |
|:------|-----:|----:|------|------:|------|
| **May** | 1,234 | 2.5 | 007 | 12 % | a \\| b |
| `June` | \u22123 | — | 008 | 13 % | [seen](https://example.org) |
| July |  | 1e3 | 9 | 14 % | $x^2$ for $5 |
"""


def test_a_markdown_table_becomes_a_data_frame():
    frame = said(MARKDOWN).table()
    assert list(frame.columns) == ["month", "rain", "sun", "code", "share", "note"]
    assert frame.month.tolist() == ["May", "June", "July"]
    assert frame.rain.dtype == frame.sun.dtype == "float64"
    assert frame.rain.tolist()[:2] == [1234, -3]
    assert frame.rain.isna().tolist() == [False, False, True]
    assert frame.sun.isna().tolist() == [False, True, False]
    assert frame.code.tolist() == ["007", "008", "9"]
    assert frame.share.tolist() == ["12 %", "13 %", "14 %"]
    assert frame.note.tolist() == ["a | b", "seen", "$x^2$ for $5"]


def test_a_line_break_in_a_cell_is_one_in_the_frame():
    assert said("| who |\n|---|\n| Ann<br>Bob |").table()["who"].tolist() == ["Ann\nBob"]


def test_a_row_that_is_longer_than_its_head_is_refused():
    with pytest.raises(AnswerMismatch, match="Row 2 of a table, line 4 of the answer, has 3 cells, its head 2"):
        said("| a | b |\n|---|---|\n| 1 | 2 |\n| 1 | 2 | 3 |").table()


def test_a_table_of_thousands_of_columns_is_refused_before_it_is_built():
    for text in ("," * 37_000 + "\n1", "," * 900 + "\n1" * 2000):
        with pytest.raises(AnswerMismatch, match=r"more than 1,000 columns or 1,000,000 cells"):
            said(f"```csv\n{text}\n```").table()


CELLS = {
    ("1", "-2", "+3"): ("int64", [1, -2, 3]),
    ("0", "0.5", ".5", "5."): ("float64", [0, 0.5, 0.5, 5]),
    ("1,000", "12,345,678"): ("int64", [1000, 12345678]),
    (str(2**70), "1"): ("object", [2**70, 1]),
    ("1,00", "1"): (None, ["1,00", "1"]),
    ("1,2345", "1"): (None, ["1,2345", "1"]),
    ("01234", "1"): (None, ["01234", "1"]),
    ("1", "2 kg"): (None, ["1", "2 kg"]),
    ("1", "true"): (None, ["1", "true"]),
    ("2026-11-22", "1"): (None, ["2026-11-22", "1"]),
    ("\u0661", "1"): (None, ["\u0661", "1"]),
    ("9" * 5000, "1"): (None, ["9" * 5000, "1"]),
    ("", "-", "n/a"): (None, ["", "-", "n/a"]),
}


@pytest.mark.parametrize("cells", CELLS, ids=lambda cells: cells[0][:20])
def test_a_column_is_numeric_when_each_of_its_cells_is_a_number(cells):
    dtype, values = CELLS[cells]
    frame = said("\n".join(["| x | y |", "|---|---|", *(f"| {cell} | t |" for cell in cells)])).table()
    assert frame.x.tolist() == values
    assert frame.x.dtype == (dtype or frame.y.dtype)


CSV = {
    "csv": 'name,size\nAda,1\n"Lovelace, A.",2',
    "tsv": "name\tsize\nAda\t1\nLovelace, A.\t2",
    "CSV": "name;size\r\nAda;1\r\nLovelace, A.;2\r\n",
}


@pytest.mark.parametrize(("language", "text"), CSV.items())
def test_a_block_of_csv_becomes_the_same_data_frame(language, text):
    frame = said(f"Here:\n\n```{language}\n{text}\n```\n").table()
    assert frame.to_dict("list") == {"name": ["Ada", "Lovelace, A."], "size": [1, 2]}
    assert frame["size"].dtype == "int64"


def test_a_short_row_of_csv_is_filled_and_a_long_one_is_refused():
    assert said("```csv\na,b\n1\n```").table()["b"].tolist() == [""]
    with pytest.raises(
        AnswerMismatch, match="Row 2 of the CSV at line 2 of the answer has 3 cells, and its head has 2"
    ):
        said("```csv\na,b\n1,2\n3,4,5\n```").table()


def test_a_line_break_in_quotes_is_part_of_its_cell():
    assert said('```csv\na,b\n"x\ny",2\n```').table()["a"].tolist() == ["x\ny"]


def test_csv_with_a_space_behind_each_comma_keeps_its_quotes_out_of_the_cells():
    table = said('```csv\n"a", "b"\n"x", "y, z"\n```').table()
    assert (list(table), table.loc[0].tolist()) == (["a", "b"], ["x", "y, z"])


@pytest.mark.parametrize("text", ['a,b\n"1,2\n3,4', 'a,b\n"1,2\n"3",4\n5,"6"'])
def test_rows_behind_a_quote_that_is_never_closed_are_not_lost_silently(text):
    with pytest.raises(AnswerMismatch, match=r"The CSV at line 2 of the answer cannot be read"):
        said(f"```csv\n{text}\n```").table()


def test_csv_that_cannot_be_read_says_where_it_is():
    with pytest.raises(AnswerMismatch, match="CSV at line 4 of the answer cannot be read"):
        said(f'So:\n\n```csv\na,b\n"{"x" * 200_000}\n```').table()


def test_two_columns_of_one_name_both_stay():
    frame = said("| a | a |\n|---|---|\n| 1 | x |").table()
    assert list(frame.columns) == ["a", "a"]
    assert frame.iloc[0].tolist() == [1, "x"]


def test_a_table_without_rows_keeps_its_head():
    assert said("| a | b |\n|---|---|").table().shape == (0, 2)


def test_of_several_tables_one_is_chosen_counted_through_both_kinds():
    answer = said("| a |\n|---|\n| 1 |\n\ntext\n\n```csv\nb\n2\n```\n\n> | c |\n> |---|\n> | 3 |\n")
    assert [list(answer.table(n).columns) for n in (0, 1, 2)] == [["a"], ["b"], ["c"]]
    with pytest.raises(AnswerMismatch, match="3 tables"):
        answer.table()


def test_an_answer_without_a_table_says_so():
    with pytest.raises(AnswerMismatch, match="holds no table: ask for one"):
        said("No | table | here.").table()


def test_without_pandas_it_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def no_pandas(name, *rest):
        if name == "pandas":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", no_pandas)
    with pytest.raises(BadRequest, match="pip install pandas"):
        said(MARKDOWN).table()


def test_pandas_is_loaded_by_the_first_table_and_not_before():
    code = (
        "import sys; from gemini_magics import Answer; from gemini_magics.core.messages import Text\n"
        "from gemini_magics.core.answer import fold\n"
        "answer = Answer(); fold(answer, Text('| a |\\n|---|\\n| 1 |'))\n"
        "before = 'pandas' in sys.modules or 'markdown_it' in sys.modules\n"
        "answer.table(); print(before, 'pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_numbers_survive_the_way_to_markdown_and_back():
    frame = pandas.DataFrame({"a": [1, 2], "b": [0.5, -1e-7]})
    rows = "\n".join(f"| {a} | {b} |" for a, b in frame.itertuples(index=False))
    pandas.testing.assert_frame_equal(said(f"| a | b |\n|---|---|\n{rows}").table(), frame)


@pytest.mark.parametrize("text", ["x = 1", "a ``` b\n````\nc", "", "`x`\n\n"])
def test_what_is_fenced_is_found_again(text):
    (block,) = said(f"So:\n\n{fenced(text, 'python')}\n\nAnd more.").code
    assert (block.language, block.text) == ("python", text)


@pytest.mark.parametrize("opener", [r"\(", r"\["])
def test_the_end_of_a_formula_is_looked_for_within_bounds(opener):
    closer = {r"\(": r"\)", r"\[": r"\]"}[opener]
    head = f"| a |\n|---|\n| {opener}"
    assert said(f"{head}{'x' * 4000}{closer} |").table()["a"][0].startswith("$")
    assert said(f"{head}{'x' * 6000}{closer} |").table()["a"][0].startswith(opener[1])
