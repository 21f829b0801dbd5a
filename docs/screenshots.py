"""Take the pictures of the docs: notebooks in JupyterLab and Notebook 7 at chosen moments.

    python docs/screenshots.py [NAME ...]
    python docs/screenshots.py --checkout FOLDER --to FOLDER [NAME ...]

Each row of SCENES becomes docs/pictures/NAME.png, or a file in another folder. With --checkout, the kernels run
another checkout of this repository: the same scenes then show its views before and after a change, and a
scene that it cannot play is named and left out. This needs Chromium and
`pip install "gemini_magics[browser,tutorial]"`, and asks a scripted service on this machine only.
"""

from __future__ import annotations

import argparse
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
from playwright.sync_api import BrowserContext, Error, Locator, sync_playwright

HERE = Path(__file__).parent
NOTEBOOKS = HERE.parent / "notebooks"
PICTURES = HERE / "pictures"
sys.path[:0] = [str(HERE.parent / "tests" / each) for each in ("browser", "")]

from lab import REPOSITORY, App, Notebook, Server, launch, notebook, with_cells  # noqa: E402
from prompter import Prompter  # noqa: E402

from gemini_magics.testing import chunk, event  # noqa: E402

FIGURE = """\
import matplotlib.pyplot as plt, numpy as np
t = np.linspace(0, 12, 600)
fig, ax = plt.subplots(figsize=(6, 2.2))
ax.plot(t, np.exp(-t / 6) * np.cos(3 * t) + 0.35 * np.exp(-((t - 8) ** 2) / 0.08))
plt.close()"""
QUESTION = """\
%%gemini fig --effort low
What is odd about the peak near 8 s? Show me how to fit it."""
POINTING = """\
import matplotlib.pyplot as plt, numpy as np
t = np.linspace(0, 12, 600)
fig, (ax, rest) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
ax.plot(t, np.exp(-t / 6) * np.cos(3 * t) + 0.35 * np.exp(-((t - 8) ** 2) / 0.08))
ax.set(title="Ring-down", xlabel="time (s)")
rest.semilogy(t, np.exp(-t / 3) + 0.02 * np.exp(-((t - 8) ** 2) / 0.3), color="C2")
rest.set(title="Power", xlabel="time (s)")
plt.close()"""
WHERE = """\
%%gemini fig --point --to answer
Where does the record break its own rule?"""
# The places are those of the bumps in the picture that is sent, in thousandths of its height and width.
POINTED = """\
The ring-down loses the same share of its height in each period, until 8 s. There one peak stands out [mark 1]:
it is more than twice as high as the rule allows, and far narrower.

The power shows the same event as a shoulder [mark 2], which a clean decay cannot have. Both last a second,
so look for a knock rather than a second mode.

```json
[{"mark": 1, "picture": 1, "label": "a peak twice too high", "point": [316, 346]},
 {"mark": 2, "picture": 1, "label": "the same event in the power", "box_2d": [473, 804, 673, 870]}]
```
"""
PANEL = """\
import pandas as pd, gemini_magics
df = pd.DataFrame({"t": t, "x": ax.lines[0].get_ydata()})
gemini_magics.panel()"""
DRY_RUN = """\
%%gemini fig --effort low --dry-run
What is odd about the peak near 8 s?
Compare it with $x(t) = A\\,e^{-t/\\tau} \\cos(\\omega t)$."""
ASKED_TWICE = (
    """\
%%gemini --chat ring-down
What does a beam do when it is struck?""",
    """\
%%gemini --chat ring-down
Which peak breaks the rule?
Say it in one sentence.""",
)
SHORT_ANSWERS = (
    "It rings down: each peak has about **0.71** of the height of the last one, $e^{-2\\pi/\\omega\\tau}$.",
    "The one at 8 s, which is more than twice as high as the rule allows.",
)
REPLAYED = (
    "%gemini_record answers.jsonl",
    ASKED_TWICE[0].replace(" --chat ring-down", ""),
    "%gemini_replay answers.jsonl --strict",
    "%%gemini\nWhat does a beam do when it is dropped?",
)
FAILING = (
    """\
def height(peaks, ratio):
    return peaks[0] * ratio ** len(peaks)

height([], 0.71)""",
    "%gemini_fix --effort low",
)
FIXED = """\
`peaks` is empty, so there is no first peak to begin with. Give it one:

```python
height([1.0], 0.71)
```
"""
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
        name: the name of the file.
        cells: the name of a tutorial, or the sources of code cells; the picture shows the last cell.
        play: runs the notebook up to the moment of the picture.
        width: the width of the window in pixels of the page.
        whole: True for the whole window, False for the cell only.
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
    """Ask, and wait for the middle of the thinking."""
    book.run(0)
    book.start(1)
    service.think(THOUGHTS, words_per_s=15)
    book.output(1).get_by_text("part of the ring-down").wait_for()


def write(book: Notebook, service: Prompter) -> None:
    """Ask, and wait for the middle of the answer."""
    think(book, service)
    service.say(ANSWER, words_per_s=50)
    book.output(1).get_by_text("knock on the table").wait_for()
    book.page.wait_for_selector(".gemini-text mjx-container")


def wait(book: Notebook, service: Prompter) -> None:
    """Ask, while nothing has come yet."""
    book.run(0)
    book.start(1)
    book.output(1).get_by_role("button", name="Stop").wait_for()


def scroll_up(book: Notebook, service: Prompter) -> None:
    """Ask, and read the beginning of an answer that grows."""
    write(book, service)
    notebook = book.page.locator(".jp-WindowedPanel-outer").first
    notebook.hover()
    book.page.mouse.wheel(0, 4000)
    service.say("\n\n".join(f"{number}. Strike again." for number in range(3, 9)), words_per_s=50)
    book.output(1).get_by_text("Strike again.").first.wait_for()
    book.page.mouse.wheel(0, -500)
    service.say("\n\n".join(f"{number}. Listen." for number in range(9, 12)), words_per_s=50)
    book.output(1).get_by_text("Listen.").last.wait_for()


def read_saved(book: Notebook, service: Prompter) -> None:
    """Ask, save, and read the file another day, without a kernel."""
    finish(book, service)
    book.save()
    book.server.end_kernel(book.path)
    book.reload()
    book.page.wait_for_selector(".gemini-text mjx-container")
    book.page.evaluate("document.fonts.ready.then(() => null)")


def run_all(book: Notebook, service: Prompter) -> None:
    """Run the cells, whose questions are answered in a few words."""
    for number in range(len(book.save().cells)):
        service.forget()
        service.answer_with(SHORT_ANSWERS[number % 2], words_per_s=50)
        book.run(number)
    if book.page.locator(".gemini-math").count():
        book.page.wait_for_selector("mjx-container")


def fix(book: Notebook, service: Prompter) -> None:
    """Run a cell that fails, and ask why."""
    book.run(0)
    service.answer_with(FIXED, words_per_s=50)
    book.run(1)


def point(book: Notebook, service: Prompter) -> None:
    """Ask where, and get an answer that points into both Axes of the figure."""
    book.run(0)
    book.start(1)
    service.think(THOUGHTS)
    service.say(POINTED)
    service.finish()
    book.wait_until_run(1)
    book.output(1).locator(".gemini-marks li").nth(1).wait_for()
    book.output(1).locator(".gemini-marked img").wait_for()


def finish(book: Notebook, service: Prompter) -> None:
    """Ask, and wait for the complete answer."""
    write(book, service)
    service.finish()
    book.wait_until_run(1)
    book.output(1).get_by_role("button", name="Stop").wait_for(state="detached")
    book.page.wait_for_selector(".gemini-text mjx-container")


def unfold(book: Notebook, service: Prompter) -> None:
    """Ask, and open the thoughts of the complete answer."""
    finish(book, service)
    book.output(1).locator("summary").click()


def enlarge(book: Notebook, service: Prompter) -> None:
    """Ask, and enlarge the attached picture."""
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
    """Ask, and get the refusal of an empty account."""
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
    """Ask, and get a hostile answer."""
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
    for number in (1, 7):  # without the cell that chooses a service: the environment has done so
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
    shown.get_by_label("Question", exact=True).hover()
    shown.evaluate("panel => panel.scrollIntoView({ block: 'end' })")
    book.page.evaluate("document.activeElement.blur(), document.fonts.ready.then(() => null)")


def panel_with_code(book: Notebook, service: Prompter) -> None:
    """Ask in the panel twice, get code, and open the settings."""
    panel(book, service)
    shown = book.output(1).locator(".gemini-panel")
    service.forget()
    shown.page.keyboard.press("Escape")
    shown.get_by_label("Question", exact=True).press("Control+Enter")
    service.say(ANSWER.partition("Fit the two")[2])
    service.finish()
    shown.get_by_text("knock on the table").wait_for()
    shown.get_by_role("button", name="Send").wait_for()
    shown.get_by_role("button", name="Settings").click()
    shown.get_by_label("Model", exact=True).wait_for()
    shown.evaluate("panel => panel.scrollIntoView({ block: 'end' })")


def panel_failed(book: Notebook, service: Prompter) -> None:
    """Ask in the panel, and get the refusal of a key."""
    panel(book, service)
    shown = book.output(1).locator(".gemini-panel")
    service.forget()
    shown.get_by_label("Question", exact=True).press("Control+Enter")
    service.send(event({"error": {"code": 401, "message": "Unauthorized"}}))
    service.break_off()
    shown.get_by_text("401").first.wait_for()
    shown.get_by_role("button", name="Send").wait_for()
    shown.evaluate("panel => panel.scrollIntoView({ block: 'end' })")


def panel_edit(book: Notebook, service: Prompter) -> None:
    """Ask in the panel, and edit the question."""
    panel(book, service)
    shown = book.output(1).locator(".gemini-panel")
    shown.get_by_role("button", name="Edit").first.click()
    shown.locator(".gemini-panel-edited").wait_for()
    shown.evaluate("panel => panel.scrollIntoView({ block: 'end' })")


def panel_hide(book: Notebook, service: Prompter) -> None:
    """Ask in the panel twice, and hide the first turn."""
    panel_with_code(book, service)
    shown = book.output(1).locator(".gemini-panel")
    shown.get_by_role("button", name="Settings").click()
    shown.get_by_role("button", name="Hide").first.click()
    shown.get_by_role("button", name="Show").first.wait_for()
    shown.evaluate("panel => panel.scrollIntoView({ block: 'end' })")


def panel_from_the_file(book: Notebook, service: Prompter) -> None:
    """Ask in the panel, start the kernel again, and run its cell."""
    panel(book, service)
    book.restart()
    book.run(0)
    shown = book.run(1).locator(".gemini-panel")
    shown.get_by_text("From the file", exact=True).wait_for()
    shown.get_by_role("button", name="Attach fig").locator("img").wait_for()
    book.page.wait_for_selector(".gemini-panel .gemini-text mjx-container")


def panel_thinks(book: Notebook, service: Prompter) -> None:
    """Ask in the panel, and wait for the middle of the thinking."""
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


def colours(book: Notebook, service: Prompter) -> None:
    """Show a question that is being written."""
    book.run(0)
    book.cell(1).locator(".cm-content").click()
    book.page.keyboard.press("Control+End")


def colours_off(book: Notebook, service: Prompter) -> None:
    """Show the same question in the colours of Python, as without the extension."""
    book.page.route("**/gemini_magics/static/remoteEntry.js", lambda route: route.abort())
    book.reload()
    book.wait_for_kernel()
    colours(book, service)


def complete(book: Notebook, service: Prompter) -> None:
    """Show what Tab offers in the first line."""
    book.run(0)
    book.cell(1).locator(".cm-content").click()
    book.page.keyboard.type("%%gemini ")
    book.page.keyboard.press("Tab")
    book.page.locator(".jp-Completer").get_by_text("figure 600").first.wait_for()


def ask_about(book: Notebook, service: Prompter) -> None:
    """Show what the menu of a figure offers."""
    book.run(0)
    book.output(0).locator("img").click(button="right", position={"x": 430, "y": 40})
    book.page.get_by_role("menuitem", name="Ask Gemini About This Output").hover()


WRITTEN = """\
%%gemini fig df plots/peak.png --effort low --to trend
What **is** odd about the second peak, for example, and is it there if you look at the first 4 s alone?
Compare it with $`df.describe()` and with this model of ours, $x(t) = A\\,e^{-t/\\tau} \\cos(\\omega t)$:

```python
def model(t, a, tau, omega):
    return a * np.exp(-t / tau) * np.cos(omega * t)
```

1. Name what is *not* in the model.
2. Say how to fit it."""
CELLS = (FIGURE, QUESTION)
PANEL_CELLS = (FIGURE, PANEL)
SCENES = (
    Scene("colours", (FIGURE, WRITTEN), colours),
    Scene("colours_off", (FIGURE, WRITTEN), colours_off),
    Scene("completion", (FIGURE, ""), complete, height=520, whole=True),
    Scene(
        "ask",
        (FIGURE.removesuffix("plt.close()") + "plt.show()",),
        ask_about,
        width=1200,
        height=620,
        whole=True,
    ),
    Scene("quickstart", "01_quickstart", quickstart, width=1080, height=980, whole=True),
    Scene("marked", (POINTING, WHERE), point),
    Scene("thinking", CELLS, think),
    Scene("thinking_dark", CELLS, think, theme="Dark"),
    Scene("writing", CELLS, write),
    Scene("finished", CELLS, finish),
    Scene("finished_dark", CELLS, finish, theme="Dark"),
    Scene("finished_wide", CELLS, finish, width=1600),
    Scene("finished_narrow", CELLS, finish, width=480),
    Scene("finished_notebook_7", CELLS, finish, app="notebook"),
    Scene("finished_saved", CELLS, read_saved),
    Scene("waiting", CELLS, wait),
    Scene("newest", CELLS, scroll_up, height=620, whole=True),
    Scene("unfolded", CELLS, unfold),
    Scene("enlarged", CELLS, enlarge, height=720, whole=True),
    Scene("stopped", CELLS, stop),
    Scene("cut", CELLS, cut),
    Scene("refused", CELLS, refuse),
    Scene("sources", CELLS, cite),
    Scene("replay_refused", REPLAYED, run_all),
    Scene("dry_run", (FIGURE, DRY_RUN), run_all),
    Scene("dry_run_dark", (FIGURE, DRY_RUN), run_all, theme="Dark"),
    Scene("usage_narrow", (*ASKED_TWICE, "%gemini_usage"), run_all, width=480),
    Scene("chat", (*ASKED_TWICE, "%gemini_chat ring-down"), run_all),
    Scene("chat_dark", (*ASKED_TWICE, "%gemini_chat ring-down"), run_all, theme="Dark"),
    Scene("fix", FAILING, fix),
    Scene("hostile", CELLS, attack),
    Scene("panel", PANEL_CELLS, panel),
    Scene("panel_dark", PANEL_CELLS, panel, theme="Dark"),
    Scene("panel_wide", PANEL_CELLS, panel, width=1600, height=900, whole=True),
    Scene("panel_narrow", PANEL_CELLS, panel, width=480, height=900, whole=True),
    Scene("panel_settings", PANEL_CELLS, panel_with_code, height=900, whole=True),
    Scene("panel_settings_dark", PANEL_CELLS, panel_with_code, theme="Dark", height=900, whole=True),
    Scene("panel_failed", PANEL_CELLS, panel_failed, height=900, whole=True),
    Scene("panel_failed_dark", PANEL_CELLS, panel_failed, theme="Dark", height=900, whole=True),
    Scene("panel_editing", PANEL_CELLS, panel_edit, height=900, whole=True),
    Scene("panel_editing_narrow", PANEL_CELLS, panel_edit, width=480, height=900, whole=True),
    Scene("panel_hidden", PANEL_CELLS, panel_hide, height=900, whole=True),
    Scene("panel_hidden_dark", PANEL_CELLS, panel_hide, theme="Dark", height=900, whole=True),
    Scene("panel_from_the_file", PANEL_CELLS, panel_from_the_file, height=1000),
    Scene("panel_notebook_7", PANEL_CELLS, panel, app="notebook"),
    Scene("panel_thinking", PANEL_CELLS, panel_thinks),
)


def main() -> None:
    """Take the named pictures, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--checkout", type=Path, default=REPOSITORY)
    parser.add_argument("--to", type=Path, default=PICTURES)
    options = parser.parse_args()
    options.to.mkdir(exist_ok=True)
    chosen = [scene for scene in SCENES if not options.names or scene.name in options.names]
    with (
        closing(Prompter()) as service,
        sync_playwright() as playwright,
        launch(playwright) as browser,
    ):
        # jupyter_server 2.21 refuses a font to an application if it has served the font to another one before.
        for app in sorted({scene.app for scene in chosen}):
            with (
                TemporaryDirectory() as folder,
                Server(Path(folder), service.environment, checkout=options.checkout.resolve()) as server,
            ):
                shutil.copytree(NOTEBOOKS / "files", server.root / "files")
                session = browser.new_context(device_scale_factor=1.5)
                for scene in [scene for scene in chosen if scene.app == app]:
                    service.forget()
                    try:
                        picture = take(scene, session, server, service)
                    except Error as error:
                        if options.checkout == REPOSITORY:
                            raise
                        sys.stderr.write(
                            f"{scene.name} cannot be played there: {error.message.splitlines()[0]}\n"
                        )
                    else:
                        (options.to / f"{scene.name}.png").write_bytes(picture)


def take(scene: Scene, session: BrowserContext, server: Server, service: Prompter) -> bytes:
    """Play a scene and return its picture."""
    content = with_cells(*scene.cells) if isinstance(scene.cells, tuple) else _tutorial(scene.cells)
    with notebook(session, server, scene.app, content, name=scene.name) as book:
        book.page.set_viewport_size({"width": scene.width, "height": scene.height})
        book.theme(scene.theme)
        scene.play(book, service)
        shown = book.page if scene.whole else book.cell(len(scene.cells) - 1)
        picture = small(shown.screenshot())
    book.path.unlink()  # the next scene may show the files of the folder
    return picture


def _tutorial(name: str) -> nbformat.NotebookNode:
    """Return a tutorial without its outputs."""
    content = nbformat.read(NOTEBOOKS / f"{name}.ipynb", 4)
    for cell in content.cells:
        if cell.cell_type == "code":
            cell.update(outputs=[], execution_count=None)
    return content


def small(png: bytes) -> bytes:
    """Return a picture with 256 colours, at about a third of its size."""
    out = BytesIO()
    Image.open(BytesIO(png)).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(
        out, "PNG", optimize=True
    )
    return out.getvalue()


if __name__ == "__main__":
    main()
