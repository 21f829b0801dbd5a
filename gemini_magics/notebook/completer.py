"""Completion and help for questions, given to IPython: in terminals, notebooks and every other frontend."""

from __future__ import annotations

import re
from typing import Any

from IPython.core.error import TryNext
from IPython.core.interactiveshell import InteractiveShell

_FIRST = re.compile(r"\s*%%(?:gemini|gm)(?!\w)")
_OURS = re.compile(r".*(?:%gemini|%gm\s|%config\s+GeminiMagics|\$`)")  # a line that may be completed here
_FENCE = re.compile(r"^[^\S\n]*+(?:```|~~~)", re.MULTILINE)


class Completer:
    """Completes questions and explains the words of their first line, from `register` to `unregister`."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._matcher: Any = None
        self._inspect: Any = None
        self._complete: Any = None

    def register(self) -> None:
        """Begin to complete and to explain."""
        completer: Any = self._shell.Completer
        try:
            # https://ipython.readthedocs.io/en/stable/api/generated/IPython.core.completer.html: since 8.6
            from IPython.core.completer import context_matcher
        except ImportError:
            completer.custom_completers.add_re(_OURS, self._complete_line)
        else:
            # Only a matcher that runs before IPython's own can suppress their completions.
            @context_matcher(priority=100, identifier="gemini_magics")  # type: ignore[untyped-decorator]
            def match(context: Any) -> dict[str, Any]:
                return self._match(context)

            self._matcher = match
            completer.custom_matchers.append(match)
        if (kernel := getattr(self._shell, "kernel", None)) is not None:
            # IPython's help is given the name under the cursor alone, and not its line. And no matcher can say
            # that there is nothing to complete: IPython would offer its magics in the midst of prose.
            self._inspect, self._complete = kernel.do_inspect, kernel.do_complete
            kernel.do_inspect, kernel.do_complete = self._explain, self._complete_unless_prose

    def unregister(self) -> None:
        """Leave both to IPython."""
        completer: Any = self._shell.Completer
        if self._matcher in getattr(completer, "custom_matchers", ()):
            completer.custom_matchers.remove(self._matcher)
        completer.custom_completers.regexs.pop(_OURS, None)
        kernel = getattr(self._shell, "kernel", None)
        for name, own in (("do_inspect", self._explain), ("do_complete", self._complete_unless_prose)):
            if kernel is not None and vars(kernel).get(name) == own:
                delattr(kernel, name)  # its class has one

    def _match(self, context: Any) -> dict[str, Any]:
        """Complete as IPython's matchers do since 8.6."""
        from IPython.core.completer import SimpleCompletion

        lines = context.full_text.split("\n")[: context.cursor_line + 1]
        lines[-1] = lines[-1][: context.cursor_position]
        found = self._suggestions("\n".join(lines))
        if found is None:
            return {"completions": []}
        typed, those = found
        # JupyterLab's list has lines of one height, and breaks this text at its spaces.
        completions = [SimpleCompletion(each.text, type=each.about.replace(" ", "\xa0")) for each in those]
        return {"completions": completions, "matched_fragment": typed, "suppress": True, "ordered": True}

    def _complete_line(self, event: Any) -> list[str]:
        """Complete as older ones do: they know the line alone, and replace the last piece of the word."""
        found = self._suggestions(event.text_until_cursor, inside=True)
        if not (found and found[1]):
            raise TryNext
        typed, those = found
        before = len(typed) - len(event.symbol)
        return [f"{event.symbol[:-before]}{each.text}" if before < 0 else each.text[before:] for each in those]

    def _suggestions(self, before: str, *, inside: bool = False) -> tuple[str, list[Any]] | None:
        """Return what can stand at the end of a text, None where IPython knows better."""
        line = before.rpartition("\n")[2]
        inside = inside or bool(_FIRST.match(before))
        if not (inside or _OURS.match(line)):
            return None
        from .suggestions import suggestions

        found = suggestions(line, self._names(), inside=inside, help_of=self._help_of)
        if found and not found[1] and len(_FENCE.findall(before)) % 2:
            return None  # code in a question
        return found

    def _names(self) -> dict[str, Any]:
        hidden = self._shell.user_ns_hidden
        return {
            name: value
            for name, value in list(self._shell.user_ns.items())
            # A hidden name that the person has set again is theirs. `self` is not a value, as None may be one.
            if name in ("Out", "Err", "_", "__", "___") or hidden.get(name, self) is not value
        }

    def _help_of(self, magic: str) -> str:
        return getattr(self._shell.find_line_magic(magic), "__doc__", None) or ""

    def _complete_unless_prose(self, code: str, cursor_pos: int) -> Any:
        """Answer a request for completions: with none where nothing can be suggested."""
        found = self._suggestions(code[:cursor_pos])
        if found is None or found[1]:
            return self._complete(code, cursor_pos)
        return {
            "status": "ok",
            "matches": [],
            "cursor_start": cursor_pos,
            "cursor_end": cursor_pos,
            "metadata": {},
        }

    def _explain(self, code: str, cursor_pos: int, *rest: Any, **more: Any) -> Any:
        """Answer a request for help: the word of a question's first line, or whatever IPython knows."""
        from .word_help import word_help

        reply = self._inspect(code, cursor_pos, *rest, **more)
        text = word_help(code, cursor_pos, self._shell.user_ns)
        if text and isinstance(reply, dict):
            known = reply.get("data", {}).get("text/plain", "")
            data = {"text/plain": f"{text}\n\n{known}" if known else text}
            reply = {**reply, "status": "ok", "found": True, "data": data}
        return reply
