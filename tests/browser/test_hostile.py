from __future__ import annotations

import sys
from pathlib import Path


sys.path.insert(0, str(Path(__file__).parents[1]))

from hostile import TEXTS

ASK_EACH = f"""\
for number in range({len(TEXTS)}):
    get_ipython().run_line_magic("gemini", f"What is number {{number}}?")"""
DRAWN_S = 0.1

# What of an answer's own may stand in the page: no tag that loads or runs, no attribute that does.
FOREIGN = """() => {
    const tags = /^(a|bdi|blockquote|br|button|code|details|div|em|h[3-6]|hr|li|ol|p|pre|s|small|span|strong|style|summary
        |sup|table|tbody|td|th|thead|tr|ul|mjx-.*|math|m[a-z]+|annotation|semantics)$/i;
    const found = [];
    for (const node of document.querySelectorAll('.gemini-answer *')) {
        if (node.closest('mjx-container')) continue;
        if (!tags.test(node.localName)) found.push(node.outerHTML.slice(0, 200));
        for (const { name, value } of node.attributes) {
            const link = name === 'href' && !/^(https?:\\/\\/|mailto:)/.test(value);
            if (link || /^on|^src|^data-command|^action$|^id$/.test(name)) found.push(`${name}=${value}`.slice(0, 200));
        }
    }
    return found;
}"""


def assert_nothing_happened(book):
    assert book.page.evaluate("window.hacked") is None
    assert book.dialogs == []
    assert book.hosts == {book.server.url.removeprefix("http://")}
    assert book.errors == []
    assert book.page.evaluate(FOREIGN) == []


def test_nothing_of_a_hostile_answer_runs_or_loads(open_notebook, service):
    for text in TEXTS.values():
        service.think(text)
        service.say(text[: len(text) // 2])
        service.send(DRAWN_S)
        service.say(text[len(text) // 2 :])
        service.send(DRAWN_S)
        service.finish()
    book = open_notebook(ASK_EACH)
    book.run()
    book.page.wait_for_function(f"document.querySelectorAll('.gemini-foot').length === {len(TEXTS)}")
    book.page.wait_for_function("!document.querySelector('.gemini-live')")
    assert_nothing_happened(book)

    saved = book.save()
    saved.cells[0].source += " "  # so the signature of this user is not that of the file
    stranger = open_notebook(content=saved, kernel=False)
    assert not stranger.trusted
    stranger.page.wait_for_function(f"document.querySelectorAll('.gemini-foot').length === {len(TEXTS)}")
    assert_nothing_happened(stranger)
