"""The examples of the demo service, made of what it was sent: code that runs on it, and a formula about it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .inspect import Seen

MOST_THINGS = 3  # that one example is about
MOST_LINES = 5  # of one plot
PICTURE_FILE = re.compile(r".*\.(png|jpe?g|webp|heic|gif|bmp|tiff?|avif|jp2|ppm|tga)", re.IGNORECASE)
TABLE_FILE = re.compile(r".*\.(csv|tsv)", re.IGNORECASE)
NUMERIC = re.compile(r"u?int\d|float\d", re.IGNORECASE)
TIME = re.compile("date|time", re.IGNORECASE)
FORMULA = re.compile(r"\$\$([^$]+)\$\$|(?<![\w\\$])\$(?!\s)([^$\n]*[^\s$\\])\$(?![\w$])")

OF_A_PICTURE = r"""The mean colour of a picture with $n$ pixels $p_i$ is

$$\bar p = \frac{1}{n} \sum_{i=1}^{n} p_i .$$"""
OF_A_TABLE = r"""The mean of a column with $n$ rows $x_i$ is

$$\bar x = \frac{1}{n} \sum_{i=1}^{n} x_i .$$"""
OF_WORDS = r"""The mean length of the $n$ words $w_i$ of a question is

$$\bar\ell = \frac{1}{n} \sum_{i=1}^{n} |w_i| .$$"""


def formula(text: str, things: Sequence[Seen]) -> str:
    """Return a formula about what was sent: of its pictures, its tables, or the question's own one."""
    kinds = {thing.kind for thing in things}
    own = FORMULA.search(text)
    if "picture" in kinds:
        return OF_A_PICTURE
    if "table" in kinds:
        return OF_A_TABLE
    return f"The formula of your question, as it came:\n\n$${own[1] or own[2]}$$" if own else OF_WORDS


@dataclass
class _Script:
    """Code that is being written: the imports it needs, and its blocks."""

    imports: dict[str, None] = field(default_factory=dict)
    blocks: list[str] = field(default_factory=list)

    def add(self, block: Sequence[str], *imports: str) -> None:
        self.imports |= dict.fromkeys(imports)
        self.blocks.append("\n".join(block))

    def __str__(self) -> str:
        return "\n\n".join(filter(None, ("\n".join(sorted(self.imports)), *self.blocks)))


def code(text: str, things: Sequence[Seen]) -> str:
    """Return Python that runs in the notebook on what was sent; on the question where nothing was."""
    script = _Script()
    for thing in [thing for thing in things if thing.name][:MOST_THINGS]:
        _write(script, thing)
    if not script.blocks:
        question = " ".join(text.split())
        script.add([f"question = {question!r}", 'print(len(question.split()), "words")'])
    return str(script)


def _write(script: _Script, thing: Seen) -> None:
    """Add the lines for one thing; a name that is neither an expression nor a file gets none."""
    name = thing.name
    match thing.kind:
        case "picture" if PICTURE_FILE.fullmatch(name):
            lines = [
                f"with Image.open({name!r}) as image:",
                '    print(image.size, ImageStat.Stat(image.convert("RGB")).mean)',
            ]
            script.add(lines, "from PIL import Image, ImageStat")
        case "picture" if _is_expression(name):
            script.add(_of_a_drawing(name))
        case "table" if _is_expression(name):
            _write_table(script, thing)
        case "text" if TABLE_FILE.fullmatch(name):
            tabs = ', sep="\\t"' if name.lower().endswith("tsv") else ""
            script.add(
                [f"table = pd.read_csv({name!r}{tabs})", "print(table.describe())"], "import pandas as pd"
            )
        case "text" | "PDF" | "audio" | "video" if "." in name and not _is_expression(name):
            script.add([f'print(Path({name!r}).stat().st_size, "bytes")'], "from pathlib import Path")


def _is_expression(name: str) -> bool:
    """Tell whether a name is Python; hopper.jpg is, and a file all the same."""
    try:
        ast.parse(name, mode="eval")
    # A name of a file may be anything, also what is nested too deeply for the parser.
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return "\n" not in name and not re.search(r"/|\.(pdf|txt|md|json|wav|mp3|mp4|mov|webm)$", name)


def _of_a_drawing(name: str) -> list[str]:
    """Write what reads the curves of a figure; from the picture alone nobody knows that it is one."""
    return [
        f"sent = {name}",
        'axes = sent.figure.axes if hasattr(sent, "figure") else []',
        'print(type(sent).__name__, getattr(sent, "size", ""), len(axes), "axes")',
        "for curve in (line for ax in axes for line in ax.lines):",
        # orig=False makes arrays of numbers, where a person's own data may be lists, dates or categories.
        "    x, y = curve.get_data(orig=False)",
        "    if len(y):",
        '        print(curve.get_label(), "is highest at", x[y.argmax()], "with", y.max())',
    ]


def _write_table(script: _Script, thing: Seen) -> None:
    name, about = thing.name, thing.about
    labels = name.endswith((".columns", ".index"))  # an Index is sent as a table, and describes nothing
    if not labels and about.startswith(
        ("pandas DataFrame", "pandas Series", "polars DataFrame", "polars Series")
    ):
        plot, *imports = _plot(thing)
        script.add([f"print({name}.describe())", *([plot] if plot else [])], *imports)
    else:
        script.add([f"print({name})"])


def _plot(thing: Seen) -> Iterator[str]:
    """Yield the line that plots the numbers of a table, or "", and the imports that it needs."""
    name = f"({thing.name})" if " " in thing.name and not thing.name.endswith(("]", ")")) else thing.name
    # A column 3 and a column "3" look alike in the text, and a shortened name is none.
    plain = {column: kind for column, kind in thing.types.items() if not column.isdigit() and "…" not in column}
    numbers = [column for column, kind in plain.items() if NUMERIC.match(kind)]
    if thing.about.startswith("pandas Series"):
        yield f"{name}.plot()" if NUMERIC.match(next(iter(thing.types.values()), "")) else ""
        return
    if not numbers or "Series" in thing.about.split(",")[0]:
        yield ""
        return
    times = [column for column, kind in plain.items() if TIME.match(kind)]
    across = next(iter(times or (numbers if numbers[1:] else [])), "")
    up = [column for column in numbers if column != across][:MOST_LINES]
    if thing.about.startswith("pandas"):
        yield f"{name}.plot({f'x={across!r}, ' if across else ''}y={up!r})"
        return
    x = f"{name}[{across!r}], " if across else ""
    yield f"plt.plot({x}{name}[{up!r}])"
    yield "import matplotlib.pyplot as plt"
