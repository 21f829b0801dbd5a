"""%load_ext gemini_magics and %unload_ext: registration in the shell, and its removal."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics

from ..core.folder import use_folder
from ..core.notices import use_notices
from ..core.views import use_progress
from .magics.fix import FixMagics
from .magics.help import with_help
from .magics.question import GeminiMagics
from .magics.session import (
    ChatMagics,
    ForgetMagics,
    InfoMagics,
    JobMagics,
    PanelMagics,
    RecordingMagics,
    UsageMagics,
)
from .notes import show_note
from .transformer import as_typed

if TYPE_CHECKING:
    from ..chat.progress import BatchView

OTHER_MAGICS = (
    ChatMagics, InfoMagics, UsageMagics, RecordingMagics, PanelMagics, JobMagics, ForgetMagics,
)  # fmt: skip
ALL_MAGICS = (GeminiMagics, FixMagics, *OTHER_MAGICS)


def load(shell: InteractiveShell) -> None:
    """Register the magics whose names are free, and use the defaults of the session."""
    # https://ipython.readthedocs.io/en/stable/config/extensions/index.html: a reload calls unload and load.
    unload(shell)
    gemini = GeminiMagics(shell)
    fix = FixMagics(shell, gemini.anchors)
    for magics in (gemini, fix, *(each(shell) for each in OTHER_MAGICS)):
        _skip_taken_names(shell, magics)
        for registered in magics.magics.values():
            registered |= {name: with_help(magic) for name, magic in registered.items()}
        shell.register_magics(magics)
    gemini.anchors.register()
    fix.failures.register()
    # Before IPython's own cleanup, which edits prompts:
    # https://ipython.readthedocs.io/en/stable/config/inputtransforms.html
    shell.input_transformers_cleanup.insert(0, as_typed)
    gemini.completer.register()
    gemini.runs.register()
    gemini.apply()
    # The first folder of IPython's history is the one that the kernel began in, whatever os.chdir did.
    use_folder(Path(str(shell.user_ns.get("_dh", ["."])[0])))
    use_notices(show_note)
    use_progress(lambda: _progress_view(shell))
    gemini.warm_up.begin()


def _progress_view(shell: InteractiveShell) -> BatchView:
    from .views.progress import progress_view_for  # it loads what shows an answer

    return progress_view_for(shell)


def _skip_taken_names(shell: InteractiveShell, magics: Magics) -> None:
    """Leave names to the extension that owns them, with a warning."""
    for kind, registered in magics.magics.items():
        for name in list(registered):
            owner = shell.magics_manager.magics[kind].get(name)
            if owner is not None:
                del registered[name]
                instead = ", and answers to %%gm" if name == "gemini" else ""
                warnings.warn(
                    f"{'%%' if kind == 'cell' else '%'}{name} belongs to {owner.__module__}; "
                    f"gemini_magics leaves it there{instead}.",
                    stacklevel=4,
                )


def unload(shell: InteractiveShell) -> None:
    """Undo `load`; answers, variables and the settings of the session stay."""
    ours = [each for each in shell.configurables if isinstance(each, ALL_MAGICS)]
    for magics in ours:
        for kind, registered in magics.magics.items():
            # IPython has no public way to unregister a magic.
            table = shell.magics_manager.magics[kind]
            for name in [name for name, magic in registered.items() if table.get(name) == magic]:
                del table[name]
    for each in ALL_MAGICS:
        shell.magics_manager.registry.pop(each.__name__, None)
    for magics in ours:
        # What stands in this list is configured by %config: `register_magics` puts it there.
        shell.configurables.remove(magics)
        if isinstance(magics, GeminiMagics):
            magics.anchors.unregister()
            magics.completer.unregister()
            magics.runs.unregister()
            magics.warm_up.end()
            magics.keep_choices(shell)
            magics.withdraw()
        if isinstance(magics, FixMagics):
            magics.failures.unregister()
    if as_typed in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.remove(as_typed)
    use_folder()
    use_notices()
    use_progress()
