"""Which rules match lines of logs in other languages than those of their family of tools.

usage: python -m benchmarks.rule_audit [--all]

Every line of the output is a rule with a project in whose logs it matched, and one such line: a
false match needs `signs` in the rule, or the rule goes. `--all` also lists the matches in logs of
the family's own languages. The logs lie in `../shared/real` and are not part of the project.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from io import BytesIO
from typing import Any

from benchmarks.extraction import examples
from ci_stat.failures.document import Document
from ci_stat.failures.extract import find_blocks
from ci_stat.failures.matching import Matcher
from ci_stat.failures.rules import EFFECT, FAMILIES, builtin, family_rules
from ci_stat.failures.scanning.scan import scan

_SCRIPTS = frozenset({"JavaScript", "TypeScript", "CoffeeScript", "HTML", "CSS", "Vue"})
# Languages of the logs in which the rules of a family may match; other families serve all.
LANGUAGES = {
    "go": frozenset({"Go"}),
    "python": frozenset({"Python"}),
    "rust": frozenset({"Rust"}),
    "jvm": frozenset({"Java", "Kotlin", "Scala", "Groovy", "Clojure"}),
    "javascript": _SCRIPTS,
    "ruby": frozenset({"Ruby", "PHP", "Elixir"}),
    "dotnet": frozenset({"C#", "F#"}),
    "cpp": frozenset({"C", "C++", "Swift", "Objective-C", "PHP"}),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--all", action="store_true", help="also list matches in own languages")
    everything = parser.parse_args().all

    logs: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    with ProcessPoolExecutor(2) as pool:
        for matches in pool.map(_matches, examples("lc"), chunksize=8):
            for key, text in matches:
                logs[key].append(text)

    families = {rule.name: family for family in FAMILIES for rule in family_rules(family)}
    for (rule, language, project), texts in sorted(logs.items()):
        own = LANGUAGES.get(families[rule], frozenset())
        if everything or language not in own:
            print(f"{rule:20} {len(texts):3} logs  {language} {project}: {texts[0][:80]}")


def _matches(example: dict[str, Any]) -> list[tuple[tuple[str, str, str], str]]:
    """Return the rules that match in one log, with the first line of each."""
    language, project = str(example["language"]), str(example["project"])
    lines: dict[str, str] = {}
    for rule, text in _matched_lines(str(example["log"])):
        lines.setdefault(rule, text)
    return [((rule, language, project), text) for rule, text in lines.items()]


def _matched_lines(log: str) -> Iterator[tuple[str, str]]:
    matcher = _matcher()
    document = Document(scan(BytesIO(log.encode()), matcher.anchors).parts)
    for block in find_blocks(document, document.anchored(matcher.anchors), matcher):
        if block.weight != EFFECT:
            yield block.rule.name, document.text(block.at)


@cache
def _matcher() -> Matcher:
    return Matcher(builtin())


if __name__ == "__main__":
    main()
