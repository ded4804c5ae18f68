"""What the observations prove, and which runs come next. Pure: no clock, no git, no process."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log1p

from ci_stat.commit_tests.culprit.clues import Suspect
from ci_stat.commit_tests.culprit.costs import expected_costs
from ci_stat.commit_tests.culprit.evidence import Evidence
from ci_stat.commit_tests.culprit.groups import Group, groups
from ci_stat.commit_tests.culprit.model import (
    CommitRange,
    Confirmation,
    End,
    Kind,
    Rules,
    Trial,
)
from ci_stat.statistics.change_belief import Beliefs, ChangePrior, Counted, Trials, beliefs
from ci_stat.statistics.next_runs import next_places
from ci_stat.statistics.paired_rates import Tally, log_evidence_of_pairs

SUSPECTED = 0.9  # the belief from which on runs confirm
_ERRORS = 4  # in a row, for each run in parallel: then nothing works any more


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """What is searched, and by which rules. `suspects`: what clues say of each, for the reader."""

    commits: CommitRange
    prior: ChangePrior
    rules: Rules
    suspects: Sequence[Suspect] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Assessment:
    """What the observations prove.

    - `leader`: the likeliest suspects that can be told apart from the others.
    - `confirmation`: of the leader; None if it is not asked for, or not possible.
    """

    evidence: Evidence
    belief: Beliefs
    leader: Group
    confirmation: Confirmation | None

    @property
    def no_culprit(self) -> float:
        return float(self.belief.no_culprit[0])

    @property
    def confirms(self) -> bool:
        """Whether the next runs confirm the leader."""
        if self.confirmation is None or self.confirmation.is_reached:
            return False
        return self.leader.probability >= SUSPECTED


def assess(search: Search, evidence: Evidence) -> Assessment:
    """Weigh the observations."""
    belief = beliefs(search.prior, Trials.of(evidence.counts))
    candidates = groups(belief.suspects[0], evidence.unusable)
    leader = max(candidates, key=lambda group: group.probability)
    return Assessment(evidence, belief, leader, _confirmation(search, evidence, leader))


def kind_of(search: Search, assessment: Assessment) -> Kind:
    """What is proved at the confidence of the rules."""
    confidence = search.rules.confidence
    if assessment.no_culprit >= confidence:
        return Kind.NO_CULPRIT
    confirmation = assessment.confirmation
    is_confirmed = confirmation is None or confirmation.is_reached
    if assessment.leader.probability >= confidence and is_confirmed:
        return Kind.CULPRIT
    return Kind.UNSURE


def reason_to_end(search: Search, assessment: Assessment) -> End | None:
    """Why no further run should start; None if one should."""
    evidence = assessment.evidence
    if kind_of(search, assessment) is not Kind.UNSURE:
        return End.SURE
    if evidence.errors_in_a_row >= _ERRORS * search.rules.parallel:
        return End.INFRASTRUCTURE
    if evidence.own_runs >= search.rules.budget:
        return End.BUDGET
    if len(evidence.unusable) >= search.prior.places:
        return End.NOTHING_TO_RUN
    return None


def next_trials(
    search: Search, assessment: Assessment, count: int, open_trials: Sequence[Trial] = ()
) -> list[Trial]:
    """The next runs to start beside the open ones, at most `count`."""
    if assessment.confirms:
        return _confirming_trials(search, assessment, count, open_trials)
    evidence = assessment.evidence
    places = next_places(
        search.prior,
        Trials.of(evidence.counts),
        count,
        [trial.place for trial in open_trials],
        expected_costs(evidence, search.prior.places),
    )
    return [Trial(place) for place in places]


def _confirming_trials(
    search: Search, assessment: Assessment, count: int, open_trials: Sequence[Trial]
) -> list[Trial]:
    """Runs of suspect and parent in turn, so that both are run at the same times."""
    leader = assessment.leader
    assert leader.parent is not None
    assert leader.test is not None
    suspect = search.commits.at(leader.test).sha
    parent = search.commits.at(leader.parent).sha
    places = {leader.parent: 0, leader.test: 0}
    places[leader.parent], places[leader.test] = assessment.evidence.confirming(suspect, parent)
    for trial in open_trials:
        if trial.confirms == suspect:
            places[trial.place] += 1

    trials: list[Trial] = []
    while len(trials) < count:
        place = min(places, key=lambda at: places[at])
        places[place] += 1
        trials.append(Trial(place, suspect))
    return trials


def _confirmation(search: Search, evidence: Evidence, leader: Group) -> Confirmation | None:
    if not search.rules.confirms or leader.parent is None or leader.test is None:
        return None
    suspect = search.commits.at(leader.test).sha
    parent = search.commits.at(leader.parent).sha
    pairs = evidence.pairs(suspect, parent)
    before, after = evidence.before_pairs(suspect, leader.test)
    log_evidence = log_evidence_of_pairs(
        search.prior.rates,
        pairs,
        _with_history(before, search.prior.before),
        _with_history(after, search.prior.after),
    )
    return Confirmation(
        parent=parent,
        suspect=suspect,
        pairs=pairs.pairs,
        failed_parent=pairs.failed_before,
        failed_suspect=pairs.failed_after,
        level=max(0.0, 1 - exp(-log_evidence)),
        is_reached=log_evidence >= -log1p(-search.rules.confidence),
    )


def _with_history(counted: Counted, history: Counted) -> Tally:
    return Tally.one(counted.failed + history.failed, counted.passed + history.passed)
