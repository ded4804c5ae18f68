"""Results without a database: rows through the real decoder."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from ci_stat.config.presets import PRESETS, TIDB
from ci_stat.records import Origin, Provenance, RunRow, Window
from ci_stat.result import Result
from ci_stat.store.ci_data.decode import Decoder
from ci_stat.store.ci_data.write import values_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
TIDB_ORIGIN = Origin(SHANGHAI, PRESETS[TIDB]["run_url"])


def provenance(rows: int, newest: datetime | None = datetime(2021, 6, 19, 23, 59)) -> Provenance:
    window = Window.of(datetime(2021, 6, 19), datetime(2021, 6, 20), SHANGHAI)
    return Provenance(window, rows, newest, "sqlite:///ci.sqlite", "SELECT * FROM ci_data", ())


def result(
    rows: Iterable[RunRow], newest: datetime | None = datetime(2021, 6, 19, 23, 59)
) -> Result:
    """What a load of `rows` gives, in the order given."""
    decode = Decoder(TIDB_ORIGIN, Counter())
    runs = []
    for row in rows:
        v = values_of(row)
        json_texts = [
            None if v[name] is None else v[name].encode()
            for name in ("description", "analysis_res")
        ]
        names = (
            "job",
            "job_id",
            "status",
            "time",
            "duration",
            "repo",
            "branch",
            "commit",
            "comment",
        )
        runs.append(decode((*(v[name] for name in names), *json_texts)))
    return Result(runs, provenance(len(runs), newest))
