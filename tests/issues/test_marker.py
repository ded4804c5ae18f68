"""Markers: what is hidden in an issue is parsed back unchanged, and hostile text breaks nothing."""

import re
import time
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.issues.marker import (
    BEGIN,
    END,
    LIMIT,
    block,
    comment_ids,
    comment_mark,
    hidden,
    mentions_us,
    read,
    replaced,
    trimmed,
)
from ci_stat.issues.model import Earlier, Marker, masked_name

FIRST = datetime(2021, 6, 1, 12, tzinfo=UTC)
hostile = st.lists(
    st.one_of(
        st.text(st.characters(), max_size=5),
        st.sampled_from(
            [
                "-->",
                "--!>",
                "<!--",
                "<",
                ">",
                "&gt;",
                "@team",
                "#1",
                "`",
                "\r\n",
                '"',
                "\\",
                "\ud800",
                "\u2028",
                "</script>",
                "\\u003e",
                "}",
                "<!-- ci_stat:end -->",
                "ci_stat:issue:v1 {}",
            ]
        ),
    ),
    max_size=10,
).map("".join)
# Half a pair and its other half are one character, in JSON as anywhere else.
whole = hostile.map(
    lambda text: text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
)
days = st.dates(datetime(2015, 1, 1).date(), datetime(2035, 1, 1).date()).map(
    lambda day: day.isoformat()
)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
names = st.lists(whole, max_size=5).map(tuple)
markers = st.builds(
    Marker,
    key=whole,
    kind=whole,
    create=whole,
    first=moments,
    last=moments,
    fingerprints=names,
    branches=names,
    days=st.dictionaries(days, st.integers(0, 1000), max_size=5),
    older=st.integers(0, 10**6),
    longest=st.floats(0, 10_000),
    members=names,
    jobs=names,
    commits=st.tuples(whole, whole),
    earlier=st.just(msgspec.UNSET) | st.builds(Earlier, st.integers(1, 10**9 - 1), days),
)


def marker(**values: object) -> Marker:
    return msgspec.structs.replace(Marker("case:a.b", "case", "c1", FIRST, FIRST), **values)


def test_how_it_looks() -> None:
    made = marker(fingerprints=("v1:ab",), days={"2021-06-01": 2}, longest=0.5)
    assert hidden(made) == (
        '<!-- ci_stat:issue:v1 {"key":"case:a.b","kind":"case","create":"c1",'
        '"first":"2021\\u002d06\\u002d01T12:00:00Z","last":"2021\\u002d06\\u002d01T12:00:00Z",'
        '"fingerprints":["v1:ab"],"branches":[],"jobs":[],"days":{"2021\\u002d06\\u002d01":2},"older":0,"longest":0.5,'
        '"members":[],"closed":"","why":"","commits":["",""]} -->'
    )


@given(markers)
def test_what_was_hidden_is_read(made: Marker) -> None:
    line = hidden(made)
    assert read(line) == made
    assert line.isascii()
    assert line.isprintable()
    inside = line.removeprefix("<!-- ").removesuffix(" -->")
    assert not [char for char in "<>&@#`" if char in inside]
    assert "--" not in inside


def test_tiny_numbers_have_a_minus_too() -> None:
    assert read(hidden(marker(longest=1e-7))) == marker(longest=1e-7)


@given(markers, whole, whole)
def test_it_is_found_within_what_others_write(made: Marker, before: str, after: str) -> None:
    if "<!-- ci_stat:issue:" in before + after:
        return
    body = f"{before}\n{hidden(made)}\n{after}"
    assert read(body) == made
    assert read(body.replace("\n", "\r\n")) == made  # the tracker's page sends line ends so
    assert read("\n".join(line.rstrip() for line in body.split("\n"))) == made
    assert read("\n".join(f"{line}  \t" for line in body.split("\n"))) == made


@pytest.mark.parametrize(
    "body",
    [
        "",
        "ci_stat:issue:v1",
        hidden(marker()) * 2,
        hidden(marker()) + "\n<!-- ci_stat:issue:v2 {} -->",
        hidden(marker()).replace(":v1 ", ":v2 "),
        hidden(marker()).replace(":v1 ", ":v11 "),
        hidden(marker())[:-4],
        hidden(marker()).replace('"case"', "7"),
        hidden(marker()).replace('"create":"c1",', ""),
        hidden(marker()).replace('"longest":0.0', '"longest":NaN'),
        hidden(marker()).replace('"longest":0.0', '"longest":1e999'),
        hidden(marker()).replace('"longest":0.0', '"longest":-1'),
        hidden(marker()).replace('"older":0', f'"older":{"9" * 5000}'),
        hidden(marker()).replace('"older":0', '"older":-5'),
        hidden(marker()).replace("00Z", "00"),
        hidden(marker(first=FIRST.replace(year=1))),
        hidden(marker(first=FIRST.replace(year=1999))),
        hidden(marker(last=FIRST.replace(year=2201))),
        hidden(marker(last=FIRST.replace(year=9999))),
        hidden(marker()).replace('"days":{}', '"days":{"yesterday":1}'),
        hidden(marker()).replace('"days":{}', '"days":{"20210601":1}'),
        "<!-- ci_stat:issue:v1 {" + "[" * 20_000 + "} -->",
        '<!-- ci_stat:issue:v1 {"key":' + "[" * 20_000 + "]" * 20_000 + "} -->",
    ],
)
def test_two_or_broken_markers_are_ignored(body: str) -> None:
    assert read(body) is None


def test_unknown_fields_of_a_later_release_do_no_harm() -> None:
    assert read(hidden(marker()).replace('"older":0', '"older":0,"later":[1]')) == marker()


@pytest.mark.parametrize(
    "piece",
    [
        "<!-- ci_stat:issue:",
        "<!-- ci_stat:issue:v1 {",
        "}",
        "} ",
        "<!-- ci_stat:comment:",
        "%",
        BEGIN,
        END,
        "<",
        "\\",
    ],
)
def test_hostile_bodies_take_bounded_work(piece: str) -> None:
    body = piece * (65_536 // len(piece))
    started = time.process_time()
    assert read(body) is None
    assert read("<!-- ci_stat:issue:v1 {" + body) is None
    assert replaced(body, "new") is None
    comment_ids(body)
    assert time.process_time() - started < 20  # what is quadratic takes minutes


@given(st.text(max_size=300))
def test_reading_never_raises(text: str) -> None:
    read(f"<!-- ci_stat:issue:v1 {{{text}}} -->")
    comment_ids(f"<!-- ci_stat:comment:{text} -->")


@given(whole, whole, hostile, hostile)
def test_what_people_write_around_our_part_stays(
    before: str, after: str, old: str, new: str
) -> None:
    before, after = (body.replace("ci_stat:", "") for body in (before, after))
    body = before + block(old) + after
    assert replaced(body, block(new)) == before + block(new) + after
    before, after = (body.replace("\n", "\r\n") for body in (before, after))
    assert replaced(body.replace("\n", "\r\n"), "X") == f"{before}X{after}"


@pytest.mark.parametrize(
    "body",
    ["", "text", BEGIN, END, f"{END}{BEGIN}", f"{block('a')}{block('b')}", f"{BEGIN}{block('a')}"],
)
def test_without_our_part_nothing_is_replaced(body: str) -> None:
    assert replaced(body, block("new")) is None


@given(hostile.filter(bool))
def test_a_comment_says_which_it_is(id: str) -> None:
    line = comment_mark(id)
    assert line.isascii()
    assert line.count(">") == 1
    if len(line) < 600:
        assert comment_ids(f"text\r\n{line}\r\n") == (id,)


def test_ids_of_several_comments() -> None:
    assert comment_ids(
        f"{comment_mark('a')}\n> {comment_mark('b')} {comment_mark('c:2021-06-01')}"
    ) == (
        "a",
        "b",
        "c:2021-06-01",
    )
    assert comment_ids("no mark") == ()


def test_most_texts_have_nothing_to_do_with_us() -> None:
    assert mentions_us(comment_mark("a"))
    assert mentions_us(hidden(marker()))
    assert mentions_us(block(""))
    assert not mentions_us("ci_stat found it")


def test_a_trimmed_marker_keeps_the_newest_and_the_sum() -> None:
    many = marker(
        days={(FIRST + timedelta(day)).date().isoformat(): 2 for day in range(100)},
        older=7,
        fingerprints=tuple(f"v1:{n:032x}" for n in range(100)),
        branches=tuple(f"release-{n}" for n in range(100)),
    )
    kept = trimmed(many)
    assert kept.failures == many.failures
    assert (len(kept.days), min(kept.days), kept.older) == (60, "2021-07-11", 87)
    assert kept.fingerprints == many.fingerprints[-40:]
    assert kept.branches == many.branches[-40:]
    assert len(hidden(kept)) < LIMIT
    assert trimmed(kept) == kept
    assert trimmed(marker()) == marker()


def test_long_names_make_shorter_lists() -> None:
    long = tuple(f"case:{n}" + "\u4e2d" * 280 for n in range(40))
    assert len(hidden(trimmed(marker(jobs=long)))) <= LIMIT
    kept = trimmed(marker(members=long, fingerprints=tuple(f"v1:{n:032x}" for n in range(40))))
    assert len(hidden(kept)) <= LIMIT
    assert kept.members
    assert kept.members == long[-len(kept.members) :]
    assert len(kept.fingerprints) == 40


def test_years_with_which_one_may_calculate() -> None:
    for year in (2000, 2200):
        assert (
            read(hidden(marker(first=FIRST.replace(year=year), last=FIRST.replace(year=year))))
            is not None
        )


def test_a_name_that_holds_a_secret_stands_masked() -> None:
    masked = masked_name("case:s.TestA")
    assert re.fullmatch(r"case:~[0-9a-f]{16}", masked)
    assert masked_name("case:s.TestB") != masked
    assert masked_name("incident:x").startswith("incident:~")
    assert re.fullmatch(r"~[0-9a-f]{16}", masked_name("feature:x"))
    assert re.fullmatch(r"~[0-9a-f]{16}", masked_name("case"))
    assert re.fullmatch(r"~[0-9a-f]{16}", masked_name("\ud800"))


def test_a_key_that_is_too_long_by_itself_is_kept() -> None:
    long = marker(key="case:" + "x" * 9_000)
    assert trimmed(long) == long
    assert read(hidden(long)) == long


@pytest.mark.parametrize(
    "earlier", [Earlier(0, "2021-06-01"), Earlier(10**9, "2021-06-01"), Earlier(1, "yesterday")]
)
def test_an_earlier_issue_that_cannot_be_is_not_believed(earlier: Earlier) -> None:
    assert read(hidden(marker(earlier=earlier))) is None
