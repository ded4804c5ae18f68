"""Learns the expected jobs from the newest merged pull requests of the base branch."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ci_stat.campaigns.forge import Forge
from ci_stat.campaigns.judging import outcome_of
from ci_stat.campaigns.model import JobState, Spec
from ci_stat.records.forge import CommitSignal

PULLS = 10  # merged pull requests that are looked at
NO_JOBS = frozenset({"tide", "dco", "license/cla"})  # lower case: bots that test nothing
_MOST = 200  # characters of a name

Signals = Mapping[int, Sequence[CommitSignal]]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A status or check run that is not expected, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Learnt:
    """What the newest merged pull requests say about the expected jobs.

    - `contexts`: those that ran in all of `pulls`, sorted. `left_out`: the others, sorted.
    - `pulls`: numbers of the pull requests that have results. `empty`: of those without any.
    """

    contexts: tuple[str, ...]
    pulls: tuple[int, ...]
    left_out: tuple[LeftOut, ...] = ()
    empty: tuple[int, ...] = ()


def learn(spec: Spec, forge: Forge) -> Learnt:
    """Read the pull requests and their results. Raises SourceError."""
    pulls = forge.recent_pulls(spec.branch, PULLS)
    return learnt_from({pull.number: forge.signals(pull.head_sha) for pull in pulls})


def learnt_from(signals: Signals) -> Learnt:
    """The contexts that ran in each pull request with results. `signals`: by pull request."""
    names = {number: _names(own) for number, own in signals.items()}
    pulls = tuple(number for number, own in names.items() if own)
    counts: dict[str, int] = {}
    for name in _names_of_all(signals.values()):
        counts[name] = sum(name in names[number] for number in pulls)

    reasons = {name: _reason(name, count, len(pulls)) for name, count in counts.items()}
    return Learnt(
        contexts=tuple(sorted(name for name, why in reasons.items() if not why)),
        pulls=pulls,
        left_out=tuple(LeftOut(name, why) for name, why in sorted(reasons.items()) if why),
        empty=tuple(number for number in signals if number not in pulls),
    )


def _names(signals: Iterable[CommitSignal]) -> frozenset[str]:
    """The contexts that ran: a skipped or overridden one did not."""
    ran = (one for one in signals if outcome_of(one) is not JobState.OVERRIDDEN)
    return frozenset(signal.context for signal in ran)


def _names_of_all(signals: Iterable[Sequence[CommitSignal]]) -> frozenset[str]:
    return frozenset(signal.context for own in signals for signal in own)


def _reason(name: str, count: int, pulls: int) -> str:
    """Why a context is not expected; "" if it is."""
    if name.lower() in NO_JOBS:
        return "tests nothing"
    if not name.isprintable() or name.strip() != name or not 0 < len(name) <= _MOST:
        return "not a plain name of up to 200 characters"
    if not count:
        return "always skipped or overridden"
    return "" if count == pulls else f"ran in {count:,} of {pulls:,} pull requests"
