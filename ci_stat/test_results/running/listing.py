"""Asks a runner which tests there are."""

from pathlib import Path
from threading import Event

from ci_stat.errors import CannotTell
from ci_stat.test_results.running.model import Invocation, Unit
from ci_stat.test_results.running.process import Child, run_child
from ci_stat.test_results.running.runners.base import Runner


def list_units(
    runner: Runner, log: Path, timeout: float | None, stop: Event, grace: float
) -> tuple[list[Unit], str]:
    """Return the units, and why there are none if the runner should have some.

    Raises CannotTell if the runner does not start.
    """
    listing = runner.listing()
    if listing is None:
        return [], ""
    child = Child(
        argv=listing.argv,
        env=listing.env,
        folder=runner.setup.folder,
        stdout=listing.output or log,
        stderr=log if listing.output else None,
        timeout=timeout,
        grace=grace,
    )
    ended = run_child(child, stop)
    if ended.problem:
        raise CannotTell(f"The tests cannot be listed: {ended.problem}.", "Check the command.")
    units = _listed(runner, listing) if ended.code == 0 else []
    if units:
        return units, ""
    how = ended.signal or f"exit code {ended.code}"
    return [], f"The tests could not be listed ({how}), so one shard runs all."


def _listed(runner: Runner, listing: Invocation) -> list[Unit]:
    assert listing.results is not None
    try:
        return runner.units(listing.results)
    except (OSError, ValueError):
        return []
