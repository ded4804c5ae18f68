"""What a search concludes, as values for texts and JSON. Pure."""

from ci_stat.commit_tests.culprit.clues import Suspect
from ci_stat.commit_tests.culprit.decisions import (
    Assessment,
    Search,
    kind_of,
)
from ci_stat.commit_tests.culprit.evidence import Evidence
from ci_stat.commit_tests.culprit.groups import shortest_range
from ci_stat.commit_tests.culprit.model import (
    Conclusion,
    Counts,
    End,
    Form,
    Kind,
    Suspicion,
)
from ci_stat.statistics.change_belief import Counted

_ALWAYS = 0.95  # a rate from here on is called "fails", not "flaky"
_FORMS = (Form.FAILS_BEFORE, Form.FLAKY, Form.NOT_REPRODUCED)


def conclude(search: Search, assessment: Assessment, end: End) -> Conclusion:
    """The conclusion from what is known when the search ends."""
    kind = kind_of(search, assessment)
    first, last, probability = _named(search, assessment, kind)
    evidence, belief = assessment.evidence, assessment.belief
    is_none = kind is Kind.NO_CULPRIT
    at = first if first else 1
    rate_before = float(belief.rate[0] if is_none else belief.before[0][at - 1])
    rate_after = float(belief.rate[0] if is_none else belief.after[0][at - 1])
    return Conclusion(
        kind=kind,
        end=end,
        named=tuple(search.commits.at(place) for place in range(first, last + 1) if place),
        probability=probability,
        no_culprit=assessment.no_culprit,
        form=_form(assessment),
        before=_counts(evidence, 0, 1 if is_none else at, rate_before),
        after=_counts(evidence, 0 if is_none else at, search.prior.places, rate_after),
        suspicions=_suspicions(search, assessment),
        runs=evidence.own_runs,
        confirmation=assessment.confirmation if not is_none else None,
    )


def _named(search: Search, assessment: Assessment, kind: Kind) -> tuple[int, int, float]:
    """The first and the last named place, and their probability; 0 and 0 for no culprit."""
    if kind is Kind.NO_CULPRIT:
        return 0, 0, assessment.no_culprit
    if kind is Kind.CULPRIT:
        leader = assessment.leader
        return leader.first, leader.last, leader.probability
    any_culprit = 1 - assessment.no_culprit
    share = search.rules.confidence * any_culprit
    return shortest_range(assessment.belief.suspects[0], share)


def _form(assessment: Assessment) -> Form:
    """The likeliest reason for no culprit. One rate of nearly 0 or 1 is no flaky test."""
    forms = assessment.belief.forms[0].tolist()
    likeliest = _FORMS[forms.index(max(forms))]
    rate = float(assessment.belief.rate[0])
    if rate >= _ALWAYS:
        return Form.FAILS_BEFORE
    if not any(counted.failed for counted in assessment.evidence.counts.values()):
        return Form.NOT_REPRODUCED
    return likeliest


def _counts(evidence: Evidence, begin: int, end: int, rate: float) -> Counts:
    """The runs at places from `begin` to before `end`."""
    counted = [evidence.counts.get(place, Counted()) for place in range(begin, end)]
    return Counts(
        failed=int(sum(of_place.failed for of_place in counted)),
        passed=int(sum(of_place.passed for of_place in counted)),
        rate=rate,
    )


def _suspicions(search: Search, assessment: Assessment) -> tuple[Suspicion, ...]:
    prior = search.prior
    priors = prior.weights * ((1 - prior.no_culprit) / prior.weights.sum())
    rows = zip(assessment.belief.suspects[0].tolist(), priors.tolist(), strict=True)
    return tuple(
        _suspicion(search, assessment.evidence, place, *row) for place, row in enumerate(rows, 1)
    )


def _suspicion(
    search: Search, evidence: Evidence, place: int, probability: float, prior: float
) -> Suspicion:
    counted = evidence.counts.get(place, Counted())
    by_clues = search.suspects[place - 1] if search.suspects else Suspect(1.0)
    return Suspicion(
        commit=search.commits.at(place),
        probability=probability,
        prior=prior,
        times=by_clues.times,
        touched={str(kind): path for kind, path in by_clues.touched.items()},
        failed=int(counted.failed),
        passed=int(counted.passed),
        unusable=place in evidence.unusable,
    )
