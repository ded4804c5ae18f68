"""JSON Lines: a line decodes to a row and back, and an invalid line is refused with its reason."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.errors import BadRecord
from ci_stat.formats.jsonl import FIELDS, MAX_DEPTH, decode_line
from ci_stat.formats.jsonl_rows import encode_row
from ci_stat.formats.statuses import STATUS_NAMES
from ci_stat.records import RunRow
from tests.support.strategies import json_objects, rows

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
LEAST = {"job_name": "unit", "job_id": 7, "status": "SUCCESS", "time": "2021-06-19T08:30:00"}


def line(**more: Any) -> str:
    """A line of the required fields and `more`; `...` leaves a field out."""
    return json.dumps(
        {name: value for name, value in {**LEAST, **more}.items() if value is not ...}
    )


def decoded(zone: ZoneInfo = SHANGHAI, **more: Any) -> RunRow:
    return decode_line(line(**more), zone)


def refused(text: str | bytes) -> str:
    with pytest.raises(BadRecord) as error:
        decode_line(text, SHANGHAI)
    message = str(error.value)
    assert len(message) < 400
    assert message.isprintable()
    assert error.value.exit_code == 5
    return message


def test_only_the_required_fields() -> None:
    assert decoded() == RunRow("unit", 7, "SUCCESS", datetime(2021, 6, 19, 8, 30))


def test_every_field() -> None:
    row = decoded(
        status="FAILED",
        duration=61_000,
        repo="me/app",
        branch="main",
        commit="1f0c",
        comment="/test",
        pr_number=12,
        author="me",
        pr_title="T",
        pr_link="https://x/12",
        case=["TestX"],
        description={"sha1": "abc"},
        analysis_res={"env": ["timeout"]},
    )
    assert row == RunRow(
        "unit",
        7,
        "FAILURE",
        datetime(2021, 6, 19, 8, 30),
        61_000,
        "1f0c",
        "main",
        "/test",
        "me/app",
        {
            "sha1": "abc",
            "ghprbPullId": "12",
            "ghprbPullAuthorLogin": "me",
            "ghprbPullTitle": "T",
            "ghprbPullLink": "https://x/12",
        },
        {"env": ["timeout"], "case": ["TestX"]},
    )


@pytest.mark.parametrize("name", ["job_name", "job_id", "status", "time"])
def test_a_missing_field(name: str) -> None:
    assert refused(line(**{name: ...})) == f"missing {name}"
    assert refused(line(**{name: ""})) == f"missing {name}"


def test_all_missing_fields_are_named_together() -> None:
    assert refused("{}") == "missing job_name, job_id, status, time"


def test_an_unknown_time_is_null_and_must_be_present() -> None:
    assert decoded(time=None).time is None
    assert refused(line(time=...)) == "missing time"


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("jobname", "job_name"),
        ("job", "job_name"),
        ("number", "job_id"),
        ("Result", "status"),
        ("started_at", "time"),
        ("sha", "commit"),
        ("zzz", None),
        ("Duration", "duration"),
        ("pr_numbr", "pr_number"),
        ("\x1b[2J", None),
    ],
)
def test_an_unknown_field_and_the_nearest(name: str, near: str | None) -> None:
    message = refused(line(**{name: 1}))
    assert message.startswith(f"unknown field {name!r}")
    assert (near is None) == ("did you mean" not in message)
    assert near is None or f"did you mean {near!r}?" in message


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "nonsense",
        '{"a": 1,}',
        '{"a": NaN}',
        '{"a": Infinity}',
        "'a'",
        b"\xff\xfe\xfa",
        b"\x00",
        "\x1b[31m",
        '{"a": "\x1b"}',
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"a": ' + "1" * 5_000 + "}",
        '{"job_name": "x"} {}',
    ],
)
def test_invalid_json(text: str | bytes) -> None:
    assert refused(text).startswith("not valid JSON (")


@pytest.mark.parametrize(
    ("text", "kind"), [("[]", "list"), ("1", "int"), ('"x"', "str"), ("null", "NoneType")]
)
def test_json_that_is_not_an_object(text: str, kind: str) -> None:
    assert refused(text) == f"a {kind}, not a JSON object"


def _each(*names: str, values: Sequence[Any]) -> list[tuple[str, Any]]:
    return [(name, value) for name in names for value in values]


WRONG = [
    *_each("job_name", "status", values=[1, ["a"], {"a": 1}, True, "a\ud800"]),
    *_each("repo", "branch", "commit", "comment", values=[1, [], {}, False, "\udfff"]),
    *_each("author", "pr_title", "pr_link", values=[1, [], {}, True]),
    *_each("job_id", "duration", values=[-1, 1.5, "7", True, [], 2**63, 1e300]),
    *_each("pr_number", values=[-1, 1.5, "7", True, [], 2**63, 10**18]),
    *_each("description", values=[1, [], True, 1.5, "\ud800"]),
    *_each("analysis_res", values=[1, [], True, "\ud800"]),
    *_each("case", values=["TestX", {}, 1, [1], [None], [["a"]]]),
    *_each(
        "time",
        values=[True, [], {}, "x", "2021-13-01", "10:00", "1624060800", "1624060800123", "٢"],
    ),
    *_each(
        "time", values=[1e300, 1624060800123, -1e300, "0999-12-31", "0001-01-01T00:00:00+14:00"]
    ),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_value_of_the_wrong_kind_is_named(name: str, value: Any) -> None:
    more = {} if name == "repo" else {"repo": "o/r"}
    message = refused(line(**more, **{name: value}))
    assert message.startswith(name), message


def test_infinity_from_a_huge_number() -> None:
    assert refused(line().replace("7", "1e999")) == "not valid JSON (1e999 is too large)"
    assert refused(line(description={"a": 7}).replace("7", "1e999")).startswith("not valid JSON")


def test_a_huge_value_is_cut_in_the_message() -> None:
    assert len(refused(line(job_id="x" * 1_000_000))) < 200
    assert len(refused(line(**{"x" * 1_000_000: 1}))) < 200


def test_a_pull_request_needs_a_repository() -> None:
    assert (
        refused(line(pr_number=7)) == "pr_number without repo: a pull request is identified by both"
    )
    assert refused(line(pr_number=7, repo=""))


@pytest.mark.parametrize("more", [{}, {"author": "me"}])
def test_pull_request_0_is_missing(more: dict[str, Any]) -> None:
    row = decoded(pr_number=0, repo="o/r", **more)
    assert "ghprbPullId" not in (row.description or {})


def test_a_whole_float_is_a_whole_number() -> None:
    row = decode_line(
        line(repo="o/r").replace("}", ', "pr_number": 12.0, "duration": 6.1e4}'), SHANGHAI
    )
    assert row.description == {"ghprbPullId": "12"}
    assert row.duration == 61_000


def test_short_fields_and_a_description_that_is_text() -> None:
    assert "description is a string" in refused(line(repo="o/r", pr_number=1, description="broken"))
    assert "analysis_res is a string" in refused(line(case=["x"], analysis_res="broken"))
    assert decoded(description="broken", analysis_res="broken").description == "broken"


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("COMPLETED", "SUCCESS"),
        ("completed", "SUCCESS"),
        ("Passed", "SUCCESS"),
        ("succeeded", "SUCCESS"),
        ("SUCCESS", "SUCCESS"),
        ("FAILED", "FAILURE"),
        ("failure", "FAILURE"),
        ("ABORTED", "ABORTED"),
        ("cancelled", "ABORTED"),
        ("CANCELED", "ABORTED"),
        ("UNSTABLE", "UNSTABLE"),
        ("Not_Built", "Not_Built"),
        ("timed out", "timed out"),
        ("\x1b[31m", "\x1b[31m"),
        ("成功", "成功"),
        (" SUCCESS", " SUCCESS"),
    ],
)
def test_statuses(text: str, stored: str) -> None:
    status = decoded(status=text).status
    assert status == stored
    assert type(status) is str


@pytest.mark.parametrize(
    ("value", "zone", "wall"),
    [
        (0, SHANGHAI, datetime(1970, 1, 1, 8)),
        (1624062600, SHANGHAI, datetime(2021, 6, 19, 8, 30)),
        (1624062600.999, SHANGHAI, datetime(2021, 6, 19, 8, 30)),
        (-1, ZoneInfo("UTC"), datetime(1969, 12, 31, 23, 59, 59)),
        ("2021-06-19T00:30:00Z", SHANGHAI, datetime(2021, 6, 19, 8, 30)),
        ("2021-06-18T20:30:00-04:00", SHANGHAI, datetime(2021, 6, 19, 8, 30)),
        ("2021-06-19 08:30", SHANGHAI, datetime(2021, 6, 19, 8, 30)),
        ("2021-06-19T08:30:59.999999", SHANGHAI, datetime(2021, 6, 19, 8, 30, 59)),
        ("2021-06-19", SHANGHAI, datetime(2021, 6, 19)),
        ("20210619", SHANGHAI, datetime(2021, 6, 19)),
        ("20210619T083000Z", ZoneInfo("UTC"), datetime(2021, 6, 19, 8, 30)),
        # Clocks go forward at 01:00 UTC on 2021-03-28 ...
        ("2021-03-28T00:59:59Z", BERLIN, datetime(2021, 3, 28, 1, 59, 59)),
        ("2021-03-28T01:00:00Z", BERLIN, datetime(2021, 3, 28, 3)),
        # ... and back at 01:00 UTC on 2021-10-31: two times with one wall clock time.
        ("2021-10-31T00:30:00Z", BERLIN, datetime(2021, 10, 31, 2, 30)),
        ("2021-10-31T01:30:00Z", BERLIN, datetime(2021, 10, 31, 2, 30)),
        (1635643800, BERLIN, datetime(2021, 10, 31, 2, 30)),
        # A wall clock time that the clock skipped is kept as it is.
        ("2021-03-28T02:30:00", BERLIN, datetime(2021, 3, 28, 2, 30)),
        # China had summer time until 1991.
        ("1988-07-01T00:00:00Z", SHANGHAI, datetime(1988, 7, 1, 9)),
    ],
)
def test_times_become_the_wall_clock_of_the_zone(
    value: Any, zone: ZoneInfo, wall: datetime
) -> None:
    time = decoded(zone, time=value).time
    assert time == wall
    assert time is not None
    assert (time.tzinfo, time.fold, time.microsecond) == (None, 0, 0)


def test_a_byte_order_mark_and_spaces_are_ignored() -> None:
    assert decode_line(b"\xef\xbb\xbf  " + line().encode() + b" \r\n", SHANGHAI) == decoded()


@pytest.mark.parametrize(
    ("depth", "good"), [(MAX_DEPTH - 2, True), (MAX_DEPTH, False), (900, False)]
)
def test_how_deep_a_description_may_be_nested(depth: int, good: bool) -> None:
    text = line().replace("}", ', "description": {"x": ' + "[" * depth + "]" * depth + "}}")
    if good:
        assert decode_line(encode_row(decode_line(text, SHANGHAI)), SHANGHAI) == decode_line(
            text, SHANGHAI
        )
    else:
        assert refused(text) == f"nested more than {MAX_DEPTH} levels deep"


@given(rows())
def test_a_row_comes_back_equal(row: RunRow) -> None:
    text = encode_row(row)
    assert len(text.splitlines()) == 1
    assert decode_line(text, SHANGHAI) == row
    assert decode_line(text.encode("utf-8"), BERLIN) == row, "a wall clock is not converted"


@given(
    st.fixed_dictionaries(
        {}, optional={name: st.none() | json_objects | st.text() | st.integers() for name in FIELDS}
    )
)
def test_any_object_is_a_row_or_is_refused(record: dict[str, Any]) -> None:
    """Only BadRecord is raised."""
    try:
        row = decode_line(json.dumps(record), SHANGHAI)
    except BadRecord:
        return
    assert decode_line(encode_row(row), SHANGHAI) == row


@given(st.binary(max_size=40))
def test_any_bytes_are_refused(text: bytes) -> None:
    refused(text)


def test_every_status_name_stands_for_one_of_three_outcomes() -> None:
    assert set(STATUS_NAMES.values()) == {"SUCCESS", "FAILURE", "ABORTED"}
    assert all(name == name.upper() for name in STATUS_NAMES)


@pytest.mark.parametrize(
    ("status", "conclusion", "stored"),
    [
        ("SUCCESS", "success", "SUCCESS"),
        ("completed", "failure", "FAILURE"),
        ("in_progress", "cancelled", "ABORTED"),
        (..., "timed_out", "FAILURE"),
    ],
)
def test_status_and_conclusion_that_agree(status: Any, conclusion: str, stored: str) -> None:
    assert decoded(status=status, conclusion=conclusion).status == stored


def test_status_and_conclusion_that_differ() -> None:
    assert "differ" in refused(line(status="SUCCESS", conclusion="failure"))
