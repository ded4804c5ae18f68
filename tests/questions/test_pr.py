"""`ci-stat pr`: the answer from both databases, what it prints, and its errors."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from ci_stat.errors import UnknownName, UsageError
from ci_stat.questions.gather import Gatherer
from ci_stat.questions.reference import pull_reference
from ci_stat.questions.service import Questions
from ci_stat.records import RunRow, stored_number
from ci_stat.rendering.as_text import as_text
from ci_stat.result.answers.model import PRAnswer
from ci_stat.result.answers.pull_document import pull_document
from ci_stat.result.answers.sentences import reasons
from ci_stat.runs.database import Source
from tests.conftest import Fill, day
from tests.questions import scenes
from tests.support.command import Call
from tests.support.golden import Golden
from tests.support.rows import BEGIN, pull, row

MONTH = timedelta(days=30)


def ask(source: Source, typed: str, end: datetime | None = None) -> PRAnswer:
    return Questions(Gatherer(source, lambda: None)).pr(pull_reference(typed), MONTH, end)


def judged(answer: PRAnswer) -> list[tuple[str, str, str]]:
    return [
        (failure.name, failure.judgement.verdict.value, failure.judgement.reason.value)
        for failure in answer.failures
    ]


def test_a_failure_that_only_this_change_has_is_yours(source: Source, fill: Fill) -> None:
    fill([*scenes.passing(), *scenes.own_failure()])
    answer = ask(source, "7")
    assert (answer.verdict, judged(answer)) == (
        "yours",
        [("Suite.TestX", "yours", "fails only here")],
    )
    (failure,) = answer.failures
    assert (len(failure.own.failed), failure.own.commit) == (2, "c2")
    assert failure.own.passed_before is not None
    assert failure.own.passed_before.commit == "c1"
    assert (failure.other.passed, failure.other.failed) == (40, ())


def test_a_failure_that_others_have_is_not_yours(source: Source, fill: Fill) -> None:
    fill([*scenes.passing(), *scenes.failure_of_others()])
    answer = ask(source, "o/r#8")
    assert judged(answer) == [("Suite.TestY", "not yours", "fails elsewhere")]
    other = answer.failures[0].other
    assert (other.prs, len(other.nightly)) == ((("o/r", 9),), 1)


def test_the_evidence_has_all_times_of_one_other_pull_request(source: Source, fill: Fill) -> None:
    others = [scenes.run(hour, 9, "FAILURE", analysis_res=scenes.X) for hour in (5, 9, 30)]
    fill([*scenes.passing(), *scenes.own_failure(), *others])
    because = next(reasons(ask(source, "7").failures[0], "master"))
    assert because.startswith(
        "1 other pull request has it too, from 2021-06-19 05:00 to 2021-06-20 06:00"
    )
    fill([*scenes.passing(), *scenes.own_failure(), others[0]])
    because = next(reasons(ask(source, "7").failures[0], "master"))
    assert because.startswith("1 other pull request has it too, on 2021-06-19 05:00")


def test_an_outage_is_not_yours(source: Source, fill: Fill) -> None:
    fill([*scenes.passing(), *scenes.outage()])
    (failure,) = ask(source, "10").failures
    assert (failure.judgement.verdict, failure.judgement.reason) == ("not yours", "outage")
    assert failure.outage is not None
    assert (failure.outage.runs, failure.outage.prs) == (7, 7)


def shared_outage(*own: str) -> list[RunRow]:
    """Eight pull requests fail with TestShared within an hour, and o/r#7 with these failures."""
    failed: dict[str, Any] = {"status": "FAILURE", "commit": "c2"}
    cases = {"case": [f"s_test.go:{name}" for name in own]}
    others = [
        scenes.run(30 + n / 10, 50 + n, "FAILURE", analysis_res={"case": ["Suite.TestShared"]})
        for n in range(8)
    ]
    return [*others, scenes.run(30.4, 7, **failed, analysis_res=cases)]


def test_a_name_with_many_causes_elsewhere_is_not_of_the_same_author(
    source: Source, fill: Fill
) -> None:
    lint: dict[str, Any] = {"status": "FAILURE", "analysis_res": {"check": ["check error"]}}
    own = [scenes.run(19, 7, **lint), scenes.run(20, 7, **lint)]
    fill([*scenes.passing(), scenes.run(9, 9, job="other", **lint), *own])
    (failure,) = ask(source, "7").failures
    assert failure.other.prs == (("o/r", 9),)
    assert (failure.judgement.verdict, failure.judgement.reason) == ("yours", "fails only here")


def test_an_outage_explains_only_its_own_failure(source: Source, fill: Fill) -> None:
    fill([*scenes.passing(), *shared_outage("Suite.TestShared", "Suite.TestMine")])
    assert judged(ask(source, "7")) == [
        ("Suite.TestMine", "yours", "fails only here"),
        ("Suite.TestShared", "not yours", "outage"),
    ]


def test_an_outage_explains_no_failure_outside_of_it(source: Source, fill: Fill) -> None:
    disk: dict[str, Any] = {"status": "FAILURE", "job": "build", "analysis_res": scenes.DISK}
    fill([*scenes.passing(job="build"), *scenes.outage(), scenes.run(3, 10, **disk)])
    (failure,) = ask(source, "10").failures
    assert (len(failure.own.failed), failure.outage) == (2, None)
    assert failure.judgement.reason != "outage"


def test_a_name_with_many_causes_proves_nothing(source: Source, fill: Fill) -> None:
    lint: dict[str, Any] = {
        "status": "FAILURE",
        "job": "check",
        "analysis_res": {"check": ["check error"]},
    }
    others = [scenes.run(hour, 9, **lint) for hour in range(3)]
    fill([*scenes.passing(job="check"), *others, scenes.run(20, 7, **lint)])
    assert judged(ask(source, "7")) == [("check error", "cannot tell", "no cause is known")]
    fill([*scenes.passing(job="check"), scenes.run(20, 7, **lint)])
    assert judged(ask(source, "7")) == [("check error", "yours", "fails only here")]


def test_too_little_data_is_said(source: Source, fill: Fill) -> None:
    fill([*scenes.passing(3), *scenes.own_failure()])
    (failure,) = ask(source, "7").failures
    assert failure.judgement.reason == "too few other runs"
    assert failure.judgement.needed == 5


def test_a_general_name_elsewhere_is_no_known_cause(source: Source, fill: Fill) -> None:
    """Such runs have a failure with a name, so the answer must not say that they have none."""
    general: dict[str, Any] = {"status": "FAILURE", "analysis_res": {"check": ["check error"]}}
    elsewhere = [scenes.run(n / 2, 2000 + n, **general) for n in range(60)]
    fill([*scenes.passing(25), *elsewhere, *scenes.own_failure()])
    because = next(reasons(ask(source, "7").failures[0], "master"))
    assert "in no other run whose cause is known" in because
    assert "no known failure" not in because


def test_failed_runs_that_nobody_read_may_have_it(source: Source, fill: Fill) -> None:
    elsewhere = [scenes.run(n / 2, 2000 + n, "FAILURE") for n in range(60)]
    fill([*scenes.passing(25), *elsewhere, *scenes.own_failure()])
    answer = ask(source, "7")
    assert judged(answer) == [("Suite.TestX", "cannot tell", "other failures are unknown")]
    because = next(reasons(answer.failures[0], "master"))
    assert "Missing: the cause of 60 other failed runs of unit on master is not known" in because
    assert f"ci-stat failures --begin {answer.begin:%Y-%m-%d} --end " in because
    loaded = source.load(day(BEGIN, BEGIN + timedelta(days=3))).pr(7)
    assert [failure.judgement for failure in loaded.failures] == [
        failure.judgement for failure in answer.failures
    ]


@pytest.mark.parametrize("said", [{"check": ["check error"]}, {"compile": ["exit code 124"]}])
def test_runs_of_which_only_a_general_name_is_known_may_have_it(
    source: Source, fill: Fill, said: dict[str, Any]
) -> None:
    elsewhere = [scenes.run(n / 2, 2000 + n, "FAILURE", analysis_res=said) for n in range(60)]
    fill([*scenes.passing(25), *elsewhere, *scenes.own_failure()])
    answer = ask(source, "7")
    assert judged(answer) == [("Suite.TestX", "cannot tell", "other failures are unknown")]
    assert answer.failures[0].other.unread == 60


def test_known_and_own_failures_are_not_unread(source: Source, fill: Fill) -> None:
    known = [scenes.run(n / 2, 2000 + n, "FAILURE", analysis_res=scenes.Y) for n in range(60)]
    own = [scenes.run(22, 7, "FAILURE", commit="c2"), scenes.run(23, 8, "FAILURE", commit="c2")]
    fill([*scenes.passing(), *known, *scenes.own_failure(), *own])
    named = ask(source, "7").failures[0]
    assert (named.name, named.other.unread) == ("Suite.TestX", 0)
    assert named.judgement.verdict == "yours"


def test_runs_on_another_branch_prove_nothing(source: Source, fill: Fill) -> None:
    elsewhere = [scenes.run(n, 1000 + n, branch="release-1") for n in range(40)]
    fill([*elsewhere, *scenes.own_failure()])
    assert judged(ask(source, "7"))[0][1:] == ("cannot tell", "no other runs")


def test_a_pull_request_with_the_same_commit_is_no_other_one(source: Source, fill: Fill) -> None:
    twin = scenes.run(20, 8, "FAILURE", commit="c2", analysis_res=scenes.X_AGAIN)
    fill([*scenes.passing(), *scenes.own_failure(), twin])
    assert judged(ask(source, "7"))[0][1] == "yours"


def test_a_pass_on_the_same_commit_is_flaky(source: Source, fill: Fill) -> None:
    again = scenes.run(22, 7, commit="c2")
    fill([*scenes.passing(), *scenes.own_failure(), again])
    (failure,) = ask(source, "7").failures
    assert failure.own.flaky
    assert not failure.own.is_open
    assert (failure.judgement.verdict, failure.judgement.reason) == (
        "cannot tell",
        "flaky only here",
    )


def test_failures_of_earlier_commits_do_not_decide(source: Source, fill: Fill) -> None:
    fill([*scenes.passing(), *scenes.own_failure(), scenes.run(25, 7, commit="c3")])
    answer = ask(source, "7")
    assert (answer.verdict, answer.focus, len(answer.failures)) == ("nothing fails", 0, 1)


def test_attempts_have_the_number_that_the_ci_shows(source: Source, fill: Fill) -> None:
    again = {"ci_stat_number": "4", "ci_stat_attempt": "2"}
    passed = scenes.run(1, 7, commit="c1", description=pull(7, **again))
    failed = scenes.run(
        20, 7, "FAILURE", commit="c2", description=pull(7, **again), analysis_res=scenes.X
    )
    passed.job_id, failed.job_id = stored_number(4, 2), stored_number(5, 2)
    fill([*scenes.passing(), passed, failed])
    text = as_text(pull_document(ask(source, "7")), 1_000)
    assert "newest: unit #5.2 " in text
    assert "Before it, unit #4.2 on c1 passed." in text
    assert "00000000" not in text


def test_runs_without_commits_are_no_reruns(source: Source, fill: Fill) -> None:
    failed = scenes.run(20, 7, "FAILURE", commit=None, analysis_res=scenes.X)
    fill([*scenes.passing(), failed, scenes.run(21, 7, commit=None)])
    answer = ask(source, "7")
    assert (answer.verdict, answer.focus, len(answer.failures)) == ("nothing fails", 0, 1)
    assert "rerun" not in as_text(pull_document(answer))
    fill([*scenes.passing(), failed])
    assert (ask(source, "7").verdict, ask(source, "7").focus) == ("yours", 1)


def test_the_answer_of_an_earlier_time(source: Source, fill: Fill) -> None:
    fill([*scenes.passing(), *scenes.own_failure()])
    answer = ask(source, "7", BEGIN + timedelta(hours=2))
    assert (answer.verdict, len(answer.runs)) == ("nothing fails", 1)


def test_a_number_of_two_repositories_lists_both(source: Source, fill: Fill) -> None:
    fill([row(pr=7), row(repo="o/other", commit="c", description=pull(7))])
    with pytest.raises(UsageError, match=r"2 repositories have .* o/other#7, o/r#7"):
        ask(source, "7")
    assert ask(source, "other#7").repo == "o/other"


def test_an_unknown_number_offers_near_ones(source: Source, fill: Fill) -> None:
    fill([row(pr=25036), row(pr=25046)])
    with pytest.raises(UnknownName, match=r"has no run.*\n.*Similar: o/r#250[34]6, o/r#250[34]6"):
        ask(source, "25056")
    with pytest.raises(UnknownName, match="Similar: o/r#25036"):
        ask(source, "o/nothing#25036")


def test_a_number_in_another_parameter_is_no_pull_request(source: Source, fill: Fill) -> None:
    fill([row(pr=8), row(repo="o/r", description={"ghprbPullId": "8", "x": "7"})])
    with pytest.raises(UnknownName):
        ask(source, "7")


@pytest.fixture
def database(fill: Fill, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(
        [
            *scenes.passing(),
            *scenes.own_failure(),
            *scenes.failure_of_others(),
            *scenes.outage(),
        ]
    )
    monkeypatch.setenv("CI_STAT_URL", url)
    monkeypatch.setenv("CI_STAT_RUN_URL", "https://ci.example/{job}/{number}")


def test_the_command(database: None, call: Call, golden: Golden) -> None:
    answers = [call("pr", number) for number in ("7", "8", "10", "1001")]
    assert {answer.code for answer in answers} == {0}
    shown = "\n".join(answer.out for answer in answers)
    golden.check("pr.txt", scenes.without_database(shown))


def test_json_says_the_same(database: None, call: Call) -> None:
    answer = call("pr", "7", "--json", "--limit", "1")
    data: dict[str, Any] = json.loads(answer.out)
    assert (data["repo"], data["pr_number"], data["verdict"]) == ("o/r", 7, "yours")
    assert (data["total_runs"], len(data["runs"])) == (3, 1)
    (failure,) = data["failures"]
    assert (failure["reason"], failure["elsewhere"]["passed_runs"]) == ("fails only here", 40)
    assert failure["because"][0].startswith("It fails only here: in 2 of 2 runs")
    assert failure["here"]["passed_before"]["commit"] == "c1"


def test_an_unknown_verdict_has_its_own_exit_code(database: None, fill: Fill, call: Call) -> None:
    fill([*scenes.passing(3), *scenes.own_failure()])
    for form in ((), ("--json",)):
        answer = call("pr", "7", *form)
        assert answer.code == 12
        assert "cannot tell" in answer.out
        assert "It is unknown whether the failures of o/r#7 are its own." in answer.err


@pytest.mark.parametrize("since", ["999999w", "0d", "soon"])
def test_a_length_that_cannot_be_is_an_error(database: None, call: Call, since: str) -> None:
    for command in ("pr", "case", "job"):
        answer = call(command, "7", "--since", since)
        assert (answer.code, answer.out) == (2, "")
        assert "Traceback" not in answer.err


def test_an_empty_table_says_what_to_do(
    source: Source, url: str, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_STAT_URL", url)
    for words in (("pr", "7"), ("case", "x"), ("job", "x")):
        answer = call(*words)
        assert answer.code == 2
        assert "ci-stat import FILE" in answer.err
    assert call("run", "x", "7").code == 2


def test_unknown_names_end_with_2(database: None, call: Call) -> None:
    for typed in ("4711", "o/r#4711", "nothing"):
        answer = call("pr", typed)
        assert (answer.code, answer.out) == (2, "")
