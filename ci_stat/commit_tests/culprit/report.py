"""A search with its conclusion and every run behind it, for all forms of output."""

from dataclasses import dataclass

from ci_stat.commit_tests.culprit.ledger import Question, SearchFile
from ci_stat.commit_tests.culprit.model import Conclusion, Observation


@dataclass(frozen=True, slots=True)
class SearchReport:
    """What a search found. `name`: of its file."""

    name: str
    question: Question
    conclusion: Conclusion
    observations: tuple[Observation, ...]

    @classmethod
    def of(cls, file: SearchFile, conclusion: Conclusion) -> "SearchReport":
        return cls(file.name, file.question, conclusion, file.observations)
