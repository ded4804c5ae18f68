"""An installed package works without the checkout: the command, the cron jobs and their units."""

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
UV = Path(sys.executable).with_name("uv")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=60,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel; it borrows the libraries of this environment."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    subprocess.run(
        [UV, "pip", "install", "--quiet", "--offline", "--no-deps", "--python", python, wheel],
        check=True,
        timeout=60,
    )

    # Python reads no .pth file in a folder that a .pth file adds: our editable install stays out.
    (site,) = folder.glob("lib/python*/site-packages")
    (ours,) = (path for path in sys.path if path.endswith("site-packages"))
    (site / "libraries.pth").write_text(f"{ours}\n", encoding="utf-8")
    return folder


def _output(folder: Path, *command: str) -> str:
    process = subprocess.run(
        [folder / "bin" / command[0], *command[1:]],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return process.stdout


@pytest.mark.parametrize("module", ["ci_stat", "jobs"])
def test_modules_come_from_the_wheel(installed: Path, module: str) -> None:
    origin = _output(installed, "python", "-c", f"import {module}; print({module}.__file__)")
    assert Path(origin.strip()).is_relative_to(installed)


@pytest.mark.parametrize(
    ("job", "command"),
    [
        ("hourly_report", ("report", "hourly")),
        ("daily_report", ("report", "daily")),
        ("nightly_issues", ("issues", "plan")),
    ],
)
def test_job_is_the_command(installed: Path, job: str, command: tuple[str, ...]) -> None:
    by_job = _output(installed, "python", "-m", f"jobs.{job}", "--help")
    by_command = _output(installed, "ci-stat", *command, "--help")
    assert by_job == by_command
    assert "--post" in by_job


def test_wheel_holds_all_that_is_not_code(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    package = [path for room in ("ci_stat", "jobs") for path in (ROOT / room).rglob("*.*")]
    committed = {str(path.relative_to(ROOT)) for path in package if path.suffix != ".pyc"}
    assert committed <= names
    assert not [name for name in names if name.startswith(("tests/", "tools/", "examples/"))]
