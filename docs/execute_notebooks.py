"""Run the notebooks on the demo service and save their outputs for readers and for nbval."""

import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"


def execute(path: Path) -> None:
    """Run one notebook in place, in its own folder, without timestamps in its metadata."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, resources={"metadata": {"path": path.parent}}, record_timing=False).execute()
    notebook.metadata.language_info = {"name": "python"}
    nbformat.write(notebook, path)


if __name__ == "__main__":
    for name in [name for name in os.environ if name.endswith("_API_KEY") or name.startswith("GEMINI_MAGICS_")]:
        del os.environ[name]
    for path in [Path(argument) for argument in sys.argv[1:]] or sorted(NOTEBOOKS.glob("*.ipynb")):
        execute(path)
