"""An issue's title, and our part of its text, of which as much is shown as there is room for."""

from ci_stat.issues.marker import block, hidden, remarked, replaced
from ci_stat.issues.text.footer import foot, people, silence, version, why
from ci_stat.issues.text.observed import seen
from ci_stat.issues.text.reproduce import expected, steps
from ci_stat.issues.text.subject import Subject
from ci_stat.issues.titles import title_name
from ci_stat.redaction.redact import redacted
from ci_stat.rendering.format import plural

TITLE, BODY = 256, 60_000  # characters of ours; people write around it
WHOLE = 65_000  # of an issue's text with what people wrote; GitHub takes 65,536
# Members, and lines of the log. No lines at all: nothing but the numbers, and what they were of.
_LEVELS = ((50, 30), (10, 10), (0, 3), (0, 0))
_HIDDEN = 20_000  # characters of a marker: a name that is longer leaves no room for text


class Writer(Subject):
    """Our part of an issue's text."""

    def title(self) -> str:
        decision, hosts = self.decision, self.about.hosts
        failing = decision.failing
        if self.is_incident and failing:
            job = title_name(redacted(failing.hits[0].run.job, hosts), 150)
            return (
                f"unstable tests: {plural(len(failing.members), 'case')} fail together in `{job}`"
            )
        return f"unstable test `{title_name(redacted(decision.name, hosts))}`"[:TITLE]

    def new_body(self) -> str | None:
        """The issue's text with our part brought up to date; None where it is to stay as it is."""
        decision = self.decision
        if decision.issue is None or decision.marker is None:
            return None
        old = decision.issue.issue.body
        new = self._replaced(old) if decision.failing else remarked(old, self.marker)
        return None if new is None or new == old or len(new) > WHOLE else new

    def _replaced(self, old: str) -> str | None:
        """With less of ours where people wrote much; where nothing of ours fits any more, only the marker changes."""
        around = replaced(old, "")
        if around is None:
            return None
        room = WHOLE - len(around)
        text = self.block(min(BODY, room))
        return replaced(old, text) if len(text) <= room else remarked(old, self.marker)

    def block(self, room: int = BODY) -> str:
        """Our part, under `room` characters if that can be: of a failure with very long names less is shown."""
        text = ""
        for members, lines in _LEVELS:
            text = block(self._text(members, lines))
            if len(text) < room:
                break
        return text

    def _text(self, members: int, lines: int) -> str:
        quiet = ("### How to silence it", "\n".join(silence(self))) if lines else ()
        parts = (
            self.pen.fence(self._message(), lines=10, size=2_000),
            "## Bug Report",
            "### 1. Minimal reproduce step (Required)", *steps(self),
            "### 2. What did you expect to see? (Required)", expected(self),
            "### 3. What did you see instead (Required)", *seen(self, members, lines),
            "### 4. What is your version? (Required)", version(self),
            "### Why this issue is here", why(self),
            *quiet, *people(self), "---", foot(self),
        )  # fmt: skip
        line = hidden(self.marker)
        return "\n\n".join((*parts, *([line] if len(line) < _HIDDEN else [])))

    def _message(self) -> str:
        said = self.hits[-1].said
        return said.message or said.excerpt or said.name
