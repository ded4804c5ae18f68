"""Write folders of result files in several dialects, to compare what tools say of them.

    python -m benchmarks.flaky_files build/flaky-files

docs/flaky-tests.md has what ci_stat, flakemap, flakewall and junitparser say of each folder.
"""

import json
import sys
from pathlib import Path

PASSED = '<testcase classname="C" name="{}" time="0.1"/>'
FAILED = (
    '<testcase classname="C" name="{}" time="0.1"><failure message="boom">x</failure></testcase>'
)
ENTITIES = (
    '<!DOCTYPE t [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>'
)

Files = dict[str, str]


def suite(inside: str, day: int = 1, minute: int = 0, before: str = "") -> str:
    """A file with one suite."""
    time = f"2026-11-{day:02}T10:{minute:02}:00"
    head = f'<?xml version="1.0"?>\n{before}<testsuite name="s" timestamp="{time}">'
    return f"{head}{inside}</testsuite>"


def _case(inside: str, name: str = "a") -> str:
    return f'<testcase classname="C" name="{name}" time="0.1">{inside}</testcase>'


def _retried(tag: str) -> str:
    return f'<{tag} message="boom" type="E"><stackTrace>x</stackTrace></{tag}>'


def _row(letters: str, name: str) -> list[str]:
    return [(FAILED if letter == "F" else PASSED).format(name) for letter in letters]


def _runs(*rows: list[str]) -> Files:
    return {
        f"run{day:02}/r.xml": suite("".join(cells), day)
        for day, cells in enumerate(zip(*rows, strict=True), 1)
    }


def _go() -> str:
    events = [("fail", "TestA"), ("pass", "TestA"), ("pass", "TestB"), ("pass", None)]
    lines = []
    for action, test in events:
        event = {"Time": "2026-11-01T10:00:00Z", "Package": "p", "Elapsed": 0.1}
        for word in (["run"] if test else []) + [action]:
            lines.append(json.dumps({**event, "Action": word} | ({"Test": test} if test else {})))
    return "\n".join(lines) + "\n"


def folders() -> dict[str, Files]:
    """The files of each folder."""
    a, b = PASSED.format("a"), PASSED.format("b")
    failed = FAILED.format("a")
    red = _case('<failure message="\x1b[31mred\0">x</failure>', "b")
    outage = [_row("PPPPFPPPPP", f"t{at}") for at in range(20)]
    return {
        "01-flakyFailure": {"r.xml": suite(_case(_retried("flakyFailure")) + b)},
        "02-rerunFailure": {
            "r.xml": suite(
                _case('<failure message="boom">x</failure>' + _retried("rerunFailure")) + b
            )
        },
        "03-repeated": {"r.xml": suite(failed + b + a)},
        "04-retry-file": {"run-1.xml": suite(failed + b), "run-2.xml": suite(a, minute=5)},
        "05-two-runs-of-one-commit": _runs(_row("FP", "a"), _row("PP", "b")),
        "06-same-file-twice": {"copy1.xml": suite(failed + b), "copy2.xml": suite(failed + b)},
        "07-cut": {"r.xml": suite(a + FAILED.format("b"))[:-23]},
        "08-empty": {"r.xml": ""},
        "09-no-cases": {"r.xml": suite("")},
        "10-malformed": {"r.xml": suite(a + '<testcase classname="C" name="b" <oops>')},
        "11-control-characters": {"r.xml": suite(a + red)},
        "12-entities": {"r.xml": suite(_case("<failure>&c;</failure>"), before=ENTITIES)},
        "13-go-test-json": {"r.json": _go()},
        "14-broken-from-run-7": _runs(
            _row("PPPPPPFFFFFF", "a"), _row("PPPPPPPPPPPP", "b"), _row("PPFPPFPPPFPP", "c")
        ),
        "15-all-fail-in-run-5": _runs(*outage),
    }


def main(target: Path) -> None:
    for folder, files in folders().items():
        for name, content in files.items():
            path = target / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
