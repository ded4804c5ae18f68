"""What only repeats that a child failed never silences what says why."""

import pytest

from ci_stat.failures.effects import is_effect_line
from tests.failures.test_extract import failures

REASON = "menu.yml: line 8: a token cannot begin with '@'\nPlease quote the value.\n"

EFFECTS = {
    "rake": "rake aborted!\nFailed 1 tests!!\n/srv/Rakefile:21:in `block in <top>'\n",
    "rake with the command": (
        "rake aborted!\nCommand failed with status (1): [ruby check.rb]\n"
        "/srv/Rakefile:9:in `<main>'\nTasks: TOP => check\n"
    ),
    "subprocess": (
        "Traceback (most recent call last):\n"
        '  File "/srv/check.py", line 9, in <module>\n'
        '    subprocess.check_call(["yamllint", "menu.yml"])\n'
        '  File "/usr/lib/python3/subprocess.py", line 413, in check_call\n'
        "    raise CalledProcessError(retcode, cmd)\n"
        "subprocess.CalledProcessError: Command '['yamllint']' returned non-zero exit status 1.\n"
    ),
}


@pytest.mark.parametrize("effect", EFFECTS.values(), ids=EFFECTS)
def test_an_effect_does_not_silence_the_reason_above_it(effect: str) -> None:
    (failure,) = failures(f"$ rake\nchecking 3 files\n\n{REASON}\n{effect}")
    assert (failure.first_line, failure.last_line) == (4, 5)


def test_an_effect_is_shown_if_nothing_else_is() -> None:
    (failure,) = failures(EFFECTS["subprocess"])
    assert failure.rule == "python-traceback"


def test_an_exception_with_words_of_its_own_is_a_reason() -> None:
    reason = (
        "rake aborted!\nLoadError: cannot load such file -- menu\n/srv/Rakefile:1:in `<main>'\n"
    )
    (failure,) = failures(f"$ rake\nchecking 3 files\n\n{REASON}\n{reason}")
    assert failure.rule == "ruby-exception"


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        ("make[1]: *** [Makefile:7: check] Error 2", True),
        ("ERROR: script returned exit code 2", True),
        ("Process completed with exit code 1.", True),
        ("Process 'command '/usr/bin/npm'' finished with non-zero exit value 1", True),
        ("hudson.AbortException: script returned exit code 1", True),
        ("npm ERR! code ELIFECYCLE", True),
        ("error Command failed with exit code 1.", True),
        ("npm ERR! code ERESOLVE", False),
        ("Process completed with exit code 137.", False),
        ("the process exited with signal SIGSEGV (exit code 139)", False),
        ("AssertionError: the server returned non-zero exit code 1", False),
        ("menu.build:7:3: ERROR: Command `cook` failed with status 1.", False),
        ("the value has no exit", False),
    ],
)
def test_a_line_that_repeats_an_exit_code_is_an_effect(text: str, effect: bool) -> None:
    assert is_effect_line(text) == effect
