r"""Formulas in Markdown: where one stands, and whether a notebook may typeset it.

JupyterLab and Notebook 7 hand what stands between $...$, $$...$$, \(...\) or \[...\] in an output to
MathJax, which does more than draw: \href makes links of any scheme, \style and \bbox load pictures, \def
changes every later formula of the page. So a formula is left to it only if each command in it is known
to draw and do nothing else.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline

LONGEST_CHARS = 4_000  # MathJax itself stops at 5 kB
DEEPEST = 8  # braces in braces: MathJax takes twice as long for each \xrightarrow{ in another, 11 s for 20

_CLOSERS = {"$$": "$$", r"\[": r"\]", r"\(": r"\)"}
_DOLLARS = re.compile(
    r"\$\$(?P<display>(?:\\.|\$(?!\$)|[^$\\])++)\$\$"
    # A dollar opens a formula before a character that is no space, and closes one after such a
    # character, but not beside a letter or digit: "$5 and $6" and "US$5" are money.
    r"|(?<![\w$])\$(?=[^\s$])(?P<inline>(?:\\.|[^$\\])++)(?<!\s)\$(?![\w$])",
    re.DOTALL,
)
_PUNCTUATION = " \t.,;:"  # may follow a formula on its last line
_STEPS = re.compile(r"\\([A-Za-z]+)|\\.|[{}]", re.DOTALL)

_DRAWING = (
    # letters
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau "
    "upsilon phi chi psi omega varepsilon vartheta varkappa varpi varrho varsigma varphi digamma Gamma Delta "
    "Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega varGamma varDelta varTheta varLambda varXi varPi "
    "varSigma varUpsilon varPhi varPsi varOmega aleph beth gimel daleth hbar hslash imath jmath ell wp Re Im "
    "partial nabla infty prime backprime emptyset varnothing complement mho eth Finv Game Bbbk "
    # fonts, sizes, colours
    "mathrm mathbf mathit mathbb mathcal mathfrak mathscr mathsf mathtt mathnormal boldsymbol bm pmb rm bf "
    "it sf tt cal text textrm textbf textit textsf texttt textnormal textup mbox hbox displaystyle textstyle "
    "scriptstyle scriptscriptstyle tiny small normalsize large Large LARGE huge Huge color textcolor "
    # structure
    "frac dfrac tfrac cfrac genfrac binom dbinom tbinom over choose atop sqrt root of overline underline "
    "overbrace underbrace overbracket underbracket overset underset stackrel substack sideset limits "
    "nolimits left right middle big Big bigg Bigg bigl Bigl biggl Biggl bigr Bigr biggr Biggr bigm Bigm "
    "biggm Biggm begin end hline cr newline tag notag nonumber boxed fbox cancel bcancel xcancel cancelto "
    "phantom hphantom vphantom smash mathstrut strut mathop mathbin mathrel mathord mathopen mathclose "
    "mathpunct mathinner operatorname intertext quad qquad enspace thinspace negthinspace hspace space not "
    "prescript "
    # accents
    "hat widehat tilde widetilde bar vec dot ddot dddot ddddot acute grave breve check mathring "
    "overrightarrow overleftarrow overleftrightarrow underrightarrow underleftarrow "
    # functions
    "arccos arcsin arctan arg cos cosh cot coth csc deg det dim exp gcd hom inf injlim ker lg lim liminf "
    "limsup ln log max min Pr projlim sec sin sinh sup tan tanh bmod pmod mod pod "
    # large operators
    "sum prod coprod int iint iiint iiiint idotsint oint smallint bigcap bigcup bigsqcup bigvee bigwedge "
    "bigodot bigoplus bigotimes biguplus surd "
    # operators
    "pm mp times div cdot ast star circ bullet oplus ominus otimes oslash odot dagger ddagger amalg cap cup "
    "sqcap sqcup uplus vee wedge lor land lnot neg setminus smallsetminus wr diamond bigcirc triangleleft "
    "triangleright bigtriangleup bigtriangledown ltimes rtimes boxplus boxminus boxtimes boxdot Cap Cup "
    "barwedge curlyvee curlywedge dotplus intercal centerdot divideontimes "
    # relations
    "le leq leqslant leqq ge geq geqslant geqq lt gt ll gg lll ggg ne neq equiv sim simeq approx approxeq "
    "cong asymp propto varpropto doteq doteqdot coloneqq eqqcolon triangleq prec succ preceq succeq "
    "preccurlyeq succcurlyeq precsim succsim lesssim gtrsim lessapprox gtrapprox lessgtr gtrless subset "
    "supset subseteq supseteq subseteqq supseteqq subsetneq supsetneq sqsubset sqsupset sqsubseteq "
    "sqsupseteq in ni notin owns mid nmid parallel nparallel perp vdash dashv models vDash Vdash nvdash "
    "nvDash bowtie smile frown therefore because between pitchfork nless ngtr nleq ngeq nsim ncong nprec "
    "nsucc nsubseteq nsupseteq lneq gneq lesseqgtr gtreqless eqsim bumpeq vartriangleleft vartriangleright "
    "trianglelefteq trianglerighteq backsim thickapprox thicksim iff implies impliedby "
    # arrows
    "to gets rightarrow leftarrow leftrightarrow Rightarrow Leftarrow Leftrightarrow longrightarrow "
    "longleftarrow longleftrightarrow Longrightarrow Longleftarrow Longleftrightarrow mapsto longmapsto "
    "hookrightarrow hookleftarrow uparrow downarrow updownarrow Uparrow Downarrow Updownarrow nearrow "
    "searrow swarrow nwarrow rightharpoonup rightharpoondown leftharpoonup leftharpoondown rightleftharpoons "
    "leftrightharpoons leadsto rightsquigarrow twoheadrightarrow twoheadleftarrow rightarrowtail "
    "leftarrowtail curvearrowright curvearrowleft circlearrowright circlearrowleft rightrightarrows "
    "leftleftarrows rightleftarrows leftrightarrows upuparrows downdownarrows nrightarrow nleftarrow "
    "nRightarrow nLeftarrow nLeftrightarrow xrightarrow xleftarrow xleftrightarrow xRightarrow xLeftarrow "
    "xmapsto multimap restriction dashrightarrow dashleftarrow upharpoonright downharpoonright "
    # delimiters, dots, symbols
    "lbrace rbrace lbrack rbrack langle rangle lvert rvert lVert rVert vert Vert lfloor rfloor lceil rceil "
    "lgroup rgroup lmoustache rmoustache ulcorner urcorner llcorner lrcorner backslash dots ldots cdots "
    "vdots ddots dotsc dotsb dotsm dotsi dotso ldotp cdotp colon forall exists nexists top bot angle "
    "measuredangle sphericalangle triangle square Box blacksquare lozenge blacklozenge Diamond bigstar "
    "blacktriangle flat natural sharp clubsuit diamondsuit heartsuit spadesuit checkmark circledR maltese "
    "degree yen S P ce pu bra ket braket Bra Ket Braket mathrlap mathllap mathclap TeX LaTeX "
)
_COMMANDS = frozenset(_DRAWING.split())


def drawable(tex: str) -> bool:
    """Tell whether a formula only draws, has its braces in pairs, and is neither very long nor very deep."""
    depth = 0
    chemistry = broken = False
    for step in _STEPS.finditer(tex):
        if step[1] and step[1] not in _COMMANDS:
            return False
        chemistry |= step[1] in ("ce", "pu")
        broken |= step[0] == r"\\"
        depth += (step[0] == "{") - (step[0] == "}")
        if not 0 <= depth <= DEEPEST:
            return False
    # Chemistry is read by other rules, in which the second of two backslashes may begin a command.
    return len(tex) <= LONGEST_CHARS and depth == 0 and not (chemistry and broken)


def use_math(md: MarkdownIt) -> None:
    """Teach a parser formulas: tokens `math_inline` and `math_block`, the delimiters in `markup`."""
    before = ["paragraph", "reference", "blockquote", "list"]
    md.block.ruler.before("fence", "math_block", _block, {"alt": before})
    md.inline.ruler.before("escape", "math_inline", _inline)


def _inline(state: StateInline, silent: bool) -> bool:
    opener = state.src[state.pos : state.pos + 2]
    if opener[0] == "$":
        found = _DOLLARS.match(state.src, state.pos, state.posMax)
        if not found:
            return False
        content, end, display = found[found.lastgroup or 0], found.end(), found.lastgroup == "display"
    elif opener in _CLOSERS:
        close = state.src.find(_CLOSERS[opener], state.pos + 2, state.posMax)
        if close < 0:
            return False
        content, end, display = state.src[state.pos + 2 : close], close + 2, opener == r"\["
    else:
        return False
    if not silent:
        token = state.push("math_inline", "", 0)
        token.content = content.strip()
        token.markup = "$$" if display else "$"
    state.pos = end
    return True


def _block(state: StateBlock, first: int, end: int, silent: bool) -> bool:
    """Read a formula that begins a line, up to the line that ends with its closing delimiter.

    A blank line ends it too, and what was not closed by then is a paragraph. So what a line belongs to
    never depends on a line after the block, and a growing text can be read block by block.
    """
    start = state.bMarks[first] + state.tShift[first]
    opener = state.src[start : start + 2]
    if state.is_code_block(first) or opener not in ("$$", r"\["):
        return False
    closer = _CLOSERS[opener]
    inside, closed, after = state.src[start + 2 : state.eMarks[first]].partition(closer)
    if closed and (after.strip(_PUNCTUATION) or not inside.strip()):
        return False  # a formula within a line of text
    if silent:
        return True

    def goes_on(line: int) -> bool:
        return line < end and not state.isEmpty(line) and state.sCount[line] >= state.blkIndent

    content, last = [inside], first + 1
    while not closed and goes_on(last):
        start = state.bMarks[last] + state.tShift[last]
        inside, closed, after = state.src[start : state.eMarks[last]].partition(closer)
        content.append(inside)
        last += 1
    if closed and not after.strip(_PUNCTUATION):
        token = state.push("math_block", "", 0)
        token.content = "\n".join(content).strip()
        token.markup = "$$"
        token.info = after.strip()
    else:
        while goes_on(last):
            last += 1
        token = state.push("paragraph_open", "p", 1)
        text = state.push("inline", "", 0)
        text.content = state.getLines(first, last, state.blkIndent, False).strip()
        text.map, text.children = [first, last], []
        state.push("paragraph_close", "p", -1)
    token.map = [first, last]
    state.line = last
    return True
