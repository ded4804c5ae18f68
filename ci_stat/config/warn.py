"""Warnings about the settings, each once per process."""

from collections.abc import Callable

from ci_stat.config.settings import Settings
from ci_stat.escape import visible

_said: set[str] = set()


def warn_once(settings: Settings, say: Callable[[str], object]) -> None:
    """Call `say` with each warning, harmless for a terminal, that this process has not said yet."""
    for warning in settings.warnings:
        if warning not in _said:
            _said.add(warning)
            say(visible(warning))
