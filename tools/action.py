"""The steps of action.yml: python tools/action.py STEP. Needs the standard library only.

Inputs come as environment variables, and reach ci-stat as arguments of their own: no shell reads
them. The first step keeps the arguments for the others in the runner's temporary folder.
"""

import json
import os
import subprocess
import sys
import venv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

# A step fails with other codes: 11 and 12 are answers, which the step `verdict` ends with.
ANSWERS = (0, 11, 12)
WINDOWS = os.name == "nt"


def work() -> Path:
    return Path(os.environ["RUNNER_TEMP"]) / "ci-stat-action"


def lines(text: str) -> list[str]:
    """The lines of an input that are not blank."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def install() -> int:
    """Keep the arguments of ci-stat, and install it."""
    given = os.environ
    paths = lines(given["INPUT_PATHS"])
    if not paths:
        print("::error::The input `paths` is empty.")
        return 2

    work().mkdir(parents=True, exist_ok=True)
    for old in work().glob("instead-of-*.md"):
        old.unlink()
    job = given["INPUT_JOB"] or f"{given['GITHUB_WORKFLOW']} / {given['GITHUB_JOB']}"
    kept = {
        "command": given["INPUT_COMMAND"] or installed(),
        "paths": ["--", *paths],
        "job": ["--job", job],
        "labels": options("--label", lines(given["INPUT_LABELS"])),
        "policy": options("--policy", lines(given["INPUT_POLICY"])),
        "texts": [
            *(["--only-new"] if given["INPUT_ONLY_NEW"] == "true" else []),
            *options("--report", lines(given["INPUT_REPORT_URL"])),
            *options("--artifacts", lines(given["INPUT_ARTIFACTS_URL"])),
        ],
    }
    (work() / "arguments.json").write_text(json.dumps(kept), encoding="utf-8")
    return 0


def options(name: str, values: Sequence[str]) -> list[str]:
    return [word for value in values for word in (name, value)]


def installed() -> str:
    """Install this version with the pinned packages. Returns the command."""
    source, folder = Path(os.environ["GITHUB_ACTION_PATH"]), work() / "venv"
    venv.create(folder, with_pip=True)
    programs = folder / ("Scripts" if WINDOWS else "bin")
    pip = [str(programs / "python"), "-m", "pip", "install", "--quiet"]
    pip.append("--disable-pip-version-check")
    lock = source / "requirements.lock"
    subprocess.run([*pip, "--require-hashes", "-r", str(lock)], check=True)  # noqa: S603
    subprocess.run([*pip, "--no-deps", str(source)], check=True)  # noqa: S603
    return str(programs / "ci-stat")


class Kept:
    """The arguments that the first step kept, and ci-stat with them."""

    def __init__(self) -> None:
        kept: dict[str, Any] = json.loads((work() / "arguments.json").read_text(encoding="utf-8"))
        self.command: str = kept["command"]
        self.paths: list[str] = kept["paths"]
        self.job: list[str] = kept["job"]
        self.labels: list[str] = kept["labels"]
        self.policy: list[str] = kept["policy"]
        self.texts: list[str] = kept["texts"]

    def run(self, *arguments: str, changed: Mapping[str, str] | None = None) -> int:
        """Run ci-stat. Exits with its code if that is no answer."""
        code = subprocess.run(  # noqa: S603
            [self.command, *arguments], env=environment(changed), check=False
        ).returncode
        if code not in ANSWERS:
            raise SystemExit(code)
        return code


def environment(changed: Mapping[str, str] | None = None) -> dict[str, str]:
    url = os.environ.get("GITHUB_API_URL", "https://api.github.com")
    return {**os.environ, "CI_STAT_GITHUB_URL": url, **(changed or {})}


def gate() -> int:
    """Judge the files, and write a page. The history is that of earlier runs."""
    kept = Kept()
    folder = report()
    about = [*kept.job, *kept.labels, *kept.policy, "--history", "--output", str(folder)]
    kept.run("tests", "report", *about, *kept.paths)
    outputs = {**verdict_outputs(read_verdict()), "report": folder}
    append("GITHUB_OUTPUT", "".join(f"{name}={value}\n" for name, value in outputs.items()))
    return 0


def report() -> Path:
    return work() / "report"


def read_verdict() -> dict[str, Any]:
    values: dict[str, Any] = json.loads((report() / "verdict.json").read_text(encoding="utf-8"))
    return values


def verdict_outputs(verdict: dict[str, Any]) -> dict[str, object]:
    counts = {
        name: sum(level[name] for level in verdict["levels"])
        for name in ("passed", "failed", "skipped", "flaky")
    }
    return {"verdict": verdict["decision"], "tests": verdict["tests"], **counts}


def append(variable: str, text: str) -> None:
    with open(os.environ[variable], "a", encoding="utf-8") as file:
        file.write(text)


def publish(kind: str) -> int:
    """Publish a comment, a status or a check run.

    Without a token that may write, ci-stat writes the summary instead; step `summary` adds it once.
    """
    kept = Kept()
    instead = {"GITHUB_STEP_SUMMARY": str(work() / f"instead-of-{kind}.md")}
    about = [*kept.job, *kept.labels, *kept.policy, *kept.texts, *kept.paths]
    kept.run("publish", kind, *about, changed=instead)
    return 0


def summary() -> int:
    kept = Kept()
    instead = sorted(work().glob("instead-of-*.md"))
    if os.environ["INPUT_SUMMARY"] == "true":
        about = [*kept.job, *kept.labels, *kept.policy, *kept.texts, *kept.paths]
        kept.run("publish", "summary", *about)
    elif instead:
        append("GITHUB_STEP_SUMMARY", instead[0].read_text(encoding="utf-8"))
    return 0


def badge() -> int:
    kept = Kept()
    about = [*kept.job, *kept.labels, *kept.policy, "--output", os.environ["INPUT_BADGE"]]
    kept.run("publish", "badge", *about, *kept.paths)
    return 0


def import_() -> int:
    kept, head = Kept(), os.environ["HEAD_REPOSITORY"]
    if head and head != os.environ["GITHUB_REPOSITORY"]:
        print("::notice::A pull request of a fork may not write: it stays out of the history.")
        return 0
    kept.run("tests", "import", *kept.job, *kept.labels, *kept.paths)
    return 0


def verdict() -> int:
    code: int = read_verdict()["exit_code"]
    return code


STEPS: dict[str, Callable[[], int]] = {
    "install": install,
    "gate": gate,
    "comment": lambda: publish("comment"),
    "status": lambda: publish("status"),
    "check": lambda: publish("check"),
    "summary": summary,
    "badge": badge,
    "import": import_,
    "verdict": verdict,
}


if __name__ == "__main__":
    raise SystemExit(STEPS[sys.argv[1]]())
