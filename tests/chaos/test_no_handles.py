"""No connection and no file handle left: the error says so, and later everything works again."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from ci_stat.errors import ServerUnreachable
from ci_stat.store.ci_data.write import prepare
from ci_stat.store.engine import open_engine
from tests.chaos.support import import_runs, junit, record, statuses
from tests.support import mariadb
from tests.support.command import Call
from tests.support.forks import fork

pytestmark = [pytest.mark.chaos, pytest.mark.resource, pytest.mark.recovery]


def test_a_server_without_a_free_connection(server: mariadb.Server, mariadb_url: str) -> None:
    engine = open_engine(mariadb_url)
    prepare(engine)
    server.sql("create user few@'%'; grant all on *.* to few@'%'")  # root has a spare connection
    ours = open_engine(mariadb_url.replace("root:@", "few:@"))
    server.sql("grant usage on *.* to few@'%' with max_user_connections 2")
    try:
        with ExitStack() as stack:
            for _ in range(2):
                stack.enter_context(ours.connect())
            with pytest.raises(ServerUnreachable, match="has no connection left") as refused:
                import_runs(ours, record("a", 1))
        assert "max_connections" in refused.value.hint
        assert import_runs(ours, record("a", 1)).stored == 1
    finally:
        ours.dispose()
        server.sql("drop user few@'%'")
    assert statuses(engine) == {"SUCCESS": 1}


COMMAND = """
import os
import resource
import sys

from ci_stat.cli import main
from ci_stat.cli.work.tests import imports  # loaded before there are no handles

spare = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
used = []
while True:
    try:
        used.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        break
for handle in used[:spare]:
    os.close(handle)
main()
"""


def test_a_process_without_file_handles(tmp_path: Path, call: Call) -> None:
    """Each number of handles once: the import works, or says why it does not."""
    file = tmp_path / "r.xml"
    file.write_text(junit(4, 1))
    arguments = ["tests", "import", str(file), "--job", "unit", "--number"]
    assert call(*arguments, "1").code == 0
    codes = {}
    for spare in range(12):
        code, error = fork(COMMAND, spare, *arguments, str(100 + spare)).finish()
        assert "Traceback" not in error, (spare, error)
        codes[code] = error
    assert codes.keys() <= {0, 3, 6, 12}
    assert 0 in codes
    assert len(codes) > 1
    assert call(*arguments, "200").code == 0
