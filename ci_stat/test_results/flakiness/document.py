"""Flaky tests as a document: what is proven, then the rates, each with what it rests on."""

from collections.abc import Callable, Iterator

from ci_stat.rendering.document import (
    Block,
    Document,
    Item,
    Paragraph,
    Section,
    Span,
    Text,
    Tone,
    cut,
    text,
)
from ci_stat.rendering.format import plural
from ci_stat.store.results.read import StoredRun
from ci_stat.test_results.flakiness.folding import Folded, folded, variant_name
from ci_stat.test_results.flakiness.model import (
    LEAST_FAILED,
    LEAST_RUNS,
    FlakyPlace,
    FlakyTest,
    FlakyTests,
)
from ci_stat.test_results.flakiness.words import (
    basis_words,
    counts_words,
    left_out_words,
    on_branch_words,
    window_words,
)
from ci_stat.test_results.views.words import labels_words, run_words

_Lines = Callable[[Folded], Iterator[Text]]

_VARIANTS = 3
_PLACES = 3


def flaky_document(flaky: FlakyTests, limit: int) -> Document:
    """The document. Each list has up to `limit` tests; variants of one test are one entry."""
    return Document(
        title=flaky_title(flaky),
        subtitle=window_words(flaky.window),
        tone=_tone(flaky),
        summary=flaky_title(flaky),
        blocks=tuple(flaky_blocks(flaky, limit)),
        foot=tuple(_foot(flaky)),
    )


def flaky_title(flaky: FlakyTests) -> str:
    """What is proven, in one line."""
    if flaky.is_unknown:
        return "Cannot tell which tests are flaky"
    proven = len(flaky.proven)
    verb = "is" if proven == 1 else "are"
    tests = f"{proven:,} of {plural(flaky.all_tests, 'test')}" if proven else "No test"
    return f"{tests} {verb if proven else 'is'} proven flaky"


def _tone(flaky: FlakyTests) -> Tone:
    return Tone.WARN if flaky.proven or flaky.is_unknown else Tone.GOOD


def flaky_blocks(flaky: FlakyTests, limit: int) -> Iterator[Block]:
    """What the lists rest on, and the lists."""
    yield Paragraph(tuple(_basis(flaky)))
    if flaky.proven:
        title = "Proven flaky: passed and failed on one commit"
        yield _section(title, flaky.proven, limit, 90, _proof_lines)
    if flaky.rated:
        title = f"Failure rates {on_branch_words(flaky.branch)}"
        yield _section(title, flaky.rated, limit, 80, _rate_lines)


def _basis(flaky: FlakyTests) -> Iterator[Text]:
    runs = plural(flaky.left_out.counted_runs, "run")
    again = f"{flaky.repeated:,} of {plural(flaky.commits, 'commit')} ran more than once"
    jobs = plural(len(flaky.window.jobs), "job")
    verb = "counts" if flaky.left_out.counted_runs == 1 else "count"
    yield text(f"{runs} of {jobs} {verb}; {again}{_each(flaky)}.")
    yield text(left_out_words(flaky.left_out))
    if not flaky.repeated:
        words = "No commit ran twice and no test was retried, so flakiness cannot be proven."
        yield text(Span(words, Tone.WARN))


def _each(flaky: FlakyTests) -> str:
    places = {
        (place.repo, place.job, place.labels) for test in flaky.tests for place in test.places
    }
    return " (each counts once in each job and label set)" if len(places) > 1 else ""


def _section(title: str, tests: list[FlakyTest], limit: int, weight: int, lines: _Lines) -> Section:
    groups = folded(tests)
    items = tuple(Item(_head(group), tuple(lines(group))) for group in groups[:limit])
    is_folded = len(groups) < len(tests)
    title = f"{title}; variants of a test are one entry" if is_folded else title
    return Section(title, items, weight, max(0, len(groups) - limit), "more test")


def _head(group: Folded) -> Text:
    number = len(group.tests)
    variants = f"  ({number} variants)" if number > 1 else ""
    return text(Span(cut(group.name, 300), bold=True), variants)


def _proof_lines(group: Folded) -> Iterator[Text]:
    for test in group.tests[:_VARIANTS]:
        within = f", {test.within_run:,} by a retry within one run" if test.within_run else ""
        yield text(f"{_variant(group, test)}{counts_words(test.proof, 'commit')}{within}")
    yield from _more(group)
    yield from _places(group.first, [place for place in group.first.places if place.proof.count])
    if group.first.newest:
        yield text(Span(f"last in {_run_words(group.first.newest)}", Tone.FAINT))


def _rate_lines(group: Folded) -> Iterator[Text]:
    for test in group.tests[:_VARIANTS]:
        yield text(f"{_variant(group, test)}{counts_words(test.rate, 'run')} failed")
    yield from _more(group)
    yield from _places(group.first, [place for place in group.first.places if place.rate.count])
    yield text(Span(f"last failed in {_run_words(group.first.newest_failed)}", Tone.FAINT))


def _variant(group: Folded, test: FlakyTest) -> str:
    return f"{cut(variant_name(test.case), 120)}: " if len(group.tests) > 1 else ""


def _more(group: Folded) -> Iterator[Text]:
    more = len(group.tests) - _VARIANTS
    if more > 0:
        yield text(Span(f"… and {plural(more, 'more variant')}", Tone.FAINT))


def _places(test: FlakyTest, places: list[FlakyPlace]) -> Iterator[Text]:
    """Where it happens, if it ran in several jobs or label sets."""
    if len(test.places) < 2:
        return
    names = ", ".join(_place_words(place) for place in places[:_PLACES])
    more = f" and {len(places) - _PLACES:,} more" if len(places) > _PLACES else ""
    yield text(
        Span(
            f"in {names}{more}: {len(places):,} of {len(test.places):,} jobs and label sets",
            Tone.FAINT,
        )
    )


def _place_words(place: FlakyPlace) -> str:
    return cut(f"{place.job}{labels_words(place.labels)}", 120)


def _run_words(run: StoredRun) -> str:
    commit = f", commit {cut(run.info.commit[:12], 12)}" if run.info.commit else ""
    return f"{cut(run_words(run.info), 200)}, {run.started:%Y-%m-%d %H:%M} UTC{commit}"


def _foot(flaky: FlakyTests) -> Iterator[Text]:
    intervals = "Intervals are 95 % (Wilson); lists begin with the highest lower bound."
    yield text(Span(intervals, Tone.FAINT))
    branch = (
        f"Rates: first attempts of {plural(flaky.rate_runs, 'run')} {on_branch_words(flaky.branch)}"
    )
    least = f"tests with at least {LEAST_RUNS} runs and {LEAST_FAILED} failures"
    yield text(Span(f"{branch} ({basis_words(flaky.branch)}); {least}.", Tone.FAINT))
    if flaky.without_commit:
        number = plural(flaky.without_commit, "run")
        verb = "names" if flaky.without_commit == 1 else "name"
        words = f"{number} {verb} no commit: each is compared with itself only."
        yield text(Span(words, Tone.FAINT))
