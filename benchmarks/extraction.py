"""How well failures are found in real logs that people marked.

usage: python -m benchmarks.extraction [--only lc,cd,ld] [--modes all,guess,leave] [--half 0|1]

Three figures for each set: with all rules; `guess`, without any rule; `leave`, without the rules
of the family of tools that answered the log. The last two measure mechanism: how well logs of
tools that no rule knows are read. The sets lie in `../shared/real` and are not part of the
project.
"""

import argparse
import json
import lzma
import re
import statistics
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from typing import Any

from ci_stat.failures import ScanOptions, diagnose
from ci_stat.failures.rules import FAMILIES, Rule, builtin, family_rules

REAL = Path(__file__).resolve().parents[2] / "shared" / "real"
SETS = {
    "lc": REAL / "logchunks" / "logchunks.jsonl.xz",
    "cd": REAL / "cidiff" / "cidiff.jsonl.xz",
    "ld": REAL / "logdx" / "logdx.jsonl.xz",
}
MODES = ("all", "guess", "leave")
WEIGHTS = {"critical": 3, "important": 2, "optional": 0}

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[@-_]")

Example = dict[str, Any]
Scores = dict[str, float]


@dataclass(frozen=True, slots=True)
class Score:
    """The scores of one log in one mode; `shown` are rules with first and last line."""

    example: str
    scores: Scores
    shown: list[tuple[str, int, int]]


def main() -> None:
    arguments = _parser().parse_args()
    for name in arguments.only.split(","):
        chosen = [example for example in examples(name) if _in_half(example, arguments.half)]
        for mode in arguments.modes.split(","):
            _report(name, mode, chosen, arguments.worst)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="lc,cd,ld", help="sets, separated by commas")
    parser.add_argument("--modes", default=",".join(MODES), help="modes, separated by commas")
    parser.add_argument("--half", type=int, help="only the projects of this half, 0 or 1")
    parser.add_argument(
        "--worst", type=int, default=0, help="list the N logs with the lowest score"
    )
    return parser


def _report(name: str, mode: str, examples: list[Example], worst: int) -> None:
    with ProcessPoolExecutor(2) as pool:
        results = list(pool.map(partial(score, mode=mode), examples, chunksize=4))

    for result in sorted(results, key=lambda result: next(iter(result.scores.values())))[:worst]:
        figures = " ".join(f"{key}={value:.2f}" for key, value in result.scores.items())
        print(f"  {figures} {result.example} {result.shown[:4]}")

    keys = list(results[0].scores)
    means = {key: statistics.fmean(result.scores[key] for result in results) for key in keys}
    figures = "  ".join(f"{key}={value:.3f}" for key, value in means.items())
    print(f"{name} {mode:6} n={len(results):3}  {figures}", flush=True)


def examples(name: str) -> Iterator[Example]:
    with lzma.open(SETS[name], "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _in_half(example: Example, half: int | None) -> bool:
    """Whether the project of a log is in this half: a rule may be written from one half only."""
    project = str(example.get("project") or example.get("repo") or example["id"])
    return half is None or blake2b(project.encode()).digest()[0] % 2 == half


def score(example: Example, mode: str) -> Score:
    """Return the scores of one log: F1 against marked lines, or signals that are shown."""
    failures = _failures(example["log"], mode)
    rows = example["log"].split("\n")
    scores = _signals(example, rows, failures) if "signals" in example else None
    shown = [(failure.rule, failure.first_line, failure.last_line) for failure in failures]
    return Score(example["id"], scores or _overlap(example, rows, failures), shown)


def _failures(log: str, mode: str) -> tuple[Any, ...]:
    data = log.encode()
    if mode == "guess":
        return diagnose(BytesIO(data), options=ScanOptions(rules=())).extraction.failures

    failures = diagnose(BytesIO(data)).extraction.failures
    if mode == "all":
        return failures

    families = frozenset(_family_of()[failure.rule] for failure in failures if not failure.guess)
    if not families:
        return failures
    options = ScanOptions(rules=_rules_without(families))
    return diagnose(BytesIO(data), options=options).extraction.failures


@cache
def _family_of() -> dict[str, str]:
    return {rule.name: family for family in FAMILIES for rule in family_rules(family)}


@cache
def _rules_without(families: frozenset[str]) -> tuple[Rule, ...]:
    return tuple(rule for rule in builtin() if _family_of()[rule.name] not in families)


def _overlap(example: Example, rows: list[str], failures: Iterable[Any]) -> Scores:
    shown: set[str] = set()
    for failure in failures:
        shown |= _line_set(rows[failure.first_line - 1 : failure.last_line])

    answers = [_f1(shown, marked) for marked in _marked(example, rows)]
    if not answers:
        answers = [(float(not shown), float(not shown))]
    f1, hit = (statistics.fmean(column) for column in zip(*answers, strict=True))
    return {"F1": f1, "any": hit}


def _marked(example: Example, rows: list[str]) -> Iterator[set[str]]:
    if "chunk" in example:
        yield _line_set(example["chunk"].split("\n"))
        return

    for key in ("error_lines", "error_lines_second_annotator"):
        lines: list[str] = []
        for span in example[key]:
            first, _, last = span.partition("-")
            lines += rows[int(first) - 1 : int(last or first)]
        if lines:
            yield _line_set(lines)


def _line_set(lines: Iterable[str]) -> set[str]:
    cleaned = (_ANSI.sub("", line).replace("\r", "").strip() for line in lines)
    return {line for line in cleaned if line}


def _f1(shown: set[str], marked: set[str]) -> tuple[float, float]:
    hit = len(shown & marked)
    return (2 * hit / (len(shown) + len(marked)) if hit else 0.0), float(hit > 0)


def _signals(example: Example, rows: list[str], failures: Iterable[Any]) -> Scores:
    numbers: set[int] = set()
    for failure in failures:
        for first, last in [(failure.first_line, failure.last_line), *_context(failure)]:
            numbers.update(range(first, last + 1))

    text = "\n".join(rows[number - 1] for number in sorted(numbers)).lower()
    signals = [(signal, _is_shown(signal, text)) for signal in example["signals"]]
    critical = [shown for signal, shown in signals if signal["importance"] == "critical"]
    marked = {n for first, last in example["spans"] for n in range(first, last + 1)}

    return {
        "signals": _share(signals, lambda signal: WEIGHTS.get(signal["importance"], 1)),
        "critical": statistics.fmean(critical) if critical else 1.0,
        "all": float(all(critical)),
        "precision": len(numbers & marked) / len(numbers) if numbers else 0.0,
        "chars": float(len(text)),
    }


def _context(failure: Any) -> list[tuple[int, int]]:
    return list(getattr(failure, "context", ()))


def _is_shown(signal: Example, text: str) -> bool:
    return any(
        value and str(value).lower() in text for value in [signal["value"], *signal["aliases"]]
    )


def _share(signals: list[tuple[Example, bool]], weight: Callable[[Example], int]) -> float:
    total = sum(weight(signal) for signal, _ in signals)
    return sum(weight(signal) * shown for signal, shown in signals) / total if total else 1.0


if __name__ == "__main__":
    main()
