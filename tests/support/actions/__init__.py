"""Runs a composite action of GitHub as a runner would; what is unknown is an error."""

from tests.support.actions.expressions import ExpressionError, evaluate, filled
from tests.support.actions.runner import ActionRun, Runner

__all__ = ["ActionRun", "ExpressionError", "Runner", "evaluate", "filled"]
