"""Leave .gitignore out of the sdist, which hatchling puts into each."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WithoutGitignore(BuildHookInterface):
    """Takes .gitignore off the list of files that every sdist gets."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Change what is about to be built."""
        build_data["force_include"].pop(str(Path(self.root, ".gitignore")), None)
