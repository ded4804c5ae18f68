"""Names that the newest rows have: candidates for a name that no run has."""

from difflib import get_close_matches

from sqlalchemy import Connection

from ci_stat.failures import case_key
from ci_stat.questions.gather import Gatherer
from ci_stat.records import RunFilter, Window
from ci_stat.result.answers.similar import NEAR
from ci_stat.result.result import in_order
from ci_stat.store.ci_data import lookups, neighbours

NEWEST = 3_000  # rows that are searched


def similar_pulls(gatherer: Gatherer, number: int, window: Window) -> list[str]:
    """Pull requests of the newest rows with the most similar numbers, most similar first."""
    names = RunFilter(window)
    pulls = gatherer.ask(lambda connection: lookups.newest_pulls(connection, names, NEWEST))
    by_number = {str(pull): f"{repo}#{pull}" for repo, pull in pulls}
    similar = get_close_matches(str(number), by_number, n=NEAR, cutoff=0.6)
    return [by_number[text] for text in similar]


def newest_names(gatherer: Gatherer, window: Window) -> list[str]:
    """The names of the newest failures."""
    names, origin = RunFilter(window), gatherer.source.origin
    runs = gatherer.ask(lambda c: lookups.newest_failed(c, names, NEWEST, origin))
    newest = gatherer.with_stored_logs(in_order(runs))
    keys = (case_key(failure.name) for run in newest for failure in run.failures)
    return list(dict.fromkeys(keys))


def numbers_near(gatherer: Gatherer, job: str, number: int) -> list[str]:
    """The numbers of the runs before and after a number, as people write them."""
    origin = gatherer.source.origin

    def near(connection: Connection) -> list[str]:
        runs = (
            neighbours.with_number_near(connection, job, number, later, origin)
            for later in (False, True)
        )
        return [run.build for run in runs if run is not None]

    return gatherer.ask(near)
