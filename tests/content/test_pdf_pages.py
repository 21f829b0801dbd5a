"""A mark in a page of a PDF has the points of that page, whoever made the file."""

import io
import pickle
import tracemalloc
import zlib

import pymupdf
import pytest
from matplotlib.backends.backend_pdf import PdfPages as MatplotlibPages
from matplotlib.figure import Figure

from gemini_magics import Answer
from gemini_magics.content import pdf_pages
from gemini_magics.content.files import from_bytes
from gemini_magics.core.answer import close, fold
from gemini_magics.core.messages import Text
from gemini_magics.core.settings import Settings


def made_by_matplotlib():
    file = io.BytesIO()
    with MatplotlibPages(file) as pages:
        for size in ((6, 4), (8.5, 11)):
            pages.savefig(Figure(figsize=size))
    return file.getvalue()


def made_by_pymupdf(*, rotation=0, crop=None, **saving):
    document = pymupdf.open()
    for width, height in ((600, 800), (300, 200)):
        document.new_page(width=width, height=height).insert_text((50, 50), "obj 3 0 obj (endstream")
    document[1].set_rotation(rotation)
    if crop:
        document[1].set_cropbox(crop)
    return document.tobytes(**saving)


def made_by_hand(page, pages=b""):
    """A file as other writers make them: sizes that all pages share, and references in many places."""
    return (
        b"%PDF-1.4\n1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj\n"
        b"2 0 obj << /Type /Pages /Kids 5 0 R /Count 1 " + pages + b" >> endobj\n"
        b"5 0 obj [ 3 0 R ] endobj 6 0 obj [0 0 400 4 0 R] endobj 4 0 obj 800 endobj\n"
        b"3 0 obj << /Type /Page % a comment >>\n /Title (a \\) b (c) >>) /Parent 2 0 R "
        + page
        + b" >> endobj\n"
        b"trailer << /Root 1 0 R >>\n%%EOF\n"
    )


def pointed(data, page, place, key="point"):
    """The marks of an answer that points at a place of a page."""
    answer = Answer(pictures=(from_bytes(data, "report.pdf", Settings()),))
    named = f', "page": {page}' if page else ""
    fold(answer, Text(f'{{"{key}": {place}{named}, "label": "here"}}'))
    close(answer, "stop")
    return answer.marks


WRITERS = {
    "matplotlib": (made_by_matplotlib(), 2, (612, 792)),
    "pymupdf": (made_by_pymupdf(), 2, (300, 200)),
    "pymupdf, with object streams": (made_by_pymupdf(use_objstms=1, garbage=3, deflate=True), 2, (300, 200)),
    "pymupdf, its first page": (made_by_pymupdf(), 1, (600, 800)),
    "sizes inherited": (made_by_hand(b"", b"/MediaBox [0 0 400 800]"), 1, (400, 800)),
    "sizes by reference": (made_by_hand(b"/MediaBox 6 0 R"), 1, (400, 800)),
    "corners swapped": (made_by_hand(b"/MediaBox [400 800 0 0]"), 1, (400, 800)),
    "larger units": (made_by_hand(b"/MediaBox [0 0 400 800] /UserUnit 2"), 1, (800, 1600)),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_a_mark_has_the_points_of_its_page_whoever_made_the_file(writer):
    data, page, (width, height) = WRITERS[writer]
    (mark,) = pointed(data, page, [250, 500])
    assert (mark.page, mark.x, mark.y) == (page, width / 2, height * 0.75)  # y counts upwards
    assert mark.pixels is None
    assert mark.place == f"page {page}, x = {width / 2:g}, y = {height * 0.75:g} of {width} × {height} pt"


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_in_a_turned_and_cropped_page_a_mark_has_the_points_of_the_page_itself(rotation):
    data = made_by_pymupdf(rotation=rotation, crop=pymupdf.Rect(20, 10, 220, 160))
    page = pymupdf.open(stream=data)[1]
    shown = page.rect
    seen = pymupdf.Point(shown.width * 0.3, shown.height * 0.2)
    (mark,) = pointed(data, 2, [200, 300])
    unturned = seen * page.derotation_matrix  # from the upper left corner of the part that is shown
    assert (mark.x, mark.y) == pytest.approx((20 + unturned.x, 200 - (10 + unturned.y)))


def test_a_box_in_a_page_has_its_edges():
    (mark,) = pointed(made_by_pymupdf(), 2, [100, 200, 300, 400], "box_2d")
    assert (mark.x0, mark.x1, mark.y0, mark.y1) == (60, 120, 140, 180)
    assert mark.place == "page 2, x = 60 to 120, y = 140 to 180 of 300 × 200 pt"


def test_a_newer_page_in_a_file_that_was_changed_counts():
    old = made_by_hand(b"/MediaBox [0 0 400 800]")
    (mark,) = pointed(old + b"3 0 obj << /Type /Page /MediaBox [0 0 100 100] >> endobj\n%%EOF", 1, [500, 500])
    assert (mark.x, mark.y) == (50, 50)


def test_the_only_page_needs_no_number():
    assert pointed(made_by_hand(b"/MediaBox [0 0 400 800]"), None, [500, 500])[0].page == 1


def test_a_page_that_is_not_there_is_dropped_and_said():
    marks = pointed(made_by_pymupdf(), 3, [500, 500])
    assert not marks
    assert marks.dropped == ("Mark 1 (here) is left out: there is no page 3, only 2 pages.",)
    assert pointed(made_by_pymupdf(), None, [500, 500]).dropped[0].endswith("it names no page.")


UNREADABLE = {
    "no size": made_by_hand(b""),
    "no page tree": b"%PDF-1.4\n1 0 obj << /Type /Catalog >> endobj\n%%EOF",
    "a circle": made_by_hand(b"/Kids [2 0 R 3 0 R]"),
    "an empty size": made_by_hand(b"/MediaBox [0 0 0 0]"),
    "a size of words": made_by_hand(b"/MediaBox [/a (b) null 3]"),
    "a cut object": b"%PDF-1.4 trailer << /Root 1 0 R >> 1 0 obj << /Pages 2 0 R >> 2 0 obj << /Kids [ %%EOF",
}


@pytest.mark.parametrize("file", UNREADABLE)
def test_where_no_size_can_be_read_a_mark_has_its_thousandths_and_says_so(file):
    (mark,) = pointed(UNREADABLE[file], 1, [250, 500])
    assert (mark.x, mark.y) == (None, None)
    assert mark.place == "page 1, x = 500, y = 250 of 1000, the size of the page cannot be read"


@pytest.mark.parametrize("packed", [False, True])
def test_a_pdf_of_endless_objects_takes_no_endless_memory(packed, monkeypatch):
    monkeypatch.setattr(pdf_pages, "MOST_OBJECTS", 1_000)
    listed = b" ".join(b"%d %d" % (n, n) for n in range(1, 100_000))
    data = (
        b"1 0 obj << /Type/ObjStm /N 999999999 /First 999999999 >> stream\r\n" + zlib.compress(listed)
        if packed
        else b"1 0 obj " * 100_000
    )
    tracemalloc.start()
    try:
        assert pdf_pages.PdfPages(b"%PDF-1.7 /Root 1 0 R " + data).pages == 0
        assert tracemalloc.get_traced_memory()[1] < 5 * len(listed)
    finally:
        tracemalloc.stop()


def test_a_pdf_with_as_many_objects_as_are_read_has_its_sizes(monkeypatch):
    monkeypatch.setattr(pdf_pages, "MOST_OBJECTS", 6)
    assert pdf_pages.PdfPages(made_by_hand(b"/MediaBox 6 0 R")).pages == 1
    monkeypatch.setattr(pdf_pages, "MOST_OBJECTS", 5)
    assert pdf_pages.PdfPages(made_by_hand(b"/MediaBox 6 0 R")).pages == 0


def test_packed_pages_of_an_encrypted_file_are_out_of_sight():
    permitted = {"encryption": pymupdf.PDF_ENCRYPT_RC4_128, "owner_pw": "secret"}
    (mark,) = pointed(made_by_pymupdf(use_objstms=1, **permitted), 2, [250, 500])
    assert mark.note == "the size of the page cannot be read"
    (mark,) = pointed(made_by_pymupdf(**permitted), 2, [250, 500])
    assert (mark.x, mark.y) == (150, 150)


def test_a_pickled_answer_keeps_the_points():
    answer = Answer(pictures=(from_bytes(made_by_pymupdf(), "report.pdf", Settings()),))
    fold(answer, Text('{"point": [500, 500], "page": 2}'))
    close(answer, "stop")
    assert pickle.loads(pickle.dumps(answer)).marks[0].x == 150
