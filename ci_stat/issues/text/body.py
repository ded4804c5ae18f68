"""Writes an issue's title and our block of its text, shortened to the space that is left."""

import re

from ci_stat.issues.marker import block, hidden, remarked, replaced
from ci_stat.issues.text.footer import foot, people, silence, version, why
from ci_stat.issues.text.observed import seen
from ci_stat.issues.text.reproduce import expected, steps
from ci_stat.issues.text.subject import Subject
from ci_stat.issues.titles import title_name
from ci_stat.redaction.redact import redacted
from ci_stat.rendering.format import plural

_PLACE = re.compile(r"[\w./-]{1,120}")  # a package, so short that the title has room for it
TITLE, BODY = 256, 60_000  # characters of ours; people write around the block
WHOLE = 65_000  # characters of a text with what people wrote; GitHub's limit is 65,536
# Shown members of an incident, and lines of the log; without lines only the numbers are left.
_LEVELS = ((50, 30), (10, 10), (0, 3), (0, 0))
_HIDDEN = 20_000  # characters of a marker; a longer one leaves no room for text


class Writer(Subject):
    """Writes title and block of an issue."""

    def title(self) -> str:
        """The title by which `titles.named_in` recognises the issue later."""
        decision, hosts = self.decision, self.about.hosts
        history = decision.history
        if self.is_incident and history:
            job = title_name(redacted(history.occurrences[0].run.job, hosts), 150)
            cases = plural(len(history.members), "case")
            return f"unstable tests: {cases} fail together in `{job}`"
        title = f"unstable test `{title_name(redacted(decision.name, hosts))}`"
        package = redacted(history.package, hosts) if history else ""
        return f"{title} in `{package}`" if _PLACE.fullmatch(package) else title[:TITLE]

    def new_body(self) -> str | None:
        """The issue's text with our block updated; None if it must not or need not change."""
        decision = self.decision
        if decision.issue is None or decision.marker is None:
            return None

        old = decision.issue.issue.body
        new = self._replaced(old) if decision.history else remarked(old, self.marker)
        if new is None or new == old or len(new) > WHOLE:
            return None
        return new

    def _replaced(self, old: str) -> str | None:
        """Replace our block by one that fits; if none fits, only the marker."""
        around = replaced(old, "")
        if around is None:
            return None

        room = WHOLE - len(around)
        text = self.block(min(BODY, room))
        return replaced(old, text) if len(text) <= room else remarked(old, self.marker)

    def block(self, room: int = BODY) -> str:
        """Our block with as much detail as fits `room` characters, or with the least."""
        text = ""
        for members, lines in _LEVELS:
            text = block(self._text(members, lines))
            if len(text) < room:
                break
        return text

    def _text(self, members: int, lines: int) -> str:
        parts = [
            self.pen.fence(self._message(), lines=10, size=2_000),
            "## Bug Report",
            "### 1. Minimal reproduce step (Required)",
            *steps(self),
            "### 2. What did you expect to see? (Required)",
            expected(self),
            "### 3. What did you see instead (Required)",
            *seen(self, members, lines),
            "### 4. What is your version? (Required)",
            version(self),
            "### Why this issue is here",
            why(self),
        ]
        if lines:
            parts += ["### How to stop these updates", "\n".join(silence(self))]
        parts += [*people(self), "---", foot(self)]

        marker = hidden(self.marker)
        if len(marker) < _HIDDEN:
            parts.append(marker)
        return "\n\n".join(parts)

    def _message(self) -> str:
        failure = self.occurrences[-1].failure
        return failure.message or failure.excerpt or failure.name
