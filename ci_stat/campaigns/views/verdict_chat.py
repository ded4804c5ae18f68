"""A verdict as short Markdown to paste into a chat, which GitHub shows as well."""

from collections.abc import Iterator
from datetime import tzinfo

from ci_stat.campaigns.model import JobState
from ci_stat.campaigns.verdict_model import JobVerdict, TestVerdict, Verdict
from ci_stat.campaigns.views.times import period
from ci_stat.campaigns.views.verdict_document import PROBE, issue_number
from ci_stat.campaigns.views.words import (
    comparison_words,
    flake_words,
    interval_words,
    rate_words,
    share_words,
    target_words,
    trend_words,
    uncounted_words,
)
from ci_stat.rendering.format import plural
from ci_stat.test_results.publishing.text.markdown import Writer

_TESTS = 10  # entries
_KNOWN = {"issue": "open issue", "flaky": "known flaky", "new": "new"}


def verdict_markdown(verdict: Verdict, zone: tzinfo, hosts: tuple[str, ...] = ()) -> str:
    """The verdict, with times in `zone`. `hosts`: private ones, which it must not name.

    Names stand in code spans, where no chat and no bot acts on them.
    """
    writer = Writer(hosts)
    return "\n".join(_lines(verdict, zone, writer)) + "\n"


def _lines(verdict: Verdict, zone: tzinfo, writer: Writer) -> Iterator[str]:
    place = f"{writer.code(verdict.repo)} {writer.code(verdict.branch)}"
    so_far = "" if verdict.is_final else ", so far"
    when = period(verdict.begin, verdict.until, zone)
    yield f"**Stability of {place}** ({when}{so_far})"
    yield ""
    yield f"- **{rate_words(verdict.overall.proof, PROBE)}**"
    yield from (f"- {words}" for words in _proof(verdict, writer))
    yield from (_job(judged, writer) for judged in verdict.jobs)
    yield from (_test(test, writer) for test in verdict.tests[:_TESTS])
    if len(verdict.tests) > _TESTS:
        yield f"- … and {plural(len(verdict.tests) - _TESTS, 'more failing test')}"
    yield from (f"- Note: {writer.code(note)}" for note in verdict.notes)


def _proof(verdict: Verdict, writer: Writer) -> Iterator[str]:
    overall, proof = verdict.overall, verdict.overall.proof
    if proof.runs:
        yield flake_words(proof.flake, proof.flake_chance, proof.runs, PROBE)
    if words := target_words(proof, verdict.target, PROBE):
        yield words
    if overall.comparison:
        source = writer.code(overall.comparison.baseline.source, 80)
        yield comparison_words(overall.comparison, overall.tally.passed, proof.runs, source)
    if overall.trend:
        yield trend_words(overall.trend)
    if words := uncounted_words(overall.tally):
        yield words


def _job(judged: JobVerdict, writer: Writer) -> str:
    tally = judged.tally
    infra = tally.of(JobState.INFRA)
    broken = f", infra {infra:,}" if infra else ""
    passed = share_words(tally.passed, tally.runs)
    rate = interval_words(judged.proof)
    return f"- {writer.code(judged.job)}: {passed} passed, failure rate {rate}{broken}"


def _test(test: TestVerdict, writer: Writer) -> str:
    seen = f"- {writer.code(test.name)} failed in {share_words(test.probes, test.of)}"
    return f"{seen}{known_words(test.known, test.url, writer)}"


def known_words(known: str, url: str, writer: Writer) -> str:
    """`, open issue #77` with its link; "" for a failure of which nothing is known."""
    if known not in _KNOWN:
        return ""
    return f", {writer.link(f'{_KNOWN[known]}{issue_number(url)}', url)}"
