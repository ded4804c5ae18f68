"""cargo nextest: it has its own workers; a filter expression repeats tests."""

from collections.abc import Iterator, Sequence

from ci_stat.records.case_results import CaseResult
from ci_stat.test_results.running.model import Invocation, Rerun, Unit
from ci_stat.test_results.running.runners.base import (
    Runner,
    batched,
    has_option,
    unsafe_reason,
)


class Nextest(Runner):
    """`cargo nextest run`. A configuration of this run says where the result file is."""

    name = "cargo nextest"
    shares_work = True
    early_ends = ("--fail-fast", "--max-fail")

    def shard(self, units: Sequence[Unit], number: int) -> Invocation:
        return self._invocation((), f"shard-{number}")

    def reruns(self, cases: Sequence[CaseResult], round_number: int) -> Iterator[Rerun]:
        filters: dict[str, CaseResult] = {}
        for case in cases:
            reason = _reason(case)
            if reason:
                yield Rerun((case,), reason=reason)
            else:
                name = case.name + case.parameters
                filters[f"(binary_id(={case.class_name}) & test(={name}))"] = case
        for number, batch in enumerate(batched(list(filters)), 1):
            chosen = tuple(filters[text] for text in batch)
            options = ("-E", " | ".join(batch))
            yield Rerun(chosen, self._invocation(options, f"retry-{round_number}-{number}"))

    def _invocation(self, options: Sequence[str], name: str) -> Invocation:
        results, settings = self.place(f"{name}.xml"), self.place(f"{name}.toml")
        profile = self._profile()
        settings.write_text(f'[profile.{profile}.junit]\npath = "{results}"\n', encoding="utf-8")
        arguments = ["--tool-config-file", f"ci-stat:{settings}"]
        if not has_option(self.setup.argv, "--no-fail-fast", *self.early_ends):
            arguments.append("--no-fail-fast")
        if self.setup.workers > 1 and not has_option(self.setup.argv, "-j", "--test-threads"):
            arguments.append(f"--test-threads={self.setup.workers}")
        return Invocation(self.with_arguments(*arguments, *options), {}, results)

    def _profile(self) -> str:
        words = self.setup.argv
        for place, word in enumerate(words):
            if word in ("-P", "--profile") and place + 1 < len(words):
                return words[place + 1]
            if word.startswith("--profile="):
                return word.partition("=")[2]
        return "default"


def _reason(case: CaseResult) -> str:
    """Why a name cannot be part of a filter expression; "" if it can."""
    name = f"{case.class_name}{case.name}{case.parameters}"
    is_special = any(character in name for character in "()\\/\"',") or not name.isprintable()
    return "its name has a special meaning in a filter" if is_special else unsafe_reason(name)
