"""A runner for the steps of a composite action: bash, files for outputs and summaries, outcomes."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.support.actions.expressions import ExpressionError, condition, filled

_STEP_KEYS = {"name", "id", "if", "shell", "run", "env"}
_FILES = ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STEP_SUMMARY")


@dataclass
class ActionRun:
    """What became of an action. `outcomes`, `logs`: of each step by its name."""

    outcomes: dict[str, str] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""

    @property
    def log(self) -> str:
        return "\n".join(f"== {name}\n{log}" for name, log in self.logs.items())


@dataclass
class Runner:
    """A machine with a checkout.

    - `github`: the context `github`. `environment`: what each step sees, and nothing of the test's.
    """

    checkout: Path
    temporary: Path
    github: Mapping[str, Any]
    environment: Mapping[str, str]

    def run_action(self, folder: Path, inputs: Mapping[str, str]) -> ActionRun:
        """Run the action in `folder`. Raises ExpressionError or AssertionError."""
        action = yaml.safe_load((folder / "action.yml").read_text(encoding="utf-8"))
        assert action["runs"]["using"] == "composite"
        run, steps = ActionRun(), dict[str, Any]()
        contexts = {
            "github": self.github,
            "inputs": self._inputs(action["inputs"], inputs),
            "steps": steps,
        }
        environment = {**self.environment, "GITHUB_ACTION_PATH": str(folder)}
        for step in action["runs"]["steps"]:
            self._run_step(step, contexts, environment, run)
            name = step["name"]
            if "id" in step:
                outputs = run_outputs(self._file("GITHUB_OUTPUT"))
                steps[step["id"]] = {"outcome": run.outcomes[name], "outputs": outputs}
        run.outputs = self._outputs(action["outputs"], contexts)
        return run

    def _inputs(self, declared: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
        unknown = set(given) - set(declared)
        assert not unknown, f"unknown inputs: {unknown}"
        values = {}
        for name, about in declared.items():
            assert set(about) <= {"description", "required", "default"}
            assert name in given or not about.get("required"), f"input {name} is required"
            default = filled(str(about.get("default", "")), {"github": self.github}, {})
            values[name] = given.get(name, default)
        return values

    def _run_step(
        self,
        step: Mapping[str, Any],
        contexts: Mapping[str, Any],
        environment: Mapping[str, str],
        run: ActionRun,
    ) -> None:
        assert set(step) <= _STEP_KEYS, f"unknown keys: {set(step) - _STEP_KEYS}"
        assert step["shell"] == "bash"
        if "${{" in step["run"]:
            raise ExpressionError(f"{step['name']}: an expression inside of a script")

        has_failed = "failure" in run.outcomes.values()
        functions = {
            "success": lambda: not has_failed,
            "failure": lambda: has_failed,
            "always": lambda: True,
            "cancelled": lambda: False,
        }
        for name in _FILES:
            self._file(name).write_text("", encoding="utf-8")
        if not condition(step.get("if", ""), contexts, functions):
            run.outcomes[step["name"]] = "skipped"
            return

        given = {name: filled(str(text), contexts, functions) for name, text in step["env"].items()}
        files = {name: str(self._file(name)) for name in _FILES}
        done = self._bash(step["run"], {**environment, **files, **given})
        run.outcomes[step["name"]] = "failure" if done.returncode else "success"
        run.logs[step["name"]] = done.stdout
        run.summary += self._file("GITHUB_STEP_SUMMARY").read_text(encoding="utf-8")
        assert not self._file("GITHUB_ENV").read_text(encoding="utf-8"), "it changes later steps"

    def _bash(
        self, script: str, environment: Mapping[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        file = self.temporary / "script.sh"
        file.write_text(script, encoding="utf-8")
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(file)],
            cwd=self.checkout,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    def _file(self, name: str) -> Path:
        return self.temporary / name

    @staticmethod
    def _outputs(declared: Mapping[str, Any], contexts: Mapping[str, Any]) -> dict[str, str]:
        values = {}
        for name, about in declared.items():
            try:
                values[name] = filled(about["value"], contexts, {})
            except ExpressionError:  # of a step that did not run
                values[name] = ""
        return values


def run_outputs(file: Path) -> dict[str, str]:
    """The outputs of a step. Ours have one line each."""
    lines = file.read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines)
    values = {name: value for name, equals, value in pairs if equals and name.isidentifier()}
    assert len(values) == len(lines), lines
    return values
