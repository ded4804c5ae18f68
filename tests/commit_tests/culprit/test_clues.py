"""How suspicious a commit is by the files that it touches."""

import pytest

from ci_stat.commit_tests.culprit.clues import (
    MOST_TIMES,
    Clue,
    ClueKind,
    Weights,
    clues_of_test,
    files_of_stack,
    read_weights,
    suspects_by_clues,
)
from ci_stat.commit_tests.culprit.model import Commit
from ci_stat.errors import UsageError

_STACK = """\
Traceback (most recent call last):
  File "/home/jenkins/workspace/shop/src/pay/refund.py", line 44, in refund
    raise ValueError(amount)
  File "/usr/lib/python3.11/json/decoder.py", line 12, in decode
  File "/venv/lib/python3.11/site-packages/click/core.py", line 9, in main
"""
_JVM = """\
java.lang.AssertionError: expected:<1> but was:<2>
\tat org.junit.Assert.fail(Assert.java:88)
\tat com.acme.pay.RefundService.refund(RefundService.java:44)
"""


def touching(*paths: str) -> Commit:
    return Commit(sha="1" * 40, paths=paths)


@pytest.mark.parametrize(
    ("clue", "path"),
    [
        ("/home/jenkins/workspace/shop/src/pay/refund.py", "src/pay/refund.py"),
        ("pay/refund.py", "src/pay/refund.py"),
        ("refund_test.go", "pkg/pay/refund_test.go"),
        ("com/acme/pay/RefundService.java", "src/main/java/com/acme/pay/RefundService.java"),
    ],
)
def test_a_file_is_the_same_with_more_or_fewer_folders(clue: str, path: str) -> None:
    parts = tuple(clue.strip("/").split("/"))
    assert Clue(ClueKind.STACK, parts).is_touched_by(path)
    assert not Clue(ClueKind.STACK, parts).is_touched_by(f"{path}.orig")
    assert not Clue(ClueKind.STACK, parts).is_touched_by(f"x{path.rpartition('/')[2]}")


@pytest.mark.parametrize(
    ("package", "path", "is_touched"),
    [
        ("github.com/acme/shop/pay", "pay/refund.go", True),
        ("github.com/acme/shop/pay", "pay/deep/refund.go", False),
        ("github.com/acme/shop/pay", "stay/refund.go", False),
        ("com.acme.pay", "src/main/java/com/acme/pay/Refund.java", True),
        ("com.acme.pay", "README.md", False),
    ],
)
def test_a_package_is_a_folder(package: str, path: str, is_touched: bool) -> None:
    clues = clues_of_test(package=package)
    assert [clue.kind for clue in clues] == [ClueKind.PACKAGE]
    assert clues[0].is_touched_by(path) is is_touched


def test_stacks_name_files_but_not_those_of_libraries() -> None:
    assert files_of_stack(_STACK) == ["/home/jenkins/workspace/shop/src/pay/refund.py"]
    assert files_of_stack(_JVM) == [
        "org/junit/Assert.java",
        "com/acme/pay/RefundService.java",
    ]
    assert files_of_stack("    refund_test.go:44: got 1, want 2") == ["refund_test.go"]
    assert files_of_stack("error at C:\\ci\\src\\pay.cs:12") == ["/ci/src/pay.cs"]
    assert files_of_stack("took 1.5s of java.lang, see https://ci.example/1") == []
    assert len(files_of_stack(" ".join(f"f{number}.py:1" for number in range(100)))) == 40


def test_kinds_of_clues_multiply_up_to_a_limit() -> None:
    clues = clues_of_test("tests/pay/test_refund.py", "pay", _STACK, past=["src/pay/tax.py"])
    suspects = suspects_by_clues(
        [
            touching("docs/index.md"),
            touching("src/pay/refund.py", "src/pay/tax.py"),
            touching("tests/pay/test_refund.py"),
            touching("tests/pay/test_refund.py", "src/pay/refund.py", "src/pay/tax.py"),
        ],
        clues,
        Weights(),
    )
    assert [suspect.times for suspect in suspects] == [1, MOST_TIMES, 6 * 4, MOST_TIMES]
    assert dict(suspects[1].touched) == {
        ClueKind.PACKAGE: "src/pay/refund.py",
        ClueKind.STACK: "src/pay/refund.py",
        ClueKind.PAST: "src/pay/tax.py",
    }
    assert suspects[0].touched == {}


def test_weights_are_read_from_a_setting() -> None:
    assert read_weights("") == Weights()
    assert read_weights("test=2, stack=1.5") == Weights(test=2, stack=1.5)


@pytest.mark.parametrize("text", ["test", "test=", "test=0", "test=-1", "file=3", "stack=1e3"])
def test_invalid_weights_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="Invalid weight"):
        read_weights(text)
