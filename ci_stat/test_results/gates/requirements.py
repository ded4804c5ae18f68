"""Whether there are results enough: whole files, required matrix entries, numbers, durations."""

from collections.abc import Iterator, Sequence

from ci_stat.rendering.format import duration, plural
from ci_stat.test_results.gates.matching import Subject, compiled, words_of
from ci_stat.test_results.gates.model import GateCase, GateResults, Reason, Rule
from ci_stat.test_results.gates.policy import Policy, length_of


def completeness_reasons(policy: Policy, results: GateResults) -> Iterator[Reason]:
    """Yield what is missing, so that the verdict stays open."""
    problems = results.problems
    if problems:
        verb = "is" if len(problems) == 1 else "are"
        names = tuple(f"{file.name}: {file.state}: {file.detail}" for file in problems)
        yield Reason(Rule.NOT_WHOLE, f"{plural(len(problems), 'file')} {verb} not whole", names)
    if not results.cases:
        yield Reason(Rule.NO_RESULTS, "no test has a result")
    missing = missing_entries(policy, results.cases)
    if missing:
        many = "required matrix entries"
        text = f"{plural(len(missing), 'required matrix entry', many)} without a result"
        yield Reason(Rule.MISSING_ENTRY, text, tuple(missing))


def missing_entries(policy: Policy, cases: Sequence[GateCase]) -> list[str]:
    """Return the required matrix entries in which no test finished."""
    present = [
        dict(labels).items() for labels in {case.labels for case in cases if case.is_finished}
    ]
    missing = []
    for required in policy.required:
        wanted = required.labels.items()
        if not any(wanted <= labels for labels in present):
            missing.append(", ".join(f"{key}={value}" for key, value in sorted(wanted)))
    return missing


def minimum_reasons(policy: Policy, cases: Sequence[GateCase]) -> Iterator[Reason]:
    """Yield each minimum that is not reached."""
    finished = [case for case in cases if case.is_finished]
    if cases and len(finished) < policy.rules.min_tests:
        text = f"{plural(len(finished), 'test')} ran, at least {policy.rules.min_tests:,} must run"
        yield Reason(Rule.MINIMUM, text)
    if not policy.minimum:
        return
    subjects = [Subject(case) for case in finished]
    for place, minimum in enumerate(policy.minimum):
        fits = compiled(minimum, policy.category)
        count = sum(fits(subject) for subject in subjects)
        if count < minimum.tests:
            which = f"minimum #{place + 1} ({words_of(minimum)})"
            tests = plural(count, "test")
            text = f"{tests} of {which} ran, at least {minimum.tests:,} must run"
            yield Reason(Rule.MINIMUM, text)


def duration_reasons(policy: Policy, cases: Sequence[GateCase]) -> Iterator[Reason]:
    """Yield durations above their limits."""
    rules = policy.rules
    total = sum(case.seconds for case in cases)
    if rules.max_duration:
        limit = length_of(rules.max_duration, "max_duration").total_seconds()
        if total > limit:
            text = f"all tests took {_shown(total)}, at most {_shown(limit)} are allowed"
            yield Reason(Rule.DURATION, text)
    if rules.max_test_duration:
        limit = length_of(rules.max_test_duration, "max_test_duration").total_seconds()
        slow = tuple(
            f"{case.shown}: {_shown(case.seconds)}" for case in cases if case.seconds > limit
        )
        if slow:
            text = f"{plural(len(slow), 'test')} took longer than {_shown(limit)}"
            yield Reason(Rule.DURATION, text, slow)


def _shown(seconds: float) -> str:
    return f"{seconds:.1f}s" if seconds < 10 else duration(round(seconds * 1000))
