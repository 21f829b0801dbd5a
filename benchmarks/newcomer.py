"""A newcomer's walk: a fresh clone, the README's first commands, and each tutorial in JupyterLab.

    python benchmarks/newcomer.py              clone this checkout, install, run every notebook in Chromium
    python benchmarks/newcomer.py 01 12        the same with some notebooks only

It prints the time from the clone to the first answer and fails where a notebook hangs or shows red output that
is not part of its tutorial. It needs the extra `browser`, Chromium, and a package index.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import nbformat
from playwright.sync_api import BrowserContext, sync_playwright

REPOSITORY = Path(__file__).parents[1]
sys.path[:0] = [str(REPOSITORY / "tests" / each) for each in ("browser", "")]
from lab import Notebook, Server, launch  # noqa: E402

PATIENCE_S = 300  # for one notebook
# JupyterLab's command ends at the first error, also at one that a tutorial means, while the cells below still
# run. So an empty request is awaited, too, which the kernel answers last.
RUN_ALL = """patience => {
    const { sessionContext } = jupyterapp.shell.currentWidget;
    const ran = jupyterapp.commands.execute('notebook:run-all-cells')
        .then(() => sessionContext.session.kernel.requestExecute({ code: '', silent: true }).done)
        .then(() => '');
    return Promise.race([ran, new Promise(end => setTimeout(end, 1000 * patience, 'It hangs.'))]);
}"""
OUTPUTS = """() => jupyterapp.shell.currentWidget.context.model.sharedModel.cells
    .map(cell => cell.toJSON())"""


def without_keys() -> dict[str, str]:
    """Return the environment of a person who has set no key and no service."""
    ours = ("GEMINI_", "KIE_", "OPENROUTER_", "PYTHONPATH")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def first_command(readme: str) -> str:
    """Return the first command of the README."""
    found = re.search(r"<!-- quickstart -->\n```\n(.*?)\n```", readme, re.DOTALL)
    if not found:
        raise RuntimeError("the README has no first command")
    return found[1]


def first_answer(folder: Path) -> Path:
    """Clone, run the README's first command, print how long it took, and return the clone."""
    clone = folder / "gemini_magics"
    began = time.monotonic()
    subprocess.run(["git", "clone", "-q", str(REPOSITORY), str(clone)], check=True)
    command = first_command((clone / "README.md").read_text("utf-8"))
    subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=clone, env=without_keys(), check=True)
    took = time.monotonic() - began
    first = clone / "tutorial" / "01_quickstart.ipynb"
    if "stand-in, not Gemini" not in first.read_text("utf-8"):
        raise RuntimeError("the first notebook holds no answer")
    print(f"from the clone to the first notebook with its answers: {took:.0f} s", flush=True)
    return clone


def red(cells: list[dict[str, object]]) -> Iterator[str]:
    """Yield what is red in a notebook and does not belong to its tutorial."""
    for cell in map(nbformat.from_dict, cells):
        if cell.cell_type != "code" or "raises-exception" in cell.metadata.get("tags", []):
            continue
        for output in cell.outputs:
            if output.output_type == "error":
                yield f"{cell.id}: {output.ename}: {output.evalue}"
            elif output.output_type == "stream" and output.name == "stderr":
                yield f"{cell.id}: {output.text.strip()[-300:]}"
        if cell.source.strip() and cell.execution_count is None:
            yield f"{cell.id} was not run"


def walk(session: BrowserContext, server: Server, path: Path) -> list[str]:
    """Open a notebook in JupyterLab, run all of it, and return what is wrong."""
    content = nbformat.read(path, as_version=4)
    for cell in content.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.write(content, path)
    with closing(Notebook(session.new_page(), server, "lab", path)) as book:
        book.open()
        hangs = book.page.evaluate(RUN_ALL, PATIENCE_S)
        own = {cell.id for cell in content.cells}  # beside those that the answers have put in
        cells = [cell for cell in book.page.evaluate(OUTPUTS) if cell["id"] in own]
        found = [hangs, *red(cells), *book.errors]
    return [each for each in found if each]


def main(chosen: list[str]) -> None:
    """Walk, and fail where something was wrong."""
    wrong = 0
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        folder = Path(temporary)
        clone = first_answer(folder)
        quick = {"GEMINI_MAGICS_DEMO_WORDS_PER_S": "1000"}
        python = clone / ".venv" / "bin" / "python"
        with Server(folder / "server", quick, python=python) as server, launch(playwright) as browser:
            # Its kernels load the extension when they start; a newcomer's do not.
            (folder / "server" / "IPYTHONDIR" / "profile_default" / "ipython_config.py").unlink()
            shutil.copytree(clone / "notebooks", server.root, dirs_exist_ok=True)
            session = browser.new_context()
            for path in sorted(server.root.glob("*.ipynb")):
                if chosen and not path.name.startswith(tuple(chosen)):
                    continue
                began = time.monotonic()
                found = walk(session, server, path)
                wrong += len(found)
                print(f"{path.name}: {time.monotonic() - began:.0f} s", *found, sep="\n    ", flush=True)
    if wrong:
        sys.exit(f"{wrong} things are wrong.")


if __name__ == "__main__":
    main(sys.argv[1:])
