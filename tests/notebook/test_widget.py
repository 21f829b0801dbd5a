import pytest

from gemini_magics.notebook.widget import Widget


@pytest.mark.parametrize("name", ["", "gemini-0123456789ab"])
def test_a_widget_says_the_name_by_which_the_page_has_it(name):
    widget = Widget(name)
    assert widget.own_name == widget.model_id
    assert not name or widget.own_name == name
    widget.close()
