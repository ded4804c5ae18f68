"""Pure: whether a saved plan may still be applied. Each check raises Refused if it may not."""

from datetime import datetime, timedelta

from ci_stat.errors import Refused
from ci_stat.issues.model import IssuePlan

PLAN_LIFE = timedelta(days=1)
_NEW_PLAN = "Create a new plan, review it, and apply it."


def require_usable(plan: IssuePlan, now: datetime) -> None:
    """Refuse a plan that was stopped, ignores the tracker's issues, or has expired. `now`: aware.

    A plan expires after a day because a case that was quiet then may fail by now.
    """
    if plan.stopped:
        raise Refused(
            f"The plan cannot be applied: {plan.stopped}",
            "Create a new plan. If it has too many new issues, accept them first: "
            "ci-stat issues accept PLAN",
        )
    if not plan.tracker_read:
        raise Refused(
            "The plan was made without gh_token, so it ignores existing issues.", _NEW_PLAN
        )
    if not timedelta(0) <= now - plan.made_at <= PLAN_LIFE:
        raise Refused(
            f"The plan was made at {plan.made_at:%Y-%m-%d %H:%M} UTC and is valid for one day.",
            _NEW_PLAN,
        )


def require_same_tracker(plan: IssuePlan, repo: str, url: str) -> None:
    """Refuse a plan for another repository than the one in the settings."""
    if (plan.repo.casefold(), plan.tracker_url) != (repo.casefold(), url):
        raise Refused(
            f"The plan is for {plan.repo} at {plan.tracker_url}, "
            f"the settings are for {repo} at {url}.",
            "Create a new plan, or set github_repo and github_url.",
        )


def require_unchanged(plan: IssuePlan, tracker_digest: str) -> None:
    """Refuse a plan if the tracker, hashed to `tracker_digest`, has changed since."""
    if plan.tracker != tracker_digest:
        raise Refused(
            "The tracker has changed since the plan was made: "
            "issues were opened, changed or closed.",
            _NEW_PLAN,
        )
