"""Results, policies and histories of the tests of gates, written briefly."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from ci_stat.records.case_results import Outcome, ReadState
from ci_stat.test_results.gates.decide import decide
from ci_stat.test_results.gates.levels import Classifier, past_run
from ci_stat.test_results.gates.model import GateCase, GateResults, History, Verdict
from ci_stat.test_results.gates.policy_file import parse_policy
from ci_stat.test_results.model import FileReport

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
OUTCOMES = {
    "P": Outcome.PASSED,
    "F": Outcome.FAILED,
    "E": Outcome.ERROR,
    "S": Outcome.SKIPPED,
    "R": Outcome.PASSED,  # at a retry
}
OWNED = 'reason = "see issue"\nowner = "kim"\nexpires = 2026-12-31\n'


def case(name: str, letter: str = "P", **more: object) -> GateCase:
    """A test by its name, e.g. `C.a` of class C. The letter says how it ended."""
    place, _, own = name.rpartition(".")
    values = {"suite": "s", "class_name": place, "parameters": "", "file": "", **more}
    return GateCase(
        name=own,
        outcome=OUTCOMES[letter],
        is_flaky=letter == "R",
        **values,  # type: ignore[arg-type]
    )


def results(*cases: GateCase, states: Sequence[ReadState] = (ReadState.COMPLETE,)) -> GateResults:
    files = [FileReport(f"r{at}.xml", state, "why") for at, state in enumerate(states)]
    return GateResults(cases, tuple(files), "r.xml")


def cases(text: str) -> tuple[GateCase, ...]:
    """`a:P b:F` as tests of the class C."""
    pairs = (pair.split(":") for pair in text.split())
    return tuple(case(f"C.{name}", letter) for name, letter in pairs)


def history(policy: str, *runs: str) -> History:
    """Earlier runs, the oldest first, a day apart."""
    classifier = Classifier(parse_policy(policy))
    past = [
        past_run(classifier, cases(text), NOW - timedelta(days=len(runs) - at))
        for at, text in enumerate(runs)
    ]
    return tuple(reversed(past))


def verdict(policy: str, text: str, *earlier: str, now: datetime = NOW) -> Verdict:
    """The verdict about `text`, after `earlier` runs."""
    past = history(policy, *earlier)
    return decide(parse_policy(policy), results(*cases(text)), now, past)


def may_fail(name: str, more: str = "", table: str = "may_fail") -> str:
    return f'[[{table}]]\ncase = "{name}"\n{OWNED}{more}\n'


def rules(verdict: Verdict) -> list[str]:
    return [str(reason.rule) for reason in verdict.reasons]
