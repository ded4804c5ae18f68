"""Repositories: fetched once, resolved to full SHAs, checked out for each run.

Nothing of a repository runs on this machine: no hook, no filter, no monitor, no submodule.
"""

from ci_stat.commit_tests.repository.address import Address, AddressRules, read_address
from ci_stat.commit_tests.repository.cache import Repository, RepositoryCache
from ci_stat.commit_tests.repository.commits import resolve_commits

__all__ = [
    "Address",
    "AddressRules",
    "Repository",
    "RepositoryCache",
    "read_address",
    "resolve_commits",
]
