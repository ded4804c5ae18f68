"""go test: packages are shards; `-run` repeats tests."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from ci_stat.formats.go_package import PACKAGE_CASE
from ci_stat.records.case_results import CaseResult
from ci_stat.test_results.running.model import Invocation, Rerun, Unit
from ci_stat.test_results.running.runners.base import Runner, Setup, batched, quoted_regex, unique

# Options of `go test` whose value is the next word: `go help build`, `go help testflag`.
_WITH_VALUE = frozenset(
    {
        *("C", "p", "asmflags", "buildmode", "buildvcs", "compiler", "covermode"),
        *("coverpkg", "gccgoflags", "gcflags", "installsuffix", "ldflags", "mod"),
        *("modfile", "overlay", "pgo", "pkgdir", "tags", "toolexec", "exec", "o", "bench"),
        *("benchtime", "blockprofile", "blockprofilerate", "count", "coverprofile", "cpu"),
        *("cpuprofile", "fuzz", "fuzztime", "fuzzminimizetime", "list", "memprofile"),
        *("memprofilerate", "mutexprofile", "mutexprofilefraction", "outputdir"),
        *("parallel", "run", "shuffle", "skip", "timeout", "trace", "vet"),
    }
)
_WITH_TESTS = "{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}"
_BUILD = frozenset({"C", "mod", "modfile", "overlay", "tags"})


class GoTest(Runner):
    """`go test -json`, whose output is the result."""

    name = "go test"
    unit_word = "package"
    early_ends = ("-failfast", "--failfast")

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        begin = setup.argv.index("test") + 1
        self._go = setup.argv[: begin - 1]
        words = setup.argv[begin:]
        end = words.index("-args") if "-args" in words else len(words)
        self._options, self._packages = _divided(words[:end])
        self._test_arguments = words[end:]

    def listing(self) -> Invocation:
        options = [
            word
            for option in self._options
            if option[0].lstrip("-").split("=")[0] in _BUILD
            for word in option
        ]
        argv = (*self._go, "list", *options, "-f", _WITH_TESTS, *self._packages)
        listed = self.place("packages.txt")
        return Invocation(argv, results=listed, output=listed)

    def units(self, listing: Path) -> list[Unit]:
        lines = listing.read_text(encoding="utf-8", errors="replace").splitlines()
        return [Unit(name) for name in unique([line.strip() for line in lines]) if name]

    def shard(self, units: Sequence[Unit], number: int) -> Invocation:
        packages = [unit.name for unit in units] or self._packages
        return self._invocation(self._options, packages, f"shard-{number}.jsonl")

    def reruns(self, cases: Sequence[CaseResult], round_number: int) -> Iterator[Rerun]:
        """A package in which a test did not end runs again as a whole: others may have run not."""
        by_package: dict[str, list[CaseResult]] = defaultdict(list)
        for case in cases:
            by_package[case.class_name].append(case)
        number = 0
        for package, members in by_package.items():
            is_cut = any(case.word == "no end" or case.name == PACKAGE_CASE for case in members)
            tests = unique([_top_level(case) for case in members])
            for names in [[]] if is_cut else batched(tests):
                number += 1
                results = f"retry-{round_number}-{number}.jsonl"
                chosen = tuple(case for case in members if is_cut or _top_level(case) in names)
                yield Rerun(chosen, self._rerun(package, names, results))

    def _rerun(self, package: str, tests: Sequence[str], results: str) -> Invocation:
        options = [option for option in self._options if _option(option) != "count"]
        options.append(("-count=1",))  # never the cached result
        if tests:
            options = [option for option in options if _option(option) != "run"]
            pattern = "|".join(map(quoted_regex, tests))
            options.append((f"-run=^({pattern})$",))
        return self._invocation(options, [package], results)

    def missing(
        self, units: Sequence[Unit], cases: Sequence[CaseResult], finished: Path | None
    ) -> list[str]:
        reported = {case.class_name for case in cases}
        return [unit.name for unit in units if unit.name not in reported]

    def _invocation(
        self, options: Sequence[tuple[str, ...]], packages: Sequence[str], name: str
    ) -> Invocation:
        words = [word for option in options for word in option]
        json_option = [] if "-json" in words else ["-json"]
        # `-C` has to be the first option.
        argv = (*self._go, "test", *words, *json_option, *packages, *self._test_arguments)
        results = self.place(name)
        return Invocation(argv, results=results, output=results)


def _divided(words: Sequence[str]) -> tuple[list[tuple[str, ...]], list[str]]:
    """Divide the words behind `go test` into options with their values, and packages."""
    options: list[tuple[str, ...]] = []
    packages = []
    rest = iter(words)
    for word in rest:
        if not word.startswith("-"):
            packages.append(word)
        elif "=" not in word and word.lstrip("-") in _WITH_VALUE:
            options.append((word, *[value for value in [next(rest, None)] if value is not None]))
        else:
            options.append((word,))
    return options, packages


def _option(words: tuple[str, ...]) -> str:
    return words[0].lstrip("-").split("=")[0]


def _top_level(case: CaseResult) -> str:
    return (case.name + case.parameters).partition("/")[0]
