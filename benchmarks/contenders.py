"""Run one contender in its own process: `python -m benchmarks.contenders NAME URL BEGIN END`.

It prints JSON. `work`: seconds without the start of Python and imports; `rss`: peak memory of the
process in bytes.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from datetime import datetime


def _peak() -> int:
    """Peak resident memory, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _now() -> int:
    """Current resident memory, in bytes."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def ci_stat(url: str, begin: datetime, end: datetime) -> Callable[[], int]:
    """`get_result`, and the failure counts of all jobs and pull requests."""
    import ci_stat.ci_stat as stat
    from ci_stat.config import Settings, Value

    settings = Settings({"url": Value(url, "benchmark")})

    def work() -> int:
        global kept
        kept = stat.get_result(begin, end, [], settings=settings, progress=False)
        failures = (
            sum(job.fail_cnt for job in kept.job_map.values()),
            sum(pr.fail_cnt for pr in kept.pr_map.values()),
        )
        assert failures[1] == kept.fail_cnt
        return len(kept.all_runs)

    return work


kept: object = None


def pandas(url: str, begin: datetime, end: datetime) -> Callable[[], int]:
    """The yardstick: load all columns into a frame, then group by job and by pull request."""
    import pandas as pd
    from sqlalchemy import create_engine, text

    def work() -> int:
        global kept
        with create_engine(url).connect() as connection:
            query = text("select * from ci_data where time >= :begin and time < :end")
            frame = pd.read_sql(query, connection, params={"begin": begin, "end": end})
        pulls = frame["description"].map(lambda value: json.loads(value or "{}").get("ghprbPullId"))
        by_job = frame.groupby(["job", "status"]).size()
        by_pr = frame.groupby([frame["repo"], pulls, frame["status"]]).size()
        kept = frame, by_job, by_pr
        return len(frame)

    return work


CONTENDERS = {"ci_stat": ci_stat, "pandas": pandas}


def main() -> None:
    name, url, begin, end = sys.argv[1:5]
    work = CONTENDERS[name](url, datetime.fromisoformat(begin), datetime.fromisoformat(end))
    before = _now()
    started = time.perf_counter()
    rows = work()
    seconds = time.perf_counter() - started
    json.dump({"work": seconds, "rss": _peak(), "kept": _now() - before, "rows": rows}, sys.stdout)


if __name__ == "__main__":
    main()
