"""What is written to a tracker about a failing test: a new issue, its numbers brought up to date, comments.

Our part of an issue's text stands between two hidden signs. What people write before and after it is theirs.
"""

from ci_stat.issues.evidence import Evidence
from ci_stat.issues.model import Draft
from ci_stat.issues.rules import Decision
from ci_stat.issues.text.body import Writer
from ci_stat.issues.text.comment import Comment
from ci_stat.issues.text.context import About, Owners, owners
from ci_stat.records import IssueAction

__all__ = ["About", "Owners", "issue_draft", "owners"]


def issue_draft(decision: Decision, evidence: Evidence, about: About) -> Draft:
    """What is written for a decision that changes something: the same for the same values."""
    writer = Writer(decision, evidence, about)
    if decision.action is IssueAction.FILE:
        return Draft(
            title=writer.title(), body=writer.block(), labels=about.labels, create=decision.stamp
        )
    ours = decision.issue is not None and decision.issue.ours
    body = writer.new_body() if ours else None
    if decision.action is IssueAction.UPDATE:
        return Draft(body=body)
    state = {IssueAction.REOPEN: ("open", "reopened"), IssueAction.CLOSE: ("closed", "completed")}
    new_state, reason = state.get(decision.action, (None, None))
    comment = Comment(writer).text() if decision.stamp else None
    return Draft(
        body=body, comment=comment, comment_id=decision.stamp, state=new_state, state_reason=reason
    )
