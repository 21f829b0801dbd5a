"""Thoughts among the words of an answer, however they come."""

import pytest

from gemini_magics.service.thoughts import Tags


class Pieces(str):
    """A piece of text that counts the characters which are read to find its first word."""

    read = 0

    def __new__(cls, text):
        return super().__new__(cls, text)

    def lstrip(self, *characters):
        Pieces.read += len(self)
        return Pieces(super().lstrip(*characters))

    def __radd__(self, before):
        Pieces.read += len(before) + len(self)
        return Pieces(str(before) + str(self))


@pytest.mark.thorough
@pytest.mark.parametrize("blank", ["\u00a0", " ", "\n", "\u2003"])
@pytest.mark.parametrize("flagged", [False, True])
def test_blanks_before_a_tag_come_back_whole_and_are_read_once(blank, flagged):
    read = []
    for n in (75_000, 300_000):
        Pieces.read = 0
        tags = Tags()
        parted = [tags.split(Pieces(blank), flagged=flagged) for _ in range(n)]
        parted += [tags.split("<think>Hm.</think>So."), tags.close()]
        thoughts, text = ("".join(each) for each in zip(*parted, strict=True))
        assert (thoughts.strip(), text.strip()) == ("Hm.", "So.")
        read.append(Pieces.read)
    assert read[1] <= 4 * read[0]


def test_an_answer_of_blanks_alone_is_text():
    tags = Tags()
    parted = [tags.split("\u00a0") for _ in range(1000)]
    assert all(each == ("", "") for each in parted)
    assert tags.close() == ("", "\u00a0" * 1000)


@pytest.mark.parametrize("cut", range(1, 20))
def test_a_tag_after_blanks_may_be_split_anywhere(cut):
    whole = " \u00a0\n<thought>Hm.</thought>So."
    tags = Tags()
    parted = [tags.split(whole[:cut]), tags.split(whole[cut:]), tags.close()]
    assert tuple("".join(each) for each in zip(*parted, strict=True)) == ("Hm.", "So.")
