"""Which rules can match a line, from the anchors that were found in it."""

from collections.abc import Iterable

from ci_stat.failures.rules import Rule, anchors_of
from ci_stat.failures.scan import Anchors


class Matcher:
    """Rules with their anchors, and other literals (`marks`) that are to be found beside them."""

    def __init__(self, rules: tuple[Rule, ...], marks: Iterable[str] = ()) -> None:
        self.anchors = Anchors(anchors_of(rules) | set(marks))
        self._rules = rules
        self._numbers = [
            [number for number, rule in enumerate(rules) if literal in rule.anchors]
            for literal in self.anchors.literals
        ]

    def rules_with(self, literals: Iterable[int]) -> list[Rule]:
        """The rules that have any of these anchors (by index), in their order."""
        return [
            self._rules[number]
            for number in sorted({each for index in literals for each in self._numbers[index]})
        ]
