"""Whether a campaign may write what it needs to, and whether the repository's bot obeys it."""

from collections.abc import Iterator

from ci_stat.campaigns.forge import Forge
from ci_stat.campaigns.model import Spec
from ci_stat.campaigns.planning import check
from ci_stat.campaigns.views.words import moved_words
from ci_stat.errors import CiStatError
from ci_stat.records.forge import RepositoryInfo

_SCOPES = frozenset({"repo", "public_repo"})


def problems_of(spec: Spec, forge: Forge) -> list[str]:
    """Why the campaign could not start, or may not work. Nothing is written."""
    try:
        check(spec)
        return list(_problems(spec, forge))
    except CiStatError as error:
        return [f"{error.message} {error.hint}".strip()]


def _problems(spec: Spec, forge: Forge) -> Iterator[str]:
    base = forge.repository(spec.repo)
    yield from _of_repository(spec, base)
    yield from _of_token(forge, base)
    if spec.branches_repo.casefold() == spec.repo.casefold():
        yield from _of_writing(spec, base)
    else:
        yield from _of_fork(spec, base, forge.repository(spec.branches_repo))
    if forge.branch_head(spec.repo, spec.branch) is None:
        yield f"{spec.repo} has no branch {spec.branch!r}."
    if spec.commands:
        yield from _of_bot(spec, forge)


def _of_repository(spec: Spec, base: RepositoryInfo) -> Iterator[str]:
    if base.full_name.casefold() != spec.repo.casefold():
        yield moved_words(spec.repo, base.full_name)
    if base.is_archived:
        yield f"{spec.repo} is archived: nobody can open pull requests."


def _of_token(forge: Forge, base: RepositoryInfo) -> Iterator[str]:
    """Classic tokens name their scopes; other tokens show their rights only when they are used."""
    scopes = forge.scopes()
    if scopes is None:
        return
    needed = {"repo"} if base.is_private else _SCOPES
    if not needed & set(scopes):
        listed = ", ".join(scopes) or "none"
        yield f"The token lacks the scope {' or '.join(sorted(needed))}; it has: {listed}."


def _of_writing(spec: Spec, base: RepositoryInfo) -> Iterator[str]:
    if not base.can_push:
        yield (
            f"The token may not create branches in {spec.repo}. Set `fork` to a fork of yours, or"
            " use a token with 'Contents: write'."
        )


def _of_fork(spec: Spec, base: RepositoryInfo, fork: RepositoryInfo) -> Iterator[str]:
    if fork.parent.casefold() != base.full_name.casefold():
        yield f"{spec.fork} is no fork of {spec.repo}."
    if not fork.can_push:
        yield f"The token may not create branches in {spec.fork}."


def _of_bot(spec: Spec, forge: Forge) -> Iterator[str]:
    """Prow obeys members of the organisation and collaborators, and no Apps."""
    login = forge.viewer()
    if not login:
        yield (
            "The token is that of an App. Prow ignores Apps that its settings do not name: use the"
            " token of a member."
        )
        return
    is_trusted = forge.is_member(login) or forge.is_collaborator(login)
    if not is_trusted:
        owner = spec.repo.partition("/")[0]
        yield (
            f"{login} does not seem to be a member of {owner} or a collaborator of {spec.repo}: a"
            " bot such as Prow then waits for /ok-to-test at each pull request."
        )
