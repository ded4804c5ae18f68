"""What `ci-stat demo` prints: what fails, where, since when, why, and what to type next."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from ci_stat.config import PATH_VARIABLE
from ci_stat.demo import Stories
from ci_stat.escape import visible
from ci_stat.records import JobCount, PRCount, WindowCount
from ci_stat.rendering.format import minute, percent, plural
from ci_stat.result import FailInfo, Result
from ci_stat.result.outages import Outage, outages
from ci_stat.runs.views.failures import failure_table
from ci_stat.runs.views.tables import job_table
from ci_stat.test_results.gates.model import Decision, Verdict

_FAILURES, _JOBS, _LOG_LINES = 4, 3, 4
_GATE_WORDS = {
    Decision.PASS: ("passes", "green"),
    Decision.FAIL: ("fails", "red"),
    Decision.CANNOT_TELL: ("cannot tell", "yellow"),
}
_COMMAND = 48  # cells of a command before its explanation


@dataclass(frozen=True, slots=True)
class TestFacts:
    """What the result files say. `job`: whose newest run the gate judges."""

    __test__ = False  # pytest collects classes of this name

    files: int
    tests: int
    proven_flaky: int
    job: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Facts:
    """The numbers of the demo: all runs, jobs and the worst pull request; `result`: failed runs.

    `tests`: None without result files.
    """

    count: WindowCount
    jobs: Sequence[JobCount]
    prs: Sequence[PRCount]
    result: Result
    tests: TestFacts | None = None


def demo_story(
    facts: Facts, *, made: str, activation: str, folder: str, stories: Stories, end: datetime
) -> RenderableType:
    """The story on one screen of a terminal.

    - `made`: what was generated; `end`: of the data; `folder`: where, as a shell reads it.
    - `activation`: the command that makes `ci-stat` known to the shell, or "".
    """
    infos = list(facts.result.fail_info_map.values())
    return Group(
        Text.assemble(("ci-stat demo", "bold"), f": {made}"),
        *_what(facts, infos),
        *_where(facts),
        *_why(infos),
        *_tests(facts.tests),
        *_next(activation, folder),
        *_commands(facts, infos, stories, end),
        Text(f"For your own CI: unset {PATH_VARIABLE}, then ci-stat init", "dim"),
    )


def _heading(question: str, answer: str) -> Text:
    return Text.assemble((question, "bold cyan"), f"  {answer}")


def _what(facts: Facts, infos: Sequence[FailInfo]) -> Iterator[RenderableType]:
    count = facts.count
    runs = f"{count.tally.failure:,} of {plural(count.tally.total, 'run')}"
    prs = f"{count.failing_prs:,} of {plural(count.prs, 'pull request')}"
    yield Text()
    yield _heading("What fails?", f"{runs} ({percent(count.tally.fail_rate)}), in {prs}")
    if infos:
        yield failure_table(infos[:_FAILURES])
    else:
        yield Text()


def _where(facts: Facts) -> Iterator[RenderableType]:
    jobs = f"{facts.count.failing_jobs:,} of {plural(facts.count.jobs, 'job')}"
    yield _heading("Where?", jobs)
    yield job_table(facts.jobs[:_JOBS])
    for outage in outages(facts.result.run_list)[:1]:
        yield _outage(outage)
        yield Text()


def _outage(outage: Outage) -> Text:
    begin, end = outage.runs[0].time, outage.runs[-1].time
    what = "Machines, not code" if outage.machines else "One failure in many pull requests"
    runs, prs = plural(len(outage.runs), "failed run"), plural(outage.prs, "pull request")
    words = f": {runs} of {prs}, {minute(begin)} to {minute(end)}"
    return Text.assemble((what, "yellow"), words)


def _why(infos: Sequence[FailInfo]) -> Iterator[RenderableType]:
    """The newest log of the worst failure; nothing without logs."""
    for info in infos[:1]:
        newest = info.newest
        if newest is None or not newest.excerpt:
            return
        run = info.run_list[-1]
        yield _heading("Why?", f"{visible(run.job_name, 60)} #{run.build} says:")
        lines = [text for text in newest.excerpt.splitlines() if text.strip()]
        for text in lines[:_LOG_LINES]:
            yield Padding(Text(visible(text, 200), "red"), (0, 0, 0, 2))
        yield Text()


def _tests(facts: TestFacts | None) -> Iterator[RenderableType]:
    """What is flaky, and whether the newest run may be merged."""
    if facts is None:
        return
    flaky = (
        f"{facts.proven_flaky:,} of {plural(facts.tests, 'test')} passed and failed on one commit"
    )
    yield _heading("Which tests?", f"{flaky} ({plural(facts.files, 'result file')})")
    word, style = _GATE_WORDS[facts.verdict.decision]
    reasons = "; ".join(reason.text for reason in facts.verdict.reasons) or "every test passed"
    yield Text.assemble(
        ("Gate", style), f": {visible(facts.verdict.name, 100)} {word}: {visible(reasons, 200)}"
    )
    yield Text()


def _next(activation: str, folder: str) -> Iterator[Text]:
    """How to make the commands below work in this shell."""
    steps = [activation, f"export {PATH_VARIABLE}={folder}"]
    yield _heading("What next?", "; ".join(filter(None, steps)))


def _commands(
    facts: Facts, infos: Sequence[FailInfo], stories: Stories, end: datetime
) -> Iterator[Text]:
    for command, answer in _questions(facts, infos, stories, end):
        yield Text.assemble(f"  ci-stat {command}".ljust(_COMMAND), " ", (answer, "dim"))


def _questions(
    facts: Facts, infos: Sequence[FailInfo], stories: Stories, end: datetime
) -> Iterator[tuple[str, str]]:
    """Commands and the questions that they answer."""
    latest = "--since 7d --end latest"
    for pr in facts.prs if infos else ():
        yield f"pr {pr.number}", "are these failures its own?"
    yield f"compare {latest}", "what is new, worse, slower?"
    yield f"flaky {latest}", "what fails by chance?"
    for info in infos[:1]:
        run = info.run_list[-1]
        yield f"explain {visible(run.job_name, 60)} {run.build}", "why did this build fail?"
    if facts.tests is not None:
        yield f"tests --job {facts.tests.job}", "what failed in the newest run?"
        yield "tests flaky --end latest", "which tests are flaky?"
        yield f"gate --job {facts.tests.job}", "may this run be merged?"
    begin, over = stories.outage
    if any(run.time and begin <= run.time < over for run in facts.result.run_list):
        hour = min(begin + timedelta(hours=1, minutes=7), end)
        yield f"report hourly --now {hour:%Y-%m-%dT%H:%M}", "the outage as a report"
    if infos:
        night = min(stories.regression[0] + timedelta(days=1), end - timedelta(days=1))
        yield f"issues plan --begin {night:%Y-%m-%d}", "issues for what keeps failing"
