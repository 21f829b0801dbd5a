from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from hostile import LINKS, MARKUP, TEXTS

from gemini_magics.testing import chunk, event

ASK_WITH_FILES = """\
import shlex
from PIL import Image
for name in {names!r}:
    Image.new("RGB", (8, 8)).save(name, "PNG")
    get_ipython().run_cell_magic("gemini", shlex.quote(name), "What?")
"""
OUTPUTS = 45  # of one cell; from the 50th on JupyterLab hides them
ERRORS = 5  # a cell each
DRAWN_S = 0.06
SLOW_S = 120.0

# All that an answer may hold in a page: no tag that loads or runs something, no attribute that does.
FOREIGN = """() => {
    const tags = new Set(('a bdi blockquote br code details div em h3 h4 h5 h6 hr li mjx-container ol p pre ' +
        's small span strong style sub summary sup table tbody td th thead tr ul').split(' '));
    const found = [];
    for (const node of document.querySelectorAll('.gemini-answer *')) {
        if (node.parentNode.closest('mjx-container')) continue;
        const ours = node.matches('button.gemini-button, button.gemini-picture, dialog.gemini-large, img');
        if (!tags.has(node.localName) && !ours) found.push(node.outerHTML.slice(0, 200));
        for (const { name, value } of node.attributes) {
            if (name === 'src' && node.localName === 'img' && value.startsWith('data:image/')) continue;
            const astray = name === 'href' && !/^(https?:\\/\\/|mailto:)/.test(value);
            if (astray || /^(on|src|id$|action$|data-command)/.test(name)) found.push(`${name}=${value}`);
        }
    }
    return found;
}"""


def test_nothing_of_a_hostile_answer_runs_or_loads_live_or_saved(open_notebook, service):
    texts = list(TEXTS.values())
    batches = [len(texts[at : at + OUTPUTS]) for at in range(0, len(texts), OUTPUTS)]
    for text in texts:
        service.think(text)
        service.say(text[: len(text) // 2])
        service.send(DRAWN_S)
        service.say(text[len(text) // 2 :])
        service.send(DRAWN_S)
        service.finish()
    book = open_notebook(*(f"for number in range({count}):\n    %gemini What?" for count in batches))
    for number, count in enumerate(batches):
        book.run(number, within_s=SLOW_S)
        assert_harmless(book, number, count)

    assert_harmless_elsewhere(open_notebook, book.save(), batches)


def test_nothing_else_that_a_service_says_runs_or_loads_live_or_saved(open_notebook, service):
    texts = [*MARKUP.values(), *LINKS.values()][:OUTPUTS]
    for text in texts:
        service.send(event({"id": text, "model": text, "choices": [{"delta": {"content": "Words."}}]}))
        service.send(chunk(annotations=[{"url_citation": {"url": text, "title": text}}]), DRAWN_S)
        service.finish(reason=text)
    for text in texts[:ERRORS]:
        service.think("Well,")
        service.send(event({"error": {"code": text, "message": text}}))
        service.break_off()
    names = [text.translate({ord("/"): "\u2215", ord("'"): "\u2019"}).strip()[:80] for text in texts]
    book = open_notebook(ASK_WITH_FILES.format(names=names), *["%%gemini\nWhat?"] * ERRORS)
    batches = [len(texts)] + [1] * ERRORS
    for number, count in enumerate(batches):
        book.run(number, within_s=SLOW_S)
        assert_harmless(book, number, count)
    assert_harmless_elsewhere(open_notebook, book.save(), batches)


def assert_harmless_elsewhere(open_notebook, saved, batches):
    """Open a notebook as its author does later, and as somebody does who was sent it."""
    for trusted in (True, False):
        if not trusted:
            saved.cells[0].source += " "  # so the signature of this user is not that of the file
        elsewhere = open_notebook(content=saved, kernel=False)
        assert elsewhere.trusted is trusted
        for number, count in enumerate(batches):
            assert_harmless(elsewhere, number, count)


def assert_harmless(book, number, count):
    book.cell(number).scroll_into_view_if_needed()
    book.output(number).locator(".gemini-foot").nth(count - 1).wait_for(state="attached")
    book.output(number).locator(".gemini-live").first.wait_for(state="detached")
    assert book.page.evaluate("window.hacked") is None
    assert book.dialogs == []
    assert book.hosts == {book.server.url.removeprefix("http://")}
    assert book.errors == []
    assert book.page.evaluate(FOREIGN) == []
