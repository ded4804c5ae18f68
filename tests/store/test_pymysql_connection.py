"""Our connection escapes texts exactly as PyMySQL does."""

from hypothesis import given
from hypothesis import strategies as st
from pymysql.converters import escape_string
from sqlalchemy import text

from ci_stat.store.engine import open_engine
from ci_stat.store.pymysql_connection import escaped

_SPECIAL = st.sampled_from([*"\\'\"\n\r\0\x1a%_;-é\U0001f600", "\\'"])


@given(st.lists(_SPECIAL | st.text(max_size=5)).map("".join))
def test_escaped_is_what_pymysql_makes(value: str) -> None:
    assert escaped(value) == escape_string(value)


def test_texts_come_back_with_and_without_backslashes(mariadb_url: str) -> None:
    value = "a\\'b\"c\n\r\0\x1a%s \U0001f600 \\"
    with open_engine(mariadb_url).connect() as connection:
        for mode in ("", "NO_BACKSLASH_ESCAPES"):
            connection.execute(text("set session sql_mode = :mode"), {"mode": mode})
            assert connection.execute(text("select :value"), {"value": value}).scalar() == value
