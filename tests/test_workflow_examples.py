"""Workflows, for other projects and our own: valid for their CI, and safe against strangers."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.command_lines import arguments_of, parses

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
EXAMPLES = ROOT / "examples" / "ci"
GITHUB = [EXAMPLES / "github.yml", *sorted((ROOT / ".github" / "workflows").glob("*.yml"))]
GITLAB = [EXAMPLES / "gitlab.yml", EXAMPLES / "gitlab-tests.yml"]
JENKINSFILE = (EXAMPLES / "Jenkinsfile").read_text(encoding="utf-8")
ALL_YAML = [ROOT / "action.yml", *GITHUB, *GITLAB]


def _loaded(path: Path) -> dict[str, Any]:
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(values, dict)
    # YAML 1.1 reads the key `on` as true.
    return {"on" if key is True else key: value for key, value in values.items()}


def _ran(command: list[str], folder: Path = ROOT, **environment: str) -> str:
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command,
        cwd=folder,
        env={"PATH": path, "HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("github-workflows", GITHUB),
        ("github-actions", [ROOT / "action.yml"]),
        ("gitlab-ci", GITLAB),
    ],
)
def test_files_have_the_schema_of_their_ci(schema: str, files: list[Path]) -> None:
    names = [str(file) for file in files]
    transform = ["--data-transform", "gitlab-ci"] if schema == "gitlab-ci" else []
    _ran(
        [str(BIN / "check-jsonschema"), "--builtin-schema", f"vendor.{schema}", *transform, *names]
    )


def test_yaml_is_tidy() -> None:
    names = [str(file) for file in ALL_YAML]
    _ran([str(BIN / "yamllint"), "--strict", "-c", str(ROOT / ".yamllint.yml"), *names])


def _scripts() -> Iterator[tuple[str, str]]:
    for path in GITHUB:
        for name, job in _loaded(path)["jobs"].items():
            for step in job.get("steps", []):
                if "run" in step:
                    yield f"{path.name}:{name}", step["run"]
    for path in GITLAB:
        for name, job in _loaded(path).items():
            if isinstance(job, dict) and "script" in job:
                yield f"{path.name}:{name}", "\n".join(job["script"])


SCRIPTS = list(_scripts())


def test_scripts_are_shell_without_expressions() -> None:
    assert len(SCRIPTS) > 15
    for where, script in SCRIPTS:
        assert "${{" not in script, where
        _ran(["bash", "-n", "-c", script])


def test_command_lines_of_ci_stat_parse() -> None:
    shells = re.findall(r"\bsh '{1,3}(.*?)'{1,3}\n", JENKINSFILE, re.DOTALL)
    scripts = [*SCRIPTS, *(("Jenkinsfile", shell) for shell in shells)]
    names = set()
    for where, script in scripts:
        joined = re.sub(r'"\$(?:@|\{\w+\[@\]\})"', "", re.sub(r"\\+\n", " ", script))
        for line in joined.splitlines():
            # What follows -- is the command of the tests.
            ours, dashes, _ = line.partition(" -- ")
            for arguments in arguments_of(f"{ours}{dashes}pytest" if dashes else ours):
                names.add(" ".join(arguments[:2]) if arguments[0] == "tests" else arguments[0])
                assert parses(arguments), f"{where}: {line}"
    assert names >= {"matrix", "tests run", "tests aggregate", "tests report", "tests import"}


def test_jobs_have_a_time_limit() -> None:
    for path in GITHUB:
        for name, job in _loaded(path)["jobs"].items():
            assert job.get("uses") or 0 < job["timeout-minutes"] <= 120, f"{path.name}:{name}"


def test_workflows_read_only_unless_a_job_says_so() -> None:
    for path in GITHUB:
        assert _loaded(path)["permissions"] == {"contents": "read"}, path.name


def test_the_matrix_at_github() -> None:
    jobs = _loaded(EXAMPLES / "github.yml")["jobs"]
    strategy = jobs["test"]["strategy"]
    assert (strategy["fail-fast"], strategy["max-parallel"]) == (False, 4)
    days = [
        step["with"]["retention-days"]
        for job in jobs.values()
        for step in job.get("steps", [])
        if "upload-artifact" in step.get("uses", "")
    ]
    assert days == [30, 30, 90]


@pytest.mark.parametrize(
    ("cron", "wanted", "chosen"),
    [("0 3 * * 0", "", ""), ("", "smoke", "db=tidb spark=3.5.7"), ("", "e2e", "")],
)
def test_the_matrix_step_at_github(tmp_path: Path, cron: str, wanted: str, chosen: str) -> None:
    shutil.copy(ROOT / "examples" / "matrix.toml", tmp_path)
    (script,) = [text for where, text in SCRIPTS if where == "github.yml:matrix" if "CRON" in text]
    output = tmp_path / "output"
    values = {"CRON": cron, "TYPE": wanted, "SET": chosen, "GITHUB_OUTPUT": str(output)}
    _ran(["bash", "-e", "-o", "pipefail", "-c", script], tmp_path, **values)
    matrix = json.loads(output.read_text(encoding="utf-8").removeprefix("matrix="))
    scenarios = {entry["scenario"] for entry in matrix["include"]}
    if cron:
        assert scenarios == {"smoke", "transaction", "load"}
    elif chosen:
        assert [entry["key"] for entry in matrix["include"]] == [
            "db=tidb,scenario=smoke,spark=3.5.7"
        ]
    else:
        assert scenarios == {"smoke", "transaction"}


def test_cron_lines_are_those_of_the_matrix() -> None:
    events = _loaded(EXAMPLES / "github.yml")["on"]
    lines = {entry["cron"] for entry in events["schedule"]}
    matrix = tomllib.loads((ROOT / "examples" / "matrix.toml").read_text(encoding="utf-8"))
    assert lines == set(matrix["schedule"])


def test_the_matrix_job_at_gitlab(tmp_path: Path) -> None:
    shutil.copy(ROOT / "examples" / "matrix.toml", tmp_path)
    lines = _loaded(EXAMPLES / "gitlab.yml")["matrix"]["script"]
    script = "\n".join(line for line in lines if not line.startswith("pip "))
    _ran(["bash", "-e", "-o", "pipefail", "-c", script], tmp_path, TEST_TYPE="smoke")
    job = _loaded(tmp_path / "entries.yml")["test"]
    assert job["extends"] == ".test"
    assert {"MATRIX_KEY", "MATRIX_SPARK", "MATRIX_DB"} <= set(job["parallel"]["matrix"][0])
    expected = json.loads((tmp_path / "expected.json").read_text(encoding="utf-8"))
    assert len(expected["include"]) == len(job["parallel"]["matrix"]) == 5


# Jenkins has no schema to check a Jenkinsfile without a server.


def test_the_jenkinsfile_is_declarative() -> None:
    code = _without_texts(JENKINSFILE)
    assert [code.count(sign) for sign in "{(["] == [code.count(sign) for sign in "})]"]
    sections = re.findall(r"^    (\w+) \{", code, re.MULTILINE)
    assert sections == ["agent", "parameters", "triggers", "options", "stages", "post"]
    stages = re.findall(
        r"^        stage\('(\w+)'\) \{\n            steps \{", JENKINSFILE, re.MULTILINE
    )
    assert stages == ["Matrix", "Test", "Gate"]


def test_the_jenkinsfile_gives_groovy_texts_to_no_shell() -> None:
    shells = re.findall(r"\bsh (.)", JENKINSFILE)
    assert shells
    assert set(shells) == {"'"}
    for script in re.findall(r"\bsh '''(.*?)'''", JENKINSFILE, re.DOTALL):
        _ran(["sh", "-n", "-c", script.replace("\\\\", "\\")])


def _without_texts(code: str) -> str:
    texts = r"'''.*?'''|\"[^\"\n]*\"|'[^'\n]*'|//[^\n]*"
    return re.sub(texts, "", code, flags=re.DOTALL)
