"""Made-up histories and tests for searches, without git and without processes."""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from ci_stat.commit_tests.culprit.clues import Suspect
from ci_stat.commit_tests.culprit.decisions import Search
from ci_stat.commit_tests.culprit.ledger import Question, SearchFile
from ci_stat.commit_tests.culprit.model import (
    Answer,
    Commit,
    CommitRange,
    Conclusion,
    Observation,
    Ran,
    RateHistory,
    Rules,
    RunCommit,
    Source,
)
from ci_stat.commit_tests.culprit.priors import prior_of
from ci_stat.commit_tests.culprit.service import Progress, Searcher

NOW = datetime(2026, 11, 30, 4, tzinfo=UTC)
QUICK = Rules(parallel=4)


def sha(place: int) -> str:
    return f"{place:08x}" + f"{place:032x}"


def commits(suspects: int, paths: Mapping[int, Sequence[str]] | None = None) -> CommitRange:
    """A line of commits; `paths`: by place."""
    paths = paths or {}
    line = [
        Commit(
            sha=sha(place),
            parents=(sha(place - 1),),
            subject=f"change {place}",
            paths=tuple(paths.get(place, ())),
        )
        for place in range(suspects + 1)
    ]
    return CommitRange(base=line[0], suspects=tuple(line[1:]))


def search_of(suspects: int, rules: Rules = QUICK, history: RateHistory | None = None) -> Search:
    """A search without clues."""
    in_range = commits(suspects)
    prior = prior_of([Suspect(1.0)] * suspects, rules, history or RateHistory())
    return Search(in_range, prior, rules)


def flaky(
    culprit: int, before: float, after: float, seed: int = 1, broken: Sequence[int] = ()
) -> RunCommit:
    """A test whose rate changes at a place; 0 for no change. `broken`: places that do not build."""
    generator = random.Random(seed)

    async def run(commit: str) -> Ran:
        await asyncio.sleep(0)
        place = int(commit[:8], 16)
        if place in broken:
            return Ran(Answer.UNUSABLE, 5.0, "does not build")
        rate = after if culprit and place >= culprit else before
        failed = generator.random() < rate
        return Ran(Answer.FAILED if failed else Answer.PASSED, 60.0)

    return run


def clock() -> Callable[[], datetime]:
    """A clock that goes on by a second each time."""
    seconds = count()
    return lambda: NOW + timedelta(seconds=next(seconds))


def question(rules: Rules = QUICK) -> Question:
    return Question(repository="/r", good=sha(0), bad=sha(1), command=("true",), rules=rules)


def new_file(folder: Path, rules: Rules = QUICK) -> SearchFile:
    return SearchFile.create(folder / "search.jsonl", question(rules))


def observation(number: int, place: int, answer: Answer, **more: object) -> Observation:
    fields: dict[str, object] = {"source": Source.RUN, "seconds": 60.0, **more}
    return Observation(number=number, commit=sha(place), answer=answer, at=NOW, **fields)  # type: ignore[arg-type]


def find(
    folder: Path, search: Search, run: RunCommit, shown: list[Progress] | None = None
) -> Conclusion:
    """Search to the end with a new file."""
    file = new_file(folder, search.rules)
    show = shown.append if shown is not None else _ignore
    return asyncio.run(Searcher(file, run, clock(), show).search(search))


def _ignore(progress: Progress) -> None:
    """Show nothing."""
