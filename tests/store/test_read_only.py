"""SQLite files with a write-ahead log in folders that cannot be written."""

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from ci_stat.errors import ServerUnreachable
from ci_stat.store.read_only import immutable_uri

SCRIPT = """
import sys
from sqlalchemy import text
from ci_stat.store.engine import connected, open_engine
with connected(open_engine(f"sqlite:///{sys.argv[1]}")) as connection:
    print(connection.execute(text("select a from t")).scalars().all())
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    folder = tmp_path / "a folder#"
    folder.mkdir()
    file = folder / "r.sqlite"
    with sqlite3.connect(file) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute("create table t (a)")
        connection.execute("insert into t values (7)")
    connection.close()
    return file


def read(file: Path) -> "subprocess.CompletedProcess[str]":
    """Read the file in another process to which its folder is read-only."""
    command = [sys.executable, "-c", SCRIPT, str(file)]
    folder = str(file.parent)
    if os.geteuid():
        file.parent.chmod(0o500)
    else:
        mount = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
        command = ["unshare", "-m", "sh", "-c", mount, folder, *command]
        probe = subprocess.run([*command[:6], "true"], capture_output=True)
        if probe.returncode:
            pytest.skip("root may write everywhere, and this machine allows no mounts")
    try:
        return subprocess.run(command, capture_output=True, text=True)
    finally:
        file.parent.chmod(0o700)


def test_a_file_in_a_read_only_folder_is_read(database: Path) -> None:
    answer = read(database)
    assert (answer.returncode, answer.stdout) == (0, "[7]\n"), answer.stderr
    assert [file.name for file in database.parent.iterdir()] == ["r.sqlite"]


def with_changes_in_the_log(database: Path, tmp_path: Path) -> Path:
    """A copy of a file whose last change is in its log only, as after a kill."""
    copy = tmp_path / "copy"
    copy.mkdir()
    connection = sqlite3.connect(database)
    connection.execute("insert into t values (8)")
    connection.commit()
    for suffix in ("", "-wal"):
        shutil.copy(f"{database}{suffix}", copy)
    connection.close()
    return copy / "r.sqlite"


def test_changes_that_are_only_in_the_log_are_not_left_out_silently(
    database: Path, tmp_path: Path
) -> None:
    file = with_changes_in_the_log(database, tmp_path)
    answer = read(file)
    assert answer.returncode == 1
    assert "its last changes are in r.sqlite-wal" in answer.stderr
    assert "Copy both files into a folder that can be written" in answer.stderr


def test_other_files_are_left_to_sqlite(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert immutable_uri(str(database)) is None  # the folder can be written
    monkeypatch.setattr("os.access", lambda *_: False)
    assert str(immutable_uri(str(database))).endswith("/a%20folder%23/r.sqlite?immutable=1")
    with sqlite3.connect(tmp_path / "journal.sqlite") as connection:
        connection.execute("create table t (a)")
    connection.close()
    assert immutable_uri(str(tmp_path / "journal.sqlite")) is None
    assert immutable_uri(str(tmp_path / "absent")) is None
    with pytest.raises(ServerUnreachable):
        immutable_uri(str(with_changes_in_the_log(database, tmp_path)))
