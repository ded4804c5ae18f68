"""`ci-stat tests run`: run tests in shards, retry what failed, and write the results."""

import os
import re
import secrets
import shlex
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
import msgspec

from ci_stat.cli.work import opening, output
from ci_stat.cli.work.tests.ending import require_gate, require_pass
from ci_stat.cli.work.tests.labels import labels_of
from ci_stat.cli.work.tests.run_display import run_display
from ci_stat.cli.work.tests.stopping import Stopped, stopping
from ci_stat.context import Context, real_time
from ci_stat.errors import CiStatError, UsageError
from ci_stat.escape import visible
from ci_stat.formats.files import open_output, require_writable
from ci_stat.formats.junit_write import write_junit
from ci_stat.rendering.as_terminal import on_terminal
from ci_stat.rendering.format import plural
from ci_stat.test_results.checkout import from_git
from ci_stat.test_results.environment import from_environment, workspace
from ci_stat.test_results.gates.decide import decide
from ci_stat.test_results.gates.model import Verdict
from ci_stat.test_results.gates.policy_file import read_policy
from ci_stat.test_results.gates.views.data import verdict_data
from ci_stat.test_results.gates.views.document import verdict_document
from ci_stat.test_results.inputs import find_inputs
from ci_stat.test_results.running.budget import RetryRules
from ci_stat.test_results.running.collected import suites_of
from ci_stat.test_results.running.durations import Durations, read_durations
from ci_stat.test_results.running.files import matching_files
from ci_stat.test_results.running.gate import gate_results
from ci_stat.test_results.running.model import RunOptions, TestRun, Unit
from ci_stat.test_results.running.output import encoded, read_run, stored
from ci_stat.test_results.running.process import kill_groups
from ci_stat.test_results.running.runners.base import Setup
from ci_stat.test_results.running.runners.choose import choose
from ci_stat.test_results.running.runners.generic import Templates
from ci_stat.test_results.running.service import Service
from ci_stat.test_results.running.words import run_summary

_LENGTH = re.compile(r"(\d{1,7})\s*([smh])", re.ASCII)
_UNITS = {"s": 1, "m": 60, "h": 3600}


def run(
    command: Sequence[str],
    workers: int,
    retries: int | None,
    budgets: Sequence[str],
    max_failed_share: float,
    timeout: str | None,
    labels: Sequence[str],
    job: str | None,
    logs: str | None,
    retry_only: str | None,
    runner: str | None,
    results: Sequence[str],
    retry_command: str | None,
    files: Sequence[str],
    **outputs: Any,
) -> None:
    tries = (1 if retry_only else 0) if retries is None else retries
    rules = _rules(tries, budgets, max_failed_share / 100)
    seconds = seconds_of(timeout, "--timeout") if timeout else None
    wanted = RunOptions(workers, seconds, labels_of(labels))
    retry_words = tuple(_words(retry_command)) if retry_command else ()
    policy = read_policy(Path(outputs["policy"])) if outputs["policy"] else None
    templates = Templates(tuple(results), retry_words, tuple(files))
    for name in filter(None, (outputs["output"], outputs["junit"])):
        require_writable(name)
    context = opening.opened()

    with ExitStack() as closing:
        scratch = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="ci-stat-")))
        setup = Setup(tuple(command), Path.cwd(), scratch, workers)
        stop = closing.enter_context(stopping(kill_groups))
        service = Service(
            runner=choose(setup, templates, runner),
            options=wanted,
            rules=rules,
            durations=_durations(context, job) if workers > 1 else Durations(),
            now=real_time,
            stop=stop.event,
            files=[Unit(file) for file in matching_files(files)] if files else (),
            logs=_folder(logs),
            run_id=secrets.token_hex(8),
        )
        earlier = read_run(retry_only) if retry_only else None
        with run_display(service.runner.name) as service.display:
            test_run = service.repeat(earlier) if earlier else service.run()
        verdict = decide(policy, gate_results(test_run), real_time()) if policy else None
        _finish(context, test_run, verdict, stop, scratch, {**outputs, "job": job})


def _finish(
    context: Context,
    test_run: TestRun,
    verdict: Verdict | None,
    stop: Stopped,
    scratch: Path,
    outputs: dict[str, Any],
) -> None:
    """Write and print everything, also of a run that was interrupted."""
    data = stored(test_run, verdict_data(verdict, outputs["limit"]) if verdict else None)
    junit = outputs["junit"] or str(scratch / "out.xml")
    with open_output(junit) as file:
        write_junit(file, suites_of(test_run.tests, properties=_properties(test_run)))
    if outputs["output"]:
        with open_output(outputs["output"]) as file:
            file.write(encoded(data))
    if outputs["as_json"]:
        output.print_json(msgspec.to_builtins(data))
    else:
        _print(test_run, verdict, outputs)
    is_imported = outputs["imports"]
    problem = _import(context, test_run, junit, outputs["job"]) if is_imported else None
    stop.end_if_stopped()
    _require_pass(test_run, verdict)
    if problem is not None:
        raise problem


def _print(test_run: TestRun, verdict: Verdict | None, outputs: dict[str, Any]) -> None:
    summary = run_summary(test_run, outputs["limit"])
    output.print_table(on_terminal(summary), outputs["color"])
    if verdict is not None:
        click.echo()
        document = verdict_document(verdict, outputs["limit"], outputs["policy"])
        output.print_table(on_terminal(document), outputs["color"])


def _properties(test_run: TestRun) -> list[tuple[str, str]]:
    """What lets `tests aggregate` know the entry, and the same run in another file."""
    labels = [(f"label.{key}", value) for key, value in sorted(test_run.labels.items())]
    return [("ci-stat.run", test_run.id), *labels]


def _require_pass(test_run: TestRun, verdict: Verdict | None) -> None:
    """End with the code of the gate; without one with that of the tests."""
    if verdict is not None:
        require_gate(verdict, "Run the tests again.")
        return
    failed, unknown = len(test_run.tests.failed), [] if test_run.is_whole else _unknown(test_run)
    require_pass(failed, unknown, "The list above", "The lines above say why. Run it again.")


def _unknown(test_run: TestRun) -> list[str]:
    parts = []
    if test_run.problems:
        parts.append(plural(len(test_run.problems), "error of the run", "errors of the run"))
    if test_run.missing:
        parts.append(f"{len(test_run.missing):,} missing")
    if not len(test_run.tests):
        parts.append("no test ran")
    return parts or ["it was interrupted"]


def _import(context: Context, test_run: TestRun, junit: str, job: str | None) -> CiStatError | None:
    """Import the run. An error is returned: it must not hide whether the tests passed.

    `job`: None for the one that the environment names.
    """
    known = from_environment(os.environ) or from_git(Path.cwd())
    info = msgspec.structs.replace(known, labels=dict(test_run.labels), job=job or known.job)
    try:
        with ExitStack() as files:
            inputs = list(find_inputs([junit], sys.stdin.buffer, files))
            report = context.test_results().import_files(inputs, info, workspace(os.environ))
    except CiStatError as error:
        click.echo(f"ci-stat: not imported: {visible(error.message, 300)}", err=True)
        return error
    for file in report.problems:
        click.echo(f"ci-stat: not imported: {visible(file.detail, 300)}", err=True)
    return None


def _durations(context: Context, job: str | None) -> Durations:
    """The history; without one, tests run all the same."""
    try:
        engine = context.existing_results
        return read_durations(engine, job) if engine is not None else Durations()
    except CiStatError as error:
        click.echo(f"ci-stat: no durations: {visible(error.message, 300)}", err=True)
        return Durations()


def _rules(retries: int, budgets: Sequence[str], share: float) -> RetryRules:
    most, seconds = 100, None
    for text in budgets:
        if text.isascii() and text.isdigit():
            most = int(text[:9])
        else:
            seconds = seconds_of(text, "--retry-budget")
    return RetryRules(retries, most, seconds, share)


def seconds_of(text: str, option: str) -> float:
    """Parse `90s`, `20m` or `1h`; a number alone is seconds. Raises UsageError."""
    match = _LENGTH.fullmatch(text.strip() + ("s" if text.strip().isdigit() else ""))
    if match is None or not int(match[1]):
        shown = visible(text, 40)
        raise UsageError(f"{option} {shown!r} is not a length of time.", "Write 90s, 20m or 1h.")
    return float(int(match[1]) * _UNITS[match[2]])


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise UsageError(f"--retry-command: {error}.", "Close the quotes.") from None


def _folder(name: str | None) -> Path | None:
    if name is None:
        return None
    folder = Path(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"--logs {visible(name, 200)}: {error.strerror}.", "Choose another."
        ) from None
    return folder
