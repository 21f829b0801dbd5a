"""What the extension of JupyterLab adds to a notebook, from the built wheel."""

from __future__ import annotations

import json
import subprocess
import urllib.request

import nbformat
import pytest
from lab import Server, expect, notebook, with_cells

FIGURE = """\
%matplotlib inline
import matplotlib.pyplot as plt, pandas as pd
fig, ax = plt.subplots(figsize=(3, 2))
ax.plot([1, 3, 2]);"""
TABLE = "pd.DataFrame({'a': [1, 2]})"
CELLS = "jupyterapp.shell.currentWidget.content.model.cells"
WIDE = " | ".join(f"`a_long_name_of_column_{number}`" for number in range(12))
WITH_BUTTONS = (
    "Here:\n\n```python\nx = 1\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
    f"And wide:\n\n| {WIDE} |\n{12 * '|---'}|\n{12 * '| 3 '}|\n"
)


def sources(book):
    return book.page.evaluate(f"Array.from({CELLS}).map(cell => cell.sharedModel.getSource())")


def wait_for_cell(book, number, source):
    book.page.wait_for_function(
        f"([number, source]) => {CELLS}.get(number)?.sharedModel.getSource() === source", arg=[number, source]
    )


def ask_and_read(book, service, number, words):
    """Type a question where the cursor stands, run it by keyboard, and wait for the answer and its chip."""
    service.answer_itself()
    book.page.wait_for_function("document.activeElement.closest('.cm-content')")
    book.page.keyboard.type("What is odd?")
    book.page.keyboard.press("Control+Enter")
    book.wait_until_run(number)
    book.output(number).get_by_text("stand-in, not Gemini").wait_for()
    expect(book.output(number).locator(".gemini-chip").filter(has_text=words)).to_have_count(1)


def test_an_output_and_a_cell_are_asked_about_with_a_mouse_and_by_keyboard(open_installed, service):
    book = open_installed(FIGURE, "1 / 0", TABLE)
    for number in range(3):
        book.run(number)

    book.output(2).locator(".jp-OutputArea-child").first.click(button="right")
    book.page.get_by_role("menuitem", name="Ask Gemini About This Output").click()
    wait_for_cell(book, 3, "%%gemini Out[3]\n")
    ask_and_read(book, service, 3, "Out[3]")

    book.cell(1).locator(".cm-content").click()
    book.page.keyboard.press("Escape")
    book.page.keyboard.press("Alt+g")
    wait_for_cell(book, 2, "%%gemini Err[2]\n")
    ask_and_read(book, service, 2, "Err[2]")

    book.output(0).locator(".jp-OutputArea-child").first.hover()
    book.page.get_by_role("button", name="Ask Gemini", exact=True).click()
    wait_for_cell(book, 1, "%%gemini fig\n")
    ask_and_read(book, service, 1, "fig")
    assert sources(book)[1] == "%%gemini fig\nWhat is odd?"


@pytest.mark.parametrize("app", ["lab"], indirect=True)
def test_the_toolbar_asks_about_its_own_cell_after_a_menu_was_open_elsewhere(open_installed):
    book = open_installed("x = 1", "2")
    book.run(0)
    book.run(1)
    book.output(1).locator(".jp-OutputArea-child").first.click(button="right")
    book.page.get_by_role("menuitem", name="Ask Gemini About This Cell").click()
    wait_for_cell(book, 2, "%%gemini In[2]\n")
    book.cell(0).locator(".cm-content").click()
    book.cell(0).locator("[data-command='gemini:ask-about-cell']").click()
    wait_for_cell(book, 1, "%%gemini In[1]\n")


def test_a_picture_of_another_kernel_is_attached_as_the_notebook_shows_it(open_installed, service):
    book = open_installed(FIGURE)
    book.run()
    book.restart()
    book.output().locator(".jp-OutputArea-child").first.hover()
    book.page.get_by_role("button", name="Ask Gemini", exact=True).click()
    wait_for_cell(book, 1, "%%gemini output_1\n")
    book.page.get_by_text("what the notebook shows is attached as output_1").first.wait_for()
    ask_and_read(book, service, 1, "as the notebook shows it")


def test_tab_shows_kinds_and_shapes_and_shift_tab_the_help_of_an_option(open_installed):
    book = open_installed(FIGURE, "")
    book.run(0)
    book.cell(1).locator(".cm-content").click()
    book.page.keyboard.type("%%gemini ")
    book.page.keyboard.press("Tab")
    book.page.locator(".jp-Completer").get_by_text("figure 300 × 200").first.wait_for()
    book.page.keyboard.press("Escape")
    book.cell(1).locator(".cm-content").click()
    book.page.keyboard.press("Control+End")
    book.page.keyboard.type("--effort")
    book.page.keyboard.press("Shift+Tab")
    book.page.locator(".jp-Tooltip").get_by_text("How hard to think").wait_for()


def test_a_saved_answer_has_buttons_and_its_file_none(open_installed, service):
    book = open_installed("%%gemini\nWhat?")
    service.say(WITH_BUTTONS)
    service.finish()
    book.run()
    assert "<button" not in str(book.save())
    book.shut_down()
    book.reload()
    output = book.output()
    output.get_by_role("button", name="Copy").click()
    output.get_by_role("button", name="Copied").wait_for()
    assert book.page.evaluate("navigator.clipboard.readText()") == "x = 1"
    expect(output.get_by_role("button")).to_have_text(["Copied", "Open large"])
    output.get_by_role("button", name="Open large").press("Enter")
    book.page.locator("dialog.jp-GeminiLarge").get_by_role("cell", name="3").first.wait_for()
    book.page.keyboard.press("Escape")
    book.page.locator("dialog.jp-GeminiLarge").wait_for(state="detached")


def test_the_panel_stands_beside_the_notebook_and_follows_its_kernel(open_installed, service):
    book = open_installed("x = 1")
    book.command("gemini:open-panel")
    panel = book.page.locator(".jp-GeminiPanelTab .gemini-panel")
    panel.wait_for()
    service.answer_itself()
    panel.get_by_label("Question", exact=True).fill("What is a fixed point?")
    panel.get_by_role("button", name="Send").click()
    panel.get_by_text("stand-in, not Gemini").wait_for()
    book.restart()
    panel.get_by_text("stand-in, not Gemini").wait_for(state="detached")
    panel.get_by_label("Question", exact=True).wait_for()
    assert book.save().cells[0].outputs == []
    book.run()
    expect(book.cell().locator(".jp-InputPrompt")).to_have_text("[1]:")


@pytest.mark.parametrize("app", ["lab"], indirect=True)
def test_the_panel_beside_two_notebooks_is_that_of_the_one_in_front(open_installed):
    book = open_installed("x = 1")
    nbformat.write(with_cells("y = 2"), book.path.with_name("other.ipynb"))
    book.command("gemini:open-panel")
    panels = book.page.locator(".jp-GeminiPanelTab .gemini-panel")
    panels.get_by_label("Question", exact=True).fill("Of the first notebook")
    book.command("docmanager:open", path="other.ipynb")
    book.page.wait_for_function("jupyterapp.shell.currentWidget?.context?.path === 'other.ipynb'")
    book.wait_for_kernel()
    panels.nth(1).get_by_label("Question", exact=True).wait_for()
    assert [panel.is_visible() for panel in panels.all()] == [False, True]
    expect(panels.nth(1).get_by_label("Question", exact=True)).to_have_value("")
    book.command("docmanager:open", path=book.path.name)
    panels.nth(0).wait_for()
    expect(panels.nth(0).get_by_label("Question", exact=True)).to_have_value("Of the first notebook")
    expect(panels.nth(1)).to_be_hidden()


@pytest.mark.parametrize("app", ["lab"], indirect=True)
def test_the_launcher_opens_a_notebook_with_the_panel_beside_it(open_installed):
    book = open_installed("x = 1")
    book.command("launcher:create")
    book.page.locator(".jp-LauncherCard", has_text="Notebook with Gemini").press("Enter")
    book.page.locator(".jp-GeminiPanelTab .gemini-panel").get_by_label("Question", exact=True).wait_for()
    made = book.page.evaluate("jupyterapp.shell.currentWidget.context.path")
    assert made != book.path.name
    assert sources(book) == ["%load_ext gemini_magics"]
    book.server.end_kernel(book.server.root / made)


def test_a_figure_and_a_cell_are_asked_about_and_the_panel_is_used_by_keyboard_alone(open_installed, service):
    book = open_installed(FIGURE)
    press = book.page.keyboard.press
    book.command("notebook:enter-command-mode")  # where opening a notebook puts the focus depends on the window
    press("Control+Enter")
    book.wait_until_run(0)
    press("Alt+g")
    wait_for_cell(book, 1, "%%gemini fig\n")
    ask_and_read(book, service, 1, "fig")
    press("Escape")
    press("Alt+Shift+g")
    question = book.page.locator(".jp-GeminiPanelTab .gemini-panel").get_by_label("Question", exact=True)
    question.wait_for()
    while not question.evaluate("node => node === document.activeElement"):
        assert book.page.evaluate("document.activeElement.closest('.jp-GeminiPanelTab') !== null")
        press("Tab")
    service.forget()
    service.answer_itself()
    book.page.keyboard.type("Why?")
    press("Control+Enter")
    book.page.locator(".jp-GeminiPanelTab").get_by_text("stand-in, not Gemini").filter(visible=True).wait_for()


def write_settings(server, text):
    request = urllib.request.Request(
        f"{server.url}/lab/api/settings/gemini_magics:settings",
        headers={"Authorization": f"token {server.token}", "Content-Type": "application/json"},
        data=json.dumps({"raw": text}).encode(),
        method="PUT",
    )
    urllib.request.urlopen(request).close()


@pytest.mark.parametrize("app", ["lab"], indirect=True)
def test_the_settings_page_sets_what_a_kernel_begins_with_and_turns_colours_off(open_installed, wheel_server):
    write_settings(wheel_server, '{"colours": false, "defaults": {"effort": "low"}}')
    try:
        book = open_installed("%config GeminiMagics.effort", "%%gemini\nWhat?")
        expect(book.run(0)).to_contain_text("'low'")
        book.restart()
        expect(book.run(0)).to_contain_text("'low'")
        expect(book.page.locator(".jp-GeminiQuestion")).to_have_count(0)
    finally:
        write_settings(wheel_server, "{}")


def test_an_extension_that_is_disabled_leaves_no_trace(browser_session, installed, prompter, tmp_path, service):
    listed = subprocess.run(
        [installed.with_name("jupyter-labextension"), "list"], capture_output=True, text=True, check=True
    )
    assert "gemini_magics v0.1.0" in listed.stdout + listed.stderr
    with (
        Server(tmp_path, prompter.environment, python=installed, disabled=["gemini_magics"]) as server,
        notebook(browser_session, server, "lab", with_cells(FIGURE, "%%gemini fig\nWhat?"), name="off") as book,
    ):
        book.run(0)
        service.answer_itself()
        book.run(1)
        book.output(1).get_by_text("stand-in, not Gemini").wait_for()
        book.output(0).locator(".jp-OutputArea-child").first.hover()
        expect(book.page.locator("[class*=jp-Gemini], [data-command^='gemini:']")).to_have_count(0)
        assert (
            book.page.evaluate("jupyterapp.commands.listCommands().filter(name => name.startsWith('gemini'))")
            == []
        )
        assert book.errors == []
