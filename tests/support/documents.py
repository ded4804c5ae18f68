"""Documents like those of reports: a busy hour, a quiet one, a day, an attack; and any document."""

from collections.abc import Iterator

from hypothesis import strategies as st

from ci_stat.escape import visible
from ci_stat.rendering.document import (
    Block,
    Button,
    Chart,
    Document,
    Item,
    Paragraph,
    Section,
    Span,
    Table,
    Text,
    Tone,
    linked,
    more_words,
    text,
)
from ci_stat.rendering.format import percent
from tests.support.hostile import ATTACKS
from tests.support.strategies import texts

JENKINS = "https://ci.example.org/blue/organizations/jenkins"
BAD_LINKS = (
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "//evil.example",
    "http://a\nb",
    "x y",
)
_HOUR = "2021-06-16 14:00 to 15:00 Asia/Shanghai"
_DAY = "2021-06-16 00:00 to 2021-06-17 00:00 Asia/Shanghai"


def _faint(words: str) -> Span:
    return Span(words, Tone.FAINT)


def _run(job: str, number: int) -> Span:
    return linked(f"{job} #{number}", _address(job, number))


def _address(job: str, number: int) -> str:
    return f"{JENKINS}/{job}/detail/{job}/{number}/pipeline"


def _button(job: str, number: int) -> Button:
    return Button(f"Open {job} #{number}", _address(job, number))


def _number(job: str, number: int) -> Span:
    return linked(f"#{number}", _address(job, number))


def _pull(number: int) -> Span:
    return linked(
        f"pingcap/tidb#{number}", f"https://github.com/pingcap/tidb/pull/{number}", bold=True
    )


def _foot(rows: int) -> tuple[Text, ...]:
    return (
        text(
            _faint(
                f"[2021-06-16 14:00:00, 2021-06-16 15:00:00) Asia/Shanghai, {rows:,} runs of "
                "mysql://ci@db/ci_data, newest row 2021-06-16 14:58:31"
            )
        ),
        text(_faint("logs: 27 read, 3 gone, 1 too large (4 not to be had), rules 2021.3")),
        text(_faint("4 failed runs without a known failure")),
        text(_faint("generated 2021-06-16 15:10:04 by ci_stat 0.4.0")),
    )


_NUMBERS = Table(
    "",
    ("", "now", "hour before", "same hour, median of 4 weeks"),
    tuple(
        (
            text(name),
            text(Span(now, Tone.BAD if name == "failures" else Tone.PLAIN, bold=True)),
            text(a),
            text(b),
        )
        for name, now, a, b in (
            ("pull requests", "38", "41", "35.5"),
            ("jobs", "21", "21", "20"),
            ("runs", "1,204", "1,188", "1,010.5"),
            ("failures", "148", "37", "31"),
            ("aborts", "12", "9", "–"),
        )
    ),
)


def busy() -> Document:
    """An hour with an outage, new failures, and lists that are cut."""
    title = "CI hourly: 1,204 runs, 148 failures (12.3%), 2 new"
    outage = text(
        Span(
            "Looks like an outage: dial tcp 172.16.5.34:2379: connect: connection refused",
            Tone.BAD,
            bold=True,
        ),
        (
            " (env): 96 failed runs of 31 pull requests by 22 authors in 4 jobs, "
            "06-16 14:07 to 06-16 14:41, newest "
        ),
        _run("tidb_ghpr_integration_common_test", 20931),
        _faint(": failed to pull the image hub.example.org/jenkins/centos7_golang-1.16:latest"),
        ". These runs are not listed below.",
    )
    late = (
        "Some builds may still be running: 52 of the previous window's 1,188 runs "
        "finished later than this."
    )
    return Document(
        title,
        f"{_HOUR} · repo pingcap/tidb",
        Tone.BAD,
        f"{title}, {_HOUR}",
        (
            Paragraph((text(Span("No report was sent for 13:00 to 14:00", Tone.WARN, bold=True)),)),
            Paragraph((outage,)),
            _NUMBERS,
            Paragraph((text(_faint(late)),)),
            _new(),
            _prs(),
            _jobs(),
            _button("tidb_ghpr_integration_common_test", 20931),
        ),
        _foot(1_204),
    )


def _new() -> Section:
    race = text(
        Span(
            "executor/executor_test.go:testSuiteP1.TestPrepareStmtAfterIsolationReadChange",
            Tone.BAD,
            bold=True,
        ),
        " (case): 3 runs, 2 pull requests, first seen 2021-06-16 14:12:09, ",
        linked("known issue", "https://github.com/pingcap/tidb/issues/25435"),
    )
    message = (
        ': …/executor_test.go:8312: obtained string = "cop[tikv]", expected string = "mpp[tiflash]"'
    )
    build = text(
        Span("undefined: kv.ReplicaReadClosest", Tone.BAD, bold=True),
        " (compile): 1 run, 1 pull request",
    )
    items = (
        Item(
            race,
            (
                text(
                    "tidb_ghpr_unit_test, newest ",
                    _number("tidb_ghpr_unit_test", 45821),
                    _faint(message),
                ),
            ),
        ),
        Item(build, (text("tidb_ghpr_build, newest ", _number("tidb_ghpr_build", 30124)),)),
    )
    return Section(
        "New failures, not in the history since 2021-05-17 00:00", items, 90, 1, "more failure"
    )


def _prs() -> Section:
    head = text(
        _pull(25411),
        " master: 7 failed, 12 succeeded, 1 aborted, 4 reruns, 3 in an outage",
        _faint(
            ": planner: fix the wrong result of 查询计划 with a partial index on 🙂 columns "
            "(#25398), morgo"
        ),
    )
    runs = (
        text(
            _run("tidb_ghpr_unit_test", 45821),
            _faint(" executor_test.go:testSuiteP1.TestPrepareStmt: timed out"),
        ),
        text(_run("tidb_ghpr_check_2", 45733), _faint(" unknown failure")),
    )
    other = Item(
        text(_pull(25102), " release-5.1: 1 failed, 3 succeeded"),
        (text(_run("tidb_ghpr_mybatis", 811)),),
    )
    items = (Item(head, runs, 5, "more failed run"), other)
    return Section("Failing pull requests", items, 70, 29, "more pull request", folded=True)


def _jobs() -> Section:
    head = text(
        Span("tidb_ghpr_integration_common_test", bold=True),
        ": 31 failed, 60 succeeded (34.1%), newest failure ",
        _number("tidb_ghpr_integration_common_test", 20931),
    )
    times = text(_pull(25411), " 3×, ", _pull(25102), " 2×", " and 12 more PRs")
    return Section("Failing jobs", (Item(head, (times,)),), 50, 0, "more job", folded=True)


def quiet() -> Document:
    """An hour without failures."""
    title = "CI hourly: 12 runs, 0 failures"
    rows = (
        (text("runs"), text(Span("12", bold=True)), text("15")),
        (text("failures"), text("0"), text("2")),
    )
    table = Table("", ("", "now", "hour before"), rows)
    return Document(title, _HOUR, Tone.GOOD, f"{title}, {_HOUR}", (table,), _foot(12)[:1])


def daily() -> Document:
    """A day with a chart, and durations."""
    title = "CI daily: 18,204 runs, 1,102 failures (6.1%)"
    days = tuple(f"2021-06-{day:02}" for day in range(3, 17))
    runs = (
        17_402,
        16_988,
        4_102,
        3_870,
        18_233,
        19_120,
        18_671,
        0,
        15_933,
        3_004,
        2_610,
        17_380,
        17_995,
        18_204,
    )
    rates = (
        0.052,
        0.048,
        0.031,
        0.022,
        0.067,
        0.121,
        0.083,
        None,
        0.055,
        0.019,
        0.004,
        0.058,
        0.074,
        0.061,
    )
    chart = Chart("The last 14 days", days, "runs", runs, "failure rate", rates)
    return Document(
        title,
        _DAY,
        Tone.WARN,
        f"{title}, {_DAY}",
        (_NUMBERS, chart, _jobs(), _slowest(), _button("tidb_ghpr_build", 30124)),
        _foot(18_204),
    )


def _slowest() -> Table:
    up, down, none = (
        Span("+31%", Tone.BAD, bold=True),
        Span("-12%", Tone.GOOD, bold=True),
        _faint("–"),
    )
    rows = (
        ("tidb_ghpr_integration_br_test", "212", "58m 07s", "44m 20s of 1,480 runs", up, "1h 42m"),
        ("tidb_ghpr_unit_test", "1,804", "31m 12s", "35m 27s of 12,230 runs", down, "1h 04m"),
        ("tidb_ghpr_sqllogic_test_2", "4", "12m 00s", "–", none, "12m 31s"),
    )
    columns = ("job", "runs", "median", "before", "change", "longest")
    cells = tuple(tuple(text(cell) for cell in row) for row in rows)
    return Table("Slowest jobs, changed ones first", columns, cells, 30, 17, "more job")


def hostile() -> Document:
    """An attack in every text, and a bad link behind every span."""
    links = (*BAD_LINKS, "https://evil.example/\"><script>alert(1)</script>'")
    spans = tuple(
        Span(attack, Tone.BAD, True, link) for attack, link in zip(ATTACKS, links, strict=True)
    )
    mail = "=?utf-8?q?a=0d=0aBcc:_x@evil.example?="
    everything = "".join(ATTACKS)
    chart = Chart(
        everything,
        ATTACKS,
        everything,
        (1, 2, 3, 4, 5, 6),
        everything,
        (0.1, None, 0.3, 0, 1, None),
    )
    item = Item(spans, (spans, (spans[0],)), 3, everything)
    table = Table(everything, ATTACKS, (tuple((span,) for span in spans),), 100, 7, everything)
    blocks: list[Block] = [
        Paragraph((spans,)),
        table,
        Section(everything, (item, item), 50, 2, everything, True),
        chart,
    ]
    blocks += [Button(attack, link) for attack, link in zip(ATTACKS, links, strict=True)]
    title = f"{mail}\r\nBcc: x@evil.example\r\n{everything}"
    return Document(title, everything, Tone.BAD, everything, tuple(blocks), (spans,))


EXAMPLES = {"busy": busy, "quiet": quiet, "daily": daily, "hostile": hostile}

# --- any document ---

_texts = (
    texts
    | st.sampled_from(ATTACKS)
    | st.sampled_from(["\ud800", "x\udfff", "日本語の題", "שלום 12", "a" * 300])
)
# What stands over a column is ours: `failure rate`.
_titles = st.sampled_from(["now", "the hour before", "%", *ATTACKS])
_links = st.none() | st.sampled_from(
    [*BAD_LINKS, "https://example.org/a?b=1&c=2", "http://x/%22", "https://[::1]/"]
)
_spans = st.builds(Span, _texts, st.sampled_from(Tone), st.booleans(), _links)
_lines = st.lists(_spans, max_size=3).map(tuple)
_more = st.integers(0, 12_345)
_items = st.builds(Item, _lines, st.lists(_lines, max_size=3).map(tuple), _more, _texts)


@st.composite
def _tables(draw: st.DrawFn) -> Table:
    columns = ("", *draw(st.lists(_titles, max_size=3)))
    row = st.tuples(*(_lines for _ in columns))
    rows = draw(st.lists(row, min_size=1, max_size=3))
    return Table(draw(_texts), columns, tuple(rows), 1, draw(_more), draw(_texts))


@st.composite
def charts(draw: st.DrawFn) -> Chart:
    labels = draw(st.lists(_texts, min_size=1, max_size=20).map(tuple))
    size = len(labels)
    bars = draw(st.lists(st.integers(0, 10**9), min_size=size, max_size=size).map(tuple))
    line = draw(st.lists(st.none() | st.floats(0, 1), min_size=size, max_size=size).map(tuple))
    return Chart(draw(_texts), labels, draw(_titles), bars, draw(_titles), line)


def documents() -> st.SearchStrategy[Document]:
    """Any document, hostile texts and bad links among it."""
    blocks = st.one_of(
        st.builds(Paragraph, st.lists(_lines, max_size=3).map(tuple)),
        _tables(),
        st.builds(
            Section,
            _texts,
            st.lists(_items, max_size=3).map(tuple),
            st.just(1),
            _more,
            _texts,
            st.booleans(),
        ),
        charts(),
        st.builds(Button, _texts, _links.map(str)),
    )
    some = st.lists(blocks, max_size=5).map(tuple)
    return st.builds(
        Document,
        _texts,
        _texts,
        st.sampled_from(Tone),
        _texts,
        some,
        st.lists(_lines, max_size=2).map(tuple),
    )


# --- what a document says ---


def said(document: Document) -> Iterator[str]:
    """Every text and number of it but the summary, as anybody may read it."""
    yield from (document.title, document.subtitle)
    for block in document.blocks:
        yield from _said(block)
    yield from (span.text for line in document.foot for span in line)


def _said(block: Block) -> Iterator[str]:
    if isinstance(block, Paragraph):
        yield from (span.text for line in block.lines for span in line)
    elif isinstance(block, Table):
        yield from (block.title, *block.columns, more_words(block.more, visible(block.what)))
        yield from (span.text for row in block.rows for cell in row for span in cell)
    elif isinstance(block, Section):
        yield from (block.title, more_words(block.more, visible(block.what)))
        for item in block.items:
            yield more_words(item.more, visible(item.what))
            yield from (span.text for line in (item.head, *item.lines) for span in line)
    elif isinstance(block, Chart):
        yield from (block.title, block.bar_name, block.line_name, *block.labels)
        yield from (f"{bar:,}" for bar in block.bars)
        yield from map(percent, block.line)
    else:
        yield block.text


def words(document: Document) -> list[str]:
    """Those texts word by word, as `escape.visible` shows them."""
    return [word for sentence in said(document) for word in visible(sentence).split()]
