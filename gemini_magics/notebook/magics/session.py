"""The magics of a session: conversations, recordings, what is kept, costs, facts, jobs, the panel."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from IPython.core.magic import Magics, line_magic, magics_class, no_var_expand
from IPython.display import display

from ...core.errors import BadRequest
from ...core.settings import resolve
from ...core.text import count, did_you_mean, listed
from ..options import CELL_ONLY, read_cell_line
from ..tracebacks import one_line_errors

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ...chat.jobs import BackgroundJob
    from ...recording.file import Recording


@magics_class
class ChatMagics(Magics):
    """Conversations in cells."""

    shell: InteractiveShell  # narrower than IPython's type: the extension always passes a shell

    @no_var_expand
    @line_magic
    def gemini_chat(self, line: str) -> None:
        """Show the conversations, show one whole, or change one.

        %gemini_chat                               all of them, as a table
        %gemini_chat NAME                          one, from its first question to its last answer
        %gemini_chat show NAME                     the same
        %gemini_chat reset NAME                    remove all of its turns
        %gemini_chat delete NAME                   remove the conversation itself
        %gemini_chat rename NAME NEW
        %gemini_chat branch NAME NEW               copy it, to go on in two directions
        %gemini_chat export NAME FILE.md           write it for readers
        %gemini_chat export NAME FILE.json         write it for an import, with its pictures
        %gemini_chat import FILE.json [NAME]

        A turn is stale when an earlier cell ran again and got another answer. Stale turns are still sent,
        unless a question has the option --drop-stale.
        """
        with one_line_errors():
            from .chat import run_command

            run_command(line, self.shell)


@magics_class
class RecordingMagics(Magics):
    """Answers that a file keeps."""

    shell: InteractiveShell  # narrower than IPython's type: the extension always passes a shell

    @line_magic
    def gemini_record(self, line: str) -> None:
        """Record each complete answer in a file, and answer recorded questions from the file.

        %gemini_record answers.jsonl      begin or continue a recording
        %gemini_record                    show the recording in use
        %gemini_record off                end recording and replaying

        A recorded question is free, needs no key and has the same answer after each restart, marked
        "recorded" with its day. Two questions are the same if their text, their attachments and the options
        that change the answer are the same. --fresh in a question asks again and replaces its answer.

        While an answer arrives, a private file beside the recording keeps it, .answers.jsonl.*.partial. The
        file is deleted when the answer has ended. If the kernel dies before, %gemini_last shows the part.
        """
        with one_line_errors():
            name = _file_name("%gemini_record", line)
            if name.lower() == "off":
                self._set_recording(None)
            elif name:
                recording = _recording(name)
                recording.load()
                self._set_recording(recording)
            self._show_state()

    @line_magic
    def gemini_replay(self, line: str) -> None:
        """Answer from a recording without changing it.

        %gemini_replay answers.jsonl            ask a new question, but do not record its answer
        %gemini_replay answers.jsonl --strict   never ask: a new question is an error
        %gemini_replay off                      end recording and replaying
        """
        with one_line_errors():
            strict = "--strict" in line.split()
            name = _file_name("%gemini_replay", line, "--strict")
            # With --strict it can only be the name of a file.
            if name.lower() == "off" and not strict:
                self._set_recording(None)
                self._show_state()
                return
            if not name:
                raise BadRequest("Name the recording: %gemini_replay answers.jsonl [--strict].")
            recording = _recording(name)
            if not recording.path.exists():
                raise BadRequest(f"The recording {name} does not exist: %gemini_record {name} begins it.")
            recording.load()
            self._set_recording(recording, record_new=False, strict=strict)
            self._show_state()

    def _set_recording(
        self, recording: Recording | None, *, record_new: bool = True, strict: bool = False
    ) -> None:
        session = self.shell.magics_manager.registry["GeminiMagics"]
        session.recording = (
            str(recording.path) if recording else ""
        )  # None would select GEMINI_MAGICS_RECORDING
        session.record_new, session.strict = record_new, strict

    def _show_state(self) -> None:
        from ...recording.journal import partial_answers

        settings = resolve({})
        label = _recording(settings.recording).label if settings.recording else ""
        match label, settings.strict, settings.record_new:
            case "", _, _:
                state = "No recording is in use."
            case _, True, _:
                state = f"Replaying {label}; new questions are errors."
            case _, _, True:
                state = f"Recording in {label}."
            case _:
                state = f"Replaying {label}; new questions are asked and not recorded."
        lines = [state, *_about_partial_answers(len(partial_answers(settings)))]
        display({"text/plain": "\n".join(lines)}, raw=True)


def _about_partial_answers(number: int) -> list[str]:
    if not number:
        return []
    answers = "1 partial answer is" if number == 1 else f"{number} partial answers are"
    return [f"{answers} left of a kernel that died: %gemini_last shows it, %gemini_forget deletes it."]


def _recording(name: str) -> Recording:
    from ...recording.file import recording_at

    return recording_at(name)


def _file_name(magic: str, line: str, *flags: str) -> str:
    """Return the path in the line of a magic, without the flags and without quotes."""
    for flag in re.findall(r"(?<!\S)--?\w\S*", line):
        if flag not in flags:
            hint = did_you_mean(flag, flags) if flags else "It takes a file alone."
            raise BadRequest(f"{magic} has no option {flag}. {hint}")
    name = re.sub(r"(?<!\S)--?\w\S*", "", line).strip()
    return name[1:-1] if name[:1] in "'\"" and name[:1] == name[-1:] else name


@magics_class
class ForgetMagics(Magics):
    """The magic for everything that is kept outside of the notebook."""

    @no_var_expand
    @line_magic
    def gemini_forget(self, line: str) -> None:
        """List what is kept outside of the notebook, or delete it.

        %gemini_forget               list it, and delete nothing
        %gemini_forget NAME ...      delete these of the list
        %gemini_forget all           delete all of the list

        On the list are the partial answers of kernels that died, the files of batches in the notebook's folder,
        and the keys in the system's keyring. Recordings and exported chats are files of your own, and never on
        the list.
        """
        with one_line_errors():
            from .forget import forget

            display(forget(line))


@magics_class
class UsageMagics(Magics):
    """The costs of questions."""

    @no_var_expand
    @line_magic
    def gemini_usage(self, line: str) -> None:
        """Show the costs of this session by cell, conversation and service.

        The services count the tokens and credits. Answers from a recording are free. To see dollars, set
        the price of a credit: %config GeminiMagics.dollars_per_credit = 0.005
        """
        with one_line_errors():
            if line.strip():
                raise BadRequest("Write %gemini_usage alone: it shows the whole session.")
            from ...chat.usage import usage_table

            display(usage_table(resolve({})))

    @no_var_expand
    @line_magic
    def gemini_credits(self, line: str) -> None:
        """Ask the service how many credits are left: %gemini_credits [SERVICE]."""
        with one_line_errors():
            words = line.split()
            if len(words) > 1:
                raise BadRequest("Write %gemini_credits, or %gemini_credits kie to choose another service.")
            settings = resolve({"service": words[0]} if words else {})
            # A class that replays must be able to count on it that no request leaves the machine.
            if settings.strict:
                raise BadRequest(
                    "A strict replay asks no service, not even for the balance: end it with %gemini_record off."
                )
            from ...chat.run import service_of
            from ...service.auto import decided
            from ...service.delivery import credits_left

            service = service_of(decided(settings))
            left = credits_left(service, settings)
            rate = settings.dollars_per_credit
            dollars = "" if rate is None else f", about ${left * rate:,.2f} at the rate that you set"
            display({"text/plain": f"{service.name}: {count(left)} credits left{dollars}"}, raw=True)


@magics_class
class InfoMagics(Magics):
    """The magic for a bug report."""

    @no_var_expand
    @line_magic
    def gemini_info(self, line: str) -> None:
        """Show versions, services, where keys are, proxies and the frontend, for a bug report.

        It shows no key, no password and no header.
        """
        with one_line_errors():
            if line.strip():
                raise BadRequest("Write %gemini_info alone: it shows everything.")
            from ..info import report

            display({"text/plain": report()}, raw=True)


@magics_class
class JobMagics(Magics):
    """Questions that are answered while other cells run."""

    @line_magic
    def gemini_jobs(self, line: str) -> None:
        """List the questions of --background, or stop some of them.

        %gemini_jobs              all of this session
        %gemini_jobs cancel 3     stop one, and keep what has come of its answer
        %gemini_jobs cancel all
        """
        with one_line_errors():
            from ...chat.jobs import job_numbered, jobs, jobs_table

            match line.split():
                case []:
                    if not jobs():
                        raise BadRequest("There are no jobs yet: ask with %%gemini --background.")
                    display(jobs_table())
                case ["cancel", "all"]:
                    _cancel([job for job in jobs() if not job.done])
                case ["cancel", number] if number.isdecimal():
                    _cancel([job_numbered(int(number))])
                case _:
                    raise BadRequest("Write %gemini_jobs, %gemini_jobs cancel 3 or %gemini_jobs cancel all.")


def _cancel(chosen: Sequence[BackgroundJob]) -> None:
    running = [job for job in chosen if not job.done]
    for job in running:
        job.cancel()
    stopped = listed([str(job.number) for job in running], "and") if running else "no job: none is running"
    if chosen and not running:
        stopped = f"no job: {chosen[0].number} is {chosen[0].state} already"
    display({"text/plain": f"Stopped {stopped}."}, raw=True)


@magics_class
class PanelMagics(Magics):
    """The panel in a cell."""

    @no_var_expand
    @line_magic
    def gemini_panel(self, line: str) -> None:
        """Open the panel: ask, attach and read with a mouse, in a conversation that cells can join.

        %gemini_panel [CONVERSATION] [OPTION ...]

        The options are the settings among the options of %%gemini; they apply to this panel only.
        """
        with one_line_errors():
            parsed = read_cell_line(line)
            parsed.refuse(CELL_ONLY, "%gemini_panel")
            from ...content.words import bare_word

            words = [bare_word(each) for each in parsed.words]
            if len(words) > 1:
                raise BadRequest(
                    "Write %gemini_panel [CONVERSATION] [OPTION ...], such as %gemini_panel main --effort low."
                )
            settings = dict(parsed.settings)
            chat = settings.pop("chat", None)
            from ..panel.panel import panel  # loads the widgets

            display(panel(*(words or [chat or "main"]), **settings))
