"""`miss_cnt` counted in the database is the one of a load, whatever `analysis_res` holds."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from ci_stat.runs.database import Source
from tests.conftest import Fill, day
from tests.support.rows import row

ODD = [
    '{"case": [["a"]]}',
    '{"case": [1]}',
    '{"case": [1.5, "b"]}',
    '{"case": [null]}',
    '{"case": [true]}',
    '{"case": [{"a": "b"}]}',
    '{"case": [""]}',
    '{"case": ["", "x"]}',
    '{"case": [[], "x"]}',
    '{"case": [[["x"]]]}',
    '{"case": "x"}',
    '{"case": {"a": "x"}}',
    '{"env": [7], "case": []}',
    '{"case": [[""], ["x"]], "env": ["y"]}',
    '{"case": ["a"], "case": []}',
    '{"case": [], "case": ["a"]}',
    '{"case":["a"],"check":[["a"]]}',
    '{"\\u0063ase": ["a"]}',
    '{"\\u0063ase": []}',
    '{"case": ["\\u4fee"]}',
    '[{"case": ["a"]}]',
    '{"x": {"case": ["a"]}}',
    '{"case": ["a, 1", "[2]"]}',
    '{"case": [ "a" ]}',
    '{"case": [\n1\n]}',
    '{"case": ["a"], "ci_stat_failures": [{"name": "a", "line": 7}]}',
    '{"ci_stat_failures": [{"name": "a", "line": 7}]}',
    '{"case": ["test[a-b]"]}',
    "{}",
    "null",
    "[]",
    '"case"',
]


def same_count(source: Source) -> int:
    missing = source.load(day()).miss_cnt
    assert source.count_window(day())[0].miss_cnt == missing
    return missing


@pytest.mark.parametrize("analysis", ODD)
def test_odd_rows_are_counted_as_a_load_counts_them(
    source: Source, fill: Fill, analysis: str
) -> None:
    rows = [row("unit", 1, "FAILURE", analysis_res=analysis), row("unit", 2, "FAILURE")]
    fill([*rows, row("unit", 3, "SUCCESS", analysis_res=analysis)])
    assert same_count(source) in (1, 2)


def test_all_odd_rows_together(source: Source, fill: Fill) -> None:
    plain = [row("unit", 900 + n, "FAILURE", analysis_res={"case": [f"t{n}"]}) for n in range(9)]
    odd = [row("unit", n, "FAILURE", analysis_res=text) for n, text in enumerate(ODD, 1)]
    fill([*plain, *odd])
    assert same_count(source) == 20


_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.sampled_from(["", "a", ", 1", "[", '"', "\\"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("a"), inner, max_size=1),
    max_leaves=5,
)
_kinds = st.sampled_from(["case", "env", "check", "compile", "other", "ci_stat_failures"])


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(analysis=st.lists(st.dictionaries(_kinds, _values, max_size=3), min_size=1, max_size=8))
def test_any_json(source: Source, fill: Fill, analysis: list[dict[str, object]]) -> None:
    texts = [json.dumps(value, separators=(",", ":")) for value in analysis]
    fill([row("unit", n, "FAILURE", analysis_res=text) for n, text in enumerate(texts, 1)])
    same_count(source)


def test_text_that_is_no_json(source: Source, fill: Fill) -> None:
    if source.engine.dialect.name == "mysql":
        with source.engine.begin() as connection:
            connection.execute(text("alter table ci_data modify analysis_res longtext"))
    broken = [
        '{"case": ["a"',
        '{"case": ["a"]} x',
        "case",
        '{"case": [\\u0061]}',
        '{"case": [["a"]}',
    ]
    fill([row("unit", n, "FAILURE", analysis_res=text) for n, text in enumerate(broken, 1)])
    assert same_count(source) == len(broken)
