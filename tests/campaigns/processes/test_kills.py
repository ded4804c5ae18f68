"""kill -9 of `ci-stat campaign`, around each write to GitHub and each commit of our state.

What was killed is continued by `ci-stat campaign resume`: nothing exists twice, nothing is lost,
nothing is left over. The full suite kills a campaign of ten at all of its points.
"""

import json
from pathlib import Path
from random import Random
from signal import SIGINT, SIGKILL, SIGTERM

import pytest

from tests.campaigns.processes.commands import Interpreter, Kills
from tests.campaigns.processes.matrix import (
    JOBS_FAILED,
    campaign_place,
    continued,
    figures_of,
    killed_at,
    outward,
    points_of,
    tally,
)
from tests.support.drawn import FULL, SEED

pytestmark = [pytest.mark.chaos, pytest.mark.recovery]

COUNT = 10 if FULL else 1
PARTS = 40 if FULL else 1
WRITES, COMMITS = 4, 3  # in the short form
PROCESSES = 400  # more are not needed for any campaign here


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_at_a_point(interpreter: Interpreter, tmp_path: Path, part: int) -> None:
    names = points_of(interpreter, tmp_path / "counted", COUNT)
    points = range(1, len(names) + 1)
    if FULL:
        drawn = list(points[part::PARTS])
    else:
        writes, random = outward(names), Random(SEED)
        commits = sorted({*points} - {*writes})
        drawn = [*random.sample(writes, WRITES), *random.sample(commits, COMMITS)]
    figures = figures_of(drawn, names, interpreter, tmp_path, COUNT)
    assert figures.problems == []
    assert figures.killed >= figures.points - 1, "waits have a random part: the last may be gone"


def test_each_write_is_a_point(interpreter: Interpreter, tmp_path: Path) -> None:
    names = points_of(interpreter, tmp_path / "counted", 1)
    writes = [names[at - 1] for at in outward(names)]
    kinds = [name.rpartition(" ")[2] for name in writes if name.startswith("before")]
    assert kinds[:6] == ["trees", "commits", "refs", "pulls", "labels", "comments"]
    assert len(kinds) == 9, "and the result, the end of the pull request and that of its branch"
    assert [name.partition(" ")[0] for name in writes] == ["before", "after"] * len(kinds)
    assert names.count("before commit") > 3 * len(kinds), "intent, call and answer of each"


def test_processes_that_are_all_killed(interpreter: Interpreter, tmp_path: Path) -> None:
    """Each process does a little and is killed, until one comes to the end."""
    count = 10 if FULL else 2
    random = Random(SEED)
    with campaign_place(interpreter, tmp_path / "place", count) as place:
        ended = place.run("start", kills=Kills(random.randrange(10, 50)))
        killed = 0
        while ended.code == -SIGKILL and killed < PROCESSES:
            killed += 1
            ended = continued(place, Kills(random.randrange(10, 50)))
        assert ended.code in (0, JOBS_FAILED), ended.err
        assert killed > 3 * count
        assert tally(place, count).is_clean, tally(place, count)


@pytest.mark.parametrize(("signal", "code"), [(SIGTERM, -SIGTERM), (SIGINT, 130)])
def test_a_process_that_is_asked_to_end(
    interpreter: Interpreter, tmp_path: Path, signal: int, code: int
) -> None:
    with campaign_place(interpreter, tmp_path / "place", 1) as place:
        ended = place.run("start", kills=Kills(60, signal=signal))
        assert ended.code == code, ended.err
        assert "Traceback" not in ended.err
        if signal == SIGINT:
            assert "Continue: ci-stat campaign resume" in ended.err
        assert continued(place).code == 0
        assert tally(place, 1).is_clean, tally(place, 1)


def test_state_on_a_server(interpreter: Interpreter, tmp_path: Path, mariadb_url: str) -> None:
    """The connection of a killed process is closed by the server, which forgets what it began."""
    names = points_of(interpreter, tmp_path / "counted", 1)
    at = Random(SEED).choice(outward(names))
    was_killed, left = killed_at(at, interpreter, tmp_path / "place", 1, mariadb_url)
    assert was_killed
    assert left.is_clean, left


def test_what_a_killed_campaign_shows(interpreter: Interpreter, tmp_path: Path) -> None:
    """`status` names what is open, and a second `start` says how to continue."""
    names = points_of(interpreter, tmp_path / "counted", 1)
    at = names.index("after POST pulls") + 1
    with campaign_place(interpreter, tmp_path / "place", 1) as place:
        assert place.run("start", kills=Kills(at)).code == -SIGKILL
        status = json.loads(place.run("status", "--json").out)
        assert status["state"] == "running"
        (probe,) = status["probes"]
        assert (probe["state"], probe["pull_request"]) == ("opening", None)
        again = place.run("start")
        assert again.code == 10
        assert f"ci-stat campaign resume {status['campaign']}" in again.err
        assert place.run("resume").code == 0
        assert tally(place, 1).is_clean, tally(place, 1)
