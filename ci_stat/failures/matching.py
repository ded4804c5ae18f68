"""The index of rules by anchor: which rules can match a line that contains certain anchors."""

from collections.abc import Iterable

from ci_stat.failures.anchors import Anchors
from ci_stat.failures.rules import Rule, anchors_of


class Matcher:
    """Rules with their anchors; `marks` are further literals that are searched in the same pass."""

    def __init__(self, rules: tuple[Rule, ...], marks: Iterable[str] = ()) -> None:
        self.anchors = Anchors(anchors_of(rules) | set(marks))
        self._rules = rules
        self._numbers = [
            {number for number, rule in enumerate(rules) if literal in rule.anchors}
            for literal in self.anchors.literals
        ]

    def rules_with(self, literals: Iterable[int]) -> list[Rule]:
        """Return the rules that have one of these anchors (by index), in order of the rules."""
        numbers = set[int]().union(*(self._numbers[literal] for literal in literals))
        return [self._rules[number] for number in sorted(numbers)]
