"""The contents of a recording that grows: each line is read once, whoever wrote it."""

import os
import subprocess
import sys
from io import FileIO

import pytest
from recordings import answer_of, answered, found, opened, picture, question

from gemini_magics.recording import contents
from gemini_magics.recording.file import Recording
from gemini_magics.recording.record import asked_by


@pytest.fixture
def path(folder):
    return folder / "answers.jsonl"


@pytest.fixture
def lines_read(monkeypatch):
    """The lines that were read, in order."""
    read, original = [], contents.read_prompt

    def counted(line):
        read.append(line)
        return original(line)

    monkeypatch.setattr(contents, "read_prompt", counted)
    return read


def asked(recording):
    return [record.asked.text for record in recording.load().records]


def test_a_loop_that_records_reads_each_answer_once(path, lines_read):
    recording = Recording(path)
    for number in range(30):
        assert found(recording, question(f"{number}?")) is None
        recording.add(answered(question(f"{number}?")))
    assert found(recording, question("29?"))
    assert lines_read == path.read_bytes().splitlines(keepends=True)


def test_an_answer_that_another_kernel_added_is_the_only_line_that_is_read(path, lines_read):
    recording = opened(path, question("A?"), question("B?"))
    recording.load()
    lines_read.clear()
    Recording(path).add(answered(question("C?")))
    lines_read.clear()
    assert found(recording, question("C?"))
    assert len(lines_read) == 1


def put_first(path, line):
    path.write_bytes(line + path.read_bytes())


def put_in_place(path, line):
    new = path.with_name("new.jsonl")
    new.write_bytes(line + path.read_bytes())
    new.replace(path)


def put_last_instead(path, line):
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0] + line)


@pytest.mark.parametrize("change", [put_first, put_in_place, put_last_instead])
def test_a_file_that_was_changed_is_read_again(path, change):
    recording = opened(path, question("A?"), question("B?"))
    assert found(recording, question("A?"))
    line = answered(question("What is new?"), "Much. " * 200).as_line()
    change(path, line)
    assert found(recording, question("What is new?")).text == "Much. " * 200
    assert found(recording, question("A?")).text == answer_of(question("A?"))
    assert (found(recording, question("B?")) is None) == (change is put_last_instead)


def test_an_answer_that_was_edited_in_place_is_the_one_that_is_returned(path):
    recording = opened(path, question("A?"))
    recording.load()
    status = path.stat()
    path.write_bytes(path.read_bytes().replace(b"To ", b"In "))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert found(recording, question("A?")).text.startswith("In ")


def test_a_line_that_was_continued_is_read_whole(path):
    opened(path, question("A?"))
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    recording = Recording(path)
    assert asked(recording) == ["A?"]
    path.write_bytes(whole + answered(question("B?")).as_line()[:-1])
    assert asked(recording) == ["A?", "B?"]
    recording.add(answered(question("C?")))
    assert asked(recording) == asked(Recording(path)) == ["A?", "B?", "C?"]


def test_a_line_that_is_being_written_while_it_is_read_is_read_again(path):
    opened(path, question("A?"))
    half, whole = path.read_bytes()[:100], path.read_bytes()
    path.write_bytes(half)

    class Grows(FileIO):
        def readinto(self, buffer):
            count = super().readinto(buffer)
            if not count:  # the reader is at the end, and the writer goes on
                path.write_bytes(whole)
            return count

    known = contents.Contents(path)
    with Grows(path) as file:
        known.grow(file)
        assert (known.problems, known.cut) == ({}, 1)
        known.grow(file)
    assert (known.problems, known.cut, len(known)) == ({}, 0, 1)


TAILS = {"NUL bytes": b"\0" * 4096, "half a line and NUL bytes": b'{"recorded": "2026' + b"\0" * 100}


@pytest.mark.parametrize("tail", TAILS)
def test_what_a_power_loss_leaves_is_said_once_and_mended_by_the_next_answer(path, tail):
    opened(path, question("A?"))
    path.write_bytes(path.read_bytes() + TAILS[tail])
    recording = Recording(path)
    with pytest.warns(UserWarning, match=r"answers\.jsonl breaks off in line 2"):
        assert found(recording, question("A?"))
    recording.add(answered(question("B?")))
    assert asked(recording) == asked(Recording(path)) == ["A?", "B?"]
    assert b"\0" not in path.read_bytes()


def test_an_answer_that_lost_its_newline_to_nul_bytes_is_kept(path):
    opened(path, question("A?"))
    path.write_bytes(path.read_bytes()[:-1] + b"\0" * 512)
    recording = Recording(path)
    assert found(recording, question("A?"))
    recording.add(answered(question("B?")))
    assert asked(recording) == asked(Recording(path)) == ["A?", "B?"]
    assert b"\0" not in path.read_bytes()


def test_of_questions_with_the_same_words_each_has_its_own_answer(path):
    figures = [question(picture(pixels=b"%d" % number), "Odd?") for number in range(3)]
    efforts = [question("How?", effort=effort) for effort in ("low", "high")]
    recording = opened(path, *figures, *efforts)
    for each in [*figures, *efforts]:
        assert recording.exact(asked_by(each)).text == answer_of(each)
    recording.add(answered(efforts[0], "Otherwise."))
    assert found(recording, efforts[0]).text == found(Recording(path), efforts[0]).text == "Otherwise."


MEASURE = """
import sys, tracemalloc
from pathlib import Path
from gemini_magics.recording.file import Recording
tracemalloc.start()
print(len(Recording(Path(sys.argv[1])).load()), tracemalloc.get_traced_memory()[1])
"""


def test_a_recording_is_not_held_in_memory(path):
    line = answered(question("A?"), "Word. " * 2000).as_line()
    path.write_bytes(line * 1000)
    done = subprocess.run([sys.executable, "-c", MEASURE, path], capture_output=True, text=True, check=True)
    count, peak_bytes = map(int, done.stdout.split())
    assert count == 1000
    assert peak_bytes < path.stat().st_size / 2
