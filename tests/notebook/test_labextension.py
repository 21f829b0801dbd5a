"""What the extension of JupyterLab asks the kernel for, as a page would ask."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import fields
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from gemini_magics.core.settings import NAMES, Settings
from gemini_magics.notebook.labextension import SETTABLE, reply, show
from gemini_magics.service.services import SERVICES

SCHEMA = Path(__file__).parents[2] / "labextension" / "schemas" / "gemini_magics" / "settings.json"
FIGURE = "from matplotlib.figure import Figure\nfig = Figure()\nfig.subplots()\nfig"


def asks(**request):
    return reply(json.dumps(request)).data


@pytest.fixture
def ran(shell):
    def ran(source):
        shell.run_cell(source, store_history=True)
        return {"count": shell.execution_count - 1, "source": source, "cell": ""}

    return ran


def picture():
    file = BytesIO()
    Image.new("RGB", (4, 3)).save(file, "PNG")
    return {"kind": "display_data", "type": "image/png", "data": b64encode(file.getvalue()).decode()}


def test_a_cell_that_ran_is_asked_about_by_its_number(ran):
    cell = ran("x = 1")
    assert asks(do="ask", **cell) == {"source": f"%%gemini In[{cell['count']}]\n"}


def test_a_cell_that_failed_is_asked_about_with_its_failure(ran):
    cell = ran("1 / 0")
    expected = {"source": f"%%gemini Err[{cell['count']}]\n"}
    assert asks(do="ask", **cell) == asks(do="ask", **cell, output={"kind": "error"}) == expected


def test_a_result_is_asked_about_by_its_number_and_a_figure_by_its_name(ran):
    cell = ran("[1, 2]")
    assert asks(do="ask", **cell, output={"kind": "result"}) == {"source": f"%%gemini Out[{cell['count']}]\n"}
    cell = ran(FIGURE)
    shown = {**picture(), "place": 0, "pictures": 1}
    assert asks(do="ask", **cell, output=shown) == {"source": "%%gemini fig\n"}


def test_a_figure_whose_name_has_another_one_now_is_attached_as_it_is_shown(ran, shell):
    cell = ran(f"{FIGURE};")
    shell.user_ns["Out"].clear()
    ran("fig = Figure()")
    answer = asks(do="ask", **cell, output={**picture(), "place": 0, "pictures": 1})
    assert answer["source"] == "%%gemini output_1\n"
    assert "what the notebook shows is attached as output_1" in answer["note"]
    assert shell.user_ns["output_1"].content.type == "image/png"


def test_what_another_kernel_made_is_attached_as_it_is_shown(shell):
    elsewhere = {"count": 7, "source": "df", "cell": "a"}
    shown = {"kind": "result", "text": "   a\n0  1"}
    assert asks(do="ask", **elsewhere, output=shown)["source"] == "%%gemini output_1\n"
    assert "   a\n0  1" in shell.user_ns["output_1"].content
    assert asks(do="ask", **elsewhere, output=picture())["source"] == "%%gemini output_2\n"


@pytest.mark.parametrize("data", ["abc", "é", "!", "=" * 3])
def test_a_broken_picture_of_a_strangers_notebook_is_said_to_be_broken(shell, data):
    answer = asks(do="ask", count=7, source="x", cell="a", output={**picture(), "data": data})
    assert set(answer) == {"error"}
    assert "output_1" not in shell.user_ns


def test_a_cell_that_did_not_run_is_quoted_and_nothing_in_it_is_an_expression(shell):
    answer = asks(do="ask", count=0, cell="a", source="x = '$`1 / 0`'")
    assert answer["note"]
    shell.run_cell("%load_ext gemini_magics")
    from gemini_magics.content.namespace import Namespace
    from gemini_magics.content.prompt import read_body

    (text,) = read_body(answer["source"].partition("\n")[2], Namespace(), Settings())
    assert "x = '$`1 / 0`'" in text


def test_half_a_character_in_a_strangers_cell_does_not_stop_the_answer(shell):
    answer = asks(do="ask", count=0, cell="a", source="x = '\ud83d'")
    assert "x = '\ufffd'" in json.dumps(answer, ensure_ascii=False).encode().decode()


NO_REQUESTS = [
    "{",
    "[" * 5_000,
    "5",
    "null",
    '"ask"',
    '{"do": []}',
    '{"do": {"ask": 1}}',
    '{"do": "eval"}',
    "{}",
]


@pytest.mark.parametrize("request_", NO_REQUESTS)
def test_what_is_no_request_is_answered_in_a_sentence_and_shows_nothing(shell, capsys, request_):
    assert "does not know that request" in reply(request_).data["error"]
    show(request_)
    assert capsys.readouterr() == ("", "")


def test_an_output_with_nothing_to_send_says_so():
    assert "ask about its cell" in asks(do="ask", count=1, cell="a", source="x", output={"kind": "x"})["error"]


def test_defaults_of_the_page_are_used_where_nothing_else_was_chosen(shell):
    shell.run("%config GeminiMagics.effort = 'high'")
    assert asks(do="defaults", values={"effort": "low", "thoughts": False, "budget": None})["taken"] == [
        "effort",
        "thoughts",
    ]
    magics = next(each for each in shell.configurables if type(each).__name__ == "GeminiMagics")
    assert (magics.effort, magics.thoughts, magics.budget) == ("high", False, None)


def test_defaults_wait_for_the_extension(shell):
    shell.run("%unload_ext gemini_magics")
    asks(do="defaults", values={"search": True})
    shell.run("%load_ext gemini_magics")
    assert next(each for each in shell.configurables if type(each).__name__ == "GeminiMagics").search is True


@pytest.mark.parametrize(
    "values",
    [
        {"base_url": "https://evil.example"},
        {"system": "obey"},
        {"headers": {"a": "b"}},
        {"extra": {"a": 1}},
        ["effort"],
        None,
        {"effort": ["low"]},
    ],
)
def test_a_page_sets_nothing_else(shell, values):
    before = dict(shell.config["GeminiMagics"])
    answer = asks(do="defaults", values=values)
    assert not answer.get("taken")
    assert dict(shell.config["GeminiMagics"]) == before


@pytest.mark.parametrize("values", [{"effort": "extreme"}, {"service": "evil"}, {"budget": "much"}])
def test_a_default_that_cannot_be_is_refused(shell, values):
    assert asks(do="defaults", values=values)["error"]


def test_the_settings_page_offers_what_a_page_may_set():
    offered = json.loads(SCHEMA.read_text("utf-8"))["properties"]["defaults"]["properties"]
    assert tuple(offered) == SETTABLE
    assert set(SETTABLE) <= set(NAMES)
    assert not {"base_url", "system", "extra"} & set(SETTABLE)
    choices = {each.name: each.metadata["choices"] for each in fields(Settings)} | {"service": tuple(SERVICES)}
    for name, about in offered.items():
        if "enum" in about:
            assert tuple(filter(None, about["enum"])) == choices[name]
