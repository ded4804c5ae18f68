"""A matrix file: its errors name the line and what is known, and its formats fit their readers."""

import json
import shlex
import subprocess
from pathlib import Path

import pytest

from ci_stat.errors import SettingsError, UsageError
from ci_stat.test_results.matrix.choose import choose, type_of_cron
from ci_stat.test_results.matrix.expand import entries_of
from ci_stat.test_results.matrix.file import parse_matrix, read_matrix
from ci_stat.test_results.matrix.formats import formatted
from tests.support.command import Call

EXAMPLE = Path(__file__).parents[3] / "examples" / "matrix.toml"
BASE = '[dimensions]\nspark = ["3.5", "4.0"]\ndb = ["mariadb", "tidb"]\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "m:1: the file has no `dimensions`."),
        ("[dimensions]", "m:1: [dimensions] is empty."),
        ("[dimensions]\nspark = []", "m:2: dimension 'spark' has no values."),
        (
            "[dimensions]\nspark = [3.5]",
            "`dimensions` is invalid: expected a string or a whole number or true or false, got",
        ),
        ('[dimensions]\nspark = ["3", 3]', "m:2: dimension 'spark' has a value twice."),
        ('[dimensions]\nkey = ["3"]', "m:2: 'key' is not a name"),
        ('[dimensions]\n"a b" = ["3"]', "m:2: 'a b' is not a name"),
        ('[dimensions]\na-b = ["3"]\na_b = ["3"]', "m:3: 'a-b' and 'a_b' would be one variable"),
        ('[dimensions]\nspark = ["a\\u001bb"]', "m:2: 'a\\x1bb' is not a value"),
        ('[dimensions]\nspark = [" "]', "m:2: ' ' is not a value"),
        (BASE + "[[exclude]]\n", "m:4: [[exclude]] names no dimension"),
        (
            BASE + '[[exclude]]\nsparc = "3.5"',
            "m:5: unknown dimension 'sparc'.\n  Did you mean 'sp",
        ),
        (BASE + '[[exclude]]\nspark = "3.6"', "m:5: unknown value of 'spark' '3.6'.\n  Did you"),
        (
            BASE + '[[exclude]]\nspark = "3.5"\n[[exclude]]\nspark = "3.5"\ndb = "tidb"',
            "m:6: [[exclude]] excludes nothing.",
        ),
        (
            BASE + '[[exclude]]\nspark = ["3.5", "4.0"]',
            "type 'all' has no entries.",
        ),
        (BASE + '[[include]]\nspark = "5"', "m:4: [[include]] has no value of 'db'."),
        (
            BASE + '[[include]]\nspark = "3.5"\ndb = "tidb"',
            "m:4: [[include]] adds an entry that the matrix has already.",
        ),
        (
            BASE + '[[include]]\nspark = "5"\ndb = "tidb"\njava = 1',
            "m:7: unknown dimension 'java'.\n  Known: spark, db.",
        ),
        (BASE + '[[pin]]\nset = { java = "17" }', "m:5: unknown dimension 'java'."),
        (BASE + '[[pin]]\nset = { db = "pg" }', "m:5: unknown value of 'db' 'pg'."),
        (BASE + '[[pin]]\nwhen = { db = "tidb" }', "m:4: [[pin]] has no `set`."),
        (BASE + '[types.all]\ndb = "tidb"', "m:4: 'all' is the union of all types"),
        (BASE + '[types.smoke]\ndb = "pg"', "m:5: unknown value of 'db' 'pg'."),
        (
            BASE + '[[exclude]]\ndb = "tidb"\n[types.smoke]\ndb = "tidb"',
            "m:6: type 'smoke' has no entries.",
        ),
        (BASE + '[schedule]\n"0 2 * *" = "all"', "m:5: '0 2 * *' is not a cron line"),
        (BASE + '[schedule]\n"0 2 * * *" = "smoke"', "m:5: unknown type 'smoke'.\n  Known: all."),
        (
            BASE + '[schedule]\n"0 2 * * *" = "all"\n"0  2 * * *" = "all"',
            "m:6: the cron line '0 2 * * *' is there twice.",
        ),
        (BASE + "[typos]\n", "m:4: unknown key `typos` in the file.\n  Did you mean `types`?"),
    ],
)
def test_an_invalid_matrix(text: str, message: str) -> None:
    with pytest.raises(SettingsError) as error:
        parse_matrix(text, "m")
    assert message in str(error.value)


def test_an_enormous_product_is_refused() -> None:
    lines = [f"d{number} = {[str(value) for value in range(30)]}" for number in range(9)]
    with pytest.raises(SettingsError, match=r"the product has 19,683,000,000,000 entries"):
        parse_matrix("[dimensions]\n" + "\n".join(lines))


@pytest.mark.parametrize(
    ("cron", "name"), [("0 2 * * *", "smoke"), (" 0  3 * *\t0 ", "all"), ("0 4 1 * *", "load")]
)
def test_the_cron_line_decides_the_type(cron: str, name: str) -> None:
    assert type_of_cron(read_matrix(EXAMPLE), cron) == name


@pytest.mark.parametrize("cron", ["", "0 2 * * 1", "02***", "smoke"])
def test_an_unknown_cron_line_is_an_error(cron: str) -> None:
    with pytest.raises(UsageError):
        type_of_cron(read_matrix(EXAMPLE), cron)


def test_choices_that_do_not_exist_name_those_that_do() -> None:
    matrix = read_matrix(EXAMPLE)
    for type_, pairs, message in (
        ("nightly", [], "Unknown type 'nightly'.\n  Known: smoke, e2e, load, all."),
        ("all", [("sparc", "1")], "Unknown dimension 'sparc'.\n  Did you mean 'spark'? Known: sp"),
        ("all", [("db", "pg")], "Unknown value of 'db' 'pg'.\n  Known: mariadb, tidb."),
        ("e2e", [("db", "mariadb")], "No entry of type 'e2e' has db=mariadb."),
    ):
        with pytest.raises(UsageError) as error:
            choose(matrix, type_, pairs)
        assert message in str(error.value)


@pytest.mark.parametrize(("form", "limit"), [("github", 256), ("gitlab", 200), ("lines", 256)])
def test_the_limit_of_the_ci(form: str, limit: int) -> None:
    def many(count: int) -> str:
        values = json.dumps([str(value) for value in range(count)])
        return formatted(entries_of(parse_matrix(f"[dimensions]\nn = {values}")), form)

    assert many(limit)
    with pytest.raises(UsageError, match=rf"has {limit + 1} entries, {limit} are allowed"):
        many(limit + 1)


def test_formats_of_the_example(call: Call) -> None:
    def printed(form: str) -> str:
        answer = call("matrix", str(EXAMPLE), "--type", "smoke", "--format", form)
        assert answer.code == 0, answer.err
        return answer.out

    keys = printed("lines").split()
    assert len(keys) == 5
    assert keys[0] == "db=mariadb,scenario=smoke,spark=3.5.7"
    assert printed("github").count("\n") == 1
    entries = json.loads(printed("github"))["include"]
    assert [entry["key"] for entry in entries] == keys
    assert entries[-1] == {
        "spark": "4.1.0-preview",
        "db": "tidb",
        "scenario": "smoke",
        "experimental": True,
        "java": "21",
        "key": keys[-1],
    }
    assert json.loads(printed("json")) == entries
    gitlab = json.loads(printed("gitlab"))["parallel"]["matrix"]
    assert [entry["MATRIX_KEY"] for entry in gitlab] == keys
    assert all(isinstance(value, str) for entry in gitlab for value in entry.values())
    assert "5 entries of type smoke" in printed("table")


def test_a_shell_reads_hostile_values_as_they_are() -> None:
    hostile = "$(touch x); `id` 'q' \"d\" \\ *"
    matrix = parse_matrix(f"[dimensions]\npath = [{json.dumps(hostile)}]")
    line = formatted(entries_of(matrix), "env").strip()
    script = f'{line}; printf "%s" "$MATRIX_PATH"'
    shown = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert shown.stdout == hostile
    assert len(shlex.split(line)) == 2


def test_options_of_the_command(call: Call) -> None:
    both = call("matrix", str(EXAMPLE), "--type", "smoke", "--cron", "0 2 * * *")
    assert (both.code, both.out) == (2, "")
    assert call("matrix", "none.toml").code == 4
    chosen = ("--set", "spark=3.5.7", "--set", "spark=4.0.1", "--set", "db=tidb")
    answer = call("matrix", str(EXAMPLE), "--cron", "0 2 * * *", *chosen, "--format", "lines")
    assert answer.out.split() == [
        "db=tidb,scenario=smoke,spark=3.5.7",
        "db=tidb,scenario=smoke,spark=4.0.1",
    ]
