"""All that is said to GitHub, in golden files to be read: what failed, what the tracker holds, and what goes wrong."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ci_stat import __version__
from ci_stat.errors import CiStatError
from tests.support.filing import World
from tests.support.filing.scenarios import (
    DAY,
    KINDS,
    PLAIN,
    STATES,
    TROUBLES,
    Do,
    Trouble,
    ours,
    person,
    place,
)
from tests.support.github import Fault
from tests.support.golden import Golden


@dataclass(frozen=True)
class Scenario:
    """`before`: what happened until the morning that is written down; `faults` of that morning."""

    name: str
    before: Sequence[Do] = ()
    faults: Sequence[Fault] = ()


NOTHING, *HELD = STATES
OPEN = ours(PLAIN, DAY - 2)
STRUCK: Mapping[str, Sequence[Do]] = {  # what a fault strikes, by its name or the beginning of it
    "creation": [PLAIN.today],
    "comment": [*OPEN, PLAIN.anew],
    "change": [*OPEN, PLAIN.today],
    "list": [*OPEN, PLAIN.today],
    "list: a short page, twice": [*OPEN, person("another"), PLAIN.today],
    "list: no answer for long": [PLAIN.today],
}


def struck(by: Trouble) -> Scenario:
    before = STRUCK.get(by.name) or STRUCK[by.name.partition(":")[0]]
    return Scenario(by.name, before, by.faults)


def told(it: World, day: float | None, writes_only: bool = False) -> str:
    """What one run says to the user, and to GitHub."""
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
    """Issues' texts without what the other file shows; comments are whole."""
    return re.sub(
        r"(?s)(<!-- ci_stat:begin -->\n).*?( {4}<!-- ci_stat:issue:)", r"\1    [...]\n\2", text
    )


def shorter(text: str) -> str:
    """Readings in which nothing went wrong are counted, and issues' texts are left out."""
    text = re.sub(
        r"(?s) \|\n {4}<!-- ci_stat:begin -->.*?<!-- ci_stat:end -->\n", " (our part)\n", text
    )
    return re.sub(
        r"(?m)(?:^GET [^\[\n]*\n)+",
        lambda found: f"({found[0].count('GET ')} x GET, nothing wrong)\n",
        text,
    )


def written(scenarios: Sequence[Scenario], whole: bool = False, again: bool = False) -> str:
    """`again`: what the run after it does, without faults."""
    parts = []
    for each in scenarios:
        with place() as it:
            for do in each.before:
                do(it)
            it.flush()
            it.github.fault(*each.faults)
            parts.append(f"{'=' * 20} {each.name}\n\n{told(it, DAY)}")
            it.github.faults.waiting.clear()
            if again:
                it.later(minutes=2)
                parts.append(f"{'-' * 20} two minutes later\n\n{told(it, None, writes_only=True)}")
            assert it.github.findings == [], each.name
            assert it.doubles() == [], each.name
            assert it.github.created_labels == [], each.name
    text = "\n".join(parts)
    return text if whole else shorter(text) if again else short(text)


def test_what_is_written_for_each_sort_of_failure(golden: Golden) -> None:
    kinds = [Scenario(kind.name, NOTHING.before(kind)) for kind in KINDS]
    golden.check("filing_kinds.txt", written(kinds, whole=True))


def test_what_is_written_where_the_tracker_holds_something(golden: Golden) -> None:
    golden.check(
        "filing_tracker.txt", written([Scenario(state.name, state.before(PLAIN)) for state in HELD])
    )


def test_what_is_written_when_something_goes_wrong(golden: Golden) -> None:
    golden.check("filing_faults.txt", written([struck(each) for each in TROUBLES], again=True))
