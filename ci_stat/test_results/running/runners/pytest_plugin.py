"""A plugin that ci_stat adds to pytest: it lists tests, selects tests, and names those that ended.

It runs in the Python of the tests, which has no ci_stat: this file is copied next to it. Test names
go through files, so no name can act as an option, and any number of tests fits.
"""

import json
import os
from pathlib import Path
from typing import Any

_FOLDER = Path(os.environ.get("CISTAT_PYTEST", "."))
_session: Any = None
_tests: Any = None
_files: Any = None


def pytest_sessionstart(session: Any) -> None:
    global _session, _tests, _files  # pytest hands nothing from hook to hook
    _session = session
    selection = _FOLDER / "selected.json"
    if selection.exists():
        selected = json.loads(selection.read_text(encoding="utf-8"))
        _tests = set(selected["tests"]) if selected["tests"] is not None else None
        _files = set(selected["files"])


def pytest_ignore_collect(collection_path: Any, config: Any) -> Any:
    """Do not import files of other shards. Files that the command names have to be collected."""
    is_candidate = _files is not None and collection_path.suffix == ".py"
    if not is_candidate or collection_path.name in ("__init__.py", "conftest.py"):
        return None
    if _session is None or _session.isinitpath(collection_path):
        return None
    relative = os.path.relpath(str(collection_path), str(config.rootpath)).replace(os.sep, "/")
    return None if relative in _files else True


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    if _files is None:
        return
    kept = [item for item in items if _is_selected(item.nodeid)]
    others = [item for item in items if not _is_selected(item.nodeid)]
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = kept


def _is_selected(name: str) -> bool:
    if _tests is not None:
        return name in _tests
    return name.partition("::")[0] in _files


def pytest_collection_finish(session: Any) -> None:
    if os.environ.get("CISTAT_PYTEST_LIST"):
        names = [item.nodeid for item in session.items]
        (_FOLDER / "listed.json").write_text(json.dumps(names), encoding="utf-8")


def pytest_runtest_logstart(nodeid: str) -> None:
    _note("begin", nodeid)


def pytest_runtest_logfinish(nodeid: str) -> None:
    _note("end", nodeid)


def _note(what: str, nodeid: str) -> None:
    """With xdist, only the process that distributes the tests writes."""
    if os.environ.get("PYTEST_XDIST_WORKER"):
        return
    with open(_FOLDER / "finished.jsonl", "a", encoding="utf-8") as file:
        file.write(json.dumps([what, nodeid]) + "\n")
