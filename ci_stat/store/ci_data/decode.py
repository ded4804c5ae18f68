"""Decodes rows of `ci_data` into `Run`s, one by one, keeping only what a Result needs."""

import json
from collections import Counter
from datetime import datetime
from typing import Any

import msgspec

from ci_stat.escape import web_link
from ci_stat.records import (
    ATTEMPT_KEY,
    JOB_KEY,
    OWN_KEYS,
    URL_KEY,
    CaseFailure,
    Description,
    Origin,
    Run,
    Status,
    failures_of,
    full_name,
    no_number,
    pull_number,
)

BAD_DESCRIPTION = "description is not a JSON object: pull request unknown"
BAD_ANALYSIS = "analysis_res is not a JSON object: failures unknown"
BAD_TIME = "time cannot be read"
TIME_OFFSET = "time has an offset, which is ignored"

_description = msgspec.json.Decoder(Description)
_from_iso = datetime.fromisoformat
_NO_PULL = Description()
_OWN_KEYS = OWN_KEYS.encode()
_ATTEMPT_DIGITS = 9
_NO_FAILURES: tuple[CaseFailure, ...] = ()
_SUCCESS = Status.SUCCESS.value


def wall_time(value: object) -> datetime | None:
    """A driver's time (text, bytes or datetime), naive, in the database's zone.

    An offset is dropped, because the database compares times as wall clock. Raises ValueError for
    an invalid time (MySQL's 0000-00-00).
    """
    if value is None or isinstance(value, datetime):
        return value
    text = value.decode() if isinstance(value, bytes) else str(value)
    return datetime.fromisoformat(text).replace(tzinfo=None)


def parameters(text: bytes | None) -> dict[str, Any]:
    """A `description` as a dict; {} if it is not a JSON object."""
    try:
        decoded = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return decoded if isinstance(decoded, dict) else {}


class _Texts(dict[Any, Any]):
    """Equal values as one object; bytes of a binary column as text."""

    def __missing__(self, value: Any) -> Any:
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        self[value] = self.setdefault(text, text)
        return self[value]


class Decoder:
    """Decodes a row (`run_statement`) into a Run.

    Equal values of different rows become one object, which saves most of the memory.
    """

    def __init__(self, origin: Origin, warnings: Counter[str]) -> None:
        """`warnings` counts the invalid values by kind."""
        self._origin = origin
        self._warnings = warnings
        self._texts = _Texts({None: None})
        self._failures_by_text: dict[Any, tuple[CaseFailure, ...]] = {}

    def __call__(self, row: tuple[Any, ...]) -> Run:
        (
            job,
            job_id,
            status,
            time,
            duration,
            repo,
            branch,
            commit,
            comment,
            description,
            analysis,
        ) = row
        texts = self._texts
        known = self._known(repo, description) if description else _NO_PULL
        number = pull_number(known.ghprbPullId) if repo else 0
        pull = known if number else _NO_PULL
        name = texts[job]
        if known.ci_stat_job:
            name = texts[full_name(name, known.ci_stat_job)]
        return Run(
            name,
            job_id,
            texts[status] or "",
            self._time(time),
            duration,
            texts[repo],
            texts[branch],
            texts[commit],
            texts[comment],
            texts[number],
            texts[pull.ghprbPullAuthorLogin],
            texts[pull.ghprbPullTitle],
            texts[pull.ghprbPullLink],
            self.failures(analysis) if analysis and texts[status] != _SUCCESS else _NO_FAILURES,
            self._origin,
            "",
            _attempt(known.ci_stat_attempt),
            known.ci_stat_url and web_link(known.ci_stat_url),
        )

    def _known(self, repo: object, text: bytes) -> Description:
        """The decoded keys of a description. Without `repo`, few rows have any of them."""
        if repo:
            return self._pull(text)
        if _OWN_KEYS not in text:
            return _NO_PULL
        # Without a repository, an invalid description hides no pull request: not a warning.
        decoded = parameters(text)
        return Description(
            ci_stat_attempt=_as_text(decoded.get(ATTEMPT_KEY)),
            ci_stat_url=_as_text(decoded.get(URL_KEY)),
            ci_stat_job=_as_text(decoded.get(JOB_KEY)),
        )

    def _time(self, value: Any) -> datetime | None:
        try:
            time = _from_iso(value)
        except (TypeError, ValueError):
            return self._other_time(value)
        if time.tzinfo is not None:
            self._warnings[TIME_OFFSET] += 1
        return time.replace(tzinfo=None) if time.tzinfo else time

    def _other_time(self, value: Any) -> datetime | None:
        """Slower: for times that are not text, and for invalid ones."""
        try:
            return wall_time(value)
        except ValueError:
            self._warnings[BAD_TIME] += 1
            return None

    def _pull(self, text: bytes) -> Description:
        try:
            return _description.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self._pull_of_other_types(text)

    def _pull_of_other_types(self, text: bytes) -> Description:
        """Slower: for values that are not texts (a number as ghprbPullId), and for broken JSON."""
        decoded = self._object(text, BAD_DESCRIPTION)
        names = Description.__struct_fields__
        return Description(**{name: _as_text(decoded.get(name)) for name in names})

    def failures(self, text: bytes) -> tuple[CaseFailure, ...]:
        """The failures that an `analysis_res` names."""
        known = self._failures_by_text.get(text)
        if known is not None:
            return known
        decoded = self._object(text, BAD_ANALYSIS)
        failures = tuple(failures_of(decoded))
        if decoded:
            self._failures_by_text[text] = failures
        return failures

    def _object(self, text: bytes, warning: str) -> dict[str, Any]:
        decoded = _decoded(text)
        if isinstance(decoded, dict):
            return decoded
        # `null` is a valid empty value.
        if text.strip() != b"null":
            self._warnings[warning] += 1
        return {}


def names_failure(text: bytes | None) -> bool:
    """Whether an `analysis_res` names a failure, as a load decides it."""
    return next(failures_of(_decoded(text)), None) is not None if text else False


def _decoded(text: bytes) -> object:
    """The JSON of a row; None if it is invalid."""
    try:
        # json.loads would accept UTF-16 and a byte order mark. Databases reject NaN in JSON.
        return json.loads(text.decode(), parse_constant=no_number)
    except (ValueError, RecursionError):
        return None


def _attempt(value: int | str | None) -> int:
    """An attempt in a `description`; 1 unless it is a plain number from 1."""
    text = "" if value is None else str(value)
    is_number = text.isascii() and text.isdigit() and len(text) <= _ATTEMPT_DIGITS
    return max(1, int(text)) if is_number else 1


def _as_text(value: object) -> str | None:
    # bool is a subclass of int, but true is not a pull request.
    is_text_or_number = isinstance(value, (str, int)) and not isinstance(value, bool)
    return str(value) if is_text_or_number else None
