"""The settings that texts depend on, and the owners that new issues mention."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ci_stat.issues.decisions.rules import Rules

_LOGIN = re.compile(r"@[A-Za-z\d](?:-?[A-Za-z\d]){0,38}(?:/[A-Za-z\d][\w.-]{0,99})?")


@dataclass(frozen=True)
class Owners:
    """Whom a new issue mentions: logins by case, suite, prefix (`executor*`) or repository."""

    exact: Mapping[str, str]
    prefixes: tuple[tuple[str, str], ...] = ()  # longest first

    def of(self, case: str, suite: str = "", repo: str = "") -> str | None:
        """Return the login or team, with its `@`: of the case, suite, longest prefix or repo."""
        for name in (case, suite, case.rpartition(".")[0]):
            if name and name in self.exact:
                return self.exact[name]

        by_prefix = (login for prefix, login in self.prefixes if case.startswith(prefix))
        return next(by_prefix, None) or self.exact.get(repo)


def owners(text: str) -> Owners:
    """Parse the owners from a JSON object. Raises ValueError that names the invalid entry."""
    logins = _parsed(text)
    exact = {name: login for name, login in logins.items() if not name.endswith("*")}
    prefixes = [(name[:-1], login) for name, login in logins.items() if name.endswith("*")]
    prefixes.sort(key=lambda entry: len(entry[0]), reverse=True)
    return Owners(exact, tuple(prefixes))


def _parsed(text: str) -> dict[str, str]:
    try:
        logins = json.loads(text)
    except RecursionError:
        logins = None
    if not isinstance(logins, dict):
        raise ValueError('not a JSON object like {"executor*": "@login"}')

    for name, login in logins.items():
        if not isinstance(login, str) or not _LOGIN.fullmatch(login):
            raise ValueError(
                f"{name[:100]!r}: {str(login)[:100]!r} is neither @login nor @organization/team"
            )
    return logins


@dataclass(frozen=True)
class About:
    """What texts depend on besides decision and evidence.

    - `hosts`: private names that are masked.
    - `reproduce`: template of a command, with {case} {test} {suite} {file} {package}.
    - `commits`: by key, commits of the first failure and of the last pass before it, or "".
    - `now`: aware.
    """

    repo: str
    rules: Rules
    now: datetime
    owners: Owners | None = None
    labels: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    reproduce: str = ""
    version: str = ""
    commits: Mapping[str, tuple[str, str]] = field(default_factory=dict)
