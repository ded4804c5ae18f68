"""Says which runs have a result file that is not whole."""

from collections.abc import Sequence

from sqlalchemy import Engine, select

from ci_stat.records.case_results import ReadState
from ci_stat.store.engine import connected
from ci_stat.store.results.tables import files
from ci_stat.store.state.writing import batches

_BATCH = 500  # ids in one statement
# A file without cases is whole: nothing ran in that part of the suite.
_WHOLE = (str(ReadState.COMPLETE), str(ReadState.NO_CASES))


def incomplete_runs(engine: Engine, run_ids: Sequence[int]) -> set[int]:
    """Return those of the runs that have an empty, cut, broken or refused file.

    Raises DatabaseError.
    """
    incomplete: set[int] = set()
    with connected(engine) as connection:
        for ids in batches(run_ids, _BATCH):
            query = select(files.c.run_id).where(
                files.c.run_id.in_(ids), files.c.state.not_in(_WHOLE)
            )
            incomplete.update(connection.execute(query).scalars())
    return incomplete
