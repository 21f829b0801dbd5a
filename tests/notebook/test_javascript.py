"""The JavaScript of the widgets as one module. tests/js tests what its modules do, tests/browser the whole."""

import re
from graphlib import CycleError
from pathlib import Path

import pytest

import gemini_magics
from gemini_magics.notebook.javascript import STATIC, join_modules
from gemini_magics.notebook.panel.page import PanelWidget
from gemini_magics.notebook.views.consent import ConsentWidget
from gemini_magics.notebook.views.live import AnswerWidget

ANSWER = """\
// @ts-check
// The widget.

import { add } from "./elements.js";
import {
  grow as growPart,
  noBlocks,
} from "./blocks.js";

/** Make the widget. */
function widget() {
  // import { not } from "./this.js";
  const text = "// no comment"; // a comment beside code
  const part = /** @type {Part} */ (noBlocks());

  return growPart(part, add(text, "export { nor } from './that.js';"));
}

export { widget as default };
"""
BLOCKS = """\
// @ts-check
import { add } from "./elements.js";
/**
 * @returns {Part}
 */
function noBlocks() { return add("* /"); }
const grow = noBlocks;
export { grow, noBlocks };
"""
JOINED = """\
const modules = {};
modules["elements.js"] = (() => {
const add = 1;
return { add };
})();
modules["blocks.js"] = (() => {
const { add } = modules["elements.js"];
function noBlocks() { return add("* /"); }
const grow = noBlocks;
return { grow, noBlocks };
})();
modules["answer.js"] = (() => {
const { add } = modules["elements.js"];
const {
grow: growPart,
noBlocks,
} = modules["blocks.js"];
function widget() {
const text = "// no comment"; // a comment beside code
const part = /** @type {Part} */ (noBlocks());
return growPart(part, add(text, "export { nor } from './that.js';"));
}
return { default: widget };
})();
export default modules["answer.js"].default;
"""


@pytest.fixture
def write(tmp_path):
    """A function that writes modules, and returns the path of the first."""

    def write(**sources: str) -> Path:
        for name, source in sources.items():
            (tmp_path / f"{name}.js").write_text(source, "utf-8")
        return tmp_path / f"{next(iter(sources))}.js"

    return write


def test_joined_modules_keep_scopes_of_their_own_and_stand_after_what_they_import(write):
    assert (
        join_modules(write(answer=ANSWER, blocks=BLOCKS, elements="const add = 1;\nexport { add };\n"))
        == JOINED
    )


def test_modules_that_import_each_other_are_not_joined(write):
    one = 'import { two } from "./two.js";\nconst one = 1;\nexport { one, one as default };\n'
    two = 'import { one } from "./one.js";\nconst two = 2;\nexport { two };\n'
    with pytest.raises(CycleError):
        join_modules(write(one=one, two=two))


@pytest.mark.parametrize("source", ["const one = 1;\n", "export { one };\nconst one = 1;\n"])
def test_a_module_that_does_not_end_with_its_export_is_not_joined(write, source):
    with pytest.raises(ValueError, match=r"one\.js does not end with an export"):
        join_modules(write(one=source))


@pytest.mark.parametrize("widget", [AnswerWidget, PanelWidget])
def test_a_widget_sends_one_module_without_imports_and_comments(widget):
    assert re.findall(r"^(?:import|export)\b.*", widget._esm, re.MULTILINE) == [widget._esm.splitlines()[-1]]
    assert not re.search(r"^\s*(//|/\*|$)", widget._esm.rstrip(), re.MULTILINE)


def test_every_module_is_part_of_a_widget():
    sent = AnswerWidget._esm + PanelWidget._esm + ConsentWidget._esm
    assert [path.name for path in STATIC.glob("*.js") if f'modules["{path.name}"] = ' not in sent] == []


def test_every_class_in_a_style_sheet_is_written_somewhere():
    package = Path(gemini_magics.__file__).parent
    written = set()
    for path in [*package.rglob("*.py"), *STATIC.glob("*.js")]:
        written.update(re.findall(r"[\w-]+", path.read_text("utf-8")))
    styled = {
        name
        for path in STATIC.glob("*.css")
        for name in re.findall(r"\.(gemini-[\w-]+)", path.read_text("utf-8"))
    }
    assert styled - written == set()
