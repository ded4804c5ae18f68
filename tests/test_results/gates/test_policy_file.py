"""Errors of a policy: each names the line, the key, and what is near."""

from pathlib import Path

import pytest

from ci_stat.errors import SettingsError
from ci_stat.test_results.gates.policy_file import parse_policy, read_policy
from tests.test_results.gates.support import may_fail

FIRST = may_fail("C.a")
RAMP = '[ramp]\nstart = 2026-11-02\n[[ramp.step]]\nrate = "30%"\ncategories = ["smoke"]\n'
SMOKE = '[[category]]\nname = "smoke"\nmarker = "smoke"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[rules]\nmin_testt = 3",
            "p:2: unknown key `min_testt` in [rules].\n  Did you mean `min_",
        ),
        (
            "[rulez]\nmin_tests = 3",
            "p:1: unknown key `rulez` in the file.\n  Did you mean `rules`?",
        ),
        ('[rules]\n\nmin_tests = "3"', "p:3: `min_tests` is invalid: expected a whole number"),
        ("[rules]\nmin_tests = true", "p:2: `min_tests` is invalid: expected a whole number"),
        ("[rules]\nmin_tests = 0", "p:2: `min_tests` must be at least 1."),
        ('[rules]\nflaky = "maybe"', "p:2: `flaky` is invalid: invalid enum value 'maybe'."),
        ('[rules]\nmax_duration = "long"', "p:2: `max_duration` must be a length of time"),
        ("a = ", "p is not valid TOML: Invalid value (at end of document)."),
        ("[rules]\nmin_tests = 1\nmin_tests = 2", "p is not valid TOML: Cannot overwrite a value"),
        ("may_fail = 3", "p:1: `may_fail` is invalid: expected a list, got a whole number."),
        ("[may_fail]\ncase = 'a'", "p:1: `may_fail` is invalid: expected a list, got a table."),
        (FIRST + '[[may_fail]]\ncase = "b"\n', "p:7: [[may_fail]] has no `reason`."),
        (FIRST + may_fail("b").replace("see issue", "  "), "p:9: `reason` is empty."),
        (FIRST + may_fail("b").replace("kim", ""), "p:10: `owner` is empty."),
        (FIRST + may_fail("b").replace("2026-12-31", '"soon"'), "p:11: `expires` is invalid"),
        (FIRST + may_fail("b", 'cap = "many"'), "p:12: `cap` must be a share"),
        (
            FIRST + may_fail("b", "cap = nan"),
            "p:12: `cap` is invalid: expected a string or a whole ",
        ),
        (FIRST + may_fail("b", "cap = -1"), "p:12: `cap` must be from 1 to 1000 runs"),
        (
            FIRST + may_fail("b").replace("2026-12-31", "2026-12-31T10:00:00"),
            "`expires` is invalid: expected a date such as 2026-12-31, got a date with a time.",
        ),
        ("ramp = 3", "p:1: `ramp` is invalid: expected a table, got a whole number."),
        ('[rules]\nrequired_type = "smoke"', "p:2: `required_type` is about the matrix: add "),
        (may_fail("b", "below = { workers = nan }"), "p:6: `below` must be finite numbers."),
        (FIRST + may_fail("b", "cap = 0"), "p:12: `cap` must be from 1 to 1000 runs"),
        (FIRST + may_fail("b", "case = 3"), "p is not valid TOML: Cannot overwrite a value"),
        (FIRST + may_fail("C.a", table="quarantine"), "selects the same tests as one of"),
        (FIRST + may_fail(" "), "p:8: `case` contains an empty name."),
        (may_fail("b").replace('case = "b"\n', ""), "p:1: the entry names no tests: add case,"),
        ("[[required]]\nlabels = { spark = 3.5 }", "p:2: `labels` is invalid: expected a string"),
        ("[[required]]\nlabels = {}", "p:2: `labels` is empty."),
        ('[[minimum]]\nsuite = "a"\ntests = 0', "p:3: `tests` must be at least 1."),
        (SMOKE + SMOKE, "p:4: a second category is named 'smoke'."),
        (
            may_fail("b", 'category = "smok"') + SMOKE,
            "p:6: unknown category 'smok'.\n  Did you mean",
        ),
        (RAMP, "p:5: unknown category 'smoke'.\n  Known categories: none"),
        (SMOKE + RAMP + '[[ramp.step]]\nrate = "20%"\n', "p:6: `step` must have rates that rise"),
        (SMOKE + RAMP + '[[ramp.step]]\nrate = "200%"\n', "p:10: `rate` must be a share"),
        (SMOKE + RAMP.replace("30%", "30"), "p:7: `rate` must be a share from 0% to 100%"),
        (SMOKE + RAMP.replace("[[", 'proven = "40%"\n[['), "'40%' is the rate of no step; steps"),
        (SMOKE + RAMP + '[[ramp.step]]\nrate = "50%"\ncategories = ["smoke"]', "joins twice"),
    ],
)
def test_an_invalid_policy(text: str, message: str) -> None:
    with pytest.raises(SettingsError) as error:
        parse_policy(text, "p")
    assert message in str(error.value)


def test_every_key_of_every_table_is_checked() -> None:
    for table in ("may_fail", "quarantine", "category", "minimum", "required", "ramp"):
        header = f"[{table}]" if table == "ramp" else f"[[{table}]]"
        with pytest.raises(SettingsError, match=r"^p:2: unknown key `colour` in \[\[?" + table):
            parse_policy(f"{header}\ncolour = 1\n", "p")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"Cannot read the policy .*: No such file"):
        read_policy(tmp_path / "none.toml")
    with pytest.raises(SettingsError, match="Is a directory"):
        read_policy(tmp_path)
    with pytest.raises(SettingsError, match="this is no name of a file"):
        read_policy(tmp_path / "a\0b.toml")
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="is not UTF-8 text"):
        read_policy(binary)


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, "a = " + "9" * 5000, "a." * 5000 + "b = 1"])
def test_absurd_files_are_errors(text: str) -> None:
    with pytest.raises(SettingsError):
        parse_policy(text, "p")
