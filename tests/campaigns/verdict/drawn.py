"""Campaigns drawn as text: one word a probe, one letter a job.

`p` passed, `f` failed, `i` infra, `a` aborted, `o` overridden, `n` not triggered, `t` timed out,
`s` superseded, `w` waiting, `r` running, `.` no such job; `-` alone: not opened.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ci_stat.campaigns.model import (
    OPEN_STATES,
    Campaign,
    CampaignState,
    Failure,
    JobResult,
    JobState,
    Probe,
    ProbeState,
    Spec,
)

STARTED = datetime(2026, 11, 30, 4, tzinfo=UTC)
JOBS = ("pull-cdc-mysql-integration-light", "pull-cdc-kafka-integration-heavy")
LETTERS = {
    "p": JobState.PASSED,
    "f": JobState.FAILED,
    "i": JobState.INFRA,
    "a": JobState.ABORTED,
    "o": JobState.OVERRIDDEN,
    "n": JobState.NOT_TRIGGERED,
    "t": JobState.TIMED_OUT,
    "s": JobState.SUPERSEDED,
    "w": JobState.WAITING,
    "r": JobState.RUNNING,
}
Failures = Mapping[tuple[int, str], tuple[Failure, ...]]
SPEC = Spec(repo="pingcap/ticdc", branch="master", contexts=JOBS)


def campaign(
    drawing: str,
    spec: Spec = SPEC,
    started: datetime = STARTED,
    state: CampaignState = CampaignState.DONE,
    failures: Failures | None = None,
    id: str = "0123456789ab",
) -> Campaign:
    """The campaign of a drawing. `failures`: by position of a probe and job."""
    words = drawing.split()
    spec = replace(spec, count=max(spec.count if state == "running" else 0, len(words)))
    probes = tuple(
        _probe(place, word, spec, started, failures or {}) for place, word in enumerate(words, 1)
    )
    ended = started + timedelta(hours=7) if state in ("done", "cancelled") else None
    return Campaign(id, spec, started, state, ended, probes)


def _probe(
    position: int,
    word: str,
    spec: Spec,
    started: datetime,
    failures: Failures,
) -> Probe:
    due = started + (position - 1) * spec.stagger
    nonce = f"{position:016x}"
    if word == "-":
        return Probe(position, due, nonce)
    jobs = tuple(
        JobResult(
            context=job,
            state=LETTERS[letter],
            url=f"https://ci.example/job/{job}/{position}",
            started=due + timedelta(minutes=1),
            ended=None if LETTERS[letter] in OPEN_STATES else due + timedelta(minutes=50),
            failures=failures.get((position, job), ()),
        )
        for job, letter in zip(spec.contexts, word, strict=True)
        if letter != "."
    )
    is_over = all(job.is_terminal for job in jobs)
    kept = any(job.state is JobState.FAILED for job in jobs)
    ending = ProbeState.KEPT if kept else ProbeState.CLOSED
    return Probe(
        position,
        due,
        nonce,
        state=ending if is_over else ProbeState.WATCHING,
        number=4000 + position,
        url=f"https://github.com/{spec.repo}/pull/{4000 + position}",
        opened=due,
        triggered=due + timedelta(minutes=1),
        ended=due + timedelta(minutes=50) if is_over else None,
        jobs=jobs,
    )


def with_target(target: float, until_decided: bool = False, spec: Spec = SPEC) -> Spec:
    return replace(spec, target_rate=target, until_decided=until_decided)
