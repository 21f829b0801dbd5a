r"""Formulas in TeX, as models write them: $x$, $$x$$, \(x\), \[x\] and \begin{align}.

The rules read line by line. A formula of several lines may hold blank lines, so a text that still grows may
end before it is clear whether a formula has begun: the rules then put the number of its first line into
`env["undecided"]`.
"""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

MOST_INLINE_CHARS = 5_000  # of a formula within a line
MOST_BLOCK_CHARS = 5_000  # of a formula of several lines
SHORTEST_WORD_CHARS = 4  # shorter text between two $$ may be a formula without any sign of TeX

_CLOSERS = {"$$": "$$", r"\[": r"\]", r"\(": r"\)"}
_TRAILING = " \t.,;:"  # may follow a formula on its last line

# The environments of https://docs.mathjax.org/en/latest/input/tex/macros/ that stand alone in a text.
_ENVIRONMENT = re.compile(
    r"\\begin\{(?P<name>(?P<display>(?:equation|align|gather|multline|alignat|flalign|eqnarray)\*?"
    r"|(?:aligned|alignedat|gathered|split))|[bBpvV]?matrix|smallmatrix|[dr]?cases|array)\}"
)

_DISPLAY = re.compile(r"\$\$((?:\\.|\$(?!\$)|[^$\\])++)\$\$", re.DOTALL)
# Pandoc's rule (https://pandoc.org/MANUAL.html#math): a dollar opens a formula before a character that is no
# space, and closes one after such a character. A brace after it is a shell's: ${HOME}:${PATH}.
_DOLLARS = re.compile(r"\$(?=[^\s$])((?:\\.|[^$\\])++)(?<!\s)\$(?![${])", re.DOTALL)
_COMMAND = re.compile(r"\\[A-Za-z]")
_SCRIPT = re.compile(r"(?<![A-Za-z]{2})[\^_](?=[\w{\\+*-])")  # no my_name
_SHORT = re.compile(
    r"[A-Za-z]'*|\d{1,3}|[A-Za-z]?\([^()\s]{1,40}\)|(?:[A-Za-z]|\d+)(?:[-+*/=<>](?:[A-Za-z]|\d+))+"
)
_MONEY = re.compile(r"\d[\d.,]*[kKMB%]?\s+[^\W\d_]{2,},?\s+[^\W\d_]{2,}")  # 5 apples and
_ASCII_WORD = re.compile(r"[A-Za-z0-9]")

_OTHER_BLOCK = re.compile(r"\s*(?:#{1,6}\s|[-*+]\s|\d{1,9}[.)]\s|>|`{3}|~{3}|\|)")
_SENTENCE = re.compile(
    r"(?<![^\W_])(?:[^\W\d_]{2,}+[,;:]?\s++){3}[^\W\d_]{2}|[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7ff]{4}"
)
_WORDS_IN_FORMULA = re.compile(r"\\[A-Za-z]+\{[^{}]*\}")
_TEX = re.compile(r"[\\^_=+<>{}]")


def use_formulas(md: MarkdownIt) -> None:
    """Add formulas to a parser: tokens `math_inline` and `math_block`, with $ or $$ as `markup`."""
    before = ["paragraph", "reference", "blockquote", "list"]
    md.block.ruler.before("fence", "math_block", _display_formula, {"alt": before})
    md.block.ruler.before("lheading", "math_after_words", _formula_after_words, {"alt": ["paragraph"]})
    md.inline.ruler.before("escape", "math_inline", _inline_formula)


def _inline_formula(state: StateInline, silent: bool) -> bool:
    """Parse a formula inside of a line of text."""
    found = _in_dollars(state) if state.src[state.pos] == "$" else _between_commands(state)
    if not found:
        return False
    content, end, display = found
    if not silent:
        token = state.push("math_inline", "", 0)
        token.content = content.strip()
        token.markup = "$$" if display else "$"
    state.pos = end
    return True


def _in_dollars(state: StateInline) -> tuple[str, int, bool] | None:
    """Return the content and the end of a formula in dollars, and whether it is a display."""
    if found := _DISPLAY.match(state.src, state.pos, state.posMax):
        return found[1], found.end(), True
    found = _DOLLARS.match(state.src, state.pos, state.posMax)
    before = state.src[state.pos - 1 : state.pos]
    if not found or before == "$" or not _may_be_formula(found[1], before, state.src[found.end() :][:1]):
        return None
    content = found[1]
    if content.startswith("`") and content.endswith("`"):
        # https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/writing-mathematical-expressions
        content = content.strip("`")
    return content, found.end(), False


def _may_be_formula(content: str, before: str, after: str) -> bool:
    """Tell whether the text between two dollars is a formula and not money, code or a link.

    Args:
        before: the character before the first dollar, "" at the beginning of the text.
        after: the character after the second one.
    """
    if content.count("`") % 2 or "](" in content or _MONEY.match(content):
        return False
    if after.isdigit():
        return bool(_COMMAND.search(content))
    # Beside a Latin letter or a digit it must look like TeX: 5$\mu$m, the $n$th, but US$5 and US$6.
    touches = [bool(_ASCII_WORD.match(each)) for each in (before, after)]
    if not any(touches) or _COMMAND.search(content) or _SCRIPT.search(content):
        return True
    return not all(touches) and bool(_SHORT.fullmatch(content))


def _between_commands(state: StateInline) -> tuple[str, int, bool] | None:
    r"""Return the content and the end of a formula in \(...\), \[...\] or a bare environment, as above."""
    most = min(state.posMax, state.pos + MOST_INLINE_CHARS)  # else many openers without a closer cost n²
    opener = state.src[state.pos : state.pos + 2]
    if closer := _CLOSERS.get(opener):
        close = state.src.find(closer, state.pos + 2, most)
        return None if close < 0 else (state.src[state.pos + 2 : close], close + 2, opener == r"\[")
    environment = _ENVIRONMENT.match(state.src, state.pos, most)
    if not environment:
        return None
    closer = rf"\end{{{environment['name']}}}"
    end = state.src.find(closer, environment.end(), most) + len(closer)
    whole = state.src[state.pos : end]
    return (whole, end, bool(environment["display"])) if end > environment.end() else None


def _display_formula(state: StateBlock, first: int, end: int, silent: bool) -> bool:
    """Parse a formula that begins a line, up to the line that ends with its closing delimiter.

    A formula that is not closed becomes a paragraph, which a blank line ends.
    """
    start = state.bMarks[first] + state.tShift[first]
    opener = state.src[start : start + 2]
    # AMS environments need no dollars (https://docs.mathjax.org/en/latest/input/tex/delimiters.html).
    environment = _ENVIRONMENT.match(state.src, start, state.eMarks[first])
    if state.is_code_block(first) or not (environment or opener in ("$$", r"\[")):
        return False
    closer = rf"\end{{{environment['name']}}}" if environment else _CLOSERS[opener]
    begin = start if environment else start + 2
    inside, closed, after = state.src[begin : state.eMarks[first]].partition(closer)
    if closed and (after.strip(_TRAILING) or not inside.strip()):
        return False  # a formula within a line of text
    if silent:
        return True
    found = _lines_of_formula(state, first, begin, environment[0] if environment else opener, closer, end)
    if found and not found[1].strip(_TRAILING):
        content, after, last = found
        token = state.push("math_block", "", 0)
        token.content = "\n".join(content).strip() + (f"\n{closer}" if environment else "")
        token.markup = "$$"
        token.info = after.strip()
        token.map = [first, last]
        state.line = last
        return True
    last = found[2] if found else first + 1
    while last < end and not state.isEmpty(last) and state.sCount[last] >= state.blkIndent:
        last += 1
    _push_paragraph(state, first, last)
    return True


def _formula_after_words(state: StateBlock, first: int, end: int, silent: bool) -> bool:
    """Parse a paragraph whose first line ends with the beginning of a formula of several lines."""
    start = state.bMarks[first] + state.tShift[first]
    line = state.src[start : state.eMarks[first]]
    place = max(line.rfind("$$"), line.rfind(r"\["))
    opener, rest = line[place : place + 2], line[place + 2 :]
    is_open = place > 0 and not (line.count("$$", 0, place) % 2 if opener == "$$" else r"\]" in rest)
    if not is_open or line.count("`", 0, place) % 2 or state.sCount[first] < state.blkIndent:
        return False
    formula = _lines_of_formula(state, first, start + place + 2, opener, _CLOSERS[opener], end)
    if formula and not silent:
        _push_paragraph(state, first, formula[2])
    return bool(formula)


def _lines_of_formula(
    state: StateBlock, first: int, begin: int, opener: str, closer: str, end: int
) -> tuple[list[str], str, int] | None:
    """Return the lines of a formula that are not blank, the text after it, and the line after its last one.

    Returns:
        None if it is not closed, or if it holds a blank line and besides a sentence or another block.
    """
    content: list[str] = []
    line, left_chars, has_blank, has_words = first, MOST_BLOCK_CHARS, False, False
    while True:
        inside, closed, after = state.src[begin : state.eMarks[line]].partition(closer)
        left_chars -= len(inside) + 1
        if left_chars <= 0:
            return None
        has_words |= bool(_OTHER_BLOCK.match(inside) or _SENTENCE.search(_WORDS_IN_FORMULA.sub("", inside)))
        if has_blank and (has_words or (not closed and inside.startswith(opener))):
            return None
        content += [inside] if inside.strip() else []
        line += 1
        if closed:
            whole = "".join(content)
            is_formula = not has_blank or _TEX.search(whole) or len(whole) < SHORTEST_WORD_CHARS
            return (content, after, line) if is_formula else None
        while line < end and left_chars > 0 and state.isEmpty(line):
            line, left_chars, has_blank = line + 1, left_chars - 1, True
        if line >= len(state.bMarks) - 1:  # the text ends here, and may go on later
            state.env.setdefault("undecided", first)
        if line >= end or state.sCount[line] < state.blkIndent:
            return None
        begin = state.bMarks[line] + state.tShift[line]


def _push_paragraph(state: StateBlock, first: int, last: int) -> None:
    """Push lines as one paragraph, without those that are blank."""
    text = state.getLines(first, last, state.blkIndent, False)
    state.push("paragraph_open", "p", 1).map = [first, last]
    token = state.push("inline", "", 0)
    token.content = "\n".join(line for line in text.split("\n") if line.strip()).strip()
    token.map, token.children = [first, last], []
    state.push("paragraph_close", "p", -1)
    state.line = last
