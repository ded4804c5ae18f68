"""Points from questions about runs to `ci-stat tests`, where only test results exist."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from ci_stat.context import Context
from ci_stat.errors import CiStatError, SchemaMismatch, ServerUnreachable

Work = Callable[..., None]


def points_to_tests(command: str) -> Callable[[Work], Work]:
    """Decorate a command that reads the CI database. `command`: what answers from test results.

    Without a CI database, the error names it if the results database has runs.
    """

    def decorate(work: Work) -> Work:
        @wraps(work)
        def run(*arguments: Any, **options: Any) -> None:
            try:
                work(*arguments, **options)
            except (SchemaMismatch, ServerUnreachable) as error:
                if _has_only_tests(error):
                    words = f"There are results of tests: {command} shows them."
                    error.hint = f"{words}\n  {error.hint}" if error.hint else words
                raise

        return run

    return decorate


def _has_only_tests(error: CiStatError) -> bool:
    """Whether there is no CI database, but a results database with runs."""
    with Context() as context:
        is_empty = isinstance(error, SchemaMismatch) and "no tables" in error.message
        if context.has_ci_data and not is_empty:
            return False
        if context.results_setup.history is not None:
            return True  # its branch is not fetched only for a hint
        engine = context.existing_results
        if engine is None:
            return False

        from ci_stat.store.results.window_facts import newest_run

        try:
            return newest_run(engine) is not None
        except CiStatError:
            return False
