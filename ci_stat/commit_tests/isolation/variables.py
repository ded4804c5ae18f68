"""The variables that commands see: none of this machine, unless its owner permits the name."""

import os
from collections.abc import Collection

from ci_stat.commit_tests.model import TestRequest
from ci_stat.errors import UsageError


def variables_of(request: TestRequest, permitted: Collection[str]) -> dict[str, str]:
    """Return names and values. Raises UsageError for a name that is not permitted."""
    variables: dict[str, str] = {}
    for entry in request.environment:
        name, equals, value = entry.partition("=")
        if equals:
            variables[name] = value
        elif name in permitted:
            variables[name] = os.environ.get(name, "")
        else:
            raise UsageError(
                f"The variable {name} of this machine is not permitted.",
                f"Write {name}=value, or add {name} to commits_environment.",
            )
    return variables
