"""The logs of the runners: `--logs`."""

from pathlib import Path

import pytest

from tests.support.command import Call
from tests.test_results.running.support import junit, run_tests, shell


def test_logs_are_capped_and_the_cut_is_said(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ci_stat.test_results.running.workers.MAX_LOG", 1000)
    Path("good.xml").write_text(junit("a"))
    runner = shell(tmp_path, "runner", 'seq 1 1000; cp good.xml "$1"')
    answer, data = run_tests(call, "--logs", "logs", "--", runner, "{results}")
    assert answer.code == 0
    assert data["shards"][0]["log_bytes_left_out"] == 2893
    assert "shard-1.log: 2,893 bytes left out" in data["notes"][0]
    assert data["notes"][0] in answer.err
    assert "[2,893 bytes left out]" in Path("logs/shard-1.log").read_text()
