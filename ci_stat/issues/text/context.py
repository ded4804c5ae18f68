"""What texts for a tracker are written by: settings, and who is told of what."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ci_stat.issues.rules import Rules


@dataclass(frozen=True)
class Owners:
    """Who is told of a new issue: logins by case, suite, prefix (`executor*`) or repository."""

    exact: Mapping[str, str]
    prefixes: tuple[tuple[str, str], ...] = ()

    def of(self, case: str, suite: str = "", repo: str = "") -> str | None:
        """The login or team, with its `@`: of the case, else of its suite, the longest prefix, the repository."""
        for name in (case, suite, case.rpartition(".")[0]):
            if name and name in self.exact:
                return self.exact[name]
        known = next((who for prefix, who in self.prefixes if case.startswith(prefix)), None)
        return known or self.exact.get(repo)


_LOGIN = re.compile(r"@[A-Za-z\d](?:-?[A-Za-z\d]){0,38}(?:/[A-Za-z\d][\w.-]{0,99})?")


def owners(text: str) -> Owners:
    """The owners in a JSON object. Raises ValueError with the faulty entry."""
    try:
        found = json.loads(text)
    except RecursionError:
        found = None
    if not isinstance(found, dict):
        raise ValueError('not a JSON object like {"executor*": "@login"}')
    for name, who in found.items():
        if not isinstance(who, str) or not _LOGIN.fullmatch(who):
            raise ValueError(
                f"{name[:100]!r}: {str(who)[:100]!r} is neither @login nor @organization/team"
            )
    prefixes = [(name[:-1], who) for name, who in found.items() if name.endswith("*")]
    return Owners(
        {name: who for name, who in found.items() if not name.endswith("*")},
        tuple(sorted(prefixes, key=lambda each: len(each[0]), reverse=True)),
    )


@dataclass(frozen=True)
class About:
    """What texts are written by.

    - `hosts`: names that nobody outside may see. `reproduce`: a command with {case} {test} {suite} {file} {package}.
    - `commits`: by key, the commit of the first failure and of the last pass before it; "" where it is not known.
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
