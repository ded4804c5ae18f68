"""Complete transcripts of requests to GitHub in golden files: by failure, state and fault."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ci_stat import __version__
from ci_stat.errors import CiStatError
from tests.support.filing import World
from tests.support.filing.scenarios import (
    DAY,
    FAULTS,
    KINDS,
    PLAIN,
    STATES,
    Do,
    FaultScenario,
    ours,
    person,
    place,
)
from tests.support.github import Fault
from tests.support.golden import Golden


@dataclass(frozen=True)
class Scenario:
    """`before`: builds the world of a morning. `faults`: of the run on that morning."""

    name: str
    before: Sequence[Do] = ()
    faults: Sequence[Fault] = ()


EMPTY, *OTHER_STATES = STATES
OPEN = ours(PLAIN, DAY - 2)
# The world of a fault, by its name or the beginning of it.
WORLDS: Mapping[str, Sequence[Do]] = {
    "creation": [PLAIN.today],
    "comment": [*OPEN, PLAIN.with_new_message],
    "change": [*OPEN, PLAIN.today],
    "list": [*OPEN, PLAIN.today],
    "list: a short page, twice": [*OPEN, person("another"), PLAIN.today],
    "list: no answer for long": [PLAIN.today],
}


def scenario_of(fault: FaultScenario) -> Scenario:
    before = WORLDS.get(fault.name) or WORLDS[fault.name.partition(":")[0]]
    return Scenario(fault.name, before, fault.faults)


def transcript_of(it: World, day: float | None, writes_only: bool = False) -> str:
    """The output of one run, and its requests."""
    it.github.requests.clear()
    it.clock.waits.clear()
    try:
        screen = it.screen(*it.post(day))
    except CiStatError as error:
        screen = f"{type(error).__name__}: {error}"
    waited = ", ".join(f"{seconds:g}" for seconds in it.clock.waits)
    calls = it.github.transcript()
    if writes_only:
        calls = (
            "".join(re.findall(r"(?m)^(?:POST|PATCH) .*\n(?: .*\n|\n)*", calls))
            or "(nothing is written)\n"
        )
    lines = [screen, "", *([f"(waited {waited} s)"] if waited and not writes_only else []), calls]
    text = "\n".join(lines).replace(it.github.url, "https://api.github.com")
    return re.sub(r"(?m) +$", "", text.replace(f"ci_stat {__version__}", "ci_stat VERSION"))


def short(text: str) -> str:
    """Texts of issues without what another golden shows; comments are complete."""
    return re.sub(
        r"(?s)(<!-- ci_stat:begin -->\n).*?( {4}<!-- ci_stat:issue:)", r"\1    [...]\n\2", text
    )


def shorter(text: str) -> str:
    """With a count of the reads without a fault, and without texts of issues."""
    text = re.sub(
        r"(?s) \|\n {4}<!-- ci_stat:begin -->.*?<!-- ci_stat:end -->\n", " (our part)\n", text
    )
    return re.sub(
        r"(?m)(?:^GET [^\[\n]*\n)+",
        lambda reads: f"({reads[0].count('GET ')} x GET, nothing wrong)\n",
        text,
    )


def written(scenarios: Sequence[Scenario], whole: bool = False, again: bool = False) -> str:
    """`again`: also the next run, without faults."""
    parts = []
    for scenario in scenarios:
        with place() as it:
            for do in scenario.before:
                do(it)
            it.flush()
            it.github.fault(*scenario.faults)
            parts.append(f"{'=' * 20} {scenario.name}\n\n{transcript_of(it, DAY)}")
            it.github.faults.waiting.clear()
            if again:
                it.later(minutes=2)
                parts.append(
                    f"{'-' * 20} two minutes later\n\n{transcript_of(it, None, writes_only=True)}"
                )
            assert it.github.findings == [], scenario.name
            assert it.duplicates() == [], scenario.name
            assert it.github.created_labels == [], scenario.name
    text = "\n".join(parts)
    return text if whole else shorter(text) if again else short(text)


def test_what_is_written_for_each_sort_of_failure(golden: Golden) -> None:
    kinds = [Scenario(kind.name, EMPTY.before(kind)) for kind in KINDS]
    golden.check("filing_kinds.txt", written(kinds, whole=True))


def test_what_is_written_where_the_tracker_holds_something(golden: Golden) -> None:
    golden.check(
        "filing_tracker.txt",
        written([Scenario(state.name, state.before(PLAIN)) for state in OTHER_STATES]),
    )


def test_what_is_written_when_something_goes_wrong(golden: Golden) -> None:
    golden.check("filing_faults.txt", written([scenario_of(fault) for fault in FAULTS], again=True))
