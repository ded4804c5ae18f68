"""One step in a pod, from its start to its end. Blocks: it runs in a thread."""

import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ci_stat.commit_tests.isolation.ending import Verdict, judge
from ci_stat.commit_tests.isolation.marker import MAX_MARKER, Marker, read_marker
from ci_stat.commit_tests.isolation.pods.archive import MAX_BYTES, MAX_FILES, script_archive
from ci_stat.commit_tests.isolation.pods.place import PodPlace
from ci_stat.commit_tests.isolation.pods.plan import MARKS, SPACE, WORK, PodPlan
from ci_stat.commit_tests.isolation.pods.script import DONE, EXIT, GO, script
from ci_stat.commit_tests.isolation.pods.stopping import Stop, Stopped
from ci_stat.commit_tests.model import Outcome
from ci_stat.errors import SourceError

_PAUSES = (0.2, 1.0, 3.0)  # seconds after a read of the marker that failed
# The patterns come as arguments: they are text of the user, never part of the script. Not every
# tar can read names from its input.
_FIND = """cd "$1" && shift
for pattern in "$@"; do find . -xdev -type f -path "./$pattern"; done | head -n {files} | {{
  set --
  while IFS= read -r file; do set -- "$@" "$file"; done
  test $# -eq 0 || tar -c -f - "$@"
}}
"""


@dataclass(frozen=True, slots=True)
class PodStep:
    """What goes in and what comes out.

    - `files`: tar files, each with the folder of the pod that it is unpacked in.
    - `results`: patterns of result files, and the tar file they are written to.
    - `space`: the tar file that the whole space is written to for the next step, or None.
    """

    plan: PodPlan
    files: Sequence[tuple[Path, str]]
    start_seconds: float
    results: tuple[tuple[str, ...], Path] | None = None
    space: Path | None = None


@dataclass
class PodStepEnd:
    """How it ended, and what could not be taken out."""

    verdict: Verdict
    problems: list[str] = field(default_factory=list)


def run_step(
    place: PodPlace, step: PodStep, stop: Stop, feed: Callable[[bytes], None]
) -> PodStepEnd:
    """Run the step. Raises SourceError; the pod stays for a look if the step did not pass."""
    plan = step.plan
    try:
        end = _run(place, step, stop, feed)
    except Stopped:
        place.remove(plan)
        outcome = stop.reason or Outcome.CANCELLED
        over = f"It ran longer than {plan.limits.seconds:g} s."
        detail = over if outcome is Outcome.TIMED_OUT else "It was cancelled."
        return PodStepEnd(Verdict(outcome, detail=detail))
    except BaseException:
        with suppress(SourceError):
            place.remove(plan)
        raise
    return end


def _run(place: PodPlace, step: PodStep, stop: Stop, feed: Callable[[bytes], None]) -> PodStepEnd:
    plan = step.plan
    pod = place.start(plan, step.start_seconds, stop.check)
    for path, folder in step.files:
        with path.open("rb") as archive:
            place.send(pod, archive, folder)
    with tempfile.TemporaryFile() as archive:  # it has no name: it may hold secrets
        archive.write(script_archive(script(plan)))
        place.send(pod, archive, MARKS)
    place.read(pod, ["touch", f"{MARKS}/{GO}"], 0)
    stop.begun.set()

    for data in place.output(pod, stop.check):
        feed(data)
    stop.check()

    ended = place.ended(pod)
    assert ended is not None
    end = PodStepEnd(judge(ended, _marker(place, pod), plan.nonce))
    _take_out(place, pod, step, end)
    _leave(place, pod, plan, end)
    return end


def _marker(place: PodPlace, pod: str) -> Marker | None:
    """Read the marker; a far end that fails once is asked again."""
    read = ["sh", "-c", f"test ! -f {MARKS}/{EXIT} || head -c {MAX_MARKER} {MARKS}/{EXIT}"]
    for pause in _PAUSES:
        with suppress(SourceError):
            text = place.read(pod, read, MAX_MARKER)
            return read_marker(text.decode(errors="replace"))
        time.sleep(pause)
    return None


def _take_out(place: PodPlace, pod: str, step: PodStep, end: PodStepEnd) -> None:
    if step.results is not None:
        patterns, path = step.results
        find = ["sh", "-c", _FIND.format(files=MAX_FILES), "sh", WORK, *patterns]
        _save(place, pod, find, path, MAX_BYTES, end)
    if step.space is not None and end.verdict.outcome is Outcome.PASSED:
        whole = ["tar", "-c", "-f", "-", "-C", SPACE, "."]
        _save(place, pod, whole, step.space, step.plan.limits.disk_bytes, end)


def _save(
    place: PodPlace, pod: str, words: Sequence[str], path: Path, limit: int, end: PodStepEnd
) -> None:
    try:
        is_whole = place.save(pod, words, path, limit)
    except SourceError as error:
        end.problems.append(str(error))
        return
    if not is_whole:
        end.problems.append(f"Files of more than {limit:,} bytes were cut.")


def _leave(place: PodPlace, pod: str, plan: PodPlan, end: PodStepEnd) -> None:
    """Remove a pod that passed; let one that did not end, with a hint how to look at it."""
    advice = place.advice(plan)
    if end.verdict.outcome is Outcome.PASSED or not advice:
        place.remove(plan)
        return
    with suppress(SourceError):
        place.read(pod, ["touch", f"{MARKS}/{DONE}"], 0)
    end.verdict = end.verdict.with_hint(advice)
