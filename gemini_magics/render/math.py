r"""Decide whether a notebook may typeset a formula.

JupyterLab and Notebook 7 pass the text between $...$, $$...$$, \(...\) or \[...\] in an output to MathJax.
MathJax does more than draw: \href makes links of any scheme, \style and \bbox load pictures, and \def
changes every later formula of the page. MathJax has a filter for texts of strangers, but it checks URLs and
styles only, and not every frontend loads it: https://docs.mathjax.org/en/latest/options/safe.html. So a formula
is typeset only if each of its commands is in the list of those that draw and do nothing else.
"""

from __future__ import annotations

import re

# MathJax stops at 5 kB (maxBuffer): https://docs.mathjax.org/en/latest/options/input/tex.html
LONGEST_CHARS = 4_000
# Braces in braces. Each \xrightarrow{ in another doubles the time of MathJax: 20 of them take 11 s.
DEEPEST = 8

_TOKENS = re.compile(r"\\([A-Za-z]+)|\\.|[{}]", re.DOTALL)

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
    """Tell whether a formula only draws, has paired braces, and is neither too long nor nested too deeply."""
    depth = 0
    chemistry = broken = False
    for token in _TOKENS.finditer(tex):
        if token[1] and token[1] not in _COMMANDS:
            return False
        chemistry |= token[1] in ("ce", "pu")
        broken |= token[0] == r"\\"
        depth += (token[0] == "{") - (token[0] == "}")
        if not 0 <= depth <= DEEPEST:
            return False
    # Inside of \ce{...} mhchem parses by its own rules, and there the second of two backslashes may begin a
    # command that was not checked: https://docs.mathjax.org/en/latest/input/tex/extensions/mhchem.html
    return len(tex) <= LONGEST_CHARS and depth == 0 and not (chemistry and broken)
