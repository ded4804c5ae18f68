"""Campaigns that are killed at one point each, and continued by `ci-stat campaign resume`.

    python -m tests.campaigns.processes.matrix [COUNT [PART PARTS]]

kills a campaign of COUNT pull requests (10) at each of its points, or at those of one part, and
prints the figures.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from signal import SIGKILL

from tests.campaigns.processes.commands import Ended, Interpreter, Kills, interpreter
from tests.campaigns.processes.tally import Tally, tally_of
from tests.campaigns.processes.world import Place, place_of
from tests.support.prow import Outcome, Prow, alias_job

UNIT = "pull-unit-test"
OUTCOMES = (Outcome.PASS, Outcome.FAIL, Outcome.FAIL)  # of the first ones; the rest pass
KEPT_LIMIT = 1
JOBS_FAILED = 11


def file_of(count: int) -> str:
    return f"""\
repo = "pingcap/ticdc"
branch = "master"
count = {count}
stagger_minutes = 5
labels = ["stability"]
commands = ["/test {UNIT}"]
contexts = ["{UNIT}"]
kept_limit = {KEPT_LIMIT}
"""


@contextmanager
def campaign_place(
    starter: Interpreter, folder: Path, count: int, state_url: str = ""
) -> Iterator[Place[Prow]]:
    """Two of the first three pull requests fail, of which one is kept and one closed again."""
    jobs = (alias_job(UNIT, minutes=3, outcomes=OUTCOMES),)
    with place_of(starter, folder, file_of(count), partial(Prow, jobs=jobs), state_url) as place:
        yield place


def points_of(starter: Interpreter, folder: Path, count: int) -> list[str]:
    """The points of a campaign that nothing disturbs: each write and commit, before and after."""
    kills = Kills()
    with campaign_place(starter, folder, count) as place:
        ended = place.run("start", kills=kills)
        assert ended.code == (JOBS_FAILED if count > 1 else 0), ended.err
        assert tally(place, count).is_clean
    return kills.names


def outward(names: Sequence[str]) -> list[int]:
    """The points around writes to GitHub."""
    return [at for at, name in enumerate(names, 1) if not name.endswith("commit")]


def tally(place: Place[Prow], count: int) -> Tally:
    return tally_of(place, count, kept=min(KEPT_LIMIT, count - 1))


def continued(place: Place[Prow], kills: Kills | None = None) -> Ended:
    """What a person does after a kill: `resume`, or `start` if nothing had begun."""
    shown = place.run("status", "--json")
    if shown.code != 0:
        assert "There is no campaign yet" in shown.err, shown.err
        return place.run("start", kills=kills)
    if json.loads(shown.out)["state"] == "done":
        return shown
    return place.run("resume", kills=kills)


def killed_at(
    at: int, starter: Interpreter, folder: Path, count: int, state_url: str = ""
) -> tuple[bool, Tally]:
    """Whether the process was killed at the point, and what the campaign left in the end."""
    with campaign_place(starter, folder, count, state_url) as place:
        ended = place.run("start", kills=Kills(at))
        was_killed = ended.code == -SIGKILL
        if was_killed:
            ended = continued(place)
        assert ended.code in (0, JOBS_FAILED), ended.err
        return was_killed, tally(place, count)


@dataclass
class Figures:
    """Of many kills."""

    points: int = 0
    killed: int = 0
    twice: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    left_over: list[str] = field(default_factory=list)

    def add(self, point: str, was_killed: bool, left: Tally) -> None:
        self.points += 1
        self.killed += was_killed
        self.twice += [f"killed {point}: {words}" for words in left.twice]
        self.lost += [f"killed {point}: {words}" for words in left.lost]
        self.left_over += [f"killed {point}: {words}" for words in left.left_over]

    @property
    def problems(self) -> list[str]:
        return [*self.twice, *self.lost, *self.left_over]


def figures_of(
    points: Sequence[int], names: Sequence[str], starter: Interpreter, folder: Path, count: int
) -> Figures:
    figures = Figures()
    for at in points:
        with tempfile.TemporaryDirectory(dir=folder) as own:
            was_killed, left = killed_at(at, starter, Path(own) / "place", count)
        figures.add(f"at {at}, {names[at - 1]}", was_killed, left)
    return figures


def main(count: int = 10, part: int = 1, parts: int = 1) -> None:
    begin = time.monotonic()
    with interpreter() as starter, tempfile.TemporaryDirectory() as folder:
        names = points_of(starter, Path(folder) / "counted", count)
        points = range(part, len(names) + 1, parts)
        figures = figures_of(points, names, starter, Path(folder), count)
    print(f"{count} pull requests, {len(names)} points, {len(outward(names))} of them at writes")
    print(f"part {part} of {parts}: {figures.points} points, {figures.killed} killed")
    print(f"twice {len(figures.twice)}, lost {len(figures.lost)}, left {len(figures.left_over)}")
    print(f"{time.monotonic() - begin:.0f} s")
    print("\n".join(figures.problems))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
