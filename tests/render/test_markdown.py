from __future__ import annotations

import random
import re
from html import escape as escaped
from html import unescape
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt

from gemini_magics.render import markdown, math
from gemini_magics.render.highlight import highlight
from gemini_magics.render.html import anchor, escape
from gemini_magics.render.markdown import Blocks, parser, render

LINES = [
    "# H", "## H **b**", "para one", "para *em* `c` two", "- a", "  - b", "    - c", "* x", "+ y", "1. one",
    "2. two", "10) ten", "   cont", "    code", "> q", "> - q", "lazy", "```python", "```", "````", "~~~",
    "~~~ x", "| a | b |", "|---|--:|", "|-|", "a|b", "-|-", "| 1 | 2 |", "---", "===", "***", "$$", "$$x$$",
    "$$ a", "a $$", r"\[", r"\]", r"\[ x \]", "$$ x $$ y", "text $x$", "", "", " ", "<div>",
    "![i](http://e.x/p)", "[l](http://a.b)", "\tTab", "שלום", "- [ ] t", "-", "1.", "```a`b", "$$.", "  $$",
    "> $$", "- $$", "  x $$", "    $$", ">", "- ```", "  ```", "word  ", "x\\", "&amp;", "<http://a.b/c>",
    "``` ", "   ```", "    ```", "```markdown", "~~~ md", "| $|x|$ | `a|b` |", r"\begin{align}", r"a &= b \\", r"\end{align}", "- ```md", "# a|b", "```x|y", "- a|b", "[x]", "[x]: y",
    "so: $$", r"so: \[", "- so: $$", "> so $$", "= $y$ $$", "- [x] done", "> [!NOTE]", "https://a.b/c_d*", "| : |", "a|b|", ":|:",
    "```math", "[1][2]", r"\begin{cases} a", r"\end{cases}", "and four words here",
]  # fmt: skip
ENDS = ["\n", "\n", "\n", "\n\n", "", " ", "\r\n"]


def a_text(dice):
    return "".join(dice.choice(LINES) + dice.choice(ENDS) for _ in range(dice.choice([3, 8, 25])))


BOLD = {
    "**注意：**请看": "<strong>注意：</strong>请看", "这是**“重点”**内容": "这是<strong>“重点”</strong>内容",
    "**重要（必读）**です": "<strong>重要（必读）</strong>です", "*强调*文字": "<em>强调</em>文字",
    "他说**“好”**。": "他说<strong>“好”</strong>。", "__注意：__请看": "<strong>注意：</strong>请看", "变量my_name_名": "变量my_name_名",
    "**a.**b": "**a.**b", "2 ** 3 ** 4": "2 ** 3 ** 4", "**一**和**二：**三": "<strong>一</strong>和<strong>二：</strong>三",
}  # fmt: skip


@pytest.mark.parametrize("text", BOLD)
def test_stars_beside_chinese_and_japanese_punctuation_are_bold(text):
    assert render(text) == f"<p>{BOLD[text]}</p>\n"


BESIDE_LETTERS = {
    "设$x$为变量": ["x"], "若$n>0$则$f(x)$成立": ["n>0", "f(x)"], "변수 $x$는": ["x"], "ה$x$הוא": ["x"], "от$a$до": ["a"],
    "the $n$th term": ["n"], "$(n+1)$st, $2^n$th, $k-1$st": ["(n+1)", "2^n", "k-1"], "$k$NN in $O(n)$time": ["k", "O(n)"],
    "5$\\mu$m wide": [r"\mu"], "20$^\\circ$C": [r"^\circ"], "H$_2$O": ["_2"], "10$^{-3}$mol": ["^{-3}"], "$10^5$Pa": ["10^5"],
    "a 3$\\times$3 matrix": [r"\times"], "2$D$": ["D"], "$a_1$,$b_1$": ["a_1", "b_1"], "_$x$_": ["x"], "$`x`$": ["x"],
    "US$5 and US$6, or $7 and $8": [], "$HOME/$USER": [], "5$ or 6$ each": [], "$1,000$2": [], "US$5, or $x$": ["x"],
}  # fmt: skip


@pytest.mark.parametrize("text", BESIDE_LETTERS)
def test_a_formula_may_touch_letters_where_it_cannot_be_money(text):
    shown = re.findall(r'<span class="gemini-math">\$(.*?)\$</span>', unescape(render(text)))
    assert shown == BESIDE_LETTERS[text]


@pytest.mark.parametrize("name", ["align", "equation*", "gather"])
def test_an_environment_without_dollars_is_a_formula(name):
    body = rf"\begin{{{name}}}" + "\na &= b \\\\\nc &= d\n" + rf"\end{{{name}}}"
    html = render(f"So:\n\n{body}\n\nand on.")
    assert f"$${escaped(body, quote=False)}$$" in html
    assert "<p>and on.</p>" in html
    assert "gemini-math" not in render(r"\begin{align} never ended")


def test_a_bar_in_a_formula_or_in_code_is_no_end_of_a_cell():
    rows = (
        "| sign | means |\n|---|---|\n| $|x|$ | absolute |\n| `a|b` | either |\n| \\(P(A|B)\\) | given |\n"
        "| $\\{x | x>0\\}$ | set |\n| $$|y|$$ | shown |\n| ``a|`b`` | ticks |\n"
    )
    for text in (rows, "> " + rows.replace("\n", "\n> ")):
        html = render(text)
        assert re.findall("<td>([a-z]+)</td>", html) == ["absolute", "either", "given", "set", "shown", "ticks"]
        assert "$|x|$" in html
        assert "<code>a|b</code>" in html


def test_a_row_with_as_many_cells_as_its_head_is_split_as_github_does():
    html = render("| a | b | c |\n|---|---|---|\n| `x | y` | z |\n")
    assert html.count("<td>") == 3


@pytest.mark.parametrize("row", ["| : | : |", "|:|:|", "| : | :-: |", ": | -"])
def test_a_table_may_have_lone_colons_below_its_head(row):
    assert render(f"| a | b |\n{row}\n| 1 | 2 |\n").count("<td") == 2
    assert "<table" not in render("Term\n: words\n\nTerm\n:\n")


def links_of(html):
    return re.findall('<a href="(.*?)".*?>(.*?)</a>', html)


ADDRESSES = {
    "see https://a.example/b_c_d?x=1&y=2.": "https://a.example/b_c_d?x=1&y=2",
    "(https://en.example/A_(b)), so": "https://en.example/A_(b)",
    "**http://a.example/**": "http://a.example/",
    "*https://a.example*: on": "https://a.example",
    "看https://a.example/路径。后面": "https://a.example/路径",
    "https://a.example:8080/#x!": "https://a.example:8080/#x",
    "| a |\n|-|\n| https://a.example/x |": "https://a.example/x",
    "1. https://a.example/_x_/*.js, on": "https://a.example/_x_/*.js",
}


@pytest.mark.parametrize("typed", ADDRESSES)
def test_an_address_without_brackets_is_a_link_without_the_punctuation_around_it(typed):
    [(href, words)] = links_of(render(typed))
    assert unescape(words) == ADDRESSES[typed]
    assert unquote(unescape(href)) == ADDRESSES[typed]


@pytest.mark.parametrize(
    "typed",
    [
        "xhttps://a.example", "ftp://a.example", "javascript://a.example", "https://", "https:// a", "`https://a.example`",
        "https://user:word@a.example/", "https://user@a.example", "https\\://a.example",
    ],
)  # fmt: skip
def test_other_words_with_a_colon_are_no_links(typed):
    assert "<a " not in render(typed)


def test_an_address_in_the_words_of_a_link_belongs_to_that_link():
    [(href, words)] = links_of(render("[see https://a.example](https://b.example)"))
    assert (href, words) == ("https://b.example", "see https://a.example")


def test_numbers_in_brackets_lead_each_to_its_own_source():
    text = "As shown [1][2], and [3]; [4][2].\n\n" + "\n".join(f"[{n}]: https://{n}.example" for n in (1, 2, 3))
    assert links_of(render(text)) == [(f"https://{n}.example", f"[{n}]") for n in (1, 2, 3, 2)]
    assert "[4]" in render(text)
    assert "[1][2]" in render("As shown [1][2].")


def test_a_footnote_is_a_raised_mark_and_a_line_of_its_own():
    html = render("So[^1], and[^b]; [^0-9].\n\n[^1]: One *note*\nin two lines.\n[^b]: https://a.example\n")
    first, one, two = html.strip().split("</p>\n")
    assert first == '<p>So<sup class="gemini-cite">1</sup>, and<sup class="gemini-cite">b</sup>; [^0-9].'
    assert one == '<p><sup class="gemini-cite">1</sup> One <em>note</em>\nin two lines.'
    assert two.startswith('<p><sup class="gemini-cite">b</sup> <a href="https://a.example"')


def test_a_footnote_that_came_before_its_mark_is_known_while_the_text_grows():
    text = "[^1]: One.\n\ntext\n\nSo[^1] on.\n"
    assert grown(text, random.Random(1)).html == render(text)
    assert render(text).count("<sup") == 2


def test_a_task_is_an_item_with_a_box():
    html = render("- [ ] *todo*\n- [x] done\n1. [X] too\n- [y] no\n- [x](https://a.example)\n")
    assert re.findall('<li class="gemini-task">(.)', html) == ["☐", "☑", "☑"]
    assert "<li>[y] no</li>" in html
    assert "☐ <em>todo</em>" in html


def test_an_alert_begins_with_its_word():
    assert "<blockquote>\n<p><strong>Note</strong><br>\nMind.</p>" in render("> [!NOTE]\n> Mind.")
    assert "[!note]" in render("> [!note] x")
    assert "[!NOTE]" in render("> [!NOTE][a](https://b.example)")


def pieces_of(text, dice):
    longest, start = dice.choice([1, 2, 5, 20]), 0
    while start < len(text):
        end = start + dice.randint(1, longest)
        yield text[start:end]
        start = end


class Page:
    """What a page shows that only hears of changes."""

    def __init__(self, blocks):
        self.blocks, self.shown = blocks, []

    def update(self):
        for place, html in self.blocks.changes():
            self.shown += [""] * (place + 1 - len(self.shown))
            self.shown[place] = html

    @property
    def html(self):
        return "".join(self.shown)


def grown(text, dice):
    page = Page(Blocks())
    for piece in pieces_of(text, dice):
        page.blocks.add(piece)
        if dice.random() < 0.7:
            count = page.blocks.finished
            before = page.shown[:count]
            page.update()
            assert page.shown[:count] == before
    page.update()
    return page


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(0, 1_500, 100))
def test_a_text_that_grew_looks_like_the_whole_text(seed):
    for number in range(seed, seed + 100):
        dice = random.Random(number)
        text = a_text(dice)
        assert grown(text, dice).html == render(text), repr(text)


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(0, 600, 100))
def test_blocks_that_are_too_long_are_cut_at_the_same_places(seed, monkeypatch):
    monkeypatch.setattr(markdown, "LONGEST_HEAD_CHARS", 15)
    for number in range(seed, seed + 100):
        dice = random.Random(number)
        monkeypatch.setattr(markdown, "LONGEST_BLOCK_CHARS", dice.choice([30, 60, 200]))
        monkeypatch.setattr(markdown, "SHORTEST_VIEW_CHARS", dice.choice([10, 50, 1_000]))
        text = a_text(dice)
        assert grown(text, dice).html == render(text), repr(text)


@pytest.mark.parametrize(
    "typed, shown",
    [
        ("a *b* **c** ~~d~~ `e`", "<p>a <em>b</em> <strong>c</strong> <s>d</s> <code>e</code></p>"),
        ("a  \nb\nc", "<p>a<br>\nb\nc</p>"),
        ("# T", '<h2 class="jp-toc-ignore">T</h2>'),
        ("###### T", '<h6 class="jp-toc-ignore">T</h6>'),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("3. a", '<ol start="3">\n<li>a</li>\n</ol>'),
        ("> a", "<blockquote>\n<p>a</p>\n</blockquote>"),
        ("a <b> & \"c\"", '<p>a &lt;b&gt; &amp; "c"</p>'),
        ("&lt;b&gt; &copy;", "<p>&lt;b&gt; ©</p>"),
        ("---", "<hr>"),
        ("", ""),
        ("   \n\n", ""),
    ],
)  # fmt: skip
def test_markdown_becomes_html(typed, shown):
    assert render(typed).strip() == shown


def test_a_table_stands_in_a_box_of_its_own_that_the_keyboard_reaches():
    html = render("| a | b |\n|---|--:|\n| 1 | 2 |")
    assert html.startswith('<div class="gemini-table" tabindex="0" style="overflow:auto"><table>')
    assert '<th>a</th>\n<th style="text-align:right">b</th>' in html


def test_code_stands_in_a_box_of_its_own_with_its_language():
    assert render("```python title\nif x:\n    pass\n```") == (
        '<div class="gemini-code"><div class="gemini-language">python</div><pre tabindex="0"><code>'
        '<span class="gemini-k">if</span> x:\n    <span class="gemini-k">pass</span></code></pre></div>\n'
    )


def test_code_of_an_unknown_language_is_plain():
    assert "<code>if x &lt; 1</code>" in render("```brainfuck\nif x < 1\n```")
    assert "<code>if x &lt; 1</code>" in render("    if x < 1")


def test_code_that_is_never_closed_goes_to_the_end():
    assert re.findall("<code>(.*?)</code>", render("text\n\n```\na\n\n# b"), re.DOTALL) == ["a&#10;\n# b"]


def test_no_line_is_empty_since_one_would_end_the_html_in_markdown():
    code = "def f():\n\n    pass\n   \n\t\n\n\nf()"
    deep = "> " * 40 + "x\n" + "> " * 40 + "\n" + "> " * 40 + "y"
    html = render(f"```python\n{code}\n```\n\n    a\n\n\n    b\n\n{deep}\n")
    assert not re.search(r"\n[ \t]*\n", html)
    assert MarkdownIt("commonmark").render(html) == html
    shown = re.search("<code>(.*?)</code>", html, re.DOTALL)[1]
    assert unescape(re.sub("<.*?>", "", shown)) == code


@pytest.mark.parametrize(
    "text, html",
    [
        ("H<sub>2</sub>O", "H<sub>2</sub>O"),
        ("10<SUP>-3</SUP> m", "10<sup>-3</sup> m"),
        ("a<br>b<br/>c<br />d", "a<br>\nb<br>\nc<br>\nd"),
        ("<sub>a & $b$</sub>", "<sub>a &amp; <span>$</span>b<span>$</span></sub>"),
        ("<sub>a</sup>", "&lt;sub&gt;a&lt;/sup&gt;"),
        ("<sub><b>a</b></sub>", "&lt;sub&gt;&lt;b&gt;a&lt;/b&gt;&lt;/sub&gt;"),
        ("<br class=a>", "&lt;br class=a&gt;"),
        ("`<br>`", "<code>&lt;br&gt;</code>"),
    ],
)
def test_the_few_tags_that_models_write_are_known(text, html):
    assert render(text) == f"<p>{html}</p>\n"


def test_a_line_can_break_in_a_cell():
    assert "<td>1 m<br>\n2 m</td>" in render("| a |\n|---|\n| 1 m<br>2 m |")


@pytest.mark.thorough
@pytest.mark.parametrize("text", ["$x$ " * 600, "$x$ and\n\n" * 600, "$$\nx\n$$\n\n" * 600, "- $x$\n" * 600])
def test_no_more_formulas_are_typeset_than_a_page_can_bear(text):
    html = render(text)
    assert html.count('class="gemini-math"') <= 500
    assert html.count("$x$") == 600
    assert grown(text, random.Random(0)).html == html  # in long pieces


def test_an_answer_full_of_formulas_is_typeset():
    assert render("The value $x_1$ follows from $y_2$.\n\n" * 200).count('class="gemini-math"') == 400


@pytest.mark.parametrize(
    "language, code, kinds",
    [
        ("python", "def f(x): # c\n  return 'it''s' + f'a'", "k:def d:f c:# c k:return s:'it' s:'s' s:'a'"),
        ("python", '"""a\n"b" # no\n""" x', 's:"""a\n"b" # no\n"""'),
        ("python", "x = 'open\ny = 1", "s:'open"),
        ("python", "classes define a1 x#y", ""),
        ("sql", "SELECT a from t -- c\n", "k:SELECT k:from c:-- c"),
        ("js", "const a = `x\n${b}` /* c\n */ // d", "k:const s:`x\n${b}` c:/* c\n */ c:// d"),
        ("rust", "fn f<'a>(x: &'a str) -> char { 'c' }", "k:fn d:f k:char s:'c'"),
        ("bash", "for f in *; do echo ${#f} \"$f\"; done # c", 'k:for k:in k:do s:"$f" k:done c:# c'),
        ("json", '{"a": [1, true]}', 's:"a" k:true'),
        ("R", "x <- TRUE # c", "k:TRUE c:# c"),
        ("c", "/* never closed", "c:/* never closed"),
    ],
)  # fmt: skip
def test_code_is_coloured(language, code, kinds):
    html = highlight(code, language)
    found = re.findall(r'<span class="gemini-(\w)">(.*?)</span>', html, re.DOTALL)
    assert " ".join(f"{kind}:{unescape(text)}" for kind, text in found) == kinds
    assert unescape(re.sub("<.*?>", "", html)) == code


@pytest.mark.parametrize(
    "typed",
    [
        "$5 and $6", "US$5", "$5-$6", "it is $5.", "$ a $", "a$b$c", "\\$x\\$", "`$x$`", "$", "$$", "$$$$",
        "\\\\(x\\\\)",
        "\\(x", "$x", "$\n\nx$", "($5, or $6)", "$HOME and $PATH", "$a b $", "${HOME}/x:${PATH}", "A=$B:$C", "$5 apples and 6$ pears",
        "[$5](http://a.b/$x)", "costs $5 `a$` b", "**$5** and **$6**", "5$/10$", "价格为$5或$6", "$HOME/my_dir:$PATH",
        "Joe's: $$\n\nNice.\n\nBob's: $$", "Cheap: $$\n\nThis is where people eat.\n\nDear: $$",
        "$$\na\n\n# Head\n\n$$", "$$\nx = 1\n\n- item\n$$", "so: $$\nnever closed", "`a $$` b $$\nc",
    ],
)  # fmt: skip
def test_money_and_lone_marks_are_no_formulas(typed):
    assert "gemini-math" not in render(typed)


@pytest.mark.parametrize(
    "typed, tag, formula",
    [
        ("so $x^2$.", "span", "$x^2$"),
        ("($a_1$, $b$)", "span", "$a_1$"),
        (r"\(a < b\)", "span", "$a < b$"),
        (r"a \[ b \] c", "span", "$$b$$"),
        ("a $$b$$ c", "span", "$$b$$"),
        ("$x$", "span", "$x$"),
        (r"$5 \cdot 3$ or $\$5$", "span", r"$5 \cdot 3$"),
        ("$$\nx\n- y\n$$", "div", "$$x\n- y$$"),
        ("text\n$$\nx\n$$\nmore", "div", "$$x$$"),
        ("$$x$$.", "div", "$$x$$."),
        (r"\[ x \]", "div", "$$x$$"),
        ("\\[\n  x\n\\]", "div", "$$x$$"),
        ("1. a\n\n   $$\n   x\n   $$", "div", "$$x$$"),
        ("> $$\n> x\n> $$", "div", "$$x$$"),
        ("$$\na $ b\n$$", "div", "$$a $ b$$"),
        ("$$\n\na = b\n\nc\n\n$$", "div", "$$a = b\nc$$"),
        ("\\[\n\nx\n\n\\]", "div", "$$x$$"),
        ("so: $$\na = b\n$$\nand on", "span", "$$a = b$$"),
        ("so: \\[\na = b\n\n\\] and on", "span", "$$a = b$$"),
        ("so: $$ a\n= b $$ and on", "span", "$$a\n= b$$"),
        ("- so: $$\n  a = b\n  $$\n- on", "span", "$$a = b$$"),
        ("$$\na = b\n\n$$ where", "span", "$$a = b$$"),
        ("```math\na = b\n\nc\n```", "div", "$$a = b\nc$$"),
        (r"words \begin{align} a &= b \end{align} on", "span", r"$$\begin{align} a &= b \end{align}$$"),
        (r"so \begin{pmatrix} 1 & 2 \end{pmatrix} on", "span", r"$\begin{pmatrix} 1 & 2 \end{pmatrix}$"),
        ("\\begin{align}\na &= \\text{where this is so}\n\n\\end{align}", "div", "$$\\begin{align}\na &= \\text{where this is so}\n\\end{align}$$"),
        (r"$\begin{matrix} a & b \\ c \end{matrix}$", "span", r"$\begin{matrix} a & b \\ c \end{matrix}$"),
    ],
)  # fmt: skip
def test_a_formula_is_left_to_the_notebook(typed, tag, formula):
    found = re.search(rf'<{tag} class="gemini-math">(.*?)</{tag}>', render(typed), re.DOTALL)
    assert unescape(found[1]) == formula


@pytest.mark.parametrize(
    "formula",
    [
        r"\href{x}{y}", r"\unknown", r"\def\a{b}", "{" * 9 + "}" * 9, "}{", "{", "x" * 4_001,
        r"\ce{\\href{x}{y}}",
        r"\text{\style{x}{y}}", r"\Href", r"\hrefx",
    ],
)  # fmt: skip
def test_a_formula_that_may_do_more_than_draw_is_shown_as_code(formula):
    assert not math.drawable(formula)
    assert "gemini-math" not in render(f"$${formula}$$")
    assert "<code>" in render(f"$${formula}$$")


@pytest.mark.parametrize(
    "formula",
    [r"\frac{a}{b}", r"\left\{ x \right.", r"a \xrightarrow{f} b", r"\ce{H2O}", r"a\\b", r"\\", r"\{", r"50\%"],
)
def test_a_formula_that_only_draws_is_typeset(formula):
    assert math.drawable(formula)


@pytest.mark.parametrize(
    "typed, href, shown",
    [
        ("[a *b*](https://a.example/x?y=1&z 'title')", "https://a.example/x?y=1&z", "a b (a.example)"),
        ("<https://a.example/x>", "https://a.example/x", "https://a.example/x"),
        ("[a.example](https://a.example)", "https://a.example", "a.example"),
        ("[a.example](https://b.example)", "https://b.example", "a.example (b.example)"),
        ("[a.example.org](https://a.example)", "https://a.example", "a.example.org (a.example)"),
        ("<me@a.example>", "mailto:me@a.example", "me@a.example"),
        ("[m](mailto:me@a.example)", "mailto:me@a.example", "m (me@a.example)"),
        ("[x](http://127.0.0.1:8888/)", "http://127.0.0.1:8888/", "x (127.0.0.1)"),
        ("[ü](https://ü.example)", "https://xn--tda.example", "ü (xn--tda.example)"),
        ("[x][r]\n\n[r]: https://a.example", "https://a.example", "x (a.example)"),
    ],
)
def test_a_link_opens_a_page_of_its_own_and_names_its_host(typed, href, shown):
    html = render(typed)
    assert f'<a href="{escaped(href)}" target="_blank" rel="noopener noreferrer">' in html
    assert re.sub("<.*?>", "", html).strip() == shown


def test_a_picture_within_a_link_is_words():
    html = render("[![a plot](https://b.example/p.png)](https://a.example/)")
    assert html.count("<a ") == 1
    assert "[image: a plot]</a>" in html


def test_a_definition_may_come_after_its_link():
    text = "[x]\n\nmore\n\n[x]: https://a.example/1\n\n[x]: https://a.example/2"
    assert '<a href="https://a.example/1"' in render(text)
    blocks = Blocks()
    for piece in text:
        blocks.add(piece)
        blocks.changes()
    assert blocks.html == "<p>[x]</p>\n<p>more</p>\n"  # the whole text has it right, once it is whole


def test_a_definition_serves_what_comes_after_it():
    page = grown("[x]: https://a.example/1\n\ntext\n\n[x] and [x]\n", random.Random(1))
    assert page.html.count('<a href="https://a.example/1"') == 2


def test_right_to_left_blocks_find_their_own_direction():
    assert render("one\n\nשלום (a)").splitlines() == ["<p>one</p>", '<div dir="auto"><p>שלום (a)</p>', "</div>"]


@pytest.mark.parametrize("text", ["$5", "\\(x\\)", r"\begin{x}", "a $b$ <c> & d"])
def test_escaped_text_is_no_formula_of_the_page(text):
    stretches = re.split("<.*?>", escape(text))
    assert unescape("".join(stretches)) == text
    assert all(stretch in ("$", "\\") or not re.search(r"[$\\]", stretch) for stretch in stretches)


def test_an_address_too_long_is_no_link():
    assert anchor("https://a.example/" + "x" * 5_000, "x") == "x"


# --- what grows ---


def test_what_has_ended_is_finished_and_not_told_again():
    blocks = Blocks()
    blocks.add("# T\n\none\n\n")
    assert [place for place, _ in blocks.changes()] == [0, 1]
    assert blocks.finished == 2
    blocks.add("- a\n")
    assert [place for place, _ in blocks.changes()] == [2]
    assert blocks.finished == 2
    blocks.add("- b\n")
    assert [place for place, _ in blocks.changes()] == [2]
    assert blocks.changes() == []


def test_a_formula_is_finished_with_its_last_line():
    blocks = Blocks()
    blocks.add("$$\nx\n$$\n")
    blocks.changes()
    assert blocks.finished == 1


def test_a_block_that_turns_into_another_is_told_as_empty():
    page = Page(Blocks())
    page.blocks.add("a\n-")
    page.update()
    page.blocks.add(" b")
    page.update()
    assert page.html == render("a\n- b")
    page = Page(Blocks())
    page.blocks.add("text\na|b\n-|-")
    page.update()
    page.blocks.add("x")
    page.update()
    assert page.html == render("text\na|b\n-|-x")
    assert page.shown[1:] == [""]


@pytest.fixture
def parsed_chars(monkeypatch):
    """Counts the characters that the parser is given."""
    counted = []
    parse = markdown._PARSER.parse
    monkeypatch.setattr(
        markdown._PARSER, "parse", lambda text, env: counted.append(len(text)) or parse(text, env)
    )
    return counted


@pytest.mark.parametrize(
    "paragraph", ["word " * 60 + "\n\n", "# T\n\n- a\n- b\n- c\n\n", "```\n" + "x = 1\n" * 20 + "```\n\n"]
)
def test_the_work_grows_as_the_text_does(parsed_chars, paragraph):
    def work(n):
        parsed_chars.clear()
        blocks = Blocks()
        for _ in range(n):
            for start in range(0, len(paragraph), 40):
                blocks.add(paragraph[start : start + 40])
                blocks.changes()
        return sum(parsed_chars)

    assert work(40) < 2.2 * work(20)


def test_many_blocks_that_come_at_once_are_read_a_few_at_a_time(parsed_chars):
    text = "# T\n\n```\nx = 1\n```\n\nword word word\n\n" * 1_000
    render(text)
    assert sum(parsed_chars) < 4 * len(text)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "text",
    [
        "word " * 40_000,
        "- item\n" * 20_000,
        "| a |\n|---|\n" + "| b |\n" * 20_000,
        "a<b\n" * 30_000,
        "> q\n" * 30_000,
    ],
)
def test_no_block_is_read_again_and_again_when_it_is_too_long(parsed_chars, text):
    render(text)
    assert max(parsed_chars) <= markdown.LONGEST_BLOCK_CHARS
    assert sum(parsed_chars) <= 4 * len(text)


@pytest.mark.thorough
def test_a_long_list_goes_on_in_a_new_one_and_a_long_table_repeats_its_head():
    lists = render("".join(f"{n}. item of the list\n" for n in range(1, 4_000)))
    starts = [1, *map(int, re.findall(r'<ol start="(\d+)">', lists))]
    assert len(starts) > 2
    assert lists.count("<li>") == 3_999
    tables = render("| a | b |\n|---|---|\n" + "".join(f"| {n} | x |\n" for n in range(5_000)))
    assert tables.count("<th>a</th>") == tables.count("<table>") > 1
    assert tables.count("<td>x</td>") == 5_000


def test_code_of_any_length_is_one_block():
    html = render("```\n" + "x = 1\n" * 20_000 + "```\n")
    assert html.count("<pre") == 1
    assert html.count("x = 1") == 20_000


def test_what_is_too_long_to_be_shown_is_counted():
    html = render("word " * 100_000)
    told = "200,000 more characters are not shown here; gemini_magics.last() returns them all."
    assert html.endswith(f"<small>{told}</small></p>\n")
    blocks = Blocks()
    for _ in range(100):
        blocks.add("word " * 1_000)
        blocks.changes()
    assert blocks.html == html


@pytest.mark.thorough
def test_html_that_grows_out_of_hand_ends_too():
    html = render("&" * 5_000_000)
    assert len(html) < 2 * markdown.LONGEST_HTML_CHARS
    assert "more characters are not shown" in html


@pytest.mark.parametrize("text", ["> " * 20 + "x", "- " * 20 + "x", "*" * 40 + "x" + "*" * 40])
def test_what_is_nested_too_deeply_is_plain(text):
    assert render(text).startswith('<pre class="gemini-plain" tabindex="0">')
    assert unescape(re.sub("<.*?>", "", render(text))).strip() == text.strip()


@pytest.mark.parametrize(
    "typed, rows",
    [
        ("a | b\n-|-\n1 | 2\ntext", 2),
        ("| a |\n|---|\n| 1 |\n\n| 2 |", 2),
        ("a | b\n-|-\n1\n", 1),
        (r"a \| b | c" + "\n-|-\n1 | 2", 2),
        ("|a|b|c|\n|-|-|-|\n" + "|1|\n" * 20, 21),
        ("a | b\n-|-|-\n", 0),
        ("# a | b\n-|-\n", 0),
        ("|a" * 99 + "\n" + "|-" * 99 + "\n" + "|\n" * 99, 0),
    ],
)
def test_a_table_has_a_bar_in_each_row_and_most_of_its_cells(typed, rows):
    assert render(typed).count("<tr>") == rows


def test_each_parser_is_new_so_that_it_may_be_changed():
    parser().enable("html_block").options["html"] = True
    assert render("<b>") == "<p>&lt;b&gt;</p>\n"
