"""`make bench`: fill a private MariaDB, run the contenders in turn, print figures and targets."""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import (
    campaign_driver,
    campaigns,
    comparing,
    culprit,
    flaky,
    gates,
    history,
    issues,
    junit,
    logs,
    questions,
    regressions,
    reports,
    results,
    row_logs,
    unpacking,
)
from benchmarks.data import SIZES, fill, window
from benchmarks.measure import Figures, console, in_turn, ratios, seconds
from ci_stat.cli.work.demo import build
from tests.support.mariadb import Server, running

PYTHON = sys.executable
GROUPS = {
    "logs": "Logs",
    "row-logs": "Rows with logs",
    "reports": "Reports",
    "issues": "Issues",
    "questions": "Questions",
    "junit": "Results of tests",
    "results": "Results database",
    "history": "History on a branch",
    "gates": "Gates",
    "flaky": "Flaky tests",
    "regressions": "Regressions of tests",
    "campaigns": "Stability campaigns",
    "culprit": "Search for a culprit",
    "database": "Start-up and databases",
    "comparing": "Compare and flaky",
}
"""What `--only` takes, with the headings."""
CI_STAT = str(Path(PYTHON).with_name("ci-stat"))


def contender(name: str, url: str, size: int) -> dict[str, float]:
    begin, end = window(size)
    command = [PYTHON, "-m", "benchmarks.contenders", name, url, begin.isoformat(), end.isoformat()]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(done.stdout)
    assert result["rows"] == size, f"{name} read {result['rows']} of {size} rows"
    return result


def load(server: Server, figures: Figures, rounds: int, drivers: Sequence[str]) -> None:
    """`get_result` of 100,000 rows against pandas."""
    size, database = SIZES["b100k"], "b100k"
    ours: dict[str, list[dict[str, float]]] = {driver: [] for driver in drivers}
    theirs = []
    for number in range(rounds + 1):
        for driver in drivers:
            ours[driver].append(contender("ci_stat", server.url(database, driver), size))
        theirs.append(contender("pandas", server.url(database), size))
        if number == 0:  # warm
            theirs.clear()
            ours = {driver: [] for driver in drivers}
    pandas_work = statistics.median(run["work"] for run in theirs)
    for driver, limit in (("pymysql", 0.6), ("mysqldb", 0.3)):
        if driver not in ours:
            continue
        ratio = ratios([run["work"] for run in ours[driver]], [run["work"] for run in theirs])
        work = statistics.median(run["work"] for run in ours[driver])
        figures.add(
            f"get_result of 100,000 rows, {driver}",
            f"{ratio:.2f} of the time ({work:.2f} s)",
            f"pandas.read_sql + groupby, PyMySQL ({pandas_work:.2f} s)",
            f"at most {limit}",
            ratio <= limit,
        )
    memory = ratios([run["rss"] for run in ours["pymysql"]], [run["rss"] for run in theirs])
    peaks = [
        statistics.median(run["rss"] for run in runs) / 2**20 for runs in (ours["pymysql"], theirs)
    ]
    figures.add(
        "the same, peak memory, pymysql",
        f"{memory:.3f} of it ({peaks[0]:.0f} MiB)",
        f"pandas ({peaks[1]:.0f} MiB)",
        "at most 0.12",
        memory <= 0.12,
    )


def growth(server: Server, figures: Figures, sizes: Sequence[str], drivers: Sequence[str]) -> None:
    """Time and memory from 10 thousand to a million rows."""
    for driver in drivers:
        runs = {name: contender("ci_stat", server.url(name, driver), SIZES[name]) for name in sizes}
        smallest, largest = sizes[0], sizes[-1]
        rates = {name: SIZES[name] / run["work"] for name, run in runs.items()}
        shown = ", ".join(
            f"{SIZES[name]:,}: {runs[name]['work']:.2f} s ({rates[name]:,.0f}/s)" for name in sizes
        )
        linear = rates[largest] >= 0.7 * rates[smallest]
        figures.add(f"growth, {driver}", shown, "itself", "linear in time", linear)
        for name in sizes[1:]:
            per_row = (runs[name]["rss"] - runs[smallest]["rss"]) / (SIZES[name] - SIZES[smallest])
            figures.add(
                f"memory of a run kept, {SIZES[name]:,} rows, {driver}",
                f"{per_row:.0f} bytes",
                f"peak above that of {SIZES[smallest]:,} rows",
                "at most 700 bytes",
                per_row <= 700,
            )


BARE = """
select repo, json_unquote(json_extract(description, '$.ghprbPullId')) as p, job, count(*),
  sum(status = 'SUCCESS'), sum(status = 'FAILURE'), sum(status = 'ABORTED')
  from ci_data where time >= '{begin}' and time < '{end}'
  group by repo, p, job;
select date(time) as d, job, status, count(*)
  from ci_data where time >= '{begin}' and time < '{end}'
  group by d, job, status;
"""


def summary(server: Server, figures: Figures, database: str, rounds: int) -> None:
    """`ci-stat summary` over a large table against plain GROUP BY queries."""
    begin, end = window(SIZES[database])
    environ = {"CI_STAT_URL": server.url(database)}
    client = ["mariadb", "--no-defaults", "-uroot", f"--socket={server.socket}", "-BN", database]
    ask = [CI_STAT, "summary", "--color", "never", "--begin"]
    bare = BARE.format(begin=begin, end=end)
    ours, theirs, start = in_turn(
        rounds,
        lambda: seconds([*ask, begin.isoformat(), "--end", end.isoformat()], environ),
        lambda: seconds(client, {}, bare),
        lambda: seconds([*ask, "1999-01-01", "--end", "1999-01-02"], environ),
    )
    net = [a - s for a, s in zip(ours, start, strict=True)]
    ratio = ratios(net, theirs)
    figures.add(
        f"ci-stat summary over {SIZES[database]:,} rows",
        f"{ratio:.2f} of the time "
        f"({statistics.median(ours):.2f} s with a start-up of {statistics.median(start):.2f} s)",
        f"bare GROUP BYs in the mariadb client ({statistics.median(theirs):.2f} s)",
        "at most 1.3 and start-up",
        ratio <= 1.3,
    )


def start_up(figures: Figures, rounds: int) -> None:
    """The start-up time of commands."""
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder) / "demo", 20, 14, 1, logs=False)
        environ = {"STAT_ENV_PATH": str(Path(folder) / "demo")}
        helped, summed, nothing = in_turn(
            rounds,
            lambda: seconds([CI_STAT, "--help"], {}),
            lambda: seconds([CI_STAT, "summary", "--since", "2w", "--end", "latest"], environ),
            lambda: seconds([PYTHON, "-c", "pass"], {}),
        )
    base = statistics.median(nothing)
    for name, times, limit in (
        ("ci-stat --help", helped, 0.25),
        ("ci-stat summary, small SQLite", summed, 0.8),
    ):
        extra = statistics.median(a - b for a, b in zip(times, nothing, strict=True))
        figures.add(
            name,
            f"+{extra:.2f} s",
            f"python -c pass ({base:.2f} s)",
            f"at most +{limit} s",
            extra <= limit,
        )


def main() -> None:
    arguments = _arguments()
    rounds = arguments.rounds
    half = max(3, rounds // 2)
    size = SIZES[arguments.largest]
    figures = Figures()
    groups: dict[str, Callable[[], None]] = {
        "logs": lambda: _logs(figures, half, arguments.log_bytes),
        "row-logs": lambda: row_logs.bench(figures, half, arguments.row_log_bytes),
        "reports": lambda: reports.bench(figures, max(3, rounds)),
        "issues": lambda: issues.report(figures, arguments.seeds),
        "questions": lambda: questions.bench(figures, half, size),
        "junit": lambda: junit.bench(figures, max(3, rounds)),
        "results": lambda: results.bench(figures, half),
        "history": lambda: history.bench(figures),
        "gates": lambda: gates.bench(figures, max(3, rounds)),
        "flaky": lambda: flaky.bench(figures, arguments.seeds or 1),
        "regressions": lambda: regressions.bench(figures, arguments.seeds or 4),
        "campaigns": lambda: _campaigns(figures),
        "culprit": lambda: culprit.bench(figures, arguments.seeds or 20),
        "database": lambda: _database(figures, arguments),
        "comparing": lambda: _comparing(figures, size, half),
    }
    assert list(groups) == list(GROUPS)
    for name, bench in groups.items():
        if arguments.only in (None, name):
            console.print(GROUPS[name])
            bench()
    figures.show()
    if arguments.junit:
        figures.write_junit(arguments.junit)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--largest",
        choices=list(SIZES),
        default="b1m",
        help="the largest table [b1m: a million rows]",
    )
    parser.add_argument(
        "--rounds", type=int, default=5, help="counted rounds of each comparison [5]"
    )
    parser.add_argument("--only", choices=list(GROUPS), help="run only this group")
    parser.add_argument(
        "--log-bytes", type=int, default=1 << 30, help="bytes of logs to read [a gigabyte]"
    )
    parser.add_argument(
        "--row-log-bytes",
        type=int,
        default=1 << 29,
        help="bytes of the logs of 1,000 rows [half a gigabyte]",
    )
    parser.add_argument(
        "--seeds",
        type=int,
        help="histories of each scenario, for issues and flaky [1 or 2], regressions [4] and"
        " culprit [20]",
    )
    parser.add_argument("--junit", type=Path, help="also write the figures as a JUnit file")
    return parser.parse_args()


def _logs(figures: Figures, rounds: int, size: int) -> None:
    logs.bench(figures, rounds, size)
    unpacking.bench(figures, rounds, size // 4)


def _campaigns(figures: Figures) -> None:
    campaigns.bench(figures)
    campaign_driver.bench(figures)


def _comparing(figures: Figures, size: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        where = comparing.windows(comparing.fill_sqlite(Path(folder), size), size)
        comparing.plant(where)
        comparing.bench(figures, "SQLite", where, size, rounds)
    with running(log_file="1G", pool="6G", memory=False) as server:
        fill(server, "comparing", size)
        where = comparing.windows(server.url("comparing"), size)
        comparing.plant(where)
        comparing.bench(figures, "MariaDB", where, size, rounds)


def _database(figures: Figures, arguments: argparse.Namespace) -> None:
    sizes = list(SIZES)[: list(SIZES).index(arguments.largest) + 1]
    drivers = ["pymysql", *(["mysqldb"] if _has_mysqlclient() else [])]
    start_up(figures, max(arguments.rounds, 7))
    with running(log_file="1G", pool="6G", memory=False) as server:
        for name in sizes:
            started = time.perf_counter()
            fill(server, name, SIZES[name])
            console.print(f"{SIZES[name]:,} rows filled in {time.perf_counter() - started:.0f} s")
        if "b100k" in sizes:
            load(server, figures, arguments.rounds, drivers)
        growth(server, figures, sizes, drivers)
        summary(server, figures, sizes[-1], max(3, arguments.rounds // 2))


def _has_mysqlclient() -> bool:
    try:
        import MySQLdb  # noqa: F401
    except ImportError:
        console.print("mysqlclient is not installed: its figures are missing", style="yellow")
        return False
    return True


if __name__ == "__main__":
    main()
