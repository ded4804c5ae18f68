"""Any command that writes result files: the user says where, and how tests are repeated.

Words of the commands may contain `{results}`, a file to write. In the command, the word `{files}`
becomes the files of a shard. In the retry command, a word with `{name}`, `{class}`, `{file}` or
`{test}` (class and name) is repeated for each test, and `{list}` is a file with a test a line.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ci_stat.errors import UsageError
from ci_stat.records.case_results import CaseResult
from ci_stat.test_results.running.model import Invocation, Rerun, Unit
from ci_stat.test_results.running.runners.base import Runner, Setup, unsafe_reason

_OF_TEST = re.compile(r"\{(name|class|file|test)\}")
_MAX_WORDS = 1_000_000  # bytes of all arguments; Linux allows 2 MiB with the environment
FILES, RESULTS, LIST = "{files}", "{results}", "{list}"


@dataclass(frozen=True, slots=True)
class Templates:
    """What the user says about a command that no adapter knows."""

    results: tuple[str, ...] = ()
    retry_command: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


class Generic(Runner):
    """A command with templates. Raises UsageError without a place of results."""

    def __init__(self, setup: Setup, templates: Templates) -> None:
        super().__init__(setup)
        self._templates = templates
        has_results = templates.results or any(RESULTS in word for word in setup.argv)
        if not has_results:
            raise UsageError(
                "It is not known where this command writes its results.",
                "Say it: --results 'build/**/*.xml', or {results} in the command; or --runner NAME"
                " if the command ends in a runner that ci_stat knows.",
            )
        if templates.files and FILES not in setup.argv:
            raise UsageError("--files needs the word {files} in the command.", "Add it.")
        # Files that match a pattern cannot be told apart if two shards write them at once.
        has_own = any(RESULTS in word for word in setup.argv)
        self.shares_work = FILES not in setup.argv or not has_own

    def shard(self, units: Sequence[Unit], number: int) -> Invocation:
        files = [unit.name for unit in units]
        words = [name for word in self.setup.argv for name in (files if word == FILES else [word])]
        return self._invocation(words, f"shard-{number}.xml")

    def reruns(self, cases: Sequence[CaseResult], round_number: int) -> Iterator[Rerun]:
        if not self._templates.retry_command:
            yield Rerun(tuple(cases), reason="set --retry-command to repeat tests of this command")
            return
        unsafe = {id(case): self._unsafe(case) for case in cases}
        for case in cases:
            if unsafe[id(case)]:
                yield Rerun((case,), reason=unsafe[id(case)])
        safe = [case for case in cases if not unsafe[id(case)]]
        for number, chosen in enumerate(_batches(safe), 1):
            name = f"retry-{round_number}-{number}"
            yield Rerun(tuple(chosen), self._rerun(chosen, name))

    def _rerun(self, cases: Sequence[CaseResult], name: str) -> Invocation:
        words: list[str] = []
        for word in self._templates.retry_command:
            is_repeated = bool(_OF_TEST.search(word))
            words += [_filled(word, case) for case in cases] if is_repeated else [word]
        if any(LIST in word for word in words):
            tests = self.place(f"{name}.txt")
            tests.write_text("".join(f"{_filled('{test}', case)}\n" for case in cases))
            words = [word.replace(LIST, str(tests)) for word in words]
        return self._invocation(words, f"{name}.xml")

    def _unsafe(self, case: CaseResult) -> str:
        filled = [
            _filled(word, case)
            for word in self._templates.retry_command
            if _OF_TEST.match(word) or "\0" in _filled(word, case)
        ]
        return next(filter(None, map(unsafe_reason, filled)), "")

    def _invocation(self, words: Sequence[str], name: str) -> Invocation:
        results = self.place(name)
        argv = tuple(word.replace(RESULTS, str(results)) for word in words)
        own = any(RESULTS in word for word in words)
        patterns = () if own else self._templates.results
        return Invocation(argv, results=results if own else None, patterns=patterns)


def _filled(word: str, case: CaseResult) -> str:
    name = case.name + case.parameters
    values = {
        "name": name,
        "class": case.class_name,
        "file": case.file,
        "test": f"{case.class_name}.{name}" if case.class_name else name,
    }
    return _OF_TEST.sub(lambda match: values[match[1]], word)


def _batches(cases: Sequence[CaseResult]) -> Iterator[list[CaseResult]]:
    batch: list[CaseResult] = []
    size = 0
    for case in cases:
        length = sum(map(len, (case.name, case.parameters, case.class_name, case.file))) * 4
        if batch and size + length > _MAX_WORDS:
            yield batch
            batch, size = [], 0
        batch.append(case)
        size += length
    if batch:
        yield batch
