"""`ci-stat gate`: read results and policy, print the verdict, and end with its exit code."""

import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import click

from ci_stat.cli.work import opening, output, windows
from ci_stat.cli.work.tests.ending import require_gate
from ci_stat.cli.work.tests.labels import labels_of
from ci_stat.errors import UsageError
from ci_stat.formats.files import STANDARD_STREAM, open_output
from ci_stat.rendering.as_terminal import on_terminal
from ci_stat.runs.progress_bar import counting
from ci_stat.test_results.gates.decide import decide
from ci_stat.test_results.gates.from_files import read_results
from ci_stat.test_results.gates.model import GateResults, Verdict
from ci_stat.test_results.gates.policy import STRICT, Policy
from ci_stat.test_results.gates.policy_file import read_policy, with_matrix
from ci_stat.test_results.gates.service import StoredGate
from ci_stat.test_results.gates.views.data import replay_data, verdict_data
from ci_stat.test_results.gates.views.document import verdict_document
from ci_stat.test_results.gates.views.replay import replay_document
from ci_stat.test_results.inputs import find_inputs
from ci_stat.test_results.model import RunName


class _Form(NamedTuple):
    """How to print the answer."""

    policy: str
    limit: int
    as_json: bool
    color: str
    output: str | None


def gate(
    paths: Sequence[str],
    policy: str | None,
    job: str | None,
    number: RunName | None,
    labels: Sequence[str],
    retries: bool,
    replay: str | None,
    now: str | None,
    init_: bool,
    **rest: Any,
) -> None:
    if init_:
        click.echo(example(), nl=False)
        return
    if rest["output"] == STANDARD_STREAM:
        raise UsageError("--output writes a file. To print JSON, use --json.")
    _check(paths, job, number, retries, replay)
    form = _Form(policy or "", rest["limit"], rest["as_json"], rest["color"], rest["output"])
    rules = read_policy(Path(policy)) if policy else STRICT
    if rest["matrix"] is not None:
        rules = with_matrix(rules, Path(rest["matrix"]), rest["type_"] or "")
    elif rest["type_"] is not None:
        raise UsageError("--type is about the matrix: use it with --matrix.")
    moment = windows.parse_time(now, "--now", ZoneInfo("UTC")) if now else datetime.now(UTC)
    moment = moment.astimezone(UTC)
    wanted = labels_of(labels)

    if replay is not None:
        _replay(rules, replay, moment, [job] if job else [], form)
        return
    if paths:
        results = _read(paths, wanted, retries)
        verdict = _judge(rules, results, job, number, moment)
    else:
        assert job is not None  # checked above
        verdict = StoredGate(opening.opened().results, rules).judge_run(job, number, wanted, moment)
    _print_verdict(verdict, form)


def _judge(
    policy: Policy, results: GateResults, job: str | None, number: RunName | None, now: datetime
) -> Verdict:
    """Judge files. Only with a job the database is needed, for its history."""
    if job is None:
        return decide(policy, results, now)
    return StoredGate(opening.opened().results, policy).judge_files(results, job, number, now)


def example() -> str:
    """A policy with comments."""
    place = package_files("ci_stat.test_results.gates").joinpath("example.toml")
    return place.read_text(encoding="utf-8")


def _check(
    paths: Sequence[str], job: str | None, number: RunName | None, retries: bool, replay: str | None
) -> None:
    if replay is not None and (paths or number is not None):
        raise UsageError("--replay judges stored runs, so it takes neither PATH nor --run.")
    if replay is None and not paths and job is None:
        hint = "Name result files, e.g. `ci-stat gate build/test-results`, or a job: --job NAME"
        raise UsageError("There is nothing to judge.", hint)
    if number is not None and job is None:
        raise UsageError("--run is the number of a run of a job: add --job NAME.")
    if retries and not paths:
        raise UsageError("--retries is about files: name them.")


def _read(paths: Sequence[str], labels: dict[str, str], retries: bool) -> GateResults:
    with ExitStack() as files:
        inputs = list(find_inputs(paths, sys.stdin.buffer, files))
        with counting("Reading", len(inputs)) as advance:
            return read_results(inputs, labels, retries, advance)


def _replay(policy: Policy, length: str, now: datetime, jobs: Sequence[str], form: _Form) -> None:
    begin = windows.before(now, length)
    answer = StoredGate(opening.opened().results, policy).replay(begin, now, jobs)
    data = replay_data(answer, form.limit)
    table = on_terminal(replay_document(answer, form.limit, form.policy))
    _write(data, form.output)
    output.print_either(data, table, form.as_json, form.color)


def _print_verdict(verdict: Verdict, form: _Form) -> None:
    data = verdict_data(verdict, form.limit)
    table = on_terminal(verdict_document(verdict, form.limit, form.policy))
    _write(data, form.output)
    output.print_either(data, table, form.as_json, form.color)
    require_gate(verdict)


def _write(data: Any, name: str | None) -> None:
    if name is not None:
        with open_output(name) as file:
            file.write(json.dumps(data, indent=2) + "\n")
