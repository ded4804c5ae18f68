"""Answers that are known already: earlier runs of the commits, which cost nothing to ask."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from ci_stat.commit_tests.culprit.ledger import SearchFile
from ci_stat.commit_tests.culprit.model import Answer, Commit, Observation, Source


class KnownAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An earlier run of a commit. `reference`: names it in its source, uniquely."""

    commit: str
    answer: Answer
    at: datetime
    reference: str
    seconds: float = 0.0
    detail: str = ""


class KnownAnswers(Protocol):
    """A place that knows answers: the CI database, test results, the cache of commit tests."""

    source: Source

    async def answers(self, commits: Sequence[Commit]) -> list[KnownAnswer]:
        """Return what is known of these commits. Raises CiStatError."""


async def store_known(
    file: SearchFile, places: Sequence[KnownAnswers], commits: Sequence[Commit]
) -> int:
    """Store what is known, each answer once; return how many were new.

    An answer that was withdrawn by hand is not stored again.
    """
    stored = 0
    for place in places:
        for known in await place.answers(commits):
            if _is_stored(file, place.source, known):
                continue
            file.observe(
                Observation(
                    number=file.new_number(),
                    commit=known.commit,
                    answer=known.answer,
                    at=known.at,
                    seconds=known.seconds,
                    source=place.source,
                    reference=known.reference,
                    detail=known.detail,
                )
            )
            stored += 1
    return stored


def _is_stored(file: SearchFile, source: Source, known: KnownAnswer) -> bool:
    return any(
        (observation.source, observation.reference, observation.commit)
        == (source, known.reference, known.commit)
        for observation in (*file.observations, *file.withdrawn)
    )
