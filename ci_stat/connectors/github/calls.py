"""One question to GitHub, or one write, until it is decided what became of it.

A question is asked again; so is a change that is the same however often it is made. A creation is sent again only
where GitHub said that it did nothing.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ci_stat.connectors.github.client import Wire
from ci_stat.connectors.github.rate_limits import Patience, Times, Turns
from ci_stat.connectors.github.responses import Judge, Said, What
from ci_stat.errors import SourceError

READ_WAITS = 3  # for limits: 60, 120 and 240 s where it is not said how long
WRITE_WAITS = 2  # so that a creation is sent three times at most


class Asking:
    """Requests to one GitHub, one after the other."""

    def __init__(self, wire: Wire, judge: Judge, times: Times) -> None:
        self._wire, self._judge, self._times = wire, judge, times
        self._turns = Turns(times)

    def pause(self, seconds: float) -> None:
        """Time in which GitHub may come to agree with itself."""
        if seconds:
            self._times.sleep(seconds)

    def wait_to_write(self) -> None:
        """Until a write would not have to wait: what is looked at now is not old by then."""
        self._turns.wait_to_write()

    def read(self, path: str, query: Mapping[str, str] | None = None) -> Said:
        """A good answer. Raises SourceError where none is to be had."""
        said = self.answer(path, query)
        if said.what is not What.GOOD:
            raise trouble(said)
        return said

    def answer(self, path: str, query: Mapping[str, str] | None = None) -> Said:
        """As `read`, but a refusal, and what did not pass in time, is an answer too."""
        return self._tried("GET", path, query, None, READ_WAITS)

    def patch(self, path: str, value: Mapping[str, Any]) -> Said:
        """A change that may be made twice. In doubt, if any of the tries that were made is."""
        return self._tried("PATCH", path, None, value, WRITE_WAITS)

    def post(self, path: str, value: Mapping[str, Any]) -> Said:
        """A creation: what may have been done is not sent again."""
        patience = Patience(self._times, WRITE_WAITS)
        while True:
            said = self._once("POST", path, None, value)
            if said.what is not What.LIMITED or not patience.after_limit(said.wait):
                return _noted(said, patience)

    def _tried(
        self,
        verb: str,
        path: str,
        query: Mapping[str, str] | None,
        value: Mapping[str, Any] | None,
        waits: int,
    ) -> Said:
        patience, doubt = Patience(self._times, waits), False
        while True:
            said = self._once(verb, path, query, value)
            doubt = doubt or (said.what is What.DOUBT and verb != "GET")
            if said.what is What.GOOD:
                return said
            if not _again(said, patience):
                return _noted(replace(said, what=What.DOUBT) if doubt else said, patience)

    def _once(
        self, verb: str, path: str, query: Mapping[str, str] | None, value: Mapping[str, Any] | None
    ) -> Said:
        with self._turns.taken(verb != "GET"):
            return self._judge.judged(self._wire.ask(verb, path, query, value))


def trouble(said: Said) -> SourceError:
    """A refusal, or a failure, as an error."""
    return SourceError(f"{said.reason.rstrip('.')}.", said.hint)


def _again(said: Said, patience: Patience) -> bool:
    if said.what is What.LIMITED:
        return patience.after_limit(said.wait)
    return said.passing and patience.after_trouble(said.wait)


def _noted(said: Said, patience: Patience) -> Said:
    if patience.made == 1 or said.what is What.GOOD:
        return said
    return replace(said, reason=f"{said.reason.rstrip('.')} (tried {patience.made} times)")
