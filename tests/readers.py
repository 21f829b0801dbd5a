"""Every reader of strangers' text, and the strings that readers are slow with.

A reader is added to `READERS` under a name that says what it reads; `test_readers` then feeds it all of
`adversarial(n)` at two sizes. A reader may refuse a text with an error of `REFUSALS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from io import BytesIO, FileIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from time import thread_time
from xml.sax.saxutils import quoteattr

from gemini_magics.chat import archive, transcript
from gemini_magics.content.file_kinds import next_step
from gemini_magics.content.file_types import sniff
from gemini_magics.content.namespace import Namespace, without_format
from gemini_magics.content.own_words import html_text
from gemini_magics.content.pdf import count_pages, why_unreadable
from gemini_magics.content.pdf_pages import PdfPages
from gemini_magics.content.prompt import expressions, literally
from gemini_magics.content.svg import _long_side, _looked_through
from gemini_magics.content.text_files import decoded
from gemini_magics.core.answer import close, fold
from gemini_magics.core.errors import GeminiError
from gemini_magics.core.json_fields import read_json
from gemini_magics.core.messages import Attachment, Citation, Text
from gemini_magics.core.pictures import open_picture
from gemini_magics.core.text import SECRET, clean, legible, reveal, url_without_secrets
from gemini_magics.demo import answers, inspect
from gemini_magics.notebook.class_site import _LOADS
from gemini_magics.notebook.code_cell import _COMMAND
from gemini_magics.notebook.completer import _FENCE
from gemini_magics.notebook.options import read_cell_line, read_question_line
from gemini_magics.notebook.panel.commands import _word_for
from gemini_magics.notebook.panel.messages import read_message
from gemini_magics.notebook.word_help import word_help
from gemini_magics.recording.contents import Contents
from gemini_magics.render.answer import Answer
from gemini_magics.render.extract import Code, find_code, python_of, read_table
from gemini_magics.render.extract import read_json as json_in
from gemini_magics.render.highlight import highlight
from gemini_magics.render.markdown import Blocks, render
from gemini_magics.render.marks import MarkReader
from gemini_magics.render.math import drawable
from gemini_magics.render.static_output import bundle
from gemini_magics.service.thoughts import Tags

REFUSALS = (GeminiError, ValueError)


def thoughts(text: str) -> object:
    tags = Tags()
    return [tags.split(text[at : at + 30]) for at in range(0, len(text), 30)] + [tags.close()]


def streamed(text: str) -> object:
    blocks = Blocks()
    for at in range(0, len(text), 1000):
        blocks.add(text[at : at + 1000])
    return list(blocks)


def pointed(text: str) -> object:
    reader = MarkReader()
    for at in range(0, len(text), 1000):
        reader.read(text[:at], whole=False)
    return reader.read(text, whole=True)


def cited(text: str) -> object:
    """An answer with as many sources as a text has tens of characters."""
    places = range(1, len(text), 10)
    sources = [Citation(f"https://example.org/{at}", text[:40], start=at - 1, end=at) for at in places]
    answer = Answer()
    fold(answer, Text(text))
    for source in sources:
        fold(answer, source)
    close(answer, "stop")
    return bundle(answer)


def kind_of_file(text: str) -> object:
    data = text.encode()
    zipped = b"PK\x03\x04" + data
    return sniff(data), next_step(BytesIO(data), "f", "f"), next_step(BytesIO(zipped), "f", "f")


def decodings(text: str) -> None:
    for data in (text.encode(), b"\xff" + text.encode(), b"\xff\xfe" + text.encode(), b"\xe9 " + text.encode()):
        with suppress(*REFUSALS):
            decoded(data, "f")


def lengths(text: str) -> object:
    drawing = f"<svg viewBox={quoteattr(text)} width={quoteattr(f'9{text}')} height='{'9' * len(text)}x'/>"
    return _long_side(_looked_through(drawing, "f"), "f")


def recorded(text: str) -> object:
    with NamedTemporaryFile() as written, FileIO(written.name) as file:
        Path(written.name).write_bytes(text.encode())
        contents = Contents(Path(written.name))
        contents.grow(file)
        return contents.problems


READERS: dict[str, Callable[[str], object]] = {
    "secrets": lambda text: SECRET.sub("", text),
    "invisible characters": reveal,
    "prose": legible,
    "thoughts in an answer": thoughts,
    "an exported chat": transcript.inert,
    "an imported chat": archive.from_json,
    "a recording": recorded,
    "JSON": read_json,
    "values in a question": lambda text: literally(text, expressions(text)),
    "the format of a value": lambda text: without_format(f"a {text} b"),
    "code in a question": _FENCE.findall,
    "addresses": lambda text: (url_without_secrets(text), url_without_secrets(f"{text}@")),
    "names of attachments": lambda text: (Attachment(text, "text", text).label, _word_for(text, Namespace())),
    "messages of a page": lambda text: read_message({"do": "send", "text": text, text: text}, []),
    "commands in code": _COMMAND.findall,
    "what a lesson loads": _LOADS.search,
    "the line of a cell": read_cell_line,
    "the line of a question": read_question_line,
    "the line under the cursor": lambda text: word_help(text, 0, {}),
    "code in an answer": find_code,
    "sessions in an answer": lambda text: python_of(Code("pycon", f">>> a\n{text}")),
    "JSON in an answer": json_in,
    "tables in an answer": read_table,
    "CSV in an answer": lambda text: read_table(f"```csv\n{text}\n```"),
    "colours of code": lambda text: [
        highlight(text, language) for language in ("python", "html", "sql", "bash")
    ],
    "Markdown": render,
    "Markdown in pieces": streamed,
    "formulas": drawable,
    "marks in pieces": pointed,
    "citations": cited,
    "pages of a PDF": lambda text: count_pages(b"%PDF-1.7\n" + text.encode()),
    "sizes of pages of a PDF": lambda text: (
        PdfPages(b"%PDF-1.7 /Root 1 0 R 1 0 obj << /Pages 2 0 R >> 2 0 obj " + text.encode()).pages
    ),
    "the lock of a PDF": lambda text: why_unreadable(b"%PDF-1.7\n/Encrypt 1 0 R " + text.encode()),
    "numbers of a picture": lambda text: open_picture(b"P2 1 1 255\n" + text.encode(), "f", ("PPM",)),
    "a drawing": lambda text: _looked_through(f"<svg>{text}</svg>", "f"),
    "lengths of a drawing": lengths,
    "HTML of an object": html_text,
    "kinds of files": kind_of_file,
    "encodings": decodings,
    "tables at the demo": inspect.tables,
    "answers of the demo": lambda text: list(answers._paced([], text, {}, {}, 0)),
    "media types at the demo": lambda text: answers.refusal(
        "POST", {"host": "localhost", "content-type": text}
    ),
}

# Openings without an end, ends without an opening, and characters that one rule or another counts.
SEEDS = [
    "-eyJ", "eyJaaaaaaaa.", "sk-", "-----BEGIN PRIVATE KEY", "-----BEGIN ", "://a:b", "Bearer ", "0123456789abcdef",
    "\u00a0", " ", "\n", "\t", "\r", " \n", "\u2028", "\ufe0f", "\u202e", "\x00", "é", "🙂",
    "![", "[", "](", "![a](", "[a]: b\n", "[a][", "[[", "]", "\\[", "<", "<a ", "<!-- ", "<?", "</", "&", "&lt;",
    "`", "``", "`a", "```\n", "~~~\n", "$", "$$", "$`", "$`a", "\\(", "\\\\", "*", "**a", "_a", "*a _b ",
    "|", "| a ", "|-", "| a |\n", "|-|\n", ": pandas a\n", ",", "{", '{"a":', '"', "'", "<think>", "</thought",
    "!", "a = !", "%%", "> ", "- a\n", "1. a\n", "# a\n", "a\n=\n", "0", "9e9", "{}", "=",
    "https://a.b/", "https://a.b/)", "[1]", "[^a]", "[^a]: b\n", "- [ ] a\n", "> [!NOTE]\n", "a $$\n\n", "\\[\n\n", "\\[\n",
    "\\begin{align}", "\\begin{align}\n\n", "\\begin{cases}\n\n\\[\n\n", "$a$b",
]  # fmt: skip


def adversarial(n: int) -> Iterator[str]:
    """Yield 170 strings of about n characters, always in the same order."""
    shapes: list[Callable[[str], str]] = [
        lambda seed: seed * (n // len(seed)),
        lambda seed: seed + "a" * n,
        lambda seed: f"{'a' * 40} {seed}" * (n // (41 + len(seed))),
    ]
    made = (shape(seed) for shape in shapes for seed in SEEDS)
    for _ in range(170):
        yield next(made)


def cost(reader: Callable[[str], object], text: str) -> float:
    """Measure the work of this thread alone, so that a busy machine counts little."""
    began = thread_time()
    with suppress(*REFUSALS):
        reader(text)
    return thread_time() - began


def growth(reader: Callable[[str], object], small: str, large: str) -> float:
    """Return the cost of a large text, as a multiple of a small one's.

    A cost below that of a few plain passes over a text of that size is noise, and counts as much as they do.
    """
    return cost(reader, large) / max(cost(reader, small), _noise(len(large)))


@cache
def _noise(n: int) -> float:
    return 20 * cost(lambda text: re.sub(r"[^\W\w]", "", clean(text)), "-" * n)
