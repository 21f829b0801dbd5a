"""Draw the sixty figures of the tests with their marks, and write the table of what came back.

    python docs/draw_pointing.py

The figures and the model that sees their markers are those of tests/pointing.py.
"""

import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("agg")
ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "tests"))

import matplotlib.pyplot as plt  # noqa: E402 - the tests' folder comes first
from PIL import Image, ImageDraw  # noqa: E402
from pointing import cases, error_of, pointing_at_the_marker  # noqa: E402

from gemini_magics import ask  # noqa: E402
from gemini_magics.testing import Demo  # noqa: E402

COLUMNS, WIDTH, HEIGHT = 10, 150, 120
PICTURE, PAGE = ROOT / "docs" / "pictures" / "pointing.png", ROOT / "docs" / "pointing.md"
INK = "#d6004f"
HEAD = """# Where a mark lands

Each of these figures has a marker at a known place. A scripted model sees the marker in the picture that was
sent and tells its place as Gemini does, in thousandths of the picture's height and width. `answer.marks` turns
that back into Axes and data. The error is what is left beyond the rounding to thousandths, in percent of the
axis. Polar, 3-D and map Axes give pixels only, and say so. `python docs/draw_pointing.py` makes this page.

![Sixty figures with the marks that came back](pictures/pointing.png)

| | figure | Axes | x | y | error |
|--:|---|---|---|---|--:|
"""


def main() -> None:
    """Ask about each figure, and write the picture and the page."""
    sheet = Image.new("RGB", (COLUMNS * WIDTH, 6 * HEIGHT), "white")
    rows = []
    with Demo(pointing_at_the_marker) as demo:
        for number, case in enumerate(cases()):
            answer = ask("Where?", case.attached, point=True, service="demo", base_url=demo.base_url)
            (mark,) = answer.marks
            _paint(sheet, number, mark)
            right = "right" if mark.axes is case.axes else "wrong"
            error = "" if case.only_pixels else f"{max(error_of(mark, case, answer), 0):.2%}"
            x, y = (
                ("pixels only",) * 2
                if case.only_pixels
                else mark.spot.text.removeprefix("x = ").split(", y = ")
            )
            rows.append(f"| {number + 1} | {case.name} | {right} | {x} | {y} | {error} |\n")
            plt.close("all")
    sheet.save(PICTURE, optimize=True)
    PAGE.write_text(HEAD + "".join(rows), "utf-8")


def _paint(sheet: Image.Image, number: int, mark: object) -> None:
    from io import BytesIO

    picture = Image.open(BytesIO(mark.attachment.content.data)).convert("RGB")
    picture.thumbnail((WIDTH - 8, HEIGHT - 8))
    x, y = (part * side for part, side in zip(mark.box[:2], picture.size, strict=True))
    ImageDraw.Draw(picture).ellipse((x - 5, y - 5, x + 5, y + 5), outline=INK, width=2)
    down, across = divmod(number, COLUMNS)
    sheet.paste(picture, (across * WIDTH + 4, down * HEIGHT + 4))


if __name__ == "__main__":
    main()
