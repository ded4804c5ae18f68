"""Entries in the form that a CI or a shell takes."""

import json
import shlex
from collections.abc import Callable, Sequence
from typing import Any

from ci_stat.errors import UsageError
from ci_stat.test_results.matrix.model import Entry, text_of, variable_of

# https://docs.github.com/actions/reference/limits: jobs of a matrix
GITHUB_LIMIT = 256
# https://docs.gitlab.com/ci/yaml/#parallelmatrix: permutations
GITLAB_LIMIT = 200


def formatted(entries: Sequence[Entry], form: str) -> str:
    """Return the entries as `github`, `gitlab`, `json`, `lines` or `env`, with a line end.

    Raises UsageError if there are more than the CI takes.
    """
    limit = GITLAB_LIMIT if form == "gitlab" else GITHUB_LIMIT
    if len(entries) > limit:
        hint = "Choose fewer: --type, --set, or more [[exclude]] tables."
        raise UsageError(f"The matrix has {len(entries):,} entries, {limit} are allowed.", hint)
    return FORMATS[form](entries) + "\n"


def entry_data(entry: Entry) -> dict[str, Any]:
    """All values of an entry with its key; dimensions in the order of the file."""
    return {**entry.values, **entry.extra, "key": entry.key}


def _github(entries: Sequence[Entry]) -> str:
    """One line, as $GITHUB_OUTPUT takes it."""
    return json.dumps({"include": [entry_data(entry) for entry in entries]})


def _gitlab(entries: Sequence[Entry]) -> str:
    """JSON is YAML. Values are texts, for GitLab takes no others."""
    rows = [dict(_variables(entry)) for entry in entries]
    return json.dumps({"parallel": {"matrix": rows}}, indent=2)


def _json(entries: Sequence[Entry]) -> str:
    return json.dumps([entry_data(entry) for entry in entries], indent=2)


def _lines(entries: Sequence[Entry]) -> str:
    return "\n".join(entry.key for entry in entries)


def _env(entries: Sequence[Entry]) -> str:
    """Assignments that a shell can evaluate; an entry on each line."""
    lines = ([f"{key}={shlex.quote(text)}" for key, text in _variables(one)] for one in entries)
    return "\n".join(" ".join(pairs) for pairs in lines)


def _variables(entry: Entry) -> list[tuple[str, str]]:
    """The entry as environment variables, in the order of the file."""
    values = entry_data(entry).items()
    return [(variable_of(name), text_of(value)) for name, value in values]


FORMATS: dict[str, Callable[[Sequence[Entry]], str]] = {
    "github": _github,
    "gitlab": _gitlab,
    "json": _json,
    "lines": _lines,
    "env": _env,
}
