"""Jobs of a probe as marks of one cell each."""

from ci_stat.campaigns.counting import jobs_of, state_of
from ci_stat.campaigns.model import Campaign, JobState, Probe
from ci_stat.campaigns.views.words import STATES, TONES
from ci_stat.rendering.document import Span, Text, Tone

MARKS = {
    JobState.WAITING: "·",
    JobState.RUNNING: "~",
    JobState.PASSED: "✓",
    JobState.FAILED: "✗",
    JobState.INFRA: "!",
    JobState.ABORTED: "a",
    JobState.OVERRIDDEN: "o",
    JobState.NOT_TRIGGERED: "?",
    JobState.TIMED_OUT: "t",
    JobState.SUPERSEDED: "s",
}
_ABSENT = " "


def marks(campaign: Campaign, probe: Probe) -> Text:
    """A mark for each expected job, in their order."""
    jobs = jobs_of(campaign)
    return tuple(_mark(state_of(probe, job, jobs)) for job in jobs)


def _mark(state: JobState | None) -> Span:
    if state is None:
        return Span(_ABSENT)
    return Span(MARKS[state], TONES.get(state, Tone.WARN))


def legend(states: set[JobState]) -> str:
    """`✓ passed · ✗ failed`, of the marks that are used."""
    return " · ".join(f"{MARKS[state]} {STATES[state]}" for state in JobState if state in states)
