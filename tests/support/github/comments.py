"""Endpoints of comments: list, create, get, edit, delete."""

from tests.support.github import refusals, rules, shapes
from tests.support.github.issues import here, issue_of, read_time
from tests.support.github.paging import paged
from tests.support.github.records import Answer, Call, Comment, Issue
from tests.support.github.state import GitHub

_FIELDS = {"body": "string"}


def list_comments(github: GitHub, call: Call, repo: str, number: str) -> Answer:
    """Oldest first; GitHub has no other order."""
    issue, since = issue_of(github, call, repo, number), read_time(call, "since")
    comments = sorted(issue.comments, key=lambda comment: (comment.created_at, comment.id))
    if since is not None:
        comments = [comment for comment in comments if comment.updated_at >= since]
    page, headers = paged(github, call, comments)
    return Answer(200, [shapes.comment(github, issue, comment) for comment in page], headers)


def create_comment(github: GitHub, call: Call, repo: str, number: str) -> Answer:
    issue = issue_of(github, call, repo, number)
    body = rules.body_of(github, call, _FIELDS, ("body",))["body"]
    rules.check_comment(body)
    _require_permission(github)
    if issue.locked and not github.pushes_to(issue.repo):
        raise refusals.refused(
            403, refusals.LOCKED, "https://docs.github.com/articles/locking-conversations/"
        )
    rules.take_creation(github)
    comment = github.add_comment(issue, body, github.login, github.moment)
    call.made = f"comment {comment.id}"
    answer = Answer(201, shapes.comment(github, issue, comment))
    answer.headers["Location"] = answer.value["url"]
    return answer


def _require_permission(github: GitHub) -> None:
    if "comments" in github.denied:
        raise refusals.refused(403, "Resource not accessible by integration", "/issues/comments")


def _comment(github: GitHub, repo: str, number: str, writes: bool = False) -> tuple[Issue, Comment]:
    """`writes`: allowed for its author, and with the right to push."""
    here(github, repo)
    by_id = {
        comment.id: (issue, comment)
        for issue in github.issues.values()
        for comment in issue.comments
    }
    if int(number) not in by_id:
        raise refusals.not_found()
    issue, comment = by_id[int(number)]
    if writes and not github.may_push and comment.author != github.login:
        raise refusals.refused(403, refusals.NO_RIGHT, "/issues/comments")
    return issue, comment


def get_comment(github: GitHub, call: Call, repo: str, number: str) -> Answer:
    return Answer(200, shapes.comment(github, *_comment(github, repo, number)))


def edit_comment(github: GitHub, call: Call, repo: str, number: str) -> Answer:
    issue, comment = _comment(github, repo, number, writes=True)
    body = rules.body_of(github, call, _FIELDS, ("body",))["body"]
    rules.check_comment(body)
    comment.body, comment.updated_at = body, github.moment
    return Answer(200, shapes.comment(github, issue, comment))


def delete_comment(github: GitHub, call: Call, repo: str, number: str) -> Answer:
    issue, comment = _comment(github, repo, number, writes=True)
    issue.comments.remove(comment)
    return Answer(204, raw=b"")
