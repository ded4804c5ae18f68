"""The JSON of workflow runs, jobs and pull requests."""

from typing import Any

from tests.support.github.actions import Attempt, Job, Pull, WorkflowRun
from tests.support.github.records import stamp
from tests.support.github.shapes import WEB, number_of, repository, user
from tests.support.github.state import GitHub

Json = dict[str, Any]
_PERSON = {"name": "Some One", "email": "some.one@example.com"}


def workflow_run(github: GitHub, run: WorkflowRun) -> Json:
    base = f"{github.url}/repos/{github.repo}/actions/runs/{run.id}"
    links = {
        f"{name}_url": f"{base}/{name}" for name in ("jobs", "logs", "cancel", "rerun", "artifacts")
    }
    attempt = len(run.attempts)
    previous = f"{base}/attempts/{attempt - 1}" if attempt > 1 else None
    suite = run.id + 7
    return {
        "id": run.id,
        "name": run.workflow,
        "node_id": f"WFR_{run.id}",
        "head_branch": run.branch,
        "head_sha": run.sha,
        "path": run.path,
        "display_title": run.title,
        "run_number": run.number,
        "event": run.event,
        "status": run.last.status,
        "conclusion": run.last.conclusion,
        "workflow_id": number_of(run.path),
        "check_suite_id": suite,
        "check_suite_node_id": f"CS_{suite}",
        "url": base,
        "html_url": f"{WEB}/{github.repo}/actions/runs/{run.id}",
        "pull_requests": [
            _listed_pull(github, github.actions.pulls[number]) for number in run.listed
        ],
        "created_at": stamp(run.created_at),
        "updated_at": stamp(run.updated_at),
        "actor": user(github, run.actor),
        "run_attempt": attempt,
        "referenced_workflows": [],
        "run_started_at": stamp(run.last.started_at),
        "triggering_actor": user(github, run.actor),
        **links,
        "check_suite_url": f"{github.url}/repos/{github.repo}/check-suites/{suite}",
        "previous_attempt_url": previous,
        "workflow_url": f"{github.url}/repos/{github.repo}/actions/workflows/{number_of(run.path)}",
        "head_commit": _commit(run),
        "repository": minimal_repository(github, github.repo),
        "head_repository": minimal_repository(github, run.head_repo),
    }


def workflow(github: GitHub, path: str, name: str) -> Json:
    number = number_of(path)
    file = path.rpartition("/")[2]
    return {
        "id": number,
        "node_id": f"W_{number}",
        "name": name,
        "path": path,
        "state": "active",
        "created_at": stamp(github.now),
        "updated_at": stamp(github.now),
        "url": f"{github.url}/repos/{github.repo}/actions/workflows/{number}",
        "html_url": f"{WEB}/{github.repo}/blob/master/{path}",
        "badge_url": f"{WEB}/{github.repo}/workflows/{file}/badge.svg",
    }


def _commit(run: WorkflowRun) -> Json:
    return {
        "id": run.sha,
        "tree_id": run.sha[::-1],
        "message": run.title,
        "timestamp": stamp(run.created_at),
        "author": _PERSON,
        "committer": _PERSON,
    }


def minimal_repository(github: GitHub, name: str) -> Json:
    """What a run says about a repository: GitHub leaves out its default branch, too."""
    whole = repository(github, name)
    kept = ("id", "node_id", "name", "full_name", "private", "owner", "html_url", "description")
    links = {key: value for key, value in whole.items() if key.endswith("_url")}
    for key in ("clone_url", "git_url", "mirror_url", "ssh_url", "svn_url"):
        links.pop(key)
    return {key: whole[key] for key in (*kept, "fork", "url")} | links


def _listed_pull(github: GitHub, pull: Pull) -> Json:
    def side(repo: str, ref: str, sha: str) -> Json:
        about = {"id": number_of(repo), "url": f"{github.url}/repos/{repo}"}
        return {"ref": ref, "sha": sha, "repo": about | {"name": repo.partition("/")[2]}}

    return {
        "url": f"{github.url}/repos/{github.repo}/pulls/{pull.number}",
        "id": 1_000_000 + pull.number,
        "number": pull.number,
        "head": side(pull.head_repo, pull.branch, pull.sha),
        "base": side(github.repo, pull.base, "f" * 40),
    }


def job(github: GitHub, run: WorkflowRun, job: Job) -> Json:
    base = f"{github.url}/repos/{github.repo}/actions"
    return {
        "id": job.id,
        "run_id": run.id,
        "workflow_name": run.workflow,
        "head_branch": run.branch,
        "run_url": f"{base}/runs/{run.id}",
        "run_attempt": job.attempt,
        "node_id": f"CR_{job.id}",
        "head_sha": run.sha,
        "url": f"{base}/jobs/{job.id}",
        "html_url": f"{WEB}/{github.repo}/actions/runs/{run.id}/job/{job.id}",
        "status": job.status,
        "conclusion": job.conclusion,
        "created_at": stamp(job.created_at),
        "started_at": stamp(job.started_at),
        "completed_at": stamp(job.completed_at),
        "name": job.name,
        "steps": [_step(job)],
        "check_run_url": f"{github.url}/repos/{github.repo}/check-runs/{job.id}",
        "labels": ["ubuntu-latest"],
        "runner_id": 1,
        "runner_name": job.runner,
        "runner_group_id": 2,
        "runner_group_name": "GitHub Actions",
    }


def _step(job: Job) -> Json:
    return {
        "name": "Run make test",
        "status": job.status,
        "conclusion": job.conclusion,
        "number": 1,
        "started_at": stamp(job.started_at),
        "completed_at": stamp(job.completed_at),
    }


def attempt_jobs(github: GitHub, run: WorkflowRun, attempt: Attempt) -> list[Json]:
    return [job(github, run, one) for one in attempt.jobs]


def pull(github: GitHub, pull: Pull) -> Json:
    """A pull request as lists have it."""
    base = f"{github.url}/repos/{github.repo}/pulls/{pull.number}"
    issue = f"{github.url}/repos/{github.repo}/issues/{pull.number}"
    web = f"{WEB}/{github.repo}/pull/{pull.number}"
    statuses = f"{github.url}/repos/{github.repo}/statuses/{pull.sha}"
    comment = f"{github.url}/repos/{github.repo}/pulls/comments{{/number}}"
    closed_at = None if pull.state == "open" else stamp(pull.created_at)
    links = {
        "self": base,
        "html": web,
        "issue": issue,
        "comments": f"{issue}/comments",
        "review_comments": f"{base}/comments",
        "review_comment": comment,
        "commits": f"{base}/commits",
        "statuses": statuses,
    }
    return {
        "url": base,
        "id": 1_000_000 + pull.number,
        "node_id": f"PR_{pull.number}",
        "html_url": web,
        "diff_url": f"{web}.diff",
        "patch_url": f"{web}.patch",
        "issue_url": issue,
        "number": pull.number,
        "state": pull.state,
        "locked": False,
        "title": pull.title,
        "user": user(github, pull.author),
        "body": None,
        "created_at": stamp(pull.created_at),
        "updated_at": stamp(pull.created_at),
        "closed_at": closed_at,
        "merged_at": closed_at if pull.merged else None,
        "merge_commit_sha": None,
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "labels": [],
        "milestone": None,
        "draft": False,
        "commits_url": f"{base}/commits",
        "review_comments_url": f"{base}/comments",
        "review_comment_url": comment,
        "comments_url": f"{issue}/comments",
        "statuses_url": statuses,
        "head": _side(github, pull.head_repo, pull.branch, pull.sha, pull.author),
        "base": _side(github, github.repo, pull.base, "f" * 40),
        "_links": {name: {"href": address} for name, address in links.items()},
        "author_association": "CONTRIBUTOR",
        "auto_merge": None,
        "active_lock_reason": None,
    }


def _side(github: GitHub, repo: str, ref: str, sha: str, person: str = "") -> Json:
    owner = repo.partition("/")[0] or person
    return {
        "label": f"{owner}:{ref}",
        "ref": ref,
        "sha": sha,
        "user": user(github, owner),
        "repo": repository(github, repo) if repo else None,
    }


def single_pull(github: GitHub, one: Pull) -> Json:
    numbers = dict.fromkeys(
        ("comments", "review_comments", "commits", "additions", "deletions", "changed_files"), 1
    )
    more = {
        "merged": one.merged,
        "mergeable": None,
        "mergeable_state": "unknown",
        "merged_by": None,
        "maintainer_can_modify": False,
    }
    return pull(github, one) | numbers | more
