"""Quality of the rules for issues, on histories with a known truth, against two simple rules.

python -m benchmarks.issues --seeds 8          histories of each scenario [1 or 2]
python -m benchmarks.issues --json             the same figures for a program
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from statistics import median

from rich.table import Table

from benchmarks.issue_account import Rule, by_threshold, every_failure, ours
from benchmarks.issue_histories import Shape, draw, flaky_causes
from benchmarks.issue_score import CLASSES, Score, score
from benchmarks.measure import Figures, console

WRONG_CLOSES = 0.01
RULES: dict[str, Rule] = {
    "ours": ours,
    "ours, with people": partial(ours, people=True),
    "title, 3 in a window": by_threshold,
    "every failure": every_failure,
}
ABOUT = (
    "Only the rules change the tracker, except "
    '"with people": there a person closes the issue of each regression when it is fixed, and '
    "accepts each plan that is refused because it has too many new issues. The simple rules "
    "comment once a window. The delay of an issue starts after the first window with a failure. "
    "Flaky tests that fail together count as one."
)


@dataclass(frozen=True)
class Scenario:
    """Parameters of histories. `histories`: their default number."""

    name: str
    shape: Shape
    histories: int


ALL = Shape(flaky=0, stable=21_434, before=7, days=14, env_days=1)
SCENARIOS = (
    Scenario("40 flaky tests, 60 runs a day", Shape(), 2),
    Scenario("40 flaky tests, 180 runs a day", Shape(a_day=180, before=10, days=40, env_days=2), 1),
    Scenario("40 flaky tests, failing in groups", Shape(groups=True), 2),
    Scenario("all flaky tests", ALL, 1),
    Scenario("all flaky tests, failing in groups", replace(ALL, groups=True), 1),
)
Scores = Mapping[str, Score]


def bench(figures: Figures, seeds: int | None = None) -> None:
    """Run all scenarios, and add the figures that have a target."""
    for scenario, scores in measured(seeds):
        show(scenario, scores)
        mine, plain = scores["ours"].counts, scores["title, 3 in a window"].counts
        wrong, closes = mine["wrong closes"], mine["closes"]
        figures.add(
            f"issues, wrong closes: {scenario.name}",
            f"{wrong} of {closes}; {mine['wrong: burst']} of tests that fail on some days only",
            f"title match: {plain['wrong closes']} of {plain['closes']}",
            f"under {WRONG_CLOSES:.0%}",
            wrong < WRONG_CLOSES * closes if closes else None,
        )


def measured(seeds: int | None = None) -> Iterator[tuple[Scenario, Scores]]:
    """Yield each scenario with the scores of all rules, over `seeds` histories."""
    with ProcessPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        asked = [
            (
                scenario,
                [
                    pool.submit(one, scenario.shape, seed)
                    for seed in range(seeds or scenario.histories)
                ],
            )
            for scenario in SCENARIOS
        ]
        for scenario, answers in asked:
            total = {name: Score() for name in RULES}
            for answer in answers:
                for name, one_score in answer.result().items():
                    total[name].add(one_score)
            yield scenario, total


def one(shape: Shape, seed: int) -> Scores:
    """Score all rules on one history."""
    drawn = draw(shape, seed)
    return {name: score(drawn, rule(drawn)) for name, rule in RULES.items()}


def show(scenario: Scenario, scores: Scores) -> None:
    shape, first = scenario.shape, next(iter(scores.values()))
    title = f"{scenario.name}: {first.histories} x {shape.days} days"
    table = Table("", *scores, title=title, title_justify="left")
    for name, cell in _ROWS:
        table.add_row(name, *(cell(score) for score in scores.values()))
    console.print(table)


def _count(name: str) -> Callable[[Score], str]:
    return lambda score: f"{score.counts[name]:,}"


def _of(name: str, total: str) -> Callable[[Score], str]:
    return lambda score: f"{score.counts[name]:,} of {score.counts[total]:,}"


def _days(name: str) -> Callable[[Score], str]:
    """Median and 95th percentile."""

    def cell(score: Score) -> str:
        values = score.days.get(name)
        return f"{median(values):.1f} / {percentile(values, 0.95):.1f}" if values else "-"

    return cell


def percentile(values: Sequence[float], share: float) -> float:
    """Return the percentile of `values` by nearest rank."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


def _wrong(score: Score) -> str:
    share = score.wrong_share
    return "-" if share is None else f"{score.counts['wrong closes']:,} ({share:.1%})"


def _most_new(score: Score) -> str:
    return f"{max(score.days.get('new in a day', ()), default=0):.0f}"


def _comments(score: Score) -> str:
    return f"{score.counts['comments'] / score.weeks:.2f}" if score.weeks else "-"


def _flaky_rows() -> Iterator[tuple[str, Callable[[Score], str]]]:
    for _, name in CLASSES:
        key = f"flaky {name}"
        yield f"flaky, {name}: with an issue", _of(f"{key} reported", key)
        yield "  days late, median / p95", _days(key)


_ROWS: list[tuple[str, Callable[[Score], str]]] = [
    ("issues filed", _count("filed")),
    ("  of tests that only failed with others", _count("innocent")),
    ("  of false incidents", _count("false incidents")),
    ("  duplicates of one defect", _count("duplicates")),
    ("  most new ones in a day", _most_new),
    ("regressions with an issue", _of("regression reported", "regression")),
    ("  missed, but in an incident", _count("regression in an incident only")),
    ("  days late, median / p95", _days("regression")),
    ("broken builds with one issue", _of("builds reported", "builds")),
    *_flaky_rows(),
    ("closes", _count("closes")),
    ("  wrong: not fixed yet", _wrong),
    ("  of these: fails on some days only", _count("wrong: burst")),
    ("  failed again, as a replay sees it", _count("refailed")),
    ("closed after the fix, days, median / p95", _days("close after fix")),
    ("  not within 30 days", _of("open 30 days after the fix", "fixed with an issue")),
    ("reopened", _count("reopened")),
    ("  with nothing broken", _count("wrongly reopened")),
    ("comments per open issue and week", _comments),
    ("edits without a comment", _count("edits")),
    ("windows stopped as implausible", _of("stopped", "windows")),
    ("filings that the cap delayed", _count("waited")),
    ("  days, median / p95", _days("waited")),
    ("  never filed", _count("waited, never filed")),
    ("  of regressions", _count("waited, regression")),
    ("open at the end", _count("open at the end")),
]


def as_data(scores: Scores) -> dict[str, object]:
    return {
        name: {
            "histories": score.histories,
            "counts": dict(sorted(score.counts.items())),
            "weeks": score.weeks,
            "days": {
                key: {"n": len(days), "median": median(days), "p95": percentile(days, 0.95)}
                for key, days in sorted(score.days.items())
                if days
            },
        }
        for name, score in scores.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.issues", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--seeds", type=int, help="number of histories of each scenario")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    if arguments.json:
        scenarios = {
            scenario.name: {"shape": asdict(scenario.shape), "rules": as_data(scores)}
            for scenario, scores in measured(arguments.seeds)
        }
        print(json.dumps({"real_rates": flaky_causes()[1], "scenarios": scenarios}, indent=2))
        return
    started = time.perf_counter()
    report(Figures(), arguments.seeds)
    console.print(f"{time.perf_counter() - started:.0f} s")


def report(figures: Figures, seeds: int | None = None) -> None:
    """Print what is measured, the tables, and how to repeat them."""
    causes, real = flaky_causes()
    tests = sum(cause.tests for cause in causes)
    source = (
        "of the FlakeFlagger set" if real else "drawn, log-uniform: the FlakeFlagger set is missing"
    )
    console.print(
        f"Issues filed for failures: rates of {tests} flaky tests with {len(causes)} causes, "
        f"{source}. {ABOUT}"
    )
    bench(figures, seeds)
    again = f" --seeds {seeds}" if seeds else ""
    console.print(f"To repeat: python -m benchmarks.issues{again}")


if __name__ == "__main__":
    main()
