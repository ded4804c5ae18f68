"""What a campaign left at the forge: what exists twice, what is missing, what is left over."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.campaigns.processes.world import Place
from tests.support.prow import Prow

_MARK = re.compile(r"<!-- ci_stat campaign v1 [0-9a-f]{12} (\d+) [0-9a-f]{16} -->")
_PART = re.compile(r"<!-- ci_stat campaign v1 [0-9a-f]{12} \d+ [0-9a-f]{16} ([a-z]+[ \d]*) -->")
_FINAL = ("closed", "kept")


@dataclass
class Tally:
    """Each is a list of words."""

    twice: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    left_over: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not (self.twice or self.lost or self.left_over)


def tally_of(place: Place[Prow], count: int, kept: int) -> Tally:
    """`count`: of the pull requests that the campaign was to open; `kept`: that stay open."""
    shown = place.run("status", "--json")
    status = json.loads(shown.out)
    return Tally(
        twice=list(_twice(place, count)),
        lost=list(_lost(place, status, count)),
        left_over=list(_left_over(place, status, kept)),
    )


def _twice(place: Place[Prow], count: int) -> Iterator[str]:
    github, code = place.code.github, place.code
    positions = Counter(_position(code.issue(number).body) for number in code.pulls)
    yield from (f"pull request of {name}" for name, times in positions.items() if times > 1)
    made = Counter(call.made for call in github.requests if call.made)
    branches = {name: times for name, times in made.items() if name.startswith("refs/")}
    yield from (f"branch {name}" for name, times in branches.items() if times > 1)
    commits = [name for name in made if name.startswith("commit ")]
    if len(commits) > count:
        yield f"{len(commits)} commits for {count} pull requests"
    for number in code.pulls:
        parts = _parts(place, number)
        yield from (f"comment {part} at {number}" for part, times in parts.items() if times > 1)
    runs = Counter((run.number, run.job.name) for run in place.ci.runs)
    yield from (f"job {name} at {number}" for (number, name), times in runs.items() if times > 1)


def _lost(place: Place[Prow], status: dict[str, Any], count: int) -> Iterator[str]:
    code = place.code
    if status["state"] != "done":
        yield f"the campaign is {status['state']}"
    if len(code.pulls) < count:
        yield f"{count - len(code.pulls)} pull requests"
    for probe in status["probes"]:
        number = probe["pull_request"]
        if probe["state"] not in _FINAL or number not in code.pulls:
            yield f"the end of pull request {probe['position']}, which is {probe['state']}"
            continue
        missing = {"commands 1", "result"} - set(_parts(place, number))
        yield from (f"comment {part} at {number}" for part in sorted(missing))
        if "stability" not in code.issue(number).labels:
            yield f"the label at {number}"


def _left_over(place: Place[Prow], status: dict[str, Any], kept: int) -> Iterator[str]:
    code = place.code
    staying = [probe for probe in status["probes"] if probe["state"] == "kept"]
    if len(staying) != kept:
        yield f"{len(staying)} kept pull requests instead of {kept}"
    branches = {"master", *(probe["branch"] for probe in staying)}
    yield from (f"branch {name}" for name in code.heads(code.github.repo) if name not in branches)
    numbers = {probe["pull_request"] for probe in staying}
    for number in code.pulls:
        is_open = code.issue(number).state == "open"
        if is_open != (number in numbers):
            yield f"pull request {number} is {code.issue(number).state}"


def _position(body: str) -> str:
    return " ".join(_MARK.findall(body))


def _parts(place: Place[Prow], number: int) -> Counter[str]:
    bodies = (comment.body for comment in place.code.issue(number).comments)
    return Counter(part for body in bodies for part in _PART.findall(body))
