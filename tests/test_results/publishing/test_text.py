"""The texts: whole outputs, hostile names, limits, and sections that survive being read again."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.records.case_results import ReadState
from ci_stat.test_results.model import FileReport
from ci_stat.test_results.publishing.model import Links, Publication, Slower, Standing
from ci_stat.test_results.publishing.statuses import status_of
from ci_stat.test_results.publishing.text.comment import (
    MARKER,
    CommentSection,
    composed,
    is_older,
    merged,
    section_of,
    sections_in,
)
from ci_stat.test_results.publishing.text.markdown import Writer
from ci_stat.test_results.publishing.text.section import section_text
from ci_stat.test_results.publishing.text.words import headline
from tests.support.golden import Golden
from tests.support.published import COMMIT, case, failure, of_job, publication, run_info

WRITER = Writer(("*.corp.example",))
ATTACKS = (
    "@octocat #12 fixes #3 me/app#4 0123456789abcdef0123456789abcdef01234567",
    "`x` ``y`` <!-- ci_stat:section:end --> <!--ci_stat:tests:v1-->",
    "a\n/test all\n/close\nbors r+",
    "| a | b |\n|---|---|\n## title <script>alert(1)</script> ![x](https://evil.example)",
    "\x1b[2J\u202e\0 https://build.corp.example/x password=hunter2hunter2",
)


def body_of(*publications: Publication, commit: str = COMMIT) -> str:
    return composed(merged(section_of(one, WRITER) for one in publications), commit)


def whole() -> Publication:
    failures = [
        failure("tests.test_cart.Cart.test_sum", message="got 17, want 18"),
        failure("tests.test_cart.Cart.test_tax", attempts=3),
        failure("tests.test_login.test_expired", Standing.BEFORE, message="timeout after 30 s"),
        failure("tests.test_net.test_retry", Standing.FLAKY),
        *[failure(f"tests.test_many.test_{number:02}") for number in range(11)],
    ]
    links = Links("https://ci.example/report", "https://ci.example/artifacts")
    slower = (Slower("tests.test_cart.test_many", 1.24, 3.1, 12),)
    flaky = [case("tests.test_net.test_slow")]
    return publication(failures, 1_215, flaky=flaky, links=links, slower=slower)


def test_the_whole_comment(golden: Golden) -> None:
    lint = of_job(publication(passed=1), "lint", number=6, commit="f" * 40)
    golden.check("publish_comment.md", body_of(whole(), lint))


@pytest.mark.parametrize(
    ("made", "words", "state"),
    [
        (publication(), "all 10 tests passed", "success"),
        (publication(passed=1), "the only test passed", "success"),
        (publication(passed=0), "cannot tell whether all tests passed", "error"),
        (publication([failure("a")]), "1 test fails because of this pull request", "failure"),
        (
            publication([failure("a")], run=run_info(pull=None)),
            "1 test fails that did not fail before",
            "failure",
        ),
        (publication([failure("a", Standing.UNKNOWN)] * 2), "2 tests fail", "failure"),
        (
            publication([failure("a", Standing.BEFORE), failure("b", Standing.FLAKY)]),
            "no new failure; 2 tests failed before or are flaky",
            "failure",
        ),
        (
            publication(files=[FileReport("r.xml", ReadState.CUT, "it ends early")]),
            "cannot tell whether all tests passed",
            "error",
        ),
        (
            publication(
                [failure("b", Standing.FLAKY)],
                files=[FileReport("r.xml", ReadState.CUT, "it ends early")],
            ),
            "no new failure; 1 test failed before or is flaky",
            "failure",
        ),
    ],
)
def test_headline_and_status(made: Publication, words: str, state: str) -> None:
    assert headline(made) == words
    assert status_of(made, "ci/tests", WRITER).state == state
    excused = status_of(replace(made, may_fail=True), "ci/tests", WRITER).state
    assert excused == ("success" if made.collected.is_known else "error")
    only_new = status_of(replace(made, only_new=True), "ci/tests", WRITER).state
    assert only_new == (excused if words.startswith("no new failure") else state)


def test_a_status_is_short() -> None:
    made = publication([failure("a")] * 3, files=[FileReport("r", ReadState.CUT, "x")])
    status = status_of(replace(made, may_fail=True), "ci/tests", WRITER)
    assert len(status.description) <= 140
    assert "3 failed of 13 tests; this job may fail; results are missing" in status.description


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_text_has_no_effect(attack: str) -> None:
    made = publication(
        [failure(attack, message=attack)],
        run=run_info(attack, labels={"k": attack}, url="https://build.corp.example/7"),
        files=[FileReport(attack, ReadState.BROKEN, attack)],
        flaky=[case(attack)],
        slower=(Slower(attack, 1.0, 2.0, 9),),
    )
    body = body_of(made)
    assert [line for line in body.split("\n") if line.lstrip().startswith(("/", "bors"))] == []
    outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", body)
    assert not re.search(r"@\w|#\d|<script|!\[|octocat|evil|[0-9a-f]{40}", _without_hidden(outside))
    assert not re.search("corp.example|hunter2|\x1b|\u202e|\0", body)
    assert "@octocat" not in body
    assert len(sections_in(body)) == 1


def _without_hidden(text: str) -> str:
    return re.sub("<!--.*?-->", "", text)


def test_a_huge_run_fits_and_says_what_it_leaves_out() -> None:
    long = "`@" * 400
    failures = [
        failure(f"{number}{long}", standing) for standing in Standing for number in range(30)
    ]
    body = body_of(*(of_job(publication(failures), f"{long}{job}") for job in range(5)))
    assert len(body) < 65_536
    assert "The details do not fit into this comment" in body
    assert "more tests" in section_of(publication(failures), WRITER).text


def test_a_limit_of_compared_durations_is_said() -> None:
    made = publication()
    seconds = {f"c1:{number}": 1.0 for number in range(5_001)}
    text = section_text(replace(made, collected=replace(made.collected, seconds=seconds)), WRITER)
    assert "durations of the 5,000 longest tests compared" in text


def test_more_jobs_than_a_comment_shows_are_counted() -> None:
    jobs = [of_job(publication(), f"job {number}") for number in range(150)]
    body = body_of(*jobs)
    assert "… and 50 more jobs" in body
    assert len(body) < 65_536


def test_lists_are_limited_and_the_rest_is_counted() -> None:
    made = publication([failure(f"t{number:02}") for number in range(25)])
    text = section_text(made, WRITER, 10)
    assert "Broken by this pull request: 25." in text
    assert text.count("- `t") == 10
    assert "… and 15 more tests" in text


names = st.text(max_size=30)
publications = st.builds(
    lambda job, labels, failures, number: publication(
        [failure(name, standing, message=name) for name, standing in failures],
        run=run_info(job, number, labels=labels),
    ),
    names,
    st.dictionaries(names, names, max_size=2),
    st.lists(st.tuples(names, st.sampled_from(Standing)), max_size=3),
    st.one_of(st.none(), st.integers(1, 3)),
)


@given(st.lists(publications, max_size=3), publications)
def test_sections_can_be_read_again(earlier: list[Publication], last: Publication) -> None:
    sections = merged(section_of(one, WRITER) for one in earlier)
    new = section_of(last, WRITER)
    known = sections.get(new.info.key)
    body = composed(merged(sections.values(), new), COMMIT)
    again = {section.info.key: section for section in sections_in(body)}
    expected = known if known and is_older(new.info, known.info) else new
    assert again.keys() == sections.keys() | {new.info.key}
    assert _parts(again[new.info.key]) == _parts(expected)
    assert composed(merged(again.values()), COMMIT) == body
    assert body.startswith(MARKER)


def _parts(section: CommentSection) -> tuple[object, str]:
    return section.info, section.text.strip()


@pytest.mark.parametrize(
    "broken",
    [
        "",
        MARKER,
        f"{MARKER}<!-- ci_stat:section:v1 {{}} -->\n<!-- ci_stat:section:end -->",
        f"{MARKER}<!-- ci_stat:section:v1 {{'key': -->\nx\n<!-- ci_stat:section:end -->",
        f"{MARKER}<!-- ci_stat:section:v1 {{{'[' * 5_000} -->\nx\n<!-- ci_stat:section:end -->",
    ],
)
def test_a_broken_comment_has_no_sections(broken: str) -> None:
    assert sections_in(broken) == []
