"""The crontab and the systemd units are valid, and start jobs that exist."""

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs import daily_report, hourly_report, nightly_issues, stability_campaign

JOBS = Path(__file__).resolve().parents[1] / "jobs"
CRONTAB = JOBS / "crontab.example"
DOCS = JOBS.parent / "docs"
REPORTS = ("hourly", "daily")
PYTHON = "/srv/ci_stat/.venv/bin/python"


def _scheduled(text: str) -> Iterator[str]:
    """Yield the lines of a crontab that start a job."""
    for line in text.splitlines():
        if re.match(r"\d+ +[\d*]", line):
            yield line


def _started(text: str) -> set[str]:
    return set(re.findall(r"-m (jobs\.\w+)", text))


def test_crontab_starts_every_job() -> None:
    jobs = {f"jobs.{path.stem}" for path in JOBS.glob("*.py") if path.stem != "__init__"}
    assert _started(CRONTAB.read_text(encoding="utf-8")) == jobs
    known = (hourly_report, daily_report, nightly_issues, stability_campaign)
    assert {job.__name__ for job in known} == jobs


@pytest.mark.parametrize("page", ["reports.md", "issues.md"])
def test_crontab_lines_of_a_page_are_those_of_the_example(page: str) -> None:
    example = {" ".join(line.split()[:5]): _started(line) for line in _scheduled(_text(CRONTAB))}
    lines = list(_scheduled(_text(DOCS / page)))
    assert lines
    for line in lines:
        assert _started(line) == example[" ".join(line.split()[:5])], line


def test_crontab_lines_for_teams_start_jobs_of_the_example() -> None:
    lines = [line for line in _scheduled(_text(DOCS / "production.md")) if "jobs." in line]
    assert len(lines) == 2
    for line in lines:
        assert _started(line) <= _started(_text(CRONTAB)), line
        assert line.split()[5] == "ci_stat"  # the user, as in /etc/cron.d


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _blocks(page: Path) -> str:
    """The crontab blocks of a page."""
    return "\n".join(re.findall(r"(?ms)^```crontab\n(.*?)^```$", _text(page)))


@pytest.mark.parametrize("page", [CRONTAB, *sorted(DOCS.glob("*.md"))], ids=lambda page: page.name)
def test_crontab_is_valid(page: Path, tmp_path: Path) -> None:
    if shutil.which("crontab") is None:
        pytest.skip("needs the command crontab (Debian: apt-get install cron)")
    text = _text(page) if page == CRONTAB else _blocks(page)
    # /etc/cron.d has a column for the user; a user's own crontab, which `crontab` checks, has none.
    own = re.sub(r"(?m)^([\d*].*?) ci_stat  ", r"\1 ", text)
    file = tmp_path / "crontab"
    file.write_text(f"{own}\n", encoding="utf-8")

    checked = _checked_crontab(file)
    assert checked.returncode == 0, checked.stderr


def test_crontab_with_a_mistake_is_invalid(tmp_path: Path) -> None:
    if shutil.which("crontab") is None:
        pytest.skip("needs the command crontab (Debian: apt-get install cron)")
    file = tmp_path / "crontab"
    file.write_text("61 * * * *  true\n", encoding="utf-8")
    assert _checked_crontab(file).returncode != 0


def _checked_crontab(file: Path) -> "subprocess.CompletedProcess[str]":
    """Check a crontab without installing it: cronie calls the option -T, Debian's cron -n."""
    usage = subprocess.run(
        ["crontab", "-h"], capture_output=True, text=True, check=False, timeout=10
    )
    option = "-T" if re.search(r"^\s*-T\b", usage.stderr + usage.stdout, re.MULTILINE) else "-n"
    return subprocess.run(
        ["crontab", option, str(file)], capture_output=True, text=True, check=False, timeout=10
    )


def test_systemd_units_are_valid(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs the command systemd-analyze (Debian: apt-get install systemd)")
    units = _instances(tmp_path)
    assert _verified(units) == ""

    units[0].write_text(_text(units[0]).replace("Type=oneshot", "Type=twice"), encoding="utf-8")
    assert "service type" in _verified(units)


def _instances(folder: Path) -> list[Path]:
    """Write the units as instances, with a Python that exists."""
    units = []
    for path in sorted([*JOBS.glob("*.service"), *JOBS.glob("*.timer")]):
        instances = REPORTS if path.stem.endswith("@") else ("",)
        for instance in instances:
            unit = folder / f"{path.stem}{instance}{path.suffix}"
            unit.write_text(_text(path).replace(PYTHON, sys.executable), encoding="utf-8")
            units.append(unit)
    return units


def _verified(units: list[Path]) -> str:
    process = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, units)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    ours = [line for line in process.stderr.splitlines() if "ci_stat" in line]
    return "\n".join(ours)


def test_systemd_units_start_jobs_that_exist() -> None:
    for path in JOBS.glob("*.service"):
        for report in REPORTS:
            (command,) = re.findall(r"(?m)^ExecStart=(.*)$", _text(path).replace("%i", report))
            (module,) = _started(command)
            assert importlib.util.find_spec(module) is not None, command
            is_campaign = module == stability_campaign.__name__
            arguments = "/srv/ci_stat/campaign.toml" if is_campaign else "--post"
            assert command == f"{PYTHON} -m {module} {arguments}"


def test_each_timer_has_its_service() -> None:
    for path in JOBS.glob("*.timer"):
        name, at, _instance = path.stem.partition("@")
        assert (JOBS / f"{name}{at}.service").exists(), path.name
