"""The kind of a failure that no rule knows."""

import pytest

from ci_stat.failures.guessing.kinds import kind_of
from ci_stat.records import FailureKind


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        ("timeout", ["widget: step timed out after 60 s"]),
        ("timeout", ["rpc: deadline exceeded"]),
        ("crash", ["widget: line 3: 17 Segmentation fault (core dumped) ./run"]),
        ("panic", ["WidgetError: on fire", "    at open (a.x:1:2)", "    at main (a.x:9:1)"]),
        ("panic", ["WidgetError: on fire", "a.rb:1:in `open'", "a.rb:9:in `main'"]),
        ("compile", ["a.x:3:5: error: bad type", "   x = 1", "   ^"]),
        ("compile", ["a.o: undefined reference to `open'"]),
        ("compile", ["SyntaxError: unexpected end"]),
        ("setup", ["/bin/sh: widget: command not found"]),
        ("setup", ["flag provided but not defined: -x"]),
        ("setup", ["Unrecognized option: --fast"]),
        ("env", ["widget: No space left on device"]),
        ("env", ["fetch failed: connection refused"]),
        ("env", ["GET /a: HTTP 503"]),
        ("check", ["a.x:3:5: W012 unused name"]),
        ("check", ["/src/a.x", "  3:5  error  unused name  no-unused"]),
        ("check", ["diff --git a/a.x b/a.x", "-a", "+b"]),
        ("check", ["coverage of 71 % is below 80 %"]),
        ("unknown", ["widget: cannot open the frobnicator"]),
        ("unknown", ["Error: something went wrong"]),
        ("unknown", ["the error happened at 10:32:15 on line 5"]),
    ],
)
def test_clear_words_and_shapes_tell_the_kind(kind: str, lines: list[str]) -> None:
    assert kind_of(lines, lines[0], "") == kind


def test_a_named_case_is_a_case_whatever_its_message_says() -> None:
    assert kind_of(["not ok 1 - opens", "  timed out"], "timed out", "opens") == FailureKind.CASE
