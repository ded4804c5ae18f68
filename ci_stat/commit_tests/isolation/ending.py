"""How a step in a pod ended, from what the runtime states and what the script wrote."""

import signal
from dataclasses import dataclass, replace

from ci_stat.commit_tests.isolation.marker import Marker
from ci_stat.commit_tests.model import Outcome

_BY_SIGNAL = 128


@dataclass(frozen=True, slots=True)
class Ended:
    """How the container ended. `exit_code`: None if nobody knows. `reason`: of the runtime."""

    exit_code: int | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a step, as `StepResult` has it."""

    outcome: Outcome
    exit_code: int | None = None
    signal: str = ""
    detail: str = ""

    def with_hint(self, command: str) -> "Verdict":
        """The verdict, with the command by which a person looks at it."""
        return replace(self, detail=f"{self.detail} Look at it: {command}".strip())


def judge(ended: Ended, marker: Marker | None, nonce: str) -> Verdict:
    """Judge a step that nobody ended. A pass needs the exit code and the marker."""
    code = ended.exit_code
    killed = _signal_of(code)
    is_out_of_memory = ended.reason == "OOMKilled" or (marker is not None and marker.oom_kills > 0)
    if is_out_of_memory and killed == "SIGKILL":
        return Verdict(Outcome.OUT_OF_MEMORY, signal=killed, detail="It used too much memory.")
    if ended.reason == "Evicted":
        return Verdict(Outcome.INFRASTRUCTURE, detail="The node evicted the pod.")

    is_marked = marker is not None and marker.nonce == nonce and marker.exit_code == code
    if not is_marked or code is None:
        return Verdict(Outcome.INFRASTRUCTURE, code, detail=_unmarked(ended, marker))
    if code == 0:
        return Verdict(Outcome.PASSED, 0)
    if killed:
        return Verdict(Outcome.FAILED, signal=killed, detail=f"It was ended by {killed}.")
    return Verdict(Outcome.FAILED, code)


def _unmarked(ended: Ended, marker: Marker | None) -> str:
    stated = "an unknown exit code" if ended.exit_code is None else f"exit code {ended.exit_code}"
    because = f" ({ended.reason})" if ended.reason not in ("", "Completed", "Error") else ""
    written = "no marker" if marker is None else "a marker that says otherwise"
    return f"The container ended with {stated}{because} and {written}."


def _signal_of(code: int | None) -> str:
    if code is None or code <= _BY_SIGNAL:
        return ""
    try:
        return signal.Signals(code - _BY_SIGNAL).name
    except ValueError:
        return ""
