"""`ci-stat tests report`: page, draft of a comment and verdict from result files alone."""

import json
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import click
import msgspec
from sqlalchemy import Engine

from ci_stat.cli.work import output as printing
from ci_stat.cli.work.opening import opened
from ci_stat.cli.work.tests.ending import require_gate
from ci_stat.cli.work.tests.labels import labels_of
from ci_stat.context import Context, real_time
from ci_stat.errors import UsageError
from ci_stat.escape import visible
from ci_stat.formats.files import STANDARD_STREAM, open_output
from ci_stat.rendering.as_terminal import on_terminal
from ci_stat.runs.progress_bar import counting
from ci_stat.store.results.read import ResultsReader
from ci_stat.test_results.aggregating.model import Summary
from ci_stat.test_results.aggregating.output import write_summary
from ci_stat.test_results.aggregating.service import aggregate
from ci_stat.test_results.checkout import from_git
from ci_stat.test_results.environment import from_environment, workspace
from ci_stat.test_results.gates.decide import decide
from ci_stat.test_results.gates.from_files import read_results
from ci_stat.test_results.gates.model import GateResults, Verdict
from ci_stat.test_results.gates.policy import STRICT, Policy
from ci_stat.test_results.gates.policy_file import read_policy
from ci_stat.test_results.gates.service import StoredGate
from ci_stat.test_results.gates.views.data import verdict_data
from ci_stat.test_results.gates.views.document import verdict_document
from ci_stat.test_results.inputs import find_inputs
from ci_stat.test_results.publishing.from_files import collect_files
from ci_stat.test_results.publishing.history import published
from ci_stat.test_results.publishing.model import Collected
from ci_stat.test_results.publishing.surroundings import target_branch
from ci_stat.test_results.publishing.text.comment import composed, section_of
from ci_stat.test_results.publishing.text.markdown import Writer

PAGE, COMMENT, VERDICT = "page.html", "comment.md", "verdict.json"


@dataclass(frozen=True, slots=True)
class _Read:
    """The files, as each part of the answer needs them."""

    summary: Summary
    collected: Collected
    results: GateResults


def report(
    paths: Sequence[str],
    output: str,
    policy: str | None,
    job: str | None,
    labels: Sequence[str],
    history: bool,
    limit: int,
    as_json: bool,
    color: str,
) -> None:
    folder = _folder(output)
    rules = read_policy(Path(policy)) if policy else STRICT
    context, now = opened(), real_time()
    read = _read(paths, job, labels_of(labels))
    engine = context.existing_results if history else None
    verdict = _judge(engine, rules, read, now)

    write_summary(read.summary, {"html": str(folder / PAGE)}, limit)
    with open_output(str(folder / COMMENT)) as file:
        file.write(_comment(context, engine, read.collected, verdict, now))
    data = verdict_data(verdict, limit)
    with open_output(str(folder / VERDICT)) as file:
        file.write(json.dumps(data, indent=2) + "\n")

    table = on_terminal(verdict_document(verdict, limit, policy or ""))
    printing.print_either(data, table, as_json, color)
    files = ", ".join((PAGE, COMMENT, VERDICT))
    click.echo(f"ci-stat: {files} written to {visible(str(folder), 300)}", err=True)
    require_gate(verdict)


def _folder(name: str) -> Path:
    folder = Path(name)
    if name == STANDARD_STREAM or (folder.exists() and not folder.is_dir()):
        raise UsageError("--output must be a folder.", "Name a new or an existing folder.")
    return folder


def _read(paths: Sequence[str], job: str | None, labels: dict[str, str]) -> _Read:
    run = from_environment(os.environ) or from_git(Path.cwd())
    run = msgspec.structs.replace(run, job=job or run.job, labels=labels)
    roots = [path for path in paths if os.path.isdir(path)]
    with ExitStack() as files:
        inputs = list(find_inputs(paths, sys.stdin.buffer, files))
        with counting("Reading", 2 * len(inputs), "files") as advance:
            summary = aggregate(inputs, roots, [], [], advance)
            results = read_results(inputs, labels, False, advance)
        collected = collect_files(inputs, run, workspace(os.environ))
    return _Read(summary, collected, results)


def _judge(engine: Engine | None, policy: Policy, read: _Read, now: datetime) -> Verdict:
    """Judge the files, with the stored runs of the job if there are any."""
    run = read.collected.run
    if engine is None or run.job not in ResultsReader(engine).jobs():
        return decide(policy, read.results, now)
    return StoredGate(engine, policy).judge_files(read.results, run.job, run.number, now)


def _comment(
    context: Context, engine: Engine | None, collected: Collected, verdict: Verdict, now: datetime
) -> str:
    writer = Writer(context.settings.issues.private_hosts)
    base = target_branch(os.environ)
    publication = replace(published(engine, collected, base, now), verdict=verdict)
    section = section_of(publication, writer)
    return composed({section.info.key: section}, section.info.commit)
