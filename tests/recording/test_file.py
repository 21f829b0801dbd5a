"""The file of a recording: what it looks like, and what can happen to it."""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
from argparse import Namespace
from base64 import b64encode
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pytest
from kernel import Kernel
from patience import wait_until
from recordings import answer_of, answered, found, opened, picture, question

import gemini_magics
from gemini_magics import BadRequest
from gemini_magics.__main__ import recording as command
from gemini_magics.core.messages import Attachment, Citation, Usage
from gemini_magics.core.storage import open_here, replace_file
from gemini_magics.notebook.notes import show_note
from gemini_magics.recording.file import Recording, recording_at
from gemini_magics.recording.locks import lock
from gemini_magics.recording.record import asked_by, read_line, read_prompt

FIG = picture()


@pytest.fixture
def path(folder):
    return folder / "answers.jsonl"


# The file

TEXTS = [
    "Two\nlines\r\nand\ttabs",
    "\u2028 \u2029 \x85 \x0b \x0c \x1c",
    "NUL \x00 and ESC \x1b[31m",
    "½ of a pair \ud83d, a pair 😀",
    '"quotes" \\ud83d \\n',
    "<<<<<<< ours\n=======\n>>>>>>> theirs",
    "",
]


@pytest.mark.parametrize("text", TEXTS)
def test_any_text_comes_back_from_one_line(text):
    record = replace(
        answered(question(text or " ", FIG, system=text, cell="a")),
        text=text, thinking=text, ended=text or None, usage=Usage(1, 2, 3, 0, 0.49, 1e-5),
        citations=(Citation("https://a.example", text, 0, 3), Citation("https://b.example")),
    )  # fmt: skip
    line = record.as_line()
    assert (line.count(b"\n"), line[-1:]) == (1, b"\n")
    assert read_line(line, 1) == record
    assert read_line(line, 1).asked.key == record.asked.key


def run(file, *, check=False, prune=False):
    """Run `python -m gemini_magics recording`; return its exit status."""
    return command(Namespace(file=file, check=check, prune=prune))


def test_a_line_can_be_read_in_a_diff(path):
    recording = Recording(path)
    record = replace(answered(question(FIG, "Ist „π“ schön?", cell="4f1c")), day="2026-11-22", total_s=1.5)
    recording.add(replace(record, first_text_s=0.25))
    assert path.read_text("utf-8") == (
        '{"recorded": "2026-11-22", "cell": "4f1c", "question": {"prompt": [{"name": "fig", "kind": "figure", '
        '"type": "image/png", "bytes": 6, '
        '"sha256": "6bcab6de9a15b1b8d6dd5d5b9f3d1cda81f6ba4c1c9c23cf3a3f2dcf8bd4d4c2"}, "Ist „π“ schön?"], '
        '"options": {"effort": "high", "thoughts": true, "model": "gemini-3.1-pro"}}, '
        '"answer": {"service": "kie", "model": "gemini-3.1-pro", "thinking": "Hm.", "text": "Nothing.", '
        '"citations": [], "usage": {"credits": 0.49}, "ended": "stop", "first_text_s": 0.25, "total_s": 1.5}}\n'
    ).replace("6bcab6de9a15b1b8d6dd5d5b9f3d1cda81f6ba4c1c9c23cf3a3f2dcf8bd4d4c2", FIG.content.sha256)


def test_what_was_attached_is_not_in_the_file(path):
    data = bytes(range(256)) * 8
    table = Attachment("df", "table", "secret,table\n1,2")
    opened(path, question(picture(pixels=data), table, "What is odd?"))
    written = path.read_bytes()
    assert b64encode(data)[:40] not in written
    assert b"secret,table" not in written
    assert len(written) < 1200


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no such modes")
def test_a_new_recording_is_for_its_owner_alone_and_stays_shared_once_it_is(path):
    opened(path, question())
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o664)
    opened(path, question("B?"))
    assert path.stat().st_mode & 0o777 == 0o664


LINKS = {
    "a link out of the folder": "../outside.txt",
    "a link to a file that is made later": "later.sh",
    "a link to an empty file": "empty.sh",
    "a link in a circle": "answers.jsonl",
}


@pytest.mark.parametrize("name", LINKS)
def test_nothing_is_written_through_a_link_that_came_with_a_repository(path, name):
    Path("empty.sh").touch()
    path.symlink_to(LINKS[name])
    before = sorted(path.parent.parent.rglob("*"))
    with pytest.raises(BadRequest):
        recording_at(path.name)
    with pytest.raises(OSError):
        Recording(path).add(answered(question()))
    assert sorted(path.parent.parent.rglob("*")) == before
    assert Path("empty.sh").read_bytes() == b""


def test_no_folder_of_a_repository_leads_out_of_it(path, tmp_path_factory):
    Path("out").symlink_to(tmp_path_factory.mktemp("home"))
    with pytest.raises(BadRequest, match=r"answers\.jsonl leads out of the folder"):
        recording_at("out/answers.jsonl")


def test_after_chdir_the_notebooks_folder_and_the_current_one_are_left_through_no_link(
    tmp_path, tmp_path_factory, monkeypatch
):
    home = tmp_path_factory.mktemp("home")
    for folder in ("notebooks", "notebooks/sub", "repository"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "out").symlink_to(home)
    (tmp_path / "alias").symlink_to(tmp_path / "notebooks")
    monkeypatch.setattr("gemini_magics.core.folder._begin", tmp_path / "notebooks")
    for folder, path in [
        ("notebooks/sub", "../out/answers.jsonl"),
        ("notebooks/sub", "out/answers.jsonl"),
        ("repository", "out/answers.jsonl"),
        ("repository", f"{tmp_path}/notebooks/out/answers.jsonl"),
        ("repository", f"{tmp_path}/alias/out/answers.jsonl"),
    ]:
        monkeypatch.chdir(tmp_path / folder)
        with pytest.raises(BadRequest, match="leads out of the folder"):
            recording_at(path)
    monkeypatch.chdir(tmp_path / "notebooks/sub")
    assert recording_at("../answers.jsonl").path == tmp_path / "notebooks" / "answers.jsonl"


def test_a_link_that_is_put_in_place_of_the_file_is_not_followed(path):
    recording = recording_at(path)
    path.symlink_to("../outside.txt")
    with pytest.raises(OSError, match="symbolic links"):
        recording.add(answered(question()))
    assert not Path("../outside.txt").exists()


def test_a_file_that_is_replaced_while_it_is_opened_is_no_link(path):
    """One that another process prunes, for example."""
    Recording(path).add(answered(question()))
    ended = threading.Event()

    def replace_it():
        while not ended.is_set():
            replace_file(path, b"")

    thread = threading.Thread(target=replace_it)
    thread.start()
    try:
        for _ in range(1000):
            os.close(open_here(str(path), os.O_RDWR))
    finally:
        ended.set()
        thread.join()


def test_an_answer_goes_into_a_new_file_if_the_old_one_is_deleted_while_it_waits(path, monkeypatch):
    recording = opened(path, question("A?"))

    def wait_for(file):
        if path.stat().st_size:  # the old one
            path.unlink()
        lock(file)

    monkeypatch.setattr("gemini_magics.recording.file.lock", wait_for)
    recording.add(answered(question("B?")))
    assert [record.asked.text for record in Recording(path).load().records] == ["B?"]


def test_a_file_of_another_folder_that_a_person_names_is_written(path, tmp_path_factory):
    other = tmp_path_factory.mktemp("shared") / "answers.jsonl"
    recording_at(other).add(answered(question()))
    assert Recording(other).load().records


def test_an_answer_that_could_not_be_read_again_is_not_written(path):
    deep: dict = {}
    for _ in range(200):
        deep = {"a": deep}
    for extra in ({"a": float("nan")}, deep):
        with pytest.raises(BadRequest, match="cannot be recorded"):
            Recording(path).add(answered(question(extra=extra)))
    assert not path.exists()


def test_of_two_answers_to_a_question_the_later_one_counts_and_the_first_can_be_pruned(path):
    recording = opened(path, question("A?"), question("B?"))
    recording.add(answered(question("A?"), "Otherwise."))
    assert found(Recording(path), question("A?")).text == "Otherwise."
    path.chmod(0o640)
    assert recording.prune() == 1
    texts = [record.text for record in Recording(path).load().records]
    assert texts == [answer_of(question("B?")), "Otherwise."]
    assert path.stat().st_mode & 0o777 == 0o640
    assert recording.prune() == 0
    assert list(path.parent.iterdir()) == [path]


def test_pruning_keeps_what_a_later_version_may_have_written_and_a_link_a_link(path):
    opened(path, question("A?"))
    line = path.read_bytes().replace(b'{"recorded"', b'{"recorded"', 1)[:-2] + b', "mood": "good"}\n'
    path.write_bytes(line)
    link = path.with_name("link.jsonl")
    link.symlink_to(path)
    assert recording_at(link).prune() == 0
    assert path.read_bytes() == line
    assert link.is_symlink()


def test_what_another_program_wrote_is_seen_at_the_next_question(path):
    recording = opened(path, question("A?"))
    assert found(recording, question("B?")) is None
    opened(path, question("B?"))
    assert found(recording, question("B?"))
    path.unlink()
    assert found(recording, question("B?")) is None


def git(*words):
    done = subprocess.run(
        ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *words], capture_output=True, text=True
    )
    return done.returncode


@pytest.mark.parametrize("union", [True, False])
def test_two_branches_that_recorded_can_be_merged(path, union):
    if union:
        Path(".gitattributes").write_text("*.jsonl merge=union\n")
    opened(path, question("A?"))
    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-qm", "A")
    git("switch", "-qc", "side")
    opened(path, question("B?"))
    git("commit", "-qam", "B")
    git("switch", "-q", "main")
    opened(path, question("C?"))
    git("commit", "-qam", "C")
    assert git("merge", "-q", "side") == (0 if union else 1)
    if not union:
        with pytest.raises(BadRequest, match="marks of a merge in line 2, 4, 6: delete those lines"):
            Recording(path).load()
        kept = [line for line in path.read_text().splitlines(keepends=True) if line.startswith("{")]
        path.write_text("".join(kept))
    assert {record.asked.text for record in Recording(path).load().records} == {"A?", "B?", "C?"}


GOOD = replace(answered(question()), day="2026-11-22", total_s=1.5).as_line()
NO_RECORDS = {
    b"not JSON": "no JSON: Expecting value at character 1",
    b"[1]": "the line should be an object",
    b"{}": "the line has no question",
    b"[" * 100_000: "nested too deeply",
    b'{"recorded": "\xff"}': "no UTF-8",
}
SPOILED = [
    (b'"2026-11-22"', b'"<b>2026</b>"', "recorded should be a day"),
    (b'"2026-11-22"', b"20261122", "the line has no recorded"),
    (b'"text": "Nothing."', b'"text": ["Nothing."]', "answer has no text"),
    (b'["What is odd?"]', b"[3]", "a part of the prompt should be an object"),
    (b'["What is odd?"]', b'[{"name": "fig", "kind": "figure"}]', "a part of the prompt has no sha256"),
    (b'"credits": 0.49', b'"credits": -1', "credits should be a number"),
    (b'"credits": 0.49', b'"credits": true', "usage has no credits"),
    (b'"total_s": ', b'"total_s": -', "total_s should be a number"),
    (b'"total_s": 1.5', b'"total_s": ' + b"9" * 5000, "a number of 5000 digits"),
    (b'"total_s": 1.5', b'"total_s": ' + b"9" * 401, "a number of 401 digits"),
    (b'"total_s": 1.5', b'"total_s": 1e400', "1e400, which is too large"),
    (b'"total_s": 1.5', b'"total_s": 1e300', "total_s should be a number from 0"),
    (b'"total_s": 1.5', b'"total_s": Infinity', "Infinity, which is not a number"),
    (b'"options": {', b'"options": {"a": NaN, ', "NaN, which is not a number"),
    (b'"options": {', b'"options": {"a": ' + b"[" * 986 + b"]" * 986 + b", ", "nested too deeply"),
    (b'"prompt": ', b'"earlier": [{"a": 1}], "prompt": ', "earlier should be a list of texts"),
    (b'"citations": []', b'"citations": ["x"]', "a citation should be an object"),
]
WRONG = [*NO_RECORDS.items(), *((GOOD.strip().replace(old, new), problem) for old, new, problem in SPOILED)]


@pytest.mark.parametrize(("line", "problem"), WRONG, ids=[problem for _, problem in WRONG])
def test_a_line_that_is_no_record_is_named(path, line, problem):
    path.write_bytes(GOOD + line + b"\n")
    with pytest.raises(BadRequest) as raised:
        Recording(path).load()
    assert str(raised.value).startswith("answers.jsonl, line 2 is not a record: ")
    assert problem in str(raised.value)
    assert "\n" not in str(raised.value)


USUAL = json.loads(replace(answered(question(FIG, "What?")), first_text_s=1.2, total_s=3.4).as_line())
VALUES = [None, True, -1, 7, 1.5, 2**53 + 1, "", "2026-02-30", [], [1], ["x"], [{}], {}, {"x": 1}]


def changed(value):
    """Yield all that comes of JSON by another value in one place, by a place less and by one more."""
    if isinstance(value, dict):
        yield {**value, "more": 1}
        for name, inner in value.items():
            yield {other: each for other, each in value.items() if other != name}
            yield from ({**value, name: other} for other in changed(inner))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from ([*value[:place], other, *value[place + 1 :]] for other in changed(inner))
    yield from VALUES


def prompt_or_problem(read, line):
    try:
        return read(line)
    except ValueError as error:
        return str(error)


def test_a_file_is_opened_with_the_checks_that_an_answer_is_read_with():
    lines = [json.dumps(whole).encode() for whole in [USUAL, *changed(USUAL)]]
    opened = [prompt_or_problem(read_prompt, line) for line in lines]
    assert opened == [prompt_or_problem(lambda line: read_line(line, 1).asked.prompt, line) for line in lines]
    assert opened[0] == asked_by(question(FIG, "What?")).prompt
    assert len({*opened}) > 20


EDITED = [b"", b"\n\n", b"\xef\xbb\xbf" + GOOD, GOOD.replace(b"\n", b"\r\n"), GOOD[:-1]]


@pytest.mark.parametrize("data", EDITED, ids=["empty", "blank", "byte order mark", "CRLF", "no last newline"])
def test_what_editors_do_to_a_file_is_no_harm(path, data):
    path.write_bytes(data)
    recording = Recording(path)
    assert len(recording.load().records) == (1 if data.strip() else 0)
    recording.add(answered(question("B?")))
    assert [record.asked.text for record in Recording(path).load().records][-1] == "B?"
    assert len(Recording(path).load().records) == (2 if data.strip() else 1)


def test_a_file_that_is_no_recording_is_refused_and_left_as_it_is(path):
    for data in (b"the only copy of my notes", b'{"cells": []}\n', b'{"name": "x"'):
        path.write_bytes(data)
        with pytest.raises(BadRequest):
            Recording(path).load()
        if not data.endswith(b"\n"):
            with pytest.raises(BadRequest):
                Recording(path).add(answered(question()))
            assert path.read_bytes() == data


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        (".", "is not a file"),
        ("no/such/folder.jsonl", "no folder"),
        ("a\0b", "is not a path"),
        (True, "is not a path"),
    ],
)
def test_a_path_that_cannot_hold_a_recording_is_refused(path, name, problem):
    with pytest.raises(BadRequest, match=problem):
        recording_at(name).load()


def test_a_pipe_is_not_waited_for(path):
    os.mkfifo(path)
    with pytest.raises(BadRequest, match="is not a file"):
        Recording(path).load()


def test_a_path_may_begin_in_the_home_folder(path, monkeypatch):
    monkeypatch.setenv("HOME", str(path.parent))
    assert recording_at("~/answers.jsonl") is recording_at("answers.jsonl") is recording_at(path)


# What can happen while it is written


def test_a_line_that_was_cut_off_is_said_once_and_mended_by_the_next_answer(path):
    opened(path, question("A?"), question("B?"))
    whole = path.read_bytes()
    path.write_bytes(whole[:-200])
    recording = Recording(path)
    with pytest.warns(UserWarning, match=r"answers\.jsonl breaks off in line 2.*one answer is lost"):
        assert found(recording, question("A?"))
    assert found(recording, question("B?")) is None
    recording.add(answered(question("B?")))
    assert len(path.read_bytes().splitlines()) == 2
    assert [record.asked.text for record in Recording(path).load().records] == ["A?", "B?"]


@pytest.mark.slow
@pytest.mark.parametrize("magic", ["gemini_record", "gemini_replay"])
def test_in_a_notebook_it_is_a_quiet_line_whatever_is_done_with_warnings(path, magic):
    path.write_bytes(GOOD + GOOD[:-50])
    with Kernel(setup=["import warnings\nwarnings.filterwarnings('ignore')"]) as kernel:
        shown = kernel.run(f"%{magic} answers.jsonl")
        said, what_is_done = [output["data"]["text/plain"] for output in shown.outputs]
        assert said.startswith("answers.jsonl breaks off in line 2: its writer was stopped there.")
        assert what_is_done.startswith("Re")
        assert "breaks off" not in kernel.run(f"%{magic} answers.jsonl").text
        kernel.run("%unload_ext gemini_magics\nwarnings.resetwarnings()\nfrom pathlib import Path")
        code = "from gemini_magics.recording.file import Recording\nRecording(Path('answers.jsonl')).load()"
        assert "UserWarning: answers.jsonl breaks off in line 2" in kernel.run(code).stream


def test_no_place_where_a_line_may_be_cut_off_costs_another_answer(path):
    first, last = answered(question("Ä?"), "😀").as_line(), answered(question("Ö?"), "😀").as_line()
    for cut in range(1, len(last) - 1):
        path.write_bytes(first + last[:cut])
        recording = Recording(path)
        with pytest.warns(UserWarning, match="line 2"):
            assert recording.load().current.keys() == {asked_by(question("Ä?")).key}
        recording.add(answered(question("Ö?"), "😀"))
        assert len(Recording(path).load().current) == 2


def write(path, name, times, length=10):
    """Another process that records."""
    recording = Recording(Path(path))
    for n in range(times):
        recording.add(answered(question(f"{name} {n}"), "x" * length))


def until_full(path):
    size = Path(path).stat().st_size + 300
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    try:
        write(path, "C", 1)
    except OSError:
        sys.exit(3)


def until_killed(path):
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it; now the next byte beyond kills
    until_full(path)


@pytest.fixture
def processes():
    return get_context("spawn")


def test_a_full_disk_costs_the_new_answer_only(path, processes):
    opened(path, question("A?"))
    before = path.read_bytes()
    child = processes.Process(target=until_full, args=(path,))
    child.start()
    child.join()
    assert child.exitcode == 3
    assert path.read_bytes() == before


def test_a_process_that_is_killed_while_it_writes_costs_the_new_answer_only(path, processes):
    opened(path, question("A?"))
    before = path.read_bytes()
    child = processes.Process(target=until_killed, args=(path,))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGXFSZ
    assert path.read_bytes().startswith(before)
    assert len(path.read_bytes()) == len(before) + 300
    with pytest.warns(UserWarning, match="line 2"):
        assert len(Recording(path).load().records) == 1


@pytest.mark.slow
def test_sigkill_at_any_moment_costs_the_new_answer_only(path, processes):
    """A long answer takes long enough to write that the kill comes in between."""
    opened(path, question("A?"))
    before = path.stat().st_size
    child = processes.Process(target=write, args=(path, "C", 1, 150_000_000))
    child.start()
    while path.stat().st_size == before and child.is_alive():
        pass
    child.kill()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    assert before < path.stat().st_size < 150_000_000
    recording = Recording(path)
    with pytest.warns(UserWarning, match="line 2"):
        assert len(recording.load().records) == 1
    recording.add(answered(question("B?")))
    assert len(Recording(path).load().records) == 2


@pytest.mark.slow
def test_several_processes_can_record_while_another_prunes(path, processes):
    children = [processes.Process(target=write, args=(path, name, 40, 20_000)) for name in "ABC"]
    for child in children:
        child.start()
    wait_until(path.exists)
    recording = Recording(path)
    while any(child.is_alive() for child in children):
        recording.prune()
        recording.load()  # warns, and so fails, if a line that is just being written counts as cut off
    assert [child.exitcode for child in children] == [0, 0, 0]
    prompts = {record.asked.text for record in recording.load().records}
    assert prompts == {f"{name} {n}" for name in "ABC" for n in range(40)}


def test_a_file_that_another_process_makes_just_now_is_read(path, monkeypatch):
    look = Path.stat

    def look_and_find_it_later(self, **how):
        try:
            return look(self, **how)
        except FileNotFoundError:
            path.touch()
            raise

    monkeypatch.setattr(Path, "stat", look_and_find_it_later)
    assert len(Recording(path).load()) == 0
    assert path.is_file()


# What the command says of it


def told(capsys, *options):
    status = run("answers.jsonl", **dict.fromkeys(options, True))
    return status, capsys.readouterr().out.splitlines()


def test_a_recording_is_listed_checked_and_pruned_by_a_command(path, capsys):
    opened(
        path, question(FIG, "What is\nodd? \x1b[31m"), question("B?"), question(FIG, "What is\nodd? \x1b[31m")
    )
    status, lines = told(capsys)
    assert (status, len(lines)) == (0, 6)
    assert "attached" in lines[0]
    assert "kie gemini-3.1-pro  fig       What is odd? ␛[31m  replaced by line 3" in lines[1]
    assert not any("replaced" in line for line in lines[2:])
    assert lines[-1].startswith("2 answers, ")
    assert told(capsys, "check") == (0, ["answers.jsonl: no problems"])
    assert told(capsys, "prune") == (0, ["answers.jsonl: 1 replaced answer removed, 2 left"])
    assert told(capsys, "prune") == (0, ["answers.jsonl: 0 replaced answers removed, 2 left"])


def test_a_name_of_a_megabyte_makes_no_row_of_a_megabyte(path, capsys):
    opened(path, question(replace(FIG, name="fig" * 300_000), "A?"), *(question(f"B{n}?") for n in range(5)))
    status, lines = told(capsys)
    assert (status, len(lines)) == (0, 9)
    assert max(map(len, lines)) < 300
    assert "figfig" in lines[1]


def test_the_command_names_every_line_that_is_wrong(path, capsys):
    path.write_bytes(b"<<<<<<< main\n" + GOOD + b"=======\nnotes\n" + GOOD[:-50])
    assert told(capsys, "check") == (
        1,
        [
            "answers.jsonl, line 1: mark of a merge",
            "answers.jsonl, line 3: mark of a merge",
            "answers.jsonl, line 4: no JSON: Expecting value at character 1",
            "answers.jsonl, line 5: incomplete, its writer was stopped in the middle of it",
        ],
    )
    status, lines = told(capsys)
    assert status == 1
    assert "line 4: no JSON: Expecting value at character 1" in lines
    with pytest.raises(BadRequest, match="marks of a merge"):
        run("answers.jsonl", prune=True)


def test_pruning_says_that_it_took_out_a_line_that_broke_off(path, capsys):
    path.write_bytes(GOOD + GOOD + GOOD[:-50])
    assert told(capsys, "prune") == (
        0,
        [
            "answers.jsonl, line 3: removed; its writer was stopped in the middle of it",
            "answers.jsonl: 1 replaced answer removed, 1 left",
        ],
    )
    assert path.read_bytes() == GOOD
    assert told(capsys, "prune") == (0, ["answers.jsonl: 0 replaced answers removed, 1 left"])


NAME = "a\x1b]0;title\x07\u202elnosj.jsonl"
SHOWN = "a␛]0;title␇⟨U+202E⟩lnosj.jsonl"


def test_a_terminal_obeys_nothing_in_the_name_of_a_recording(folder, capsys):
    path = folder / NAME
    path.write_text("{}\n", "utf-8")
    assert run(NAME, check=True) == 1
    path.write_text("")
    assert run(NAME, prune=True) == 0
    assert capsys.readouterr().out.count(SHOWN) == 2
    assert recording_at(path).label == SHOWN


def test_a_terminal_obeys_nothing_in_a_note(shell, capsys):
    show_note(f"{NAME} breaks off.")
    assert capsys.readouterr().out == f"{SHOWN} breaks off.\n"


def test_the_command_makes_no_recording(path):
    for options in ({}, {"check": True}, {"prune": True}):
        with pytest.raises(BadRequest, match=r"The recording answers\.jsonl does not exist"):
            run("answers.jsonl", **options)
    assert not path.exists()


@pytest.mark.parametrize(
    ("data", "status", "says"),
    [
        (GOOD, 0, "answers.jsonl: no problems"),
        (GOOD + b"notes\n", 1, "answers.jsonl, line 2: no JSON"),
        (None, 1, "The recording answers.jsonl does not exist"),
    ],
    ids=["good", "wrong", "missing"],
)
def test_the_command_can_stand_in_a_script(path, monkeypatch, data, status, says):
    if data:
        path.write_bytes(data)
    monkeypatch.setenv("PYTHONPATH", str(Path(gemini_magics.__file__).parents[1]), prepend=os.pathsep)
    words = [sys.executable, "-m", "gemini_magics", "recording", path.name, "--check"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == status
    assert says in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
