"""Test results: imported from any CI, and asked from the command line and from Python.

    import ci_stat.test_results

    history = ci_stat.test_results.open()
    history.newest("unit").failed
    history.case("TestCart.test_total").rate

The import reads no file and opens no connection.
"""

import logging
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ci_stat.config import Settings, load, warn_once

if TYPE_CHECKING:
    from ci_stat.test_results.cases.model import CaseHistory
    from ci_stat.test_results.comparing.model import Comparison
    from ci_stat.test_results.model import RunReport
    from ci_stat.test_results.published import Runs, TestHistory

log = logging.getLogger(__name__)

__all__ = ["CaseHistory", "Comparison", "RunReport", "Runs", "TestHistory", "open"]

_MODULES = {
    "CaseHistory": "cases.model",
    "Comparison": "comparing.model",
    "RunReport": "model",
    "Runs": "published",
    "TestHistory": "published",
}


def open(url: str | Path | None = None, *, settings: Settings | None = None) -> "TestHistory":
    """Open the results database.

    - `url`: a SQLAlchemy URL, or the path of a SQLite file; by default the setting `results_url`.
    - `settings`: by default `ci_stat.config.load()`.

    Raises CannotTell if there is no such file, SettingsError, DatabaseError.
    """
    from ci_stat.test_results.published import open_history, results_at

    chosen = load() if settings is None else settings
    warn_once(chosen, partial(log.warning, "%s"))
    return open_history(chosen.results if url is None else results_at(url), chosen.timeouts)


def __getattr__(name: str) -> Any:
    """Import a published class when it is first used."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    """The published names."""
    return sorted(__all__)
