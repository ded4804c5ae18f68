"""Changed bytes, cut files, lost journals: named with a next step, never a traceback; the way back.

SQLite keeps no checksums. So a changed letter of a text may be shown as it is; what we compress
ourselves has a checksum.
"""

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import update

from ci_stat.errors import DamagedDatabase, DatabaseError
from ci_stat.store.damage import check_pages
from ci_stat.store.engine import open_engine
from ci_stat.store.results import tables
from ci_stat.store.results.columns import read_ends
from ci_stat.store.results.packed.packing import pack
from ci_stat.store.results.packed.unpacking import unpack
from ci_stat.store.results.read import ResultsReader
from ci_stat.store.results.setup import prepare_results
from ci_stat.store.state.setup import prepare_state
from ci_stat.store.state.tables import outward_calls
from tests.chaos.support import deliver, junit, ledger, record, store_results
from tests.support.command import Answer, Call
from tests.support.drawn import FULL, SEED
from tests.support.forks import fork

pytestmark = [pytest.mark.chaos, pytest.mark.corruption, pytest.mark.recovery]

PAGE = 4096
SINCE = ("--begin", "2026-11-10", "--end", "2026-11-12")
FIXED = ("--since", "30d", "--end", "2026-11-12")
COMMANDS: dict[str, list[tuple[str, ...]]] = {
    "ci.sqlite": [("summary", *SINCE), ("jobs", *SINCE), ("failures", *SINCE)],
    "results.sqlite": [("tests",), ("tests", "flaky", *SINCE), ("tests", "trends", *FIXED)],
    "state.sqlite": [("deliveries",), ("summary", *SINCE)],
}


def data() -> Path:
    return Path(os.environ["XDG_DATA_HOME"]) / "ci_stat"


@pytest.fixture
def filled(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The three files in the data folder, and a copy of them."""
    monkeypatch.delenv("CI_STAT_PRESET")
    fill(call, tmp_path)
    state = open_engine(f"sqlite:///{data() / 'state.sqlite'}")
    prepare_state(state)
    for number in range(3):
        assert deliver(state, number)
    shutil.copytree(data(), tmp_path / "good")
    return tmp_path / "good"


def fill(call: Call, tmp_path: Path) -> None:
    """Import all that the first two databases have."""
    runs, results = tmp_path / "runs.jsonl", tmp_path / "r.xml"
    lines = [record(f"job {n % 3}", n, "FAILURE" if n % 4 else "SUCCESS") for n in range(600)]
    runs.write_bytes(b"\n".join(lines))
    assert call("import", str(runs)).code == 0
    results.write_text(junit(800, 5, filler="trace " * 50))
    for number in ("1", "2"):
        run = ("--job", "unit", "--number", number, "--time", f"2026-11-1{number}T12:00:00Z")
        assert call("tests", "import", str(results), *run).code == 0


def flipped(content: bytes, random: Random) -> bytes:
    changed = bytearray(content)
    for _ in range(random.choice((1, 20, 200))):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def cut(content: bytes, random: Random) -> bytes:
    return content[: random.randrange(1, len(content))]


def lost_page(content: bytes, random: Random) -> bytes:
    begin = random.randrange(len(content) // PAGE) * PAGE
    page = random.choice((bytes(PAGE), random.randbytes(PAGE)))
    return content[:begin] + page + content[begin + PAGE :]


def broken_head(content: bytes, random: Random) -> bytes:
    place = random.randrange(100)
    return content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]


DAMAGES: list[Callable[[bytes, Random], bytes]] = [flipped, cut, lost_page, broken_head]


def restore(good: Path) -> None:
    for file in data().iterdir():
        if file.is_file():
            file.unlink()
    for file in good.iterdir():
        if file.is_file():
            shutil.copy(file, data() / file.name)


@pytest.mark.parametrize("name", COMMANDS)
def test_any_damage_is_an_answer_or_a_named_error(filled: Path, call: Call, name: str) -> None:
    content = (filled / name).read_bytes()
    refused = 0
    for seed in range(60 if FULL else 3):
        for damage in DAMAGES:
            restore(filled)
            (data() / name).write_bytes(damage(content, Random(f"{SEED} {seed}")))
            for arguments in COMMANDS[name]:
                answer = call(*arguments)
                where = (damage.__name__, seed, arguments)
                assert "Traceback" not in answer.err, where
                assert answer.code in (0, 2, 3, 12), (where, answer)
                if answer.code == 3:
                    refused += 1
                    _names_the_next_step(answer, name)
    assert refused > 2


def _names_the_next_step(answer: Answer, name: str) -> None:
    assert name in answer.err or "in our state" in answer.err or "results database" in answer.err
    assert "docs/recovery.md" in answer.err or "ci-stat" in answer.err.splitlines()[-1]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_check_names_the_damaged_file(filled: Path, call: Call, name: str) -> None:
    assert call("config", "--check").code == 0
    content = (data() / name).read_bytes()
    middle = len(content) // PAGE // 2 * PAGE
    (data() / name).write_bytes(content[:middle])
    answer = call("config", "--check", "--json")
    assert answer.code == 3
    failed = [check for check in json.loads(answer.out)["checks"] if not check["ok"]]
    assert len(failed) == 1
    assert name in failed[0]["message"]
    assert "damaged" in failed[0]["message"]


def test_a_new_file_is_filled_again(filled: Path, call: Call, tmp_path: Path) -> None:
    """docs/recovery.md: move the files away, and import again."""
    before = _screens(call)
    for name in ("ci.sqlite", "results.sqlite"):
        (data() / name).write_bytes((filled / name).read_bytes()[: 3 * PAGE])
        assert call(*COMMANDS[name][0]).code == 3
        for file in data().glob(f"{name}*"):
            file.rename(tmp_path / f"away {file.name}")
    fill(call, tmp_path)
    assert _screens(call) == before

    # Our state is created by the command that needs it.
    (data() / "state.sqlite").rename(tmp_path / "away state")
    assert call("deliveries").out == "No deliveries.\n"
    assert call("config", "--check").code == 0


def _screens(call: Call) -> list[str]:
    """What the commands print, without ages, which change while the test runs."""
    screens = [call(*arguments).out for name in COMMANDS for arguments in COMMANDS[name]]
    return [re.sub(r"\d+ days? \d+ h", "AGE", screen) for screen in screens]


KILLED = """
import sys

from sqlalchemy import text

from ci_stat.store.engine import open_engine
from tests.chaos.support import store_results

engine = open_engine(sys.argv[1])
with engine.connect() as connection:
    connection.execute(text("select count(*) from test_runs"))  # keeps the journal
    for number in range(2, 6):
        store_results(engine, number)
    print("stored", flush=True)
    input()
"""


@pytest.mark.parametrize("lost", ["", "-wal", "-shm"])
def test_a_lost_journal(tmp_path: Path, lost: str) -> None:
    """Without the journal of a killed process, its last imports are gone; a repeat stores them."""
    file = tmp_path / "r.sqlite"
    engine = open_engine(f"sqlite:///{file}")
    prepare_results(engine)
    store_results(engine, 1)
    process = fork(KILLED, engine.url)
    assert process.line() == "stored"
    process.kill()
    process.finish()
    assert file.with_name("r.sqlite-wal").stat().st_size > 0

    if lost:
        file.with_name(f"r.sqlite{lost}").unlink()
    check_pages(engine)
    numbers = {run.info.number for run in ResultsReader(engine).runs(limit=10)}
    assert numbers == ({1} if lost == "-wal" else {1, 2, 3, 4, 5})
    for number in range(1, 6):
        assert store_results(engine, number) == (number not in numbers)


# Values that we encode ourselves


def test_each_changed_byte_of_a_packed_row_is_noticed_or_harmless() -> None:
    columns = [list(range(0, 9_000, 3)), [n * n % 251 for n in range(3_000)]]
    data = pack(columns)
    assert [column.tolist() for column in unpack(data)] == columns
    random, noticed = Random(SEED), 0
    places = range(len(data)) if FULL else random.sample(range(len(data)), 150)
    for place in places:
        changed = bytearray(data)
        changed[place] ^= 1 << random.randrange(8)
        read = _unpacked(bytes(changed))
        noticed += read is None
        assert read in (None, columns) or place < 30, "only the head has no checksum"
    assert noticed > 100


def _unpacked(data: bytes) -> list[list[int]] | None:
    try:
        return [column.tolist() for column in unpack(data)]
    except DatabaseError:
        return None


def test_a_damaged_packed_row_is_named(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'r.sqlite'}")
    prepare_results(engine)
    store_results(engine, 1)
    with engine.begin() as connection:
        connection.execute(update(tables.file_ends).values(packed=b"\x01\x01\x04"))
    with pytest.raises(DamagedDatabase, match="Damaged packed rows in the results database"):
        read_ends(engine, ResultsReader(engine).runs())


@pytest.mark.parametrize("value", [{"packed": b"\x01"}, {"words": "["}, {"words": "[]"}])
def test_damaged_attempts_are_named(tmp_path: Path, value: dict[str, object]) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'r.sqlite'}")
    prepare_results(engine)
    store_results(engine, 1)
    with engine.begin() as connection:
        connection.execute(update(tables.attempts).values(value))
    with pytest.raises(DamagedDatabase, match=r"Damaged packed (rows|attempts) in the results"):
        list(ResultsReader(engine).attempts(1))


VALUES = {"started": "no time", "changed": "", "identity": "{", "payload": "[1"}


@pytest.mark.parametrize("column", VALUES)
def test_damaged_values_of_our_state_are_named(tmp_path: Path, column: str) -> None:
    state = open_engine(f"sqlite:///{tmp_path / 'state.sqlite'}")
    prepare_state(state)
    assert deliver(state, 1)
    with state.begin() as connection:
        connection.execute(update(outward_calls).values({column: VALUES[column]}))
    with pytest.raises(DamagedDatabase, match="in our state"):
        ledger(state).list(5)
