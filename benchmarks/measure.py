"""Measure contenders in turn, and print figures with their targets."""

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from rich.console import Console
from rich.table import Table

ANSWERED = (0, 12)  # exit codes

console = Console()


@dataclass
class Figures:
    """The rows of the table: the measured value, what it is compared with, and the target."""

    rows: list[tuple[str, str, str, str, bool | None]] = field(default_factory=list)

    def add(self, work: str, measured: str, yardstick: str, target: str, met: bool | None) -> None:
        self.rows.append((work, measured, yardstick, target, met))
        console.print(f"  {work}: {measured} ({target})", style="" if met is not False else "red")

    def show(self) -> None:
        table = Table(
            "work",
            "measured",
            "yardstick in the same run",
            "to reach",
            "",
            title="ci_stat benchmarks",
        )
        for *texts, met in self.rows:
            table.add_row(*texts, {True: "met", False: "MISSED", None: ""}[met])
        console.print(table)

    def write_junit(self, file: Path) -> None:
        """Write each figure as a test, which fails if the target is missed."""
        suite = ElementTree.Element("testsuite", name="benchmarks")
        for work, measured, yardstick, target, met in self.rows:
            case = ElementTree.SubElement(suite, "testcase", classname="benchmarks", name=work)
            words = f"{measured}; {yardstick}; to reach: {target}"
            ElementTree.SubElement(case, "system-out").text = words
            if met is False:
                ElementTree.SubElement(case, "failure", message=words)
        file.parent.mkdir(parents=True, exist_ok=True)
        ElementTree.ElementTree(suite).write(file, encoding="utf-8", xml_declaration=True)


def seconds(command: Sequence[str], environ: dict[str, str], stdin: str | None = None) -> float:
    """Seconds of a command that ends with an answer: exit code 0, or 12 for "cannot tell"."""
    started = time.perf_counter()
    done = subprocess.run(
        command,
        check=False,
        input=stdin,
        text=True,
        env=os.environ | environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    took = time.perf_counter() - started
    assert done.returncode in ANSWERED, done.stderr
    return took


def in_turn(rounds: int, *contenders: Callable[[], float]) -> list[list[float]]:
    """Return the seconds of each contender, run as A B A B, after a warm-up round."""
    for run in contenders:
        run()
    return [
        list(column)
        for column in zip(*([run() for run in contenders] for _ in range(rounds)), strict=True)
    ]


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> float:
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
