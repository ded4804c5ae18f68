"""`ci-stat explain` as it is typed."""

import gzip
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command import Call
from tests.support.golden import Golden
from tests.support.hostile import ATTACKS, raw

LOG = """[2021-06-06T12:07:50.000Z] + make test
[2021-06-06T12:07:51.000Z] ok  \tgithub.com/acme/ships/hull\t0.1s
[2021-06-06T12:07:52.000Z] === RUN   TestCargo
[2021-06-06T12:07:52.100Z]     cargo_test.go:31: 3 crates, want 4
[2021-06-06T12:07:52.200Z] --- FAIL: TestCargo (0.10s)
[2021-06-06T12:07:52.300Z] FAIL
[2021-06-06T12:07:52.400Z] make: *** [test] Error 1
script returned exit code 2
Finished: FAILURE
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("build.log").write_text(LOG)
    return Path("build.log")


def test_what_is_left_out_is_said(call: Call, tmp_path: Path) -> None:
    log = tmp_path / "dense.log"
    log.write_bytes(b"Error: failed x\n" * 200_000)
    answer = call("explain", "--color", "never", str(log))
    assert "lines that may begin a failure were not examined, in lines" in answer.out

    (data,) = map(json.loads, call("explain", "--format", "json", str(log)).out.splitlines())
    ((first, last),) = data["left_out"]["ranges"]
    assert 0 < data["left_out"]["lines"] <= last - first + 1
    assert data["left_out"]["failures"] == 0
    assert data["detail"].endswith(f"in lines {first:,}-{last:,}")


def test_the_answer_on_a_terminal(call: Call, golden: Golden, log: Path) -> None:
    answer = call("explain", "--color", "never", "--context", "1", str(log))
    assert answer.code == 0
    golden.check("explain.txt", answer.out)


def test_brief_shows_the_causes_alone(call: Call, log: Path) -> None:
    whole = call("explain", "--color", "never", str(log)).out
    brief = call("explain", "--color", "never", "--brief", str(log)).out
    assert whole.startswith(brief.rstrip())
    assert "context" in whole.removeprefix(brief.rstrip())
    assert "context" not in brief


def test_context_in_json(call: Call, log: Path) -> None:
    (failure,) = json.loads(call("explain", "--json", str(log)).out)["failures"]
    assert failure["context"] == [[1, 3], [6, 8]]
    assert failure["omitted"] == 0
    (failure,) = json.loads(call("explain", "--json", "--brief", str(log)).out)["failures"]
    assert failure["context"] == []


def test_one_json_object_a_line_in_the_order_given(call: Call, log: Path) -> None:
    Path("other.log").write_text("--- FAIL: TestMast (1.00s)\n    mast_test.go:2: bent\n")
    answer = call("explain", "--format", "json", "other.log", str(log), "other.log")
    found = [json.loads(line) for line in answer.out.splitlines()]
    assert [each["file"] for each in found] == ["other.log", "build.log", "other.log"]
    (failure,) = found[1]["failures"]
    assert {
        key: failure[key] for key in ("kind", "case", "message", "first_line", "last_line", "rule")
    } == {
        "kind": "case",
        "case": "TestCargo",
        "message": "cargo_test.go:31: 3 crates, want 4",
        "first_line": 4,
        "last_line": 5,
        "rule": "go-test-fail",
    }
    assert failure["fingerprint"].startswith("v1:")


def test_several_processes_say_the_same(call: Call, log: Path) -> None:
    names = [str(log)] * 7
    assert (
        call("explain", "--json", "--workers", "3", *names).out
        == call("explain", "--json", "--workers", "1", *names).out
    )


def test_standard_input(log: Path) -> None:
    run = [sys.executable, "-c", "from ci_stat.cli import main; main()", "explain", "--json", "-"]
    plain = subprocess.run(run, input=LOG.encode(), capture_output=True, check=True).stdout
    packed = subprocess.run(
        run, input=gzip.compress(LOG.encode()), capture_output=True, check=True
    ).stdout
    assert json.loads(plain)["failures"][0]["case"] == "TestCargo"
    assert plain == packed


def test_packed_logs(call: Call, log: Path) -> None:
    Path("build.log.gz").write_bytes(gzip.compress(LOG.encode()))
    plain, packed = (
        json.loads(line)
        for line in call("explain", "--json", str(log), "build.log.gz").out.splitlines()
    )
    assert plain["failures"] == packed["failures"]


def test_a_log_that_cannot_be_read_does_not_stop_the_others(call: Call, log: Path) -> None:
    answer = call("explain", "--color", "never", "nowhere.log", str(log))
    assert answer.code == 6
    assert "nowhere.log  missing" in answer.out
    assert "TestCargo" in answer.out
    assert "nowhere.log" in answer.err


def test_a_passing_log_takes_away_what_it_also_says(call: Call, log: Path) -> None:
    Path("good.log").write_text(LOG.replace("Error 1", "Error 9"))
    found = json.loads(call("explain", "--json", "--against", "good.log", str(log)).out)
    assert not [each for each in found["failures"] if each["case"] == "TestCargo"]


@pytest.mark.parametrize(
    ("data", "state"),
    [(gzip.compress(b"moored\n" * 9000)[:-20], "cut"), (b"\x7fELF" + bytes(5000), "unreadable")],
)
def test_a_passing_log_that_is_not_whole_is_an_error(
    call: Call, log: Path, data: bytes, state: str
) -> None:
    Path("passed.log").write_bytes(data)
    answer = call("explain", "--against", "passed.log", str(log))
    assert answer.code == 6
    assert f"passed.log is {state}: " in answer.err
    assert answer.out == ""


def test_rules_that_cannot_be_used_say_which_and_why(call: Call, log: Path) -> None:
    Path("rules.toml").write_text(
        '[[rule]]\nname = "mine"\nkind = "sea"\nanchors = ["storm"]\npattern = "storm"\n'
    )
    answer = call("explain", "--rules", "rules.toml", str(log))
    assert answer.code == 4
    assert "rules.toml" in answer.err
    assert "'mine'" in answer.err
    assert "'sea'" in answer.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[rule]\n", "not valid TOML"),
        ("x = 1\n", "not contain a list of rules"),
        ('[[rule]]\nname = "a"\nkind = "env"\nanchors = ["abc"]\npattern = "("\n', "unterminated"),
        ('[[rule]]\nname = "a"\nkind = "env"\nanchors = ["a"]\npattern = "a"\n', "3 to 100"),
        (
            '[[rule]]\nname = "a"\nkind = "env"\nanchors = ["abc"]\npattern = "a"\nreach = 3\n',
            "reach",
        ),
        (
            '[[rule]]\nname = "a"\nkind = "env"\nanchors = ["abc"]\n'
            'pattern = "a"\nlines = "many"\n',
            "lines",
        ),
        ('[[rule]]\nkind = "env"\nanchors = ["abc"]\npattern = "a"\n', "name"),
    ],
)
def test_rules_are_checked_when_they_are_loaded(
    call: Call, log: Path, text: str, said: str
) -> None:
    Path("rules.toml").write_text(text)
    answer = call("explain", "--rules", "rules.toml", str(log))
    assert answer.code == 4
    assert said in answer.err


@pytest.mark.parametrize("color", ["never", "always"])
def test_hostile_lines_cannot_act_on_the_terminal(call: Call, log: Path, color: str) -> None:
    for attack in ATTACKS:
        text = attack.replace("\n", " ").replace("\r", " ")
        log.write_text(
            f"--- FAIL: Test{text} (0.1s)\n    x_test.go:1: {text}\nError: {text}\n",
            errors="surrogatepass",
        )
        out = call("explain", "--color", color, str(log)).out
        assert raw(out) <= ({"\x1b"} if color == "always" else set())
        assert "\x1b[2J" not in out
        assert "\x1b]" not in out


def test_json_is_plain_ascii(call: Call, log: Path) -> None:
    log.write_text("--- FAIL: TestÄ\u202e (0.1s)\n    x_test.go:1: \x1b[2Jgone\n")
    assert call("explain", "--json", str(log)).out.isascii()


def test_a_log_file_needs_no_database(log: Path) -> None:
    heavy = "('sqlalchemy', 'pandas', 'requests')"
    code = (
        "import sys; from ci_stat.cli import run; "
        f"assert run(['explain', {str(log)!r}, '--json']) == 0; "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("\n[]\n")


def test_the_log_may_be_a_stream_that_gives_little_at_a_time() -> None:
    from ci_stat.failures import extract

    class Slow(io.RawIOBase):
        def __init__(self) -> None:
            self.left = LOG.encode()

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            piece, self.left = self.left[:3], self.left[3:]
            buffer[: len(piece)] = piece
            return len(piece)

    assert extract(Slow()).failures == extract(io.BytesIO(LOG.encode())).failures


TOKEN = "gh" + "p_aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5"
KEY_LINES = ("MIIEpAIBAAKCAQEA" + "aB3dE5fG7hJ9kL1m" * 3, "zA5B3dE5fG7hJ9kL" * 4)


@pytest.mark.parametrize("form", ["text", "json"])
def test_secrets_of_a_log_are_masked(call: Call, log: Path, form: str) -> None:
    """The output goes into issues, files and chats."""
    said = f"cargo_test.go:31: push to https://ci:{TOKEN}@github.com/o/r failed"
    keys = "\n".join(f"[2021-06-06T12:07:52.100Z]     {line}" for line in KEY_LINES)
    log.write_text(LOG.replace("cargo_test.go:31: 3 crates, want 4", f"{said}\n{keys}"))
    shown = call("explain", "--format", form, str(log)).out
    assert "cargo_test.go:31" in shown
    assert "***" in shown
    assert TOKEN not in shown
    assert not any(line in shown for line in KEY_LINES)
    plain = call("explain", "--format", form, "--show-secrets", str(log)).out
    assert TOKEN in plain
