"""Reads a policy, and rejects one whose parts do not fit together."""

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

import msgspec

from ci_stat.formats.strict_toml import InvalidValue, Path_, located, parse_toml, read_text
from ci_stat.test_results.gates.policy import Policy, Required, Selector
from ci_stat.test_results.matrix.choose import choose
from ci_stat.test_results.matrix.file import read_matrix
from ci_stat.test_results.matrix.model import ALL

_SELECTOR = tuple(field.name for field in msgspec.structs.fields(Selector))


def read_policy(path: Path) -> Policy:
    """Return the policy of a TOML file. Raises SettingsError, which names file and line.

    Raises UsageError if its matrix file has no such type.
    """
    policy = parse_policy(read_text(path, "the policy"), str(path))
    if not policy.rules.required_from:
        return policy
    matrix = path.parent / policy.rules.required_from
    return with_matrix(policy, matrix, policy.rules.required_type)


def with_matrix(policy: Policy, path: Path, type_: str = "") -> Policy:
    """Return the policy that also requires each entry of a matrix file.

    `type_`: only of this type. Raises SettingsError, UsageError.
    """
    entries = choose(read_matrix(path), type_ or ALL)
    required = tuple(Required(labels=entry.labels) for entry in entries)
    return msgspec.structs.replace(policy, required=(*policy.required, *required))


def parse_policy(text: str, where: str = "the policy") -> Policy:
    """Return the policy that `text` states. Raises SettingsError."""
    policy = parse_toml(text, Policy, where)
    try:
        _check_names(policy)
        _check_duplicates(policy)
    except InvalidValue as problem:
        raise located(text, where, problem) from None
    return policy


def _selectors(policy: Policy) -> Iterator[tuple[Path_, Selector]]:
    for key in ("category", "may_fail", "quarantine", "minimum"):
        for place, selector in enumerate(getattr(policy, key)):
            yield (key, place), selector


def _check_names(policy: Policy) -> None:
    """Categories that are named must exist, and must not be made of each other."""
    known = [category.name for category in policy.category]
    for path, selector in _selectors(policy):
        if path[0] == "category" and selector.category:
            reason = "a category cannot be made of another category"
            raise InvalidValue((*path, "category"), reason)
        if selector.category and selector.category not in known:
            raise _unknown_category(selector.category, known, (*path, "category"))

    joined: set[str] = set()
    for place, step in enumerate(policy.ramp.step if policy.ramp else ()):
        for name in step.categories:
            path = ("ramp", "step", place, "categories")
            if name not in known:
                raise _unknown_category(name, known, path)
            if name in joined:
                raise InvalidValue(path, f"category {name!r} joins twice")
            joined.add(name)


def _unknown_category(name: str, known: list[str], path: Path_) -> InvalidValue:
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    names = ", ".join(known) or "none; add [[category]] tables"
    hint = f"Did you mean {near[0]!r}?" if near else f"Known categories: {names}."
    return InvalidValue(path, f"unknown category {name[:80]!r}", hint)


def _check_duplicates(policy: Policy) -> None:
    names: set[str] = set()
    for place, category in enumerate(policy.category):
        if category.name in names:
            reason = f"a second category is named {category.name!r}"
            raise InvalidValue(("category", place), reason)
        names.add(category.name)

    seen: dict[str, str] = {}
    for path, selector in _selectors(policy):
        if path[0] not in ("may_fail", "quarantine"):
            continue
        identity = repr([getattr(selector, key) for key in _SELECTOR])
        if identity in seen:
            reason = f"a second entry selects the same tests as one of [[{seen[identity]}]]"
            raise InvalidValue(path, reason, "Remove one of them.")
        seen[identity] = str(path[0])
