"""Opens the results database."""

from sqlalchemy import Engine

from ci_stat.config.groups import Results, Timeouts
from ci_stat.store.embedded import make_folder
from ci_stat.store.engine import open_engine, parse_url
from ci_stat.store.results.setup import prepare_results


def open_results(results: Results, timeouts: Timeouts) -> Engine:
    """Open the database of `results_url`, with its tables. The caller closes it.

    Raises SettingsError, WriteError or DatabaseError.
    """
    url = parse_url(results.url.reveal())
    # Who imports waits for others who import, as long as a large file takes.
    is_file = url.get_backend_name() == "sqlite"
    connect_timeout = timeouts.read if is_file else timeouts.connect
    engine = open_engine(url, connect_timeout, timeouts.read)
    try:
        make_folder(engine)
        prepare_results(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine
