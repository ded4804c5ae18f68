"""The index of rules by anchor: which rules can match a line that contains certain anchors."""

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from itertools import chain

from ci_stat.failures.rules import Rule, anchors_of
from ci_stat.failures.scanning.anchors import Anchors

_MEMORY = 2000  # sets of anchors whose rules are kept


class Matcher:
    """Rules with their anchors; `marks` are further literals that are searched in the same pass.

    The attribute `marks` contains their indexes.
    """

    def __init__(self, rules: tuple[Rule, ...], marks: Iterable[str] = ()) -> None:
        marks = set(marks)
        self.anchors = Anchors(anchors_of(rules) | marks)
        self.marks = frozenset(
            index for index, literal in enumerate(self.anchors.literals) if literal in marks
        )
        self._rules = rules
        self._memory: dict[tuple[frozenset[int], str], list[Rule]] = {}
        self._numbers = [
            {number for number, rule in enumerate(rules) if literal in rule.anchors}
            for literal in self.anchors.literals
        ]

    def rules_with(self, literals: Iterable[int], job: str = "") -> list[Rule]:
        """Return the rules for a job that have one of these anchors (by index), in order."""
        key = frozenset(literals), job
        rules = self._memory.get(key)
        if rules is None:
            numbers = set[int]().union(*(self._numbers[literal] for literal in key[0]))
            rules = [self._rules[number] for number in sorted(numbers)]
            rules = [rule for rule in rules if rule.for_job(job)]
            if len(self._memory) >= _MEMORY:
                self._memory.clear()
            self._memory[key] = rules
        return rules


def rarest_lines(labels: Mapping[int, frozenset[int]], most: int) -> Container[int]:
    """Return all lines, or if there are more than `most` those with the rarest labels.

    `labels`: for each line, what it has in common with others: its anchors, or the rule that found
    it. Of lines with the same label the first and the last stay.
    """
    if len(labels) <= most:
        return labels

    counts = Counter(chain.from_iterable(labels.values()))
    groups: dict[int, list[int]] = {}
    for line, line_labels in labels.items():
        groups.setdefault(min(line_labels, key=counts.__getitem__), []).append(line)

    chosen: set[int] = set()
    ordered = sorted(groups.values(), key=len)
    for number, lines in enumerate(ordered):
        share = (most - len(chosen)) // (len(ordered) - number)
        if len(lines) > share:
            lines = lines[: share // 2] + lines[len(lines) - share // 2 :]
        chosen.update(lines)
    return chosen
