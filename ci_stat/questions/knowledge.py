"""What is known about a case beside its runs: its issue, its mute, and the command that runs it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ci_stat.failures import case_key
from ci_stat.issues.evidence import key_of_case
from ci_stat.issues.text.commands import Command, command
from ci_stat.records import CaseFailure, FailureKind, Mute
from ci_stat.result.answers.history_model import History
from ci_stat.result.answers.model import PRFailure


@dataclass(frozen=True)
class Knowledge:
    """What our state and the settings know about cases.

    - `links`: links to issues, by the name of the case; `mutes`: by key.
    - `template`: the command that runs a test, from the settings.
    """

    links: Mapping[str, str] = field(default_factory=dict)
    mutes: Mapping[str, Mute] = field(default_factory=dict)
    template: str = ""

    def of_failure(self, failure: PRFailure, repo: str) -> PRFailure:
        """The failure with what is known about its case."""
        if failure.newest is None or failure.kind != FailureKind.CASE:
            return failure
        # Without the package, by which tests of one name are told apart.
        name = case_key(failure.newest.name)
        return replace(
            failure,
            issue=self.links.get(failure.name) or self.links.get(name, ""),
            muted=self._why_muted(name),
            reproduce=command(name, failure.newest, repo, self.template),
        )

    def of_history(self, history: History, newest: CaseFailure, repo: str) -> History:
        """The history with what is known about its case. `newest`: the failure's newest form."""
        if history.kind != FailureKind.CASE:
            return history
        return replace(
            history,
            issue=self.links.get(history.name, ""),
            muted=self._why_muted(history.name),
            reproduce=command(history.name, newest, repo, self.template),
        )

    def of_case(
        self, names: Sequence[str], newest: CaseFailure, repo: str
    ) -> tuple[str, str, Command]:
        """The issue of a case, why it is muted, and the command that runs it; "" if unknown.

        `names`: all under which it may be known, the surest first.
        """
        issue = next((self.links[name] for name in names if name in self.links), "")
        muted = next(filter(None, map(self._why_muted, names)), "")
        return issue, muted, command(newest.name, newest, repo, self.template)

    def _why_muted(self, name: str) -> str:
        mute = self.mutes.get(key_of_case(name))
        return mute.why if mute else ""
