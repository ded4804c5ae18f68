"""The run that `ci-stat publish` is about: from files, or from the results database."""

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from ci_stat.cli.work.tests.labels import labels_of
from ci_stat.context import Context, real_time
from ci_stat.errors import CannotTell, UsageError
from ci_stat.formats.files import STANDARD_STREAM
from ci_stat.rendering.format import plural
from ci_stat.store.results.read import ResultsReader
from ci_stat.test_results.checkout import from_git
from ci_stat.test_results.environment import from_environment, workspace
from ci_stat.test_results.gates.decide import decide
from ci_stat.test_results.gates.from_files import read_results
from ci_stat.test_results.gates.model import Verdict
from ci_stat.test_results.gates.policy_file import read_policy
from ci_stat.test_results.gates.service import StoredGate
from ci_stat.test_results.inputs import find_inputs
from ci_stat.test_results.model import RunId, RunName
from ci_stat.test_results.publishing.from_files import collect_files
from ci_stat.test_results.publishing.from_store import collect_stored
from ci_stat.test_results.publishing.history import published
from ci_stat.test_results.publishing.model import Collected, Links, Publication
from ci_stat.test_results.publishing.surroundings import target_branch


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the options say about the run; None or "" for what they do not say."""

    paths: Sequence[str]
    job: str | None
    number: RunName | None
    attempt: int | None
    labels: Sequence[str]
    repo: str | None
    commit: str | None
    pull: int | None
    url: str | None


@dataclass(frozen=True, slots=True)
class TextOptions:
    """What the options say about the text."""

    policy: str | None
    base: str | None
    report: str
    artifacts: str
    may_fail: bool
    only_new: bool


def options_of(given: dict[str, Any]) -> tuple[RunOptions, TextOptions]:
    """Split the options of a command."""
    run = {name: given[name] for name in RunOptions.__slots__}
    texts = {name: given[name] for name in TextOptions.__slots__}
    return RunOptions(**run), TextOptions(**texts)


def require_files(options: RunOptions, policy: str | None) -> None:
    """Raise UsageError for a policy over standard input, which cannot be read a second time."""
    if policy and STANDARD_STREAM in options.paths:
        raise UsageError("--policy reads the files again, so PATH cannot be standard input.")


def collected_run(context: Context, options: RunOptions) -> Collected:
    """Collect the run. Raises UsageError, CannotTell, UnknownName or DatabaseError."""
    if options.paths:
        return _from_files(options)
    collected = collect_stored(
        context.results, options.job, options.number, labels_of(options.labels)
    )
    given = _given(options, ("repo", "commit", "pull", "url"))
    return replace(collected, run=msgspec.structs.replace(collected.run, **given))


def _from_files(options: RunOptions) -> Collected:
    if isinstance(options.number, RunId):
        hint = "Name the number of the run in its CI, or omit PATH."
        raise UsageError("--run id:ID names a stored run, so PATH cannot be given.", hint)
    known = from_environment(os.environ) or from_git(Path.cwd())
    names = ("job", "number", "attempt", "repo", "commit", "pull", "url")
    given = _given(options, names)
    if options.labels:
        given["labels"] = labels_of(options.labels)
    run = msgspec.structs.replace(known, **given)
    if not run.job:
        raise UsageError("The environment does not name the job.", "Name it: --job NAME")
    with ExitStack() as files:
        inputs = list(find_inputs(options.paths, sys.stdin.buffer, files))
        return collect_files(inputs, run, workspace(os.environ))


def _given(options: RunOptions, names: Sequence[str]) -> dict[str, Any]:
    values = {name: getattr(options, name) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def publication_of(
    context: Context, collected: Collected, options: RunOptions, texts: TextOptions
) -> Publication:
    """The run as its history judges it, and the gate. A history that cannot be read is left out."""
    setting = context.settings.results.default_branch
    base = texts.base or target_branch(os.environ) or setting
    links = Links(texts.report, texts.artifacts)
    engine = context.existing_results
    now = real_time()
    judged = published(engine, collected, base, now)
    verdict = verdict_of(context, collected, options, texts.policy, now) if texts.policy else None
    return replace(
        judged,
        links=links,
        may_fail=texts.may_fail,
        only_new=texts.only_new,
        verdict=verdict,
    )


def verdict_of(
    context: Context, collected: Collected, options: RunOptions, policy: str, now: datetime
) -> Verdict:
    """What the gate says about the run. Raises SettingsError and DatabaseError."""
    rules, run = read_policy(Path(policy)), collected.run
    if not options.paths:
        gate = StoredGate(context.results, rules)
        return gate.judge_run(run.job, _name_of(collected, options), run.labels, now)
    with ExitStack() as files:
        inputs = list(find_inputs(options.paths, sys.stdin.buffer, files))
        results = read_results(inputs, run.labels, False, lambda _: None)
    engine = context.existing_results
    if engine is None or run.job not in ResultsReader(engine).jobs():
        return decide(rules, results, now)
    return StoredGate(engine, rules).judge_files(results, run.job, run.number, now)


def _name_of(collected: Collected, options: RunOptions) -> RunName | None:
    """The run for the gate. Without a number, only its id tells it from others of its job."""
    if isinstance(options.number, RunId):
        return options.number
    if collected.run.number is None and collected.run_id is not None:
        return RunId(collected.run_id)
    return collected.run.number


def require_whole(collected: Collected) -> None:
    """Raise CannotTell if not all results are known."""
    problems = len(collected.problems)
    if problems:
        verb = "is" if problems == 1 else "are"
        raise CannotTell(
            f"{plural(problems, 'file')} {verb} missing or not whole,"
            " so it is not known whether all tests passed.",
            "The text says which.",
        )
    if not collected.counts.tests:
        raise CannotTell("No test result.", "Check the paths.")
