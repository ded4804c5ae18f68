"""The answers of a loaded Result: the same as those of the commands."""

import base64
import re
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest

import ci_stat.ci_stat as stat
from ci_stat.questions.gather import Gatherer
from ci_stat.questions.reference import pull_reference
from ci_stat.questions.service import Questions
from ci_stat.result import Result
from ci_stat.runs.database import Source
from tests.conftest import Fill, day
from tests.questions import scenes
from tests.support import hostile
from tests.support.results import result
from tests.support.rows import BEGIN

ALL = [*scenes.passing(), *scenes.own_failure(), *scenes.failure_of_others()]


def test_a_result_answers_as_the_commands_do(source: Source, fill: Fill) -> None:
    fill(ALL)
    two_days = day(BEGIN, BEGIN + timedelta(days=2))
    res = source.load(two_days)
    questions = Questions(Gatherer(source, lambda: None))
    for number in (7, 8, 9, 1001):
        ours = res.pr(number)
        theirs = questions.pr(pull_reference(str(number)), timedelta(days=90))
        assert ours.verdict == theirs.verdict
        assert [f.judgement for f in ours.failures] == [f.judgement for f in theirs.failures]
        assert [f.other.failed for f in ours.failures] == [f.other.failed for f in theirs.failures]
    case, asked = res.case("Suite.TestY"), questions.case("Suite.TestY", timedelta(days=90))
    assert (case.total, case.days, case.jobs) == (asked.total, asked.days, asked.jobs)
    assert case.since is not None
    assert asked.since is not None
    assert case.since.passed_before == asked.since.passed_before
    assert case.since.passed_after == asked.since.passed_after


def test_a_result_looks_for_outages_as_the_command_does(source: Source, fill: Fill) -> None:
    fill([*scenes.passing(), *scenes.outage()])
    res = source.load(day(BEGIN, BEGIN + timedelta(days=2)))
    questions = Questions(Gatherer(source, lambda: None))
    (ours,) = res.pr(10).failures
    (theirs,) = questions.pr(pull_reference("10"), timedelta(days=90)).failures
    assert (ours.judgement.verdict, ours.judgement.reason) == ("not yours", "outage")
    assert (ours.judgement, ours.outage) == (theirs.judgement, theirs.outage)


def test_unknown_and_ambiguous_names() -> None:
    res = result(ALL)
    with pytest.raises(KeyError):
        res.pr(4711)
    with pytest.raises(KeyError, match=r"similar: Suite\.Test[XY]"):
        res.case("Suite.TestZ")
    with pytest.raises(KeyError, match=r"similar: Suite\.TestX"):
        res.case("testx")
    assert res.pr(("o/r", 7)).number == 7


@pytest.mark.parametrize("name", [pd.NaT, pd.NA, None, float("nan"), 7, ["Suite.TestX"]])
def test_a_case_without_a_name_is_a_clear_error(name: Any) -> None:
    with pytest.raises(KeyError, match="a case is named by a text, not by"):
        result(ALL).case(name)


def test_frames_of_answers() -> None:
    res = result(ALL)
    frame = res.pr(7).to_frame()
    assert frame[["case", "verdict", "failed", "other_passed"]].values.tolist() == [
        ["Suite.TestX", "yours", 2, 24]
    ]
    days = res.case("Suite.TestY").to_frame()
    assert days["failed"].sum() == 3
    assert (days["low"] <= days["fail_rate"]).all()
    assert res.to_frame()["failure"].dropna().tolist() == [
        "Suite.TestY",
        "Suite.TestY",
        "Suite.TestY",
        "Suite.TestX",
        "Suite.TestX",
    ]


def shown(thing: object) -> str:
    html: str = thing._repr_html_()  # type: ignore[attr-defined]
    HTMLParser().feed(html)
    return html


def test_notebook_views_have_the_failures_and_a_chart() -> None:
    res: Result = result(ALL)
    assert "Suite.TestX" in shown(res)
    assert "data:image/svg+xml" in shown(res)
    assert "yours" in shown(res.pr(7))
    assert "It fails only here: in 2 of 2 runs" in shown(res.pr(7))
    pictures = re.findall(
        r'src="data:image/svg\+xml;base64,([^"]*)"', shown(res.case("Suite.TestY"))
    )
    (drawing,) = (ElementTree.fromstring(base64.b64decode(data)) for data in pictures)
    assert drawing.tag.endswith("svg")
    assert repr(res.pr(7)) == "<PRAnswer o/r#7: yours, 1 failures>"
    assert repr(res.case("Suite.TestY")) == (
        "<History of the case Suite.TestY: failed in 3 of 46 runs>"
    )


def test_notebook_views_of_hostile_texts() -> None:
    rows = hostile.rows()
    res = result(rows)
    for number, row in enumerate(rows[::3], 1):
        assert isinstance(row.analysis_res, dict)
        for view in (
            shown(res),
            shown(res.pr(number)),
            shown(res.case(row.analysis_res["case"][0])),
        ):
            assert "<script" not in view
            assert not hostile.raw(view)
            assert "javascript:" not in view


def test_completion_shows_only_what_is_published() -> None:
    assert dir(stat) == sorted(stat.__all__)
