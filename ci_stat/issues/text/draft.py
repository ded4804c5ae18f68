"""Drafts the texts of a decision: a new issue, an update of our block, a comment.

Our block of an issue's text lies between two hidden lines. Text around it belongs to people.
"""

from ci_stat.issues.decisions.rules import Decision
from ci_stat.issues.evidence import Evidence
from ci_stat.issues.model import Draft
from ci_stat.issues.text.body import Writer
from ci_stat.issues.text.comment import Comment
from ci_stat.issues.text.context import About, Owners, owners
from ci_stat.records import IssueAction

__all__ = ["About", "Owners", "issue_draft", "owners"]

_STATES = {IssueAction.REOPEN: ("open", "reopened"), IssueAction.CLOSE: ("closed", "completed")}


def issue_draft(decision: Decision, evidence: Evidence, about: About) -> Draft:
    """Return the texts and the state to write for an action; equal inputs give equal drafts."""
    writer = Writer(decision, evidence, about)
    if decision.action is IssueAction.FILE:
        return Draft(
            title=writer.title(),
            body=writer.block(),
            labels=about.labels,
            create=decision.stamp,
        )

    is_ours = decision.issue is not None and decision.issue.ours
    body = writer.new_body() if is_ours else None
    if decision.action is IssueAction.UPDATE:
        return Draft(body=body)

    state, state_reason = _STATES.get(decision.action, (None, None))
    if any(change.what == "duplicate" for change in decision.changes):
        state_reason = "duplicate"
    return Draft(
        body=body,
        comment=Comment(writer).text() if decision.stamp else None,
        comment_id=decision.stamp,
        state=state,
        state_reason=state_reason,
    )
