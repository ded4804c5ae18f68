"""Split the name of a test case into the name and its parameters."""

import re

_PAIRS = {"]": "[", ")": "(", "}": "{"}
_DATA_SET = re.compile(r" with data set [#\"(].*\Z", re.DOTALL)  # PHPUnit
_MAX = 20  # groups of brackets


def has_parameters(name: str) -> bool:
    """Whether the name may have parameters: a quick test before the split."""
    # Searching one character first: it is ten times as fast as searching a word.
    may_be_data_set = "#" in name or '"' in name or "(" in name
    return name[-1:] in _PAIRS or (may_be_data_set and " with data set " in name)


def split_parameters(name: str) -> tuple[str, str]:
    """Return the name without its parameters, and the parameters. Both together are `name`.

    >>> split_parameters("test_add[1-2]"), split_parameters("add(int, int)[3]")
    (('test_add', '[1-2]'), ('add', '(int, int)[3]'))
    """
    match = _DATA_SET.search(name) if " with data set " in name else None
    begin = match.start() if match else _groups(name)
    # A name that is only parameters, such as `[1] 2 + 3`, stays whole.
    return (name[:begin], name[begin:]) if name[:begin].strip() else (name, "")


def _groups(name: str) -> int:
    """Return where the groups of brackets at the end of the name begin."""
    end = len(name)
    for _ in range(_MAX):
        begin = _group(name, end)
        if begin is None:
            break
        end = begin
    return end


def _group(name: str, end: int) -> int | None:
    """Return where the group that ends at `end` begins; None if there is none."""
    closing = name[end - 1 : end]
    opening = _PAIRS.get(closing)
    if opening is None:
        return None
    depth = 0
    for at in range(end - 1, -1, -1):
        depth += (name[at] == closing) - (name[at] == opening)
        if not depth:
            return at
    return None
