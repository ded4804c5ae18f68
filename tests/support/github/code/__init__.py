"""Branches, commits and pull requests of the stand-in for GitHub, in a real git repository."""

from tests.support.github.code.state import Code, Listener, PullRequest, code_of, with_code

__all__ = ["Code", "Listener", "PullRequest", "code_of", "with_code"]
