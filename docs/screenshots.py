"""Make the pictures of the docs: notebooks in JupyterLab and Notebook 7, at chosen moments.

    python docs/screenshots.py [NAME ...]

Each row of SCENES becomes docs/pictures/NAME.png. It needs what the browser tests need, Chromium and
`pip install "gemini_magics[browser,tutorial]"`, and talks to the demo service alone.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import nbformat
from PIL import Image
from playwright.sync_api import BrowserContext, Locator, sync_playwright

HERE = Path(__file__).parent
NOTEBOOKS = HERE.parent / "notebooks"
PICTURES = HERE / "pictures"
sys.path.insert(0, str(HERE.parent / "tests" / "browser"))

from lab import App, Notebook, Server, launch, notebook, with_cells  # noqa: E402
from prompter import Prompter  # noqa: E402

from gemini_magics.service.demo import chunk, event  # noqa: E402

FIGURE = """\
import matplotlib.pyplot as plt, numpy as np
t = np.linspace(0, 12, 600)
fig, ax = plt.subplots(figsize=(6, 2.2))
ax.plot(t, np.exp(-t / 6) * np.cos(3 * t) + 0.35 * np.exp(-((t - 8) ** 2) / 0.08))
plt.close()"""
QUESTION = """\
%%gemini fig --effort low
What is odd about the peak near 8 s? Show me how to fit it."""
PANEL = """\
import pandas as pd, gemini_magics
df = pd.DataFrame({"t": t, "x": ax.lines[0].get_ydata()})
gemini_magics.panel()"""
THOUGHTS = """\
**Looking at the plot**

The envelope falls like $e^{-t/6}$, so near $t = 8$ s a peak should reach about a quarter of the first.
One of them is more than twice as high, and far narrower than a period.

**Ruling out the beam**

Beats would come again, and nothing else in the record does. So the peak is not part of the ring-down.

"""
ANSWER = """\
## The peak is not part of the ring-down

A damped oscillation follows $x(t) = A\\,e^{-t/\\tau} \\cos(\\omega t)$, so each peak is lower than the last:

$$\\frac{x_{n+1}}{x_n} = e^{-2\\pi/\\omega\\tau} \\approx 0.71$$

| peak | expected | seen |
|---|--:|--:|
| at 6.3 s | 0.35 | 0.35 |
| at 8.0 s | 0.26 | **0.49** |

Fit the two together, and look at what is left:

```python
from scipy.optimize import curve_fit

def model(t, a, tau, omega, height, at, width):
    # a ring-down and one bump
    return a * np.exp(-t / tau) * np.cos(omega * t) + height * np.exp(-(((t - at) / width) ** 2))

best, covariance = curve_fit(model, t, signal, p0=(1, 6, 3, 0.3, 8, 0.3))
```

1. If the bump stays when you strike again, it is in the *mount*.
2. If it goes, it was a knock on the table.
"""
CITED = (
    "A beam that rings down loses the same share of its height in each period.",
    " A peak that breaks this rule has another cause: most often the mount, which has a tone of its own.",
)
SOURCES = (
    {"url": "https://example.org/ring-down", "title": "Ring-down of beams"},
    {"url": "https://example.com/notes/mounts", "title": "Mounts and their tones"},
)
HOSTILE = """\
<script>alert(1)</script> <img src=x onerror=alert(1)> ![a tracker](https://example.com/pixel.png)

[Click here](javascript:alert(1)) or [there](https://example.com/login "Jupyter"), and </details><h1>out</h1>.

```html
<iframe srcdoc="<script>alert(1)</script>"></iframe>  \u202e}
```

$\\href{javascript:alert(1)}{x}$ and an unclosed $$ \\sum
"""


@dataclass(frozen=True)
class Scene:
    """One picture.

    Attributes:
        name: of the file.
        cells: what is in the notebook: the name of a tutorial, or the sources of code cells, of which
            the last is shown.
        play: runs it up to the moment of the picture.
        width: of the window, in pixels of the page.
        whole: the whole window, not only the cell.
    """

    name: str
    cells: str | tuple[str, ...]
    play: Callable[[Notebook, Prompter], None]
    app: App = "lab"
    theme: Literal["Light", "Dark"] = "Light"
    width: int = 1000
    height: int = 1400
    whole: bool = False


def think(book: Notebook, service: Prompter) -> None:
    """Ask, and stop the picture while it thinks."""
    book.run(0)
    book.start(1)
    service.think(THOUGHTS, words_per_s=15)
    book.output(1).get_by_text("part of the ring-down").wait_for()


def write(book: Notebook, service: Prompter) -> None:
    """Ask, and stop the picture before the answer's end."""
    think(book, service)
    service.say(ANSWER, words_per_s=50)
    book.output(1).get_by_text("knock on the table").wait_for()
    book.page.wait_for_selector(".gemini-text mjx-container")


def finish(book: Notebook, service: Prompter) -> None:
    """Ask, and take the picture of the finished answer."""
    write(book, service)
    service.finish()
    book.wait_until_run(1)
    book.output(1).get_by_role("button", name="Stop").wait_for(state="detached")
    book.page.wait_for_selector(".gemini-text mjx-container")


def unfold(book: Notebook, service: Prompter) -> None:
    """Ask, and open the thoughts of the finished answer."""
    finish(book, service)
    book.output(1).locator("summary").click()


def enlarge(book: Notebook, service: Prompter) -> None:
    """Ask, and look at what was sent."""
    think(book, service)
    book.output(1).get_by_role("button", name="fig").click()
    book.page.get_by_role("dialog").wait_for()


def stop(book: Notebook, service: Prompter) -> None:
    """Ask, and stop the answer."""
    think(book, service)
    service.say(ANSWER[:200])
    book.output(1).get_by_text("The peak is not").wait_for()
    book.output(1).get_by_role("button", name="Stop").click()
    book.wait_until_run(1)


def cut(book: Notebook, service: Prompter) -> None:
    """Ask, and lose the connection."""
    think(book, service)
    service.say(ANSWER[:200])
    book.output(1).get_by_text("The peak is not").wait_for()
    service.break_off()
    book.wait_until_run(1)


def refuse(book: Notebook, service: Prompter) -> None:
    """Ask, and be told that there is no money left."""
    think(book, service)
    service.send(event({"error": {"code": 402, "message": "Your balance is not enough for this request"}}))
    service.break_off()
    book.wait_until_run(1)


def cite(book: Notebook, service: Prompter) -> None:
    """Ask, and get an answer with its sources."""
    think(book, service)
    service.say("".join(CITED))
    ends = [len("".join(CITED[: number + 1])) for number in range(len(CITED))]
    service.send(
        chunk(
            annotations=[
                {"type": "url_citation", "url_citation": {**source, "start_index": 0, "end_index": end}}
                for source, end in zip(SOURCES, ends, strict=True)
            ]
        )
    )
    service.finish()
    book.wait_until_run(1)
    book.output(1).locator(".gemini-sources").wait_for()


def attack(book: Notebook, service: Prompter) -> None:
    """Ask, and get what nobody should run."""
    book.run(0)
    book.start(1)
    service.think(HOSTILE)
    service.say(HOSTILE)
    service.finish()
    book.wait_until_run(1)
    book.output(1).locator(".gemini-live").wait_for(state="detached")
    book.output(1).locator("summary").click()


def quickstart(book: Notebook, service: Prompter) -> None:
    """Run the first cells of the tutorial, up to the answer about a figure."""
    for number in (1, 3, 7):
        book.run(number)
    book.start(8)
    service.answer_itself(words_per_s=30)
    book.wait_until_run(8)
    book.output(8).locator(".gemini-foot").wait_for()
    book.cell(7).evaluate("cell => cell.scrollIntoView()")
    book.page.evaluate("document.activeElement.blur()")


def panel(book: Notebook, service: Prompter) -> None:
    """Ask in the panel, with a figure, and write the next question."""
    book.run(0)
    shown = book.run(1).locator(".gemini-panel")
    ask_in_panel(shown, "What is odd about the peak near 8 s?")
    service.think(THOUGHTS, words_per_s=15)
    service.say(ANSWER.partition("Fit the two")[0], words_per_s=50)
    service.finish()
    book.page.wait_for_selector(".gemini-panel .gemini-foot")
    book.page.wait_for_selector(".gemini-panel .gemini-text mjx-container")
    shown.get_by_role("button", name="Attach df").click()
    shown.locator(".gemini-panel-chip").wait_for()
    shown.get_by_label("Question", exact=True).fill("Fit the two together.")
    book.page.evaluate("document.activeElement.blur(), document.fonts.ready.then(() => null)")


def panel_thinks(book: Notebook, service: Prompter) -> None:
    """Ask in the panel, and stop the picture while it thinks."""
    book.run(0)
    shown = book.run(1).locator(".gemini-panel")
    ask_in_panel(shown, "What is odd about the peak near 8 s?")
    service.think(THOUGHTS, words_per_s=15)
    shown.get_by_text("part of the ring-down").wait_for()


def ask_in_panel(shown: Locator, text: str) -> None:
    """Attach the figure by its thumbnail, and send a question."""
    figure = shown.get_by_role("button", name="Attach fig")
    figure.locator("img").wait_for()
    figure.click()
    shown.locator(".gemini-panel-chip").wait_for()
    shown.get_by_label("Question", exact=True).fill(text)
    shown.page.keyboard.press("Control+Enter")


CELLS = (FIGURE, QUESTION)
PANEL_CELLS = (FIGURE, PANEL)
SCENES = (
    Scene("quickstart", "quickstart", quickstart, width=1080, height=980, whole=True),
    Scene("thinking", CELLS, think),
    Scene("thinking_dark", CELLS, think, theme="Dark"),
    Scene("writing", CELLS, write),
    Scene("finished", CELLS, finish),
    Scene("finished_dark", CELLS, finish, theme="Dark"),
    Scene("finished_wide", CELLS, finish, width=1600),
    Scene("finished_narrow", CELLS, finish, width=480),
    Scene("finished_notebook_7", CELLS, finish, app="notebook"),
    Scene("unfolded", CELLS, unfold),
    Scene("enlarged", CELLS, enlarge, height=720, whole=True),
    Scene("stopped", CELLS, stop),
    Scene("cut", CELLS, cut),
    Scene("refused", CELLS, refuse),
    Scene("sources", CELLS, cite),
    Scene("hostile", CELLS, attack),
    Scene("panel", PANEL_CELLS, panel),
    Scene("panel_dark", PANEL_CELLS, panel, theme="Dark"),
    Scene("panel_narrow", PANEL_CELLS, panel, width=480),
    Scene("panel_notebook_7", PANEL_CELLS, panel, app="notebook"),
    Scene("panel_thinking", PANEL_CELLS, panel_thinks),
)


def main(names: list[str]) -> None:
    """Make the pictures of these names, or all."""
    PICTURES.mkdir(exist_ok=True)
    chosen = [scene for scene in SCENES if not names or scene.name in names]
    with (
        closing(Prompter()) as service,
        sync_playwright() as playwright,
        launch(playwright) as browser,
    ):
        # A server that has served a font to one application refuses it to the other (jupyter_server 2.21).
        for app in ("lab", "notebook"):
            with TemporaryDirectory() as folder, Server(Path(folder), service.environment) as server:
                shutil.copytree(NOTEBOOKS / "files", server.root / "files")
                session = browser.new_context(device_scale_factor=1.5)
                for scene in [scene for scene in chosen if scene.app == app]:
                    service.forget()
                    (PICTURES / f"{scene.name}.png").write_bytes(take(scene, session, server, service))


def take(scene: Scene, session: BrowserContext, server: Server, service: Prompter) -> bytes:
    """Play a scene and return its picture."""
    content = with_cells(*scene.cells) if isinstance(scene.cells, tuple) else _tutorial(scene.cells)
    with notebook(session, server, scene.app, content, name=scene.name) as book:
        book.page.set_viewport_size({"width": scene.width, "height": scene.height})
        book.theme(scene.theme)
        scene.play(book, service)
        shown = book.page if scene.whole else book.cell(len(scene.cells) - 1)
        return small(shown.screenshot())


def _tutorial(name: str) -> nbformat.NotebookNode:
    """Read a tutorial as it is before it was run."""
    content = nbformat.read(NOTEBOOKS / f"{name}.ipynb", 4)
    for cell in content.cells:
        if cell.cell_type == "code":
            cell.update(outputs=[], execution_count=None)
    return content


def small(png: bytes) -> bytes:
    """Return a picture in 256 colours, which is about a third of its size."""
    out = BytesIO()
    Image.open(BytesIO(png)).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(
        out, "PNG", optimize=True
    )
    return out.getvalue()


if __name__ == "__main__":
    main(sys.argv[1:])
