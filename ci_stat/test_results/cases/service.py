"""Finds a case by its name, and gathers its history."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from ci_stat.errors import UnknownName, UsageError
from ci_stat.escape import visible
from ci_stat.rendering.format import plural
from ci_stat.store.errors import hidden
from ci_stat.store.results.case_history import CaseCount, CaseHistoryReader, StoredMessage
from ci_stat.store.results.read import StoredCase
from ci_stat.test_results.cases.model import CaseHistory, CaseRun, MessageGroup
from ci_stat.test_results.cases.names import at_place, meant, names_in_logs, similar, typed_name

SINCE = timedelta(days=90)
EXCERPT = 8  # lines of the text of a failure
EXCERPTS = 50  # messages, most runs first, that have an excerpt
_LINE = 300  # characters of such a line
_LISTED = 20  # cases that an error lists
_KEY = 11  # characters of a key that an error shows
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Cases:
    """Questions about single cases of one results database. All raise DatabaseError."""

    engine: Engine

    def named(self, name: str) -> list[StoredCase]:
        """Return the cases that a person means by `name`; those that an index has come first.

        A name in any spelling with all that is known, else its end (`Suite.test`, `test`), with or
        without parameters; or the key of a case. Several cases may have one name.
        """
        typed, reader = typed_name(name), self._reader
        if typed.is_key:
            return reader.with_key(typed.text)
        exact = reader.named(typed.keys)
        if exact:
            return at_place(exact, typed)
        return meant(reader.containing(typed.last_part), typed) if typed.last_part else []

    def find(self, name: str) -> StoredCase | None:
        """Return the one case of this name; None without one. Raises UsageError for several."""
        cases = self.named(name)
        if len(cases) > 1:
            raise self._several(name, cases)
        return cases[0] if cases else None

    def history(
        self,
        case: StoredCase,
        since: timedelta = SINCE,
        end: datetime | None = None,
        zone: ZoneInfo | None = None,
    ) -> CaseHistory:
        """Read what is known of a case.

        `since`: how far back from `end` (aware), by default from the newest run of the database.
        """
        reader = self._reader
        last = end or (reader.newest() or datetime.now(UTC)) + _SECOND
        begin = last - since
        rows = reader.history(case.id, begin, last)
        messages = reader.messages(
            attempt.message_id
            for _, attempts in rows
            for attempt in attempts
            if attempt.message_id is not None
        )
        runs = []
        for run, attempts in rows:
            ids = [attempt.message_id for attempt in attempts if attempt.message_id is not None]
            fingerprint = messages[ids[-1]].fingerprint if ids else ""
            runs.append(CaseRun(run, tuple(attempts), fingerprint))
        return CaseHistory(
            case=case,
            key=reader.keys([case.id])[case.id],
            runs=tuple(runs),
            messages=self._messages(runs, messages),
            begin=begin,
            end=last,
            zone=zone or ZoneInfo("UTC"),
            database=hidden(self.engine.url),
        )

    def log_names(self, case: StoredCase) -> list[str]:
        """Return how logs may name the case, without names that other cases have too."""
        names = names_in_logs(case)
        return [name for name in names if self.is_its_own(name, case)]

    def is_its_own(self, name: str, case: StoredCase) -> bool:
        """Whether a log that says `name` can mean no other case.

        A case without a class, such as one of `go test -v` that names no package, shares its name
        with the cases of all classes.
        """
        found = list(self.named(name))
        typed = typed_name(name)
        if not case.class_name and not case.file and typed.last_part:
            found += meant(self._reader.containing(typed.last_part), typed)
        return {other.id for other in found} == {case.id}

    def unknown(self, name: str) -> UnknownName:
        """The error for a name that no case has, with similar ones."""
        names = self.similar(name)
        known = ", ".join(visible(one, 200) for one in names)
        advice = "`ci-stat tests` shows names."
        hint = f"Similar: {known}. {advice}" if known else advice
        return UnknownName(f"No test is named {visible(name, 200)!r}.", hint)

    def similar(self, name: str) -> list[str]:
        """Return similar names of cases."""
        return similar(name.strip(), (case.full_name for case in self._reader.all()))

    @property
    def _reader(self) -> CaseHistoryReader:
        return CaseHistoryReader(self.engine)

    def _several(self, name: str, cases: Sequence[StoredCase]) -> UsageError:
        ids = [case.id for case in cases]
        counts, keys = self._reader.counts(ids), self._reader.keys(ids)
        cases = sorted(cases, key=lambda case: (-counts[case.id].failed, case.full_name))
        times = Counter(case.full_name for case in cases)
        lines = [
            _line(case, counts[case.id], keys[case.id], times[case.full_name] > 1)
            for case in cases[:_LISTED]
        ]
        more = len(cases) - _LISTED
        lines += [f"… and {plural(more, 'more test')}"] if more > 0 else []
        listed = "\n".join(f"  {line}" for line in lines)
        return UsageError(
            f"{plural(len(cases), 'test')} are named {visible(name, 200)!r}:\n{listed}",
            f"Name one of them, or its key: ci-stat case {keys[cases[0].id][:_KEY]}",
        )

    def _messages(
        self, runs: Sequence[CaseRun], messages: dict[int, StoredMessage]
    ) -> tuple[MessageGroup, ...]:
        """The failed runs by fingerprint, most runs first."""
        groups: dict[str, list[CaseRun]] = defaultdict(list)
        for run in runs:
            if run.has_failed:
                groups[run.fingerprint].append(run)
        first = {message.fingerprint: message.message for message in messages.values()}
        ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
        return tuple(
            self._group(fingerprint, failed, first.get(fingerprint, ""), place < EXCERPTS)
            for place, (fingerprint, failed) in enumerate(ordered)
        )

    def _group(
        self, fingerprint: str, runs: Sequence[CaseRun], message: str, with_text: bool
    ) -> MessageGroup:
        newest = runs[-1]
        attempts = [one for one in newest.attempts if one.message_id is not None]
        own, text = "", ""
        if attempts and with_text:
            own, text = self._reader.text((newest.run.id, *attempts[-1].position))
        lines = [line for line in text.splitlines() if line.strip()][:EXCERPT]
        return MessageGroup(
            fingerprint=fingerprint,
            message=own or message,
            excerpt=tuple(line[:_LINE] for line in lines),
            runs=len(runs),
            first=runs[0],
            last=newest,
        )


def _line(case: StoredCase, count: CaseCount, key: str, with_places: bool) -> str:
    """A case in a list: its key, its name, its counts; with places where names are equal."""
    places = [f"{word} {place}" for word, place in _more_places(case) if place and with_places]
    where = f" ({', '.join(places)})" if places else ""
    counts = f"{count.failed:,} of {plural(count.finished, 'result')} failed"
    return f"{key[:_KEY]}  {visible(case.full_name + where, 300)}  {counts}"


def _more_places(case: StoredCase) -> list[tuple[str, str]]:
    """The file and the suite, where the full name does not show them."""
    places = [("file", case.file), ("suite", case.suite)]
    return [(word, place) for word, place in places if place not in case.full_name]
