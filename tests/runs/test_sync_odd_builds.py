"""What a Jenkins may tell of single builds, and how the table has them."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import Engine

from ci_stat.connectors.jenkins.server import Jenkins
from ci_stat.records import Origin, RunRow
from ci_stat.runs.database import Source
from ci_stat.runs.export_runs import read_rows
from ci_stat.runs.sync_jenkins import sync
from ci_stat.runs.sync_plan import SyncPlan, SyncResult
from tests.conftest import SHANGHAI, day
from tests.support.command import Call
from tests.support.issues import run as made
from tests.support.jenkins import FakeBuild, FakeJenkins, running

NOW = datetime(2021, 6, 20, tzinfo=SHANGHAI)
START = int(datetime(2021, 6, 19, 8, 30, tzinfo=SHANGHAI).timestamp()) * 1000


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeJenkins]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    with running() as started:
        yield started


def build(number: int, result: str = "SUCCESS", **more: Any) -> FakeBuild:
    return FakeBuild(number, result, timestamp=START + number * 60_000, **more)


def run_sync(engine: Engine, fake: FakeJenkins, **plan: Any) -> SyncResult:
    with Jenkins(fake.url, timeout=10, sleep=lambda _: None) as client:
        return sync(engine, client, SHANGHAI, SyncPlan(**{"now": NOW} | plan))


def only_row(engine: Engine) -> RunRow:
    (row,) = read_rows(engine, None)
    return row


ODD: list[tuple[dict[str, Any], str]] = [
    ({"timestamp": 0}, "because its timestamp is 0"),
    ({"timestamp": None}, "because its timestamp is missing"),
    ({"timestamp": str(START)}, "because its timestamp is a str"),
    ({"building": ...}, "because its building is missing"),
    ({"building": "false"}, "because its building is a str"),
    ({"number": "2"}, "because its number is a str"),
    ({"result": ["SUCCESS"]}, "because its result is a list"),
]


@pytest.mark.parametrize(("odd", "reason"), ODD)
def test_an_odd_build_costs_that_build(
    engine: Engine, fake: FakeJenkins, odd: dict[str, Any], reason: str
) -> None:
    fake.add("unit", build(1), build(2, odd=odd), build(3))
    for stored in (2, 0):  # the second sync says it again, and stores nothing
        result = run_sync(engine, fake)
        assert (result.stored, result.failed) == (stored, [])
        assert dict(result.left_out) == {reason: 1}
    assert [row.job_id for row in read_rows(engine, None)] == [1, 3]


def test_odd_values_beside_the_build_do_not_matter(engine: Engine, fake: FakeJenkins) -> None:
    odd = {"duration": "60", "actions": [None, 7, {"parameters": 7}, {"remoteUrls": [7]}]}
    fake.add("unit", build(1, odd=odd), build(2, odd={"actions": None}))
    result = run_sync(engine, fake)
    assert (result.stored, dict(result.left_out)) == (2, {})


def test_a_page_of_odd_builds_hides_no_later_page(engine: Engine, fake: FakeJenkins) -> None:
    odd = [build(number, odd={"building": None}) for number in range(21, 131)]
    fake.add("unit", *map(build, range(1, 21)), *odd)
    result = run_sync(engine, fake)
    assert result.failed == []
    assert (result.stored, result.left_out["because its building is missing"]) == (20, 110)


def test_the_command_counts_odd_builds(
    fake: FakeJenkins, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.add("unit", build(1), build(2, odd={"timestamp": 0}))
    monkeypatch.setenv("CI_STAT_JENKINS_URL", fake.url)
    answer = call("sync", "jenkins")
    assert answer.code == 0
    assert "1 build skipped, because its timestamp is 0." in answer.out
    data = json.loads(call("sync", "jenkins", "--json").out)
    assert data["left_out"] == {"because its timestamp is 0": 1}


# Multibranch projects

REPO = ("https://github.com/o/app.git", "5eed")
LIBRARY = ("https://github.com/o/pipeline-library.git", "11b")
CHANGE = {
    "CHANGE_ID": "12",
    "CHANGE_URL": "https://github.com/o/app/pull/12",
    "CHANGE_TITLE": "Fix <b>it</b>",
    "CHANGE_AUTHOR": "ann",
    "CHANGE_TARGET": "main",
}


def test_a_job_of_a_pull_request_is_one(engine: Engine, fake: FakeJenkins) -> None:
    fake.add("o/app/PR-12", build(1, checkouts=(LIBRARY, REPO)))
    run_sync(engine, fake)
    row = only_row(engine)
    assert (row.repo, row.commit, row.description) == ("o/app", "5eed", {"ghprbPullId": "12"})
    (run,) = Source(engine, Origin(SHANGHAI)).load(day()).run_list
    assert (run.pr_number, run.repo) == (12, "o/app")


def test_parameters_say_more_than_the_name(engine: Engine, fake: FakeJenkins) -> None:
    fake.add("build-changes", build(1, parameters=CHANGE, checkouts=(REPO,)))
    run_sync(engine, fake)
    row = only_row(engine)
    assert (row.repo, row.branch, row.commit) == ("o/app", "main", "5eed")
    (run,) = Source(engine, Origin(SHANGHAI)).load(day()).run_list
    assert (run.pr_number, run.author, run.pr_title) == (12, "ann", "Fix <b>it</b>")
    assert run.pr_link == CHANGE["CHANGE_URL"]
    assert isinstance(row.description, dict)
    assert row.description["CHANGE_TITLE"] == "Fix <b>it</b>"


@pytest.mark.parametrize(
    ("address", "repo"),
    [
        ("git@github.com:o/app.git", "o/app"),
        ("ssh://git@git.example:7999/o/app.git", "o/app"),
        ("https://gitlab.example/group/sub/app", "group/sub/app"),
    ],
)
def test_the_repository_of_an_address(
    engine: Engine, fake: FakeJenkins, address: str, repo: str
) -> None:
    fake.add("app/PR-7", build(1, checkouts=((address, ""),)))
    run_sync(engine, fake)
    row = only_row(engine)
    assert (row.repo, row.commit) == (repo, None)


@pytest.mark.parametrize(
    ("job", "parameters", "checkouts"),
    [
        ("app/PR-12", {}, ()),  # no repository: both identify a pull request
        ("app/PR-12", {}, (("not an address", "5eed"),)),
        ("PR-12", {}, (REPO,)),  # in no project
        ("app/PR-x", {}, (REPO,)),
        ("app/PR-0", {}, (REPO,)),
        ("app/main", {}, (REPO,)),
        ("app/main", {"CHANGE_ID": "none"}, (REPO,)),
    ],
)
def test_what_is_no_pull_request(
    engine: Engine,
    fake: FakeJenkins,
    job: str,
    parameters: dict[str, str],
    checkouts: tuple[tuple[str, str], ...],
) -> None:
    fake.add(job, build(1, parameters=parameters, checkouts=checkouts))
    run_sync(engine, fake)
    row = only_row(engine)
    assert (row.repo, row.commit, row.description) == (None, None, parameters)


def test_the_writers_own_words_come_first(engine: Engine, fake: FakeJenkins) -> None:
    own = {"ghprbPullId": "7", "ghprbGhRepository": "x/y"}
    fake.add("app/PR-12", build(1, parameters=own | CHANGE, checkouts=(REPO,)))
    run_sync(engine, fake)
    row = only_row(engine)
    assert row.repo == "x/y"
    assert isinstance(row.description, dict)
    assert row.description["ghprbPullId"] == "7"


# Links


def test_a_link_to_a_job_in_folders() -> None:
    run = made(0, job_name="a b/c/PR-1", job_id=7)
    links = {
        "https://ci/{job_path}/{number}/": "https://ci/job/a%20b/job/c/job/PR-1/7/",
        "https://ci/{job}/{number}": "https://ci/a%20b%2Fc%2FPR-1/7",
    }
    for template, link in links.items():
        assert replace(run, origin=Origin(SHANGHAI, template)).link == link
    branch = replace(
        run, job_name="app/feature%2Fx", origin=Origin(SHANGHAI, "https://ci/{job_path}")
    )
    assert branch.link == "https://ci/job/app/job/feature%252Fx", "the branch feature/x"
    named = replace(run, job_name="{number}", origin=Origin(SHANGHAI, "https://ci/{job_path}"))
    assert named.link == "https://ci/job/%7Bnumber%7D"


# Logs with prefixes, read by the sync and by explain

PREFIXES = {
    "branch": "[linux] ",
    "branch and time": "[2021-06-19T00:30:01.000Z] [linux / go 1.16] ",
    "wall clock": "2021-06-19 00:30:01 ",
    "wall clock with fraction": "2021-06-19 00:30:01.123 ",
    "time of day": "00:30:01  ",
    "branch after wall clock": "2021-06-19 00:30:01 [linux] ",
}
LOG = """+ go test ./...
=== RUN   TestCargo
    cargo_test.go:31: 3 crates, want 4
--- FAIL: TestCargo (0.10s)
FAIL
FAIL	github.com/acme/ships/cargo	0.112s
script returned exit code 1
"""


@pytest.mark.parametrize("prefix", PREFIXES.values(), ids=PREFIXES)
def test_a_log_with_prefixes_is_read(
    engine: Engine, fake: FakeJenkins, call: Call, tmp_path: Any, prefix: str
) -> None:
    lines = "".join(f"{prefix}{line}\n" for line in LOG.splitlines())
    text = f"Started by timer\n{lines}Finished: FAILURE\n"
    fake.add("unit", build(1, "FAILURE", log=text.encode()))
    run_sync(engine, fake)
    assert only_row(engine).analysis_res == {"case": ["TestCargo"]}

    file = tmp_path / "build.log"
    file.write_text(text)
    (answer,) = map(json.loads, call("explain", "--json", str(file)).out.splitlines())
    first = answer["failures"][0]
    assert (first["kind"], first["case"]) == ("case", "TestCargo")
    assert first["message"] == "cargo_test.go:31: 3 crates, want 4"


@pytest.mark.parametrize(
    "line",
    [
        "[INFO] BUILD of module {n}",
        "[12/80] Building {n}",
        "[test {n}] a different name on each line",
        "2021-06-19T00:30:01.000Z no name",
    ],
)
def test_what_is_no_prefix_stays(call: Call, tmp_path: Any, line: str) -> None:
    noise = "".join(f"{line.format(n=n)}\n" for n in range(60))
    file = tmp_path / "build.log"
    file.write_text(f"{noise}{LOG}Finished: FAILURE\n")
    (answer,) = map(json.loads, call("explain", "--json", str(file)).out.splitlines())
    assert answer["failures"][0]["case"] == "TestCargo"
