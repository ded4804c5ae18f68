"""What a comment asks Prow for. Pure."""

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass

from tests.support.prow.jobs import Job

TEST_ALL = re.compile(r"(?m)^/test all,?($|\s.*)")
RETEST = re.compile(r"(?m)^/retest\s*$")
RETEST_REQUIRED = re.compile(r"(?m)^/retest-required\s*$")
OK_TO_TEST = re.compile(r"(?m)^/ok-to-test\s*$")
TEST_WITHOUT = re.compile(r"(?m)^/test[ \t]*$")
TEST_ANY = re.compile(r"(?m)^/test[ \t]+\S+")
RETEST_WITH = re.compile(r"(?m)^/retest[ \t]+\S+")
SKIP = re.compile(r"(?m)^/skip\s*$")
OVERRIDE = re.compile(r"(?m)^/override( |\t)+(.*)$")
_FENCED = re.compile(r"(?sm)^(`{3,}|~{3,}).*?^\1[ \t]*$\n?")

WITHOUT_TARGET = "The `/test` command needs one or more targets."
WITH_TARGET = "The `/retest` command does not accept any targets."
NOT_FOUND = "The specified target(s) for `/test` were not found."


@dataclass(frozen=True)
class Decision:
    """What Prow does. `start`: names of jobs, in their order. `help`: why it explains commands.

    - `is_for_trigger`: the comment concerns the trigger plugin at all: only then is the author's
      trust asked for.
    - `skips`: `/skip`. `overrides`: contexts after `/override`.
    """

    is_for_trigger: bool
    start: tuple[str, ...] = ()
    help: str = ""
    is_ok_to_test: bool = False
    skips: bool = False
    overrides: tuple[str, ...] = ()


def without_fences(body: str) -> str:
    return _FENCED.sub("", body)


def decided(
    body: str,
    jobs: Sequence[Job],
    contexts: Set[str] = frozenset(),
    failed: Set[str] = frozenset(),
) -> Decision:
    """What a comment asks for. `contexts`: of the head commit; `failed`: those that failed.

    Fenced code is left out only where Prow asks whether a comment is for it: the jobs are then
    found in the whole body.
    """
    words = without_fences(body)
    is_for_trigger = _is_for_trigger(words, jobs)
    start = tuple(job.name for job in jobs if _starts(job, body, contexts, failed))
    start = start if is_for_trigger else ()
    return Decision(
        is_for_trigger,
        start,
        _help(words, start) if is_for_trigger else "",
        is_ok_to_test=OK_TO_TEST.search(words) is not None,
        skips=SKIP.search(words) is not None,
        overrides=tuple(name.strip() for _, name in OVERRIDE.findall(words) if name.strip()),
    )


def _is_for_trigger(words: str, jobs: Sequence[Job]) -> bool:
    commands = (RETEST, RETEST_REQUIRED, OK_TO_TEST, TEST_ALL, TEST_WITHOUT, TEST_ANY, RETEST_WITH)
    if any(command.search(words) for command in commands):
        return True
    return any(job.matches(words) for job in jobs)


def _starts(job: Job, body: str, contexts: Set[str], failed: Set[str]) -> bool:
    if job.matches(body):
        return True
    if (OK_TO_TEST.search(body) or TEST_ALL.search(body)) and job.is_automatic:
        return True
    is_retest = RETEST.search(body) is not None
    is_required = RETEST_REQUIRED.search(body) is not None and not job.is_optional
    if not (is_retest or is_required):
        return False
    context = job.status_context
    return context in failed or (job.is_automatic and context not in contexts)


def _help(words: str, start: Sequence[str]) -> str:
    if TEST_WITHOUT.search(words):
        return WITHOUT_TARGET
    if RETEST_WITH.search(words):
        return WITH_TARGET
    return NOT_FOUND if TEST_ANY.search(words) and not start else ""
