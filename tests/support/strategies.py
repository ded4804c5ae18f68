"""What hypothesis draws: rows with any text that a table can hold."""

from datetime import datetime
from typing import Any

from hypothesis import strategies as st

from ci_stat.formats.statuses import STATUS_NAMES
from ci_stat.records import RunRow

# Text that a text column takes: anything but half surrogate pairs.
texts = st.text(st.characters(codec="utf-8"), max_size=20) | st.sampled_from(
    [
        "\x1b[31mred\x1b[0m",
        "a\nb",
        "\x9b2J",
        "\u202egpj",
        "\0",
        "'; DROP TABLE ci_data; --",
        "🙂",
        '\\"',
        "null",
        "",
    ]
)
_leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
)
_keys = st.sampled_from(["ghprbPullId", "ghprbPullTitle", "case", "env"])


def _objects(inside: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    values = st.recursive(
        _leaves | inside,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(inside, inner, max_size=3),
        max_leaves=6,
    )
    return st.dictionaries(inside | _keys, values, max_size=4)


json_objects = _objects(texts)
# In JSON a half pair can be written, as an escape; MariaDB and MySQL do not call that JSON.
json_objects_with_halves = _objects(texts | st.sampled_from(["\ud800", "x\udfff"]))
names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
statuses = st.sampled_from(["SUCCESS", "FAILURE", "ABORTED", "UNSTABLE"]) | names.filter(
    lambda text: text.upper() not in STATUS_NAMES
)
times = st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31)).map(
    lambda moment: moment.replace(microsecond=0)
)
numbers = st.integers(0, 2**63 - 1)


@st.composite
def rows(draw: st.DrawFn, jobs: st.SearchStrategy[str] = names, halves: bool = True) -> RunRow:
    """A row of the table, whole."""
    objects = st.none() | (json_objects_with_halves if halves else json_objects)
    made = RunRow(
        draw(jobs),
        draw(numbers),
        draw(statuses),
        draw(st.none() | times),
        draw(st.none() | numbers),
    )
    made.commit, made.branch, made.comment, made.repo = (draw(st.none() | texts) for _ in range(4))
    made.description, made.analysis_res = draw(objects), draw(objects)
    return made
