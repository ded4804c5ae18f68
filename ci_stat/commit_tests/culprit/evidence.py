"""Observations, counted by place. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ci_stat.commit_tests.culprit.model import Answer, Observation, Source
from ci_stat.statistics.change_belief import Counted
from ci_stat.statistics.paired_rates import Pairs

ERRORS_OF_COMMIT = 2  # a commit with so many errors and no answer is left out
_ANSWERS = frozenset({Answer.PASSED, Answer.FAILED})


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the observations say.

    - `counts`: failed and passed runs by place.
    - `unusable`: places that cannot be run.
    - `own_runs`: runs that the search itself started.
    - `errors_in_a_row`: the last runs, as far as the infrastructure failed.
    """

    observations: tuple[Observation, ...]
    places: Mapping[str, int]
    counts: Mapping[int, Counted]
    unusable: frozenset[int]
    own_runs: int
    errors_in_a_row: int

    @classmethod
    def of(cls, observations: Sequence[Observation], places: Mapping[str, int]) -> "Evidence":
        """`places`: by SHA. Observations of other commits count as runs of the search only."""
        in_order = tuple(sorted(observations, key=lambda observation: observation.number))
        of_range = [observation for observation in in_order if observation.commit in places]
        answers = _answers(of_range, places)
        return cls(
            observations=in_order,
            places=places,
            counts=_counts(answers),
            unusable=_unusable(answers),
            own_runs=sum(observation.source is Source.RUN for observation in in_order),
            errors_in_a_row=_errors_in_a_row(in_order),
        )

    def confirming(self, suspect: str, parent: str) -> tuple[int, int]:
        """How many answers the runs gave that confirm the suspect: of its parent, of itself."""
        failures = self._confirming(suspect, parent), self._confirming(suspect, suspect)
        return len(failures[0]), len(failures[1])

    def pairs(self, suspect: str, parent: str) -> Pairs:
        """The pairs of runs that confirm a suspect."""
        of_parent = self._confirming(suspect, parent)
        of_suspect = self._confirming(suspect, suspect)
        pairs = min(len(of_parent), len(of_suspect))
        return Pairs(sum(of_parent[:pairs]), sum(of_suspect[:pairs]), pairs)

    def before_pairs(self, suspect: str, place: int) -> tuple[Counted, Counted]:
        """The runs below a place, and from it on, before the first that confirms the suspect."""
        sides = [Counted(), Counted()]
        for observation in self.observations:
            if observation.confirms == suspect:
                break
            if observation.commit in self.places and observation.answer in _ANSWERS:
                side = self.places[observation.commit] >= place
                sides[side] = _plus(sides[side], observation.answer)
        return sides[0], sides[1]

    def _confirming(self, suspect: str, commit: str) -> list[bool]:
        """Whether each run of the commit that confirms the suspect failed."""
        return [
            observation.answer is Answer.FAILED
            for observation in self.observations
            if observation.confirms == suspect
            and observation.commit == commit
            and observation.answer in _ANSWERS
        ]


def _plus(counted: Counted, answer: Answer) -> Counted:
    failed = answer is Answer.FAILED
    return Counted(counted.failed + failed, counted.passed + (not failed))


def _answers(
    observations: Iterable[Observation], places: Mapping[str, int]
) -> dict[int, Counter[Answer]]:
    answers: dict[int, Counter[Answer]] = defaultdict(Counter)
    for observation in observations:
        answers[places[observation.commit]][observation.answer] += 1
    return answers


def _counts(answers: Mapping[int, Counter[Answer]]) -> dict[int, Counted]:
    counts = {
        place: Counted(of_place[Answer.FAILED], of_place[Answer.PASSED])
        for place, of_place in answers.items()
    }
    return {place: counted for place, counted in counts.items() if counted.runs}


def _unusable(answers: Mapping[int, Counter[Answer]]) -> frozenset[int]:
    """Places that do not build, or whose runs ended without an answer too often."""
    return frozenset(place for place, of_place in answers.items() if _is_unusable(of_place))


def _is_unusable(answers: Counter[Answer]) -> bool:
    if answers[Answer.UNUSABLE]:
        return True
    has_answer = any(answers[answer] for answer in _ANSWERS)
    return not has_answer and answers[Answer.ERROR] >= ERRORS_OF_COMMIT


def _errors_in_a_row(observations: Sequence[Observation]) -> int:
    own = [observation for observation in observations if observation.source is Source.RUN]
    for count, observation in enumerate(reversed(own)):
        if observation.answer is not Answer.ERROR:
            return count
    return len(own)
