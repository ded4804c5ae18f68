"""pytest: files are shards; a plugin selects tests by their node IDs."""

import json
import os
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from ci_stat.formats.text_parts import clean_line
from ci_stat.records.case_results import CaseResult
from ci_stat.test_results.running.model import Invocation, Rerun, Unit
from ci_stat.test_results.running.runners import pytest_plugin
from ci_stat.test_results.running.runners.base import Runner, Setup, has_option

_PLUGIN = "ci_stat_pytest_selection"
_ILLEGAL = re.compile("[^\t\n\r\x20-\x7e\x80-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Name = tuple[str, str]
"""Class and name of a test in the result file."""


class Pytest(Runner):
    """pytest 7 or newer. With `-n` in the command, xdist shares the work."""

    name = "pytest"

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        is_off = {"-n0", "--numprocesses=0"} & set(setup.argv) or ("-n", "0") in pairwise(
            setup.argv
        )
        self.shares_work = not is_off and has_option(setup.argv, "-n", "--numprocesses")
        self._node_ids: dict[Name, list[str]] = {}

    def listing(self) -> Invocation:
        folder = self._plugin_folder("list")
        env = self._env(folder) | {"CISTAT_PYTEST_LIST": "1"}
        options = ("-p", _PLUGIN, "--collect-only", "-q")
        return Invocation(self.with_arguments(*options), env, results=folder / "listed.json")

    def units(self, listing: Path) -> list[Unit]:
        node_ids: list[str] = json.loads(listing.read_text(encoding="utf-8"))
        files: dict[str, list[str]] = defaultdict(list)
        for node_id in node_ids:
            files[node_id.partition("::")[0]].append(node_id)
            self._node_ids.setdefault(reported_name(node_id), []).append(node_id)
        return [Unit(name, tuple(tests)) for name, tests in files.items()]

    def shard(self, units: Sequence[Unit], number: int) -> Invocation:
        folder = self._plugin_folder(f"shard-{number}")
        if units:
            self._select(folder, [unit.name for unit in units], None)
        return self._invocation(folder)

    def reruns(self, cases: Sequence[CaseResult], round_number: int) -> Iterator[Rerun]:
        known = [case for case in cases if self._names(case)]
        unknown = tuple(case for case in cases if not self._names(case))
        if unknown:
            yield Rerun(unknown, reason="pytest did not list it before the run")
        if known:
            folder = self._plugin_folder(f"retry-{round_number}")
            node_ids = [node_id for case in known for node_id in self._names(case)]
            files = sorted({node_id.partition("::")[0] for node_id in node_ids})
            self._select(folder, files, node_ids)
            yield Rerun(tuple(known), self._invocation(folder))

    def adjusted(self, case: CaseResult) -> CaseResult | None:
        """A pytest that is interrupted writes the test of that moment without a name."""
        return case if case.name or case.class_name else None

    def missing(
        self, units: Sequence[Unit], cases: Sequence[CaseResult], finished: Path | None
    ) -> list[str]:
        """A test that ended or was reported is not missing."""
        reported = {(case.class_name, case.name + case.parameters) for case in cases}
        ended = set(_ended(finished)) if finished else set()
        node_ids = [node_id for unit in units for node_id in unit.tests]
        return [
            node_id
            for node_id in node_ids
            if node_id not in ended and reported_name(node_id) not in reported
        ]

    def _names(self, case: CaseResult) -> list[str]:
        return self._node_ids.get((case.class_name, case.name + case.parameters), [])

    def _invocation(self, folder: Path) -> Invocation:
        results = folder / "junit.xml"
        options = ("-p", _PLUGIN, f"--junitxml={results}", "--junitprefix=")
        argv = self.with_arguments(*options)
        return Invocation(argv, self._env(folder), results, finished=folder / "finished.jsonl")

    def _plugin_folder(self, name: str) -> Path:
        folder = self.place(name)
        folder.mkdir(exist_ok=True)
        shutil.copyfile(pytest_plugin.__file__, folder / f"{_PLUGIN}.py")
        return folder

    def _env(self, folder: Path) -> dict[str, str]:
        search = [str(folder), *filter(None, [os.environ.get("PYTHONPATH", "")])]
        return {"PYTHONPATH": os.pathsep.join(search), "CISTAT_PYTEST": str(folder)}

    def _select(self, folder: Path, files: Sequence[str], node_ids: list[str] | None) -> None:
        selection = json.dumps({"files": files, "tests": node_ids})
        (folder / "selected.json").write_text(selection, encoding="utf-8")


def reported_name(node_id: str) -> Name:
    """Return class and name that pytest writes for a node ID (`_pytest.junitxml`).

    >>> reported_name("tests/test_a.py::TestX::test_y[1::2]")
    ('tests.test_a.TestX', 'test_y[1::2]')
    """
    address, bracket, parameters = node_id.partition("[")
    names = address.split("::")
    names[0] = re.sub(r"\.py$", "", names[0].replace("/", "."))
    names[-1] += bracket + parameters
    name = _ILLEGAL.sub(lambda character: _escaped(character[0]), names[-1])
    return ".".join(names[:-1]), clean_line(name)


def _escaped(character: str) -> str:
    code = ord(character)
    return f"#x{code:02X}" if code <= 0xFF else f"#x{code:04X}"


def _ended(finished: Path) -> Iterator[str]:
    """Yield the node IDs that ended. The last line may be cut."""
    if not finished.exists():
        return
    for line in finished.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            what, node_id = json.loads(line)
        except ValueError:
            continue
        if what == "end":
            yield node_id
