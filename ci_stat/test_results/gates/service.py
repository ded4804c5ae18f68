"""Gathers what a gate needs from the results database, and lets the policy decide."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from difflib import get_close_matches

from sqlalchemy import Engine

from ci_stat.errors import CannotTell, UnknownName
from ci_stat.store.results.read import ResultsReader, RunFilter, StoredRun
from ci_stat.store.results.run_lookup import RunLookup
from ci_stat.test_results.gates.decide import decide_with
from ci_stat.test_results.gates.levels import Classifier, past_run
from ci_stat.test_results.gates.model import GateResults, History, Verdict
from ci_stat.test_results.gates.policy import Policy, Selector
from ci_stat.test_results.gates.replay import Replay, ReplayInput, replay
from ci_stat.test_results.gates.stored import Group, StoredResults, groups_of, started
from ci_stat.test_results.model import RunId, RunName

HISTORY = 100  # earlier runs that are looked at
_LOOKED_AT = 2_000  # stored runs, among them entries and attempts, that are searched for these
_BEFORE = timedelta(days=30)  # before a replay, for its first runs' history


class StoredGate:
    """A policy over the results database. All methods raise DatabaseError."""

    def __init__(self, engine: Engine, policy: Policy) -> None:
        self._reader = ResultsReader(engine)
        self._lookup = RunLookup(engine)
        self._policy = policy
        self._classifier = Classifier(policy)
        has_properties = needs_properties(policy)
        self._results = StoredResults(engine, has_properties)
        # With properties, what concerns the policy may differ from run to run.
        keep = None if has_properties else self._classifier.concerns
        self._past = StoredResults(engine, has_properties, keep)

    def judge_run(
        self, job: str, number: RunName | None, labels: Mapping[str, str], now: datetime
    ) -> Verdict:
        """Judge a stored run with all its matrix entries; without `number` the newest one.

        A run that is named by its id is judged alone, without other entries and attempts.
        `labels`: only entries that have all of them. Raises CannotTell, UnknownName.
        """
        group = self._find(job, number, labels)
        ((_, results),) = self._results.read([group])
        history = self._history(job, group[0].info.number, before=group[0])
        return decide_with(self._classifier, results, now, history)

    def judge_files(
        self, results: GateResults, job: str, number: RunName | None, now: datetime
    ) -> Verdict:
        """Judge results that were read from files, with the stored runs of `job` as history.

        `number`: of the run that the files are of; it is not a part of its history. Raises
        CannotTell, UnknownName.
        """
        self._require_job(job)
        return decide_with(self._classifier, results, now, self._history(job, number))

    def replay(self, begin: datetime, end: datetime, jobs: Sequence[str] = ()) -> Replay:
        """Judge each stored run of [begin, end). Raises CannotTell, UnknownName."""
        for job in jobs:
            self._require_job(job)
        stored = self._reader.runs_between(begin - _BEFORE, end, RunFilter(jobs=tuple(jobs)))
        groups = sorted(groups_of(stored), key=started)
        if not any(started(group) >= begin for group in groups):
            raise CannotTell("No run is stored in this window.", "Import results first.")
        return replay(self._policy, self._inputs(groups), begin, HISTORY)

    def _inputs(self, groups: Sequence[Group]) -> Iterator[ReplayInput]:
        for group, results in self._results.read(groups):
            info = group[0].info
            is_shared = info.pull is None
            yield ReplayInput(info.job, started(group), results, is_shared)

    def _history(
        self, job: str, number: RunName | None, before: StoredRun | None = None
    ) -> History:
        """Return earlier runs of the job, the newest first, without those of pull requests."""
        if not needs_history(self._policy):
            return ()
        anchor = before.id if before else None
        runs = self._reader.runs(job, _LOOKED_AT, before=anchor)
        runs = [run for run in runs if run.info.pull is None and not is_run(run, number)]
        groups = groups_of(runs)[:HISTORY]
        return tuple(
            past_run(self._classifier, results.cases, started(group))
            for group, results in self._past.read(groups)
        )

    def _find(self, job: str, number: RunName | None, labels: Mapping[str, str]) -> Group:
        self._require_job(job)
        wanted = labels.items()
        if number is None:
            newest = self._reader.runs(job, _LOOKED_AT)
        elif isinstance(number, RunId):
            stored = self._lookup.with_id(number.id)
            newest = [run for run in stored if run.info.job == job]
        else:
            newest = self._reader.of_number(job, number)
        fitting = [run for run in newest if wanted <= run.info.labels.items()]
        if not fitting:
            known = sorted({run.info.label_text for run in newest})[:10]
            hint = f"Known labels: {', '.join(known)}" if known else "See `ci-stat tests runs`."
            which = f"run {number} of {job!r}" if number is not None else f"run of {job!r}"
            raise UnknownName(f"No {which} is stored with these labels.", hint)
        return groups_of(fitting)[0]

    def _require_job(self, job: str) -> None:
        jobs = self._reader.jobs()
        if not jobs:
            hint = "Import some: ci-stat tests import PATH"
            raise CannotTell("The results database is empty.", hint)
        if job not in jobs:
            names = get_close_matches(job, jobs, n=5, cutoff=0.5) or jobs[:5]
            hint = f"Jobs with results: {', '.join(names)}"
            raise UnknownName(f"No results of the job {job!r}.", hint)


def is_run(run: StoredRun, name: RunName | None) -> bool:
    """Whether a stored run has this number or id."""
    if isinstance(name, RunId):
        return run.id == name.id
    return name is not None and run.info.number == name


def needs_history(policy: Policy) -> bool:
    return bool(policy.may_fail or policy.quarantine or policy.ramp)


def needs_properties(policy: Policy) -> bool:
    """Whether a selector asks for markers or properties."""
    selectors: tuple[Selector, ...] = (
        *policy.category,
        *policy.may_fail,
        *policy.quarantine,
        *policy.minimum,
    )
    return any(one.marker or one.except_marker or one.below for one in selectors)
