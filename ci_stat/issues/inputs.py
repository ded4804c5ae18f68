"""Values that a plan is made from: the settings of filing, and the facts gathered for a window."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ci_stat.issues.decisions.rules import Rules
from ci_stat.issues.evidence import Evidence
from ci_stat.issues.model import Snapshot
from ci_stat.issues.text.draft import Owners
from ci_stat.records import Ledger


@dataclass(frozen=True)
class FilingSettings:
    """Which tracker gets issues, by which rules, and what their texts say.

    - `repo`, `tracker_url`: the repository and the root of its API.
    - `memory`: how long before the window its history begins.
    - `labels`: of new issues. `owners`: whom new issues mention; None if nobody.
    - `hosts`: private names that texts mask.
    - `reproduce`: template of a command that reproduces a failure; "" for the default.
    """

    repo: str
    tracker_url: str
    rules: Rules
    memory: timedelta
    labels: tuple[str, ...] = ()
    owners: Owners | None = None
    hosts: tuple[str, ...] = ()
    reproduce: str = ""


@dataclass(frozen=True)
class PlanInputs:
    """Everything that decisions depend on besides the rules.

    - `evidence`: failures of the window and their history, as known at `now` (aware).
    - `snapshot`: the tracker's issues; empty if `tracker_read` is False.
    - `ledger`: our earlier calls, and notes of people.
    """

    evidence: Evidence
    snapshot: Snapshot
    ledger: Ledger
    now: datetime
    tracker_read: bool = True
