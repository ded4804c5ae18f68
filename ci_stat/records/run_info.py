"""What is known about a run whose test results are stored."""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime

import msgspec


def content_of(digests: Iterable[str]) -> str:
    """The `content` of a run, from the digests of all its files in any order."""
    return hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()


class RunInfo(msgspec.Struct, frozen=True):
    """A run as its CI describes it.

    `number`: None outside of a CI; then `content` (a hash of all result files) identifies the run.
    `attempt`: from 1; a repeated run keeps its number. `started`: aware, None if unknown. `labels`:
    the entry of a matrix, such as {"spark": "3.5.7"}.
    """

    job: str
    number: int | None = None
    attempt: int = 1
    repo: str = ""
    commit: str = ""
    branch: str = ""
    pull: int | None = None
    trigger: str = ""
    url: str = ""
    labels: dict[str, str] = {}
    started: datetime | None = None
    content: str = ""

    @property
    def key(self) -> str:
        """32 hex digits: equal for the same run, whatever else is known of it."""
        content = self.content if self.number is None else ""
        identity = [1, self.repo, self.job, self.number, self.attempt, self.label_text, content]
        return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:32]

    @property
    def label_text(self) -> str:
        """The labels as JSON, sorted: equal texts are equal labels."""
        return json.dumps(self.labels, sort_keys=True)
