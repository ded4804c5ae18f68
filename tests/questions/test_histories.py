"""`ci-stat case`, `job` and `run`: the answers from both databases, and what they print."""

import json
from datetime import timedelta

import pytest

from ci_stat.errors import UnknownName
from ci_stat.questions.gather import Gatherer
from ci_stat.questions.reference import run_reference
from ci_stat.questions.service import Questions
from ci_stat.records import RunRow
from ci_stat.records.attempts import shown_id, stored_number
from ci_stat.result.answers.case_document import since_lines
from ci_stat.result.answers.history_model import History, Origin
from ci_stat.runs.database import Source
from tests.conftest import Fill
from tests.questions import scenes
from tests.questions.scenes import Y, run
from tests.support.command import Call
from tests.support.golden import Golden
from tests.support.rows import BEGIN, row

MONTH = timedelta(days=30)
SPELLINGS = [
    "Suite.TestY",
    "y_test.go:Suite.TestY",
    "FAIL: y_test.go:99: Suite.TestY",
    " Suite.TestY ",
]


def questions(source: Source) -> Questions:
    return Questions(Gatherer(source, lambda: None))


def rows() -> list[RunRow]:
    """Forty passes in forty hours; Y fails on the second day, and passes again."""
    others = [run(20, 6, "FAILURE", analysis_res={"case": ["y_test.go:Suite.TestYes"]})]
    fails = [run(hour, 7, "FAILURE", analysis_res=Y) for hour in (25, 26)]
    return [*scenes.passing(), *others, *fails, run(27, None, "FAILURE", "nightly", analysis_res=Y)]


@pytest.mark.parametrize("typed", SPELLINGS)
def test_a_case_in_any_spelling(source: Source, fill: Fill, typed: str) -> None:
    fill(rows())
    history = questions(source).case(typed, MONTH)
    assert (history.name, history.kind, len(history.failed)) == ("Suite.TestY", "case", 3)
    assert [(share.name, share.failed, share.runs) for share in history.jobs] == [
        ("unit", 2, 43),
        ("nightly", 1, 1),
    ]
    assert [(branch.name, branch.failed) for branch in history.branches] == [("master", 3)]
    assert ([pr.name for pr in history.prs], history.nightly) == (["o/r#7"], 1)
    assert [(day.date, day.failed, day.runs) for day in history.days] == [
        ("2021-06-19", 0, 25),
        ("2021-06-20", 3, 19),
    ]
    assert (history.total.failed, history.total.runs) == (3, 44)
    assert 0.02 < history.total.interval.low < 3 / 44 < history.total.interval.high < 0.2


@pytest.mark.parametrize("typed", ["TestY", " TestY "])
def test_the_last_part_of_only_one_name_is_enough(source: Source, fill: Fill, typed: str) -> None:
    fill(rows())
    assert questions(source).case(typed, MONTH).name == "Suite.TestY"


@pytest.mark.parametrize("typed", ["estY", "stY", "Y", "Test"])
def test_a_piece_of_a_part_is_not(source: Source, fill: Fill, typed: str) -> None:
    fill(rows())
    with pytest.raises(UnknownName):
        questions(source).case(typed, MONTH)


def test_the_last_part_of_two_names_is_not(source: Source, fill: Fill) -> None:
    other = run(20, 6, "FAILURE", analysis_res={"case": ["y_test.go:Other.TestY"]})
    fill([*rows(), other])
    with pytest.raises(UnknownName, match=r"Similar: Other\.TestY, Suite\.TestY"):
        questions(source).case("TestY", MONTH)


def since(history: History) -> Origin:
    assert history.since is not None
    return history.since.origin


def test_it_began_if_enough_runs_passed_before(source: Source, fill: Fill) -> None:
    fill([*scenes.passing(), *(run(h, 7, "FAILURE", analysis_res=Y) for h in range(25, 29))])
    history = questions(source).case("Suite.TestY", MONTH)
    assert since(history) == Origin.BEGAN
    assert history.since is not None
    before, after = history.since.passed_before, history.since.passed_after
    assert before is not None
    assert after is not None
    assert (before.commit, after.commit) == ("c1024", "c1029")
    assert history.since.runs_before == 24


def test_the_begin_of_the_data_is_no_begin(source: Source, fill: Fill) -> None:
    fill(
        [
            run(hour, hour, "FAILURE" if hour % 4 == 1 else "SUCCESS", analysis_res=Y)
            for hour in range(1, 60)
        ]
    )
    data = questions(source).case("Suite.TestY", MONTH)
    window = questions(source).case("Suite.TestY", timedelta(hours=2, seconds=2))
    assert (since(data), since(window)) == (Origin.DATA, Origin.WINDOW)
    assert lead(data)[:2] == [
        "Since at least 2021-06-19 01:00: unit #100001 on c1 of o/r#1",
        "The data has no pass of unit on master before it.",
    ]
    assert lead(window)[1] == "The window has no pass of unit on master before it."


def lead(history: History) -> list[str]:
    assert history.since is not None
    lines = since_lines(history.since, "Since")
    return ["".join(span.text for span in line) for line in lines]


@pytest.mark.parametrize(("days", "runs"), [(4, 30), (30, 31)])
def test_what_may_be_older_names_no_begin(source: Source, fill: Fill, days: int, runs: int) -> None:
    """One failure of 40 runs may be absent from 30 runs by chance, whatever begins when."""
    passes = [run(hour, hour) for hour in (*range(24, 54), *range(73, 113))]
    fill([run(0, 1), *passes, run(72, 7, "FAILURE", analysis_res=Y)])
    history = questions(source).case("Suite.TestY", timedelta(days=days))
    assert since(history) == Origin.OLDER
    assert lead(history)[0].startswith("First seen on 2021-06-22 00:00: unit #")
    absent = f"{runs} runs of the days before did not have it"
    assert lead(history)[1] == f"It may be older: {absent}, but that may be chance."
    assert lead(history)[2].startswith("Last pass before: 2021-06-21 05:00, unit #")


def test_a_pass_of_the_same_day_is_no_begin_either(source: Source, fill: Fill) -> None:
    fill([run(1, 1), run(3, 7, "FAILURE", analysis_res=Y), run(4, 2)])
    history = questions(source).case("Suite.TestY", MONTH)
    assert since(history) == Origin.OLDER
    assert lead(history)[1] == "It may be older: no run of the days before is known."


def test_a_failure_by_its_name_of_another_kind(source: Source, fill: Fill) -> None:
    fill([*scenes.passing(), *scenes.outage()])
    history = questions(source).case("no space left", MONTH)
    assert (history.kind, len(history.failed)) == ("env", 7)


def test_unknown_cases_offer_near_ones(source: Source, fill: Fill) -> None:
    fill(rows())
    for typed in ("suite.testy", "Suite.TestZ", "Suité.TestY"):
        with pytest.raises(UnknownName, match=r"Similar: .*Suite\.TestY") as error:
            questions(source).case(typed, MONTH)
        assert error.value.exit_code == 2
    for typed in ("%", "_____", "", "名前"):
        with pytest.raises(UnknownName, match="Use --since"):
            questions(source).case(typed, MONTH)


def test_a_job(source: Source, fill: Fill) -> None:
    fill([*rows(), run(28, 8, "ABORTED", duration=5), run(29, 8, duration=9)])
    history = questions(source).job("unit", MONTH)
    assert (history.total.failed, history.total.runs, history.tally.aborted) == (3, 45, 1)
    assert [(seen.failure.name, seen.runs) for seen in history.seen] == [
        ("y_test.go:Suite.TestY", 2),
        ("y_test.go:Suite.TestYes", 1),
    ]
    assert history.median == 60_000
    streak = history.since
    assert streak is not None
    assert streak.passed_after is not None
    assert (streak.first.pr_number, streak.passed_after.commit) == (7, "c1027")


def test_unknown_jobs_offer_near_ones(source: Source, fill: Fill) -> None:
    fill(rows())
    with pytest.raises(UnknownName, match="Similar: unit"):
        questions(source).job("unti", MONTH)
    with pytest.raises(UnknownName, match="Similar: nightly"):
        questions(source).run(run_reference("nigh", "7"))


def test_a_run_and_what_is_around_it(source: Source, fill: Fill) -> None:
    twin = run(25, 7, job="build")
    fill([*rows(), twin])
    number = next(
        row.job_id for row in rows() if row.status == "FAILURE" and row.job_id // 10_000 == 250
    )
    answer = questions(source).run(run_reference("unit", f"#{number}"))
    assert (answer.run.case, answer.run.commit) == (["y_test.go:Suite.TestY"], "c7")
    assert answer.previous is not None
    assert answer.next is not None
    assert answer.previous.job_id < number < answer.next.job_id
    assert [(other.job_name, other.status) for other in answer.same_commit] == [
        ("build", "SUCCESS"),
        ("unit", "FAILURE"),
    ]


def test_attempts_stand_between_the_runs_of_their_time(source: Source, fill: Fill) -> None:
    """#2.2 runs after #4 started; #5 and #5.2 start in one second."""
    starts = {1: 1, 2: 2, 3: 3, 4: 4, stored_number(2, 2): 4.5, 5: 5, stored_number(5, 2): 5}
    fill([row("unit", number, time=BEGIN + timedelta(hours=at)) for number, at in starts.items()])
    shown = []
    for build in ("1", "2", "4", "2.2", "5", "5.2"):
        answer = questions(source).run(run_reference("unit", build))
        around = (answer.previous, answer.next)
        shown.append(tuple(shown_id(near.job_id) if near else "" for near in around))
    assert shown == [("", "2"), ("1", "3"), ("3", "2.2"), ("4", "5"), ("2.2", "5.2"), ("5", "")]


def test_an_unknown_number_offers_its_neighbours(source: Source, fill: Fill) -> None:
    fill([run(1, 7), run(3, 7)])
    with pytest.raises(UnknownName, match=r"unit has no run 200000.\n  Similar: #100007, #300007"):
        questions(source).run(run_reference("unit", "200000"))


@pytest.mark.parametrize(
    "link",
    [
        "https://ci.example/job/unit/100007/",
        "https://ci.example/job/folder/job/unit/100007/console",
        "https://ci.example/blue/organizations/jenkins/unit/detail/unit/100007/pipeline",
    ],
)
def test_a_run_by_its_link(source: Source, fill: Fill, link: str) -> None:
    fill([run(1, 7), run(1, 7, job="other")])
    answer = questions(source).run(run_reference(link, None))
    assert (answer.run.job_name, answer.run.job_id) == ("unit", 100_007)
    with pytest.raises(UnknownName, match="No run has the page"):
        questions(source).run(run_reference("https://ci.example/job/unit/5/", None))
    with pytest.raises(UnknownName, match="No run has the page"):
        questions(source).run(run_reference("https://ci.example/actions/runs/1/job/100007", None))


@pytest.fixture
def database(fill: Fill, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(rows())
    monkeypatch.setenv("CI_STAT_URL", url)
    monkeypatch.setenv("CI_STAT_RUN_URL", "https://ci.example/{job}/{number}")


def test_the_commands(database: None, call: Call, golden: Golden) -> None:
    answers = [
        call("case", "Suite.TestY"),
        call("job", "unit", "--limit", "1"),
        call("run", "unit", "2500007"),
    ]
    assert [answer.code for answer in answers] == [0, 0, 0]
    shown = "\n".join(answer.out for answer in answers)
    golden.check("histories.txt", scenes.without_database(shown))


def test_json_says_the_same(database: None, call: Call) -> None:
    case = json.loads(call("case", "Suite.TestY", "--json", "--limit", "1").out)
    assert (case["case"], case["failed"], case["total_jobs"], len(case["jobs"])) == (
        "Suite.TestY",
        3,
        2,
        1,
    )
    assert case["since"]["first"]["pr_number"] == 7
    assert case["interval"][0] < case["rate"] < case["interval"][1]
    assert (case["total_failed_runs"], len(case["failed_runs"])) == (3, 1)
    job = json.loads(call("job", "unit", "--json").out)
    assert (job["job"], job["tally"]["failure"], job["total_failures"]) == ("unit", 3, 2)
    one = json.loads(call("run", "unit", "2500007", "--json").out)
    assert (one["job_id"], one["failures"][0]["kind"], one["next"]["status"]) == (
        2500007,
        "case",
        "SUCCESS",
    )


def test_a_job_has_the_numbers_of_the_list_of_jobs(database: None, fill: Fill, call: Call) -> None:
    stopped = [run(hour + 0.5, 90 + hour, "ABORTED") for hour in range(30, 36)]
    fill([*rows(), *stopped, run(37.5, 99, "RUNNING")])
    window = ("--since", "7d", "--end", "latest", "--json")
    listed = json.loads(call("jobs", "--job", "unit", *window).out)["jobs"][0]
    job = json.loads(call("job", "unit", *window).out)
    numbers = (job["failed"], job["finished_runs"], job["rate"])
    assert numbers == (listed["failure"], 49, listed["fail_rate"])
    assert job["branches"][0]["finished_runs"] == sum(day["runs"] for day in job["days"]) == 49
    case = json.loads(call("case", "Suite.TestY", *window).out)
    assert [row["passed_or_failed_runs"] for row in case["jobs"]] == [43, 1]
    assert (case["passed_or_failed_runs"], "finished_runs" in case) == (44, False)
    assert "of 44 runs that passed or failed" in call("case", "Suite.TestY").out


@pytest.mark.parametrize("words", [("case", "Suite.TestY"), ("job", "unit"), ("pr", "7")])
def test_a_row_of_the_future_is_not_the_newest(
    database: None,
    fill: Fill,
    call: Call,
    caplog: pytest.LogCaptureFixture,
    words: tuple[str, str],
) -> None:
    before = json.loads(call(*words, "--json").out)
    fill([*rows(), run(24 * 365 * 500, 7)])
    shown, data = call(*words).out, json.loads(call(*words, "--json").out)
    in_future = {"time lies in the future (anywhere in the table)": 1}
    assert data["source"].pop("warnings") == in_future
    assert before["source"].pop("warnings") == {}
    assert data == before
    assert "1 row lies in the future (anywhere in the table): the newest row that" in caplog.text
    assert "2521" not in shown


def test_if_all_rows_are_of_the_future_the_newest_counts(
    database: None, fill: Fill, call: Call, caplog: pytest.LogCaptureFixture
) -> None:
    fill([run(24 * 365 * 500 + hour, 7) for hour in range(3)])
    answer = call("job", "unit", "--json")
    data = json.loads(answer.out)
    assert (answer.code, data["source"]["rows"]) == (0, 3)
    assert data["source"]["newest_row"].startswith("2521-")
    assert "3 rows lie in the future" in caplog.text


def test_unknown_names_end_with_2(database: None, call: Call) -> None:
    for words in (
        ("case", "x"),
        ("job", "x"),
        ("run", "unit", "1"),
        ("run", "unit"),
        ("run", "unit", "x"),
    ):
        answer = call(*words)
        assert (answer.code, answer.out) == (2, ""), answer.err
        assert len(answer.err.splitlines()) == 2
