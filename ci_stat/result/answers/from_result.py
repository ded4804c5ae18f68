"""The answers from a loaded Result, by the same rules as those from the database. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from ci_stat.failures import case_key
from ci_stat.records import PlaceDay, Run, Status, Tally
from ci_stat.result.answers.case_names import with_any_name
from ci_stat.result.answers.history_model import History
from ci_stat.result.answers.model import PRAnswer
from ci_stat.result.answers.of_case import (
    case_history,
    since_of,
)
from ci_stat.result.answers.of_pull import (
    Surroundings,
    answer,
    is_unread,
    own_failures,
    period,
)
from ci_stat.result.answers.outages import traced
from ci_stat.result.answers.places import Place, place_of, places_of
from ci_stat.result.answers.similar import similar_names

if TYPE_CHECKING:
    from ci_stat.result.models import PR
    from ci_stat.result.result import Result


def pull_answer(res: "Result", pr: "PR") -> PRAnswer:
    """Whether the failures of a pull request are its own, by the runs of the window."""
    failures = own_failures(pr.runs)
    begin, end = period(failures, res.begin_time, res.end_time)
    jobs = {run.job_name for failure in failures for run in failure.runs}
    within = [run for run in res.all_runs if _is_between(run, begin, end)]
    failed = list(filter(_is_failed, within))
    of_jobs = [run for run in within if run.job_name in jobs]
    all_failed = list(filter(_is_failed, res.all_runs))

    def failed_between(first: datetime, last: datetime) -> list[Run]:
        return [run for run in all_failed if _is_between(run, first, last)]

    around = Surroundings(
        begin=begin,
        end=end,
        failed=failed,
        counts=_counts(of_jobs),
        unread=list(filter(is_unread, filter(_is_failed, of_jobs))),
        outage=traced([failure.runs for failure in failures], failed_between),
    )
    return answer((pr.repo, pr.number), pr.runs, around, res.provenance)


def _is_failed(run: Run) -> bool:
    return run.status == Status.FAILURE


def _is_between(run: Run, first: datetime, end: datetime) -> bool:
    return run.time is not None and first <= run.time < end


def case_answer(res: "Result", name: str) -> History:
    """The history of a case in the window. Raises KeyError with near names for an unknown one."""
    if not isinstance(name, str):  # pandas' missing values, from a frame
        raise KeyError(f"a case is named by a text, not by {name!r}")
    seen = with_any_name(res.all_runs, [name])
    if not seen:
        raise _unknown(res, name)

    failed = [run for run, _ in seen]
    places = places_of(failed)
    runs = [run for run in res.all_runs if place_of(run) in places]
    days = _days(runs)
    passed = (_passed_before(runs, failed[0]), _passed_after(runs, failed[-1]))
    since = since_of(failed, days, None, res.begin_time, passed)
    return case_history(seen, days, since, res.provenance)


def _unknown(res: "Result", name: str) -> KeyError:
    known = [case_key(info.info) for info in res.fail_info_map.values()]
    near = similar_names(case_key(name), list(dict.fromkeys(known)))
    hint = f"; similar: {', '.join(near)}" if near else ""
    return KeyError(f"no failure is named {name!r}{hint}")


def _counts(runs: Iterable[Run]) -> dict[Place, Tally]:
    statuses: dict[Place, Counter[str]] = defaultdict(Counter)
    for run in runs:
        statuses[place_of(run)][run.status] += 1
    return {place: Tally.of(of_place) for place, of_place in statuses.items()}


def _days(runs: Iterable[Run]) -> list[PlaceDay]:
    statuses: dict[tuple[str, str, str, str], Counter[str]] = defaultdict(Counter)
    for run in runs:
        day = f"{run.time:%Y-%m-%d}" if run.time else ""
        statuses[(*place_of(run), day)][run.status] += 1
    return [PlaceDay(*key, Tally.of(of_day)) for key, of_day in statuses.items()]


def _passed_before(runs: Sequence[Run], like: Run) -> Run | None:
    """The last success before a run in its place."""
    successes = _successes(runs, like)
    earlier = [run for run in successes if _time(run) < _time_or_least(like)]
    return max(earlier, key=_time, default=None)


def _passed_after(runs: Sequence[Run], like: Run) -> Run | None:
    """The first success after a run in its place."""
    successes = _successes(runs, like)
    later = [run for run in successes if _time(run) > _time_or_least(like)]
    return min(later, key=_time, default=None)


def _successes(runs: Sequence[Run], like: Run) -> list[Run]:
    """The successes in the place of a run, of those with a time."""
    place = place_of(like)
    in_place = [run for run in runs if run.time and place_of(run) == place]
    return [run for run in in_place if run.status == Status.SUCCESS]


def _time_or_least(run: Run) -> datetime:
    return run.time or datetime.min  # noqa: DTZ901 - naive, as the table's times are


def _time(run: Run) -> datetime:
    assert run.time is not None
    return run.time
