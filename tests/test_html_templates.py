"""Templates: hostile values are harmless wherever they stand, and a missing one is an error."""

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from ci_stat.html_templates import shown, templates
from tests.support.hostile import ATTACKS, raw


def _rendered(template: str, **values: object) -> str:
    return templates("ci_stat.rendering").from_string(template).render(values)


@pytest.mark.parametrize("attack", ATTACKS)
def test_every_value_is_escaped(attack: str) -> None:
    html = _rendered('<p title="{{ value }}">{{ value }}{{ [value] }}</p>', value=attack)
    assert raw(html) == set()
    assert html.count("<") == 2


def test_control_characters_are_visible() -> None:
    assert _rendered("{{ value }}", value="a\x1b[31m\u202eb\n") == r"a\x1b[31m\u202eb\n"


def test_a_value_of_any_length_is_cut() -> None:
    assert len(_rendered("{{ value }}", value="x" * 10_000)) < 2_100
    assert _rendered("{{ value|shown(3) }}", value="12345") == "123… (+2 characters)"


def test_html_stays_and_nothing_is_empty() -> None:
    assert _rendered("{{ html }}{{ nothing }}", html=Markup("<b>x</b>"), nothing=None) == "<b>x</b>"
    assert shown(shown("<")) == "&lt;"


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="title"):
        _rendered("{{ title }}")
