"""Maven (Surefire, Failsafe) and Gradle: they have their own workers, in one build folder."""

import re
from collections.abc import Iterator, Sequence

from ci_stat.records.case_results import CaseResult
from ci_stat.test_results.running.model import Invocation, Rerun, Unit
from ci_stat.test_results.running.runners.base import (
    Runner,
    batched,
    has_option,
    unique,
)

_CLASS = re.compile(r"[\w$]+(?:\.[\w$]+)*")
_METHOD = re.compile(r"[\w$]+")


class Maven(Runner):
    """Maven. Failed tests do not end the build, so that all modules run theirs."""

    name = "maven"
    shares_work = True
    early_ends = ("-Dsurefire.skipAfterFailureCount", "-Dfailsafe.skipAfterFailureCount")

    def shard(self, units: Sequence[Unit], number: int) -> Invocation:
        return self._invocation(())

    def reruns(self, cases: Sequence[CaseResult], round_number: int) -> Iterator[Rerun]:
        yield from _unnamed(cases)
        selected = {_selector(case, "#"): case for case in cases if _is_class(case)}
        for batch in batched(list(selected)):
            tests = ",".join(batch)
            options = (
                f"-Dtest={tests}",
                f"-Dit.test={tests}",
                "-DfailIfNoTests=false",
                "-Dsurefire.failIfNoSpecifiedTests=false",
                "-Dfailsafe.failIfNoSpecifiedTests=false",
            )
            chosen = tuple(case for case in cases if _selector(case, "#") in batch)
            yield Rerun(chosen, self._invocation(options))

    def _invocation(self, options: Sequence[str]) -> Invocation:
        """Retries have one fork: forks that run parts of one class overwrite its report."""
        arguments = ["-Dmaven.test.failure.ignore=true"]
        has_forks = has_option(self.setup.argv, "-DforkCount")
        if self.setup.workers > 1 and not options and not has_forks:
            arguments.append(f"-DforkCount={self.setup.workers}")
        reports = tuple(
            f"**/target/{folder}/TEST-*.xml" for folder in ("surefire-reports", "failsafe-reports")
        )
        return Invocation(self.with_arguments(*arguments, *options), patterns=reports)


class Gradle(Runner):
    """Gradle. `--tests` belongs to the last task of the command."""

    name = "gradle"
    shares_work = True
    early_ends = ("--fail-fast",)

    def shard(self, units: Sequence[Unit], number: int) -> Invocation:
        return self._invocation(())

    def reruns(self, cases: Sequence[CaseResult], round_number: int) -> Iterator[Rerun]:
        yield from _unnamed(cases)
        selected = unique([_selector(case, ".") for case in cases if _is_class(case)])
        for batch in batched(selected):
            options = [word for selector in batch for word in ("--tests", selector)]
            chosen = tuple(case for case in cases if _selector(case, ".") in batch)
            yield Rerun(chosen, self._invocation(options))

    def _invocation(self, options: Sequence[str]) -> Invocation:
        arguments = [] if has_option(self.setup.argv, "--continue") else ["--continue"]
        if self.setup.workers > 1 and not has_option(self.setup.argv, "--max-workers"):
            arguments.append(f"--max-workers={self.setup.workers}")
        argv = self.with_arguments(*options, *arguments)
        return Invocation(argv, patterns=("**/build/test-results/**/TEST-*.xml",))


def _is_class(case: CaseResult) -> bool:
    return bool(_CLASS.fullmatch(case.class_name))


def _selector(case: CaseResult, joint: str) -> str:
    """Class and method. A name that is no method runs its whole class."""
    is_method = _METHOD.fullmatch(case.name)
    return f"{case.class_name}{joint}{case.name}" if is_method else case.class_name


def _unnamed(cases: Sequence[CaseResult]) -> Iterator[Rerun]:
    unnamed = tuple(case for case in cases if not _is_class(case))
    if unnamed:
        yield Rerun(unnamed, reason="its class is not the name of a class")
