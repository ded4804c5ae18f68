"""The JSON of GitHub's answers, with every field that its description requires."""

import zlib
from typing import Any

from tests.support.github.records import Comment, Issue, Rate, stamp
from tests.support.github.state import GitHub

Json = dict[str, Any]
WEB = "https://github.com"
_USER_LINKS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
_REPO_LINKS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}
_REACTIONS = dict.fromkeys(
    ("total_count", "+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes"), 0
)


def number_of(text: str) -> int:
    """A stable number for a name."""
    return zlib.crc32(text.encode())


def user(github: GitHub, login: str) -> Json:
    base = f"{github.url}/users/{login.replace('[', '%5B').replace(']', '%5D')}"
    return {
        "login": login,
        "id": number_of(login),
        "node_id": f"U_{number_of(login):08x}",
        "avatar_url": f"https://avatars.githubusercontent.com/u/{number_of(login)}?v=4",
        "gravatar_id": "",
        "url": base,
        "html_url": f"{WEB}/{login}",
        **{name: base + rest for name, rest in _USER_LINKS.items()},
        "type": "Bot" if github.is_bot(login) else "User",
        "user_view_type": "public",
        "site_admin": False,
    }


def public_user(github: GitHub, login: str) -> Json:
    empty = dict.fromkeys(
        ("name", "company", "location", "email", "hireable", "bio", "twitter_username")
    )
    counts = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
    times = {"created_at": "2015-09-06T03:54:26Z", "updated_at": stamp(github.moment)}
    return user(github, login) | empty | counts | times | {"blog": ""}


def label(github: GitHub, name: str) -> Json:
    address = f"{github.url}/repos/{github.repo}/labels/{name}".replace(" ", "%20")
    return {
        "id": 900_000_000 + number_of(name),
        "node_id": f"LA_{number_of(name):08x}",
        "url": address,
        "name": name,
        "color": f"{number_of(name) & 0xFFFFFF:06x}",
        "default": False,
        "description": None,
    }


def _association(github: GitHub, login: str) -> str:
    return "MEMBER" if login == github.login and github.may_push else "NONE"


def issue(github: GitHub, issue: Issue, single: bool = False) -> Json:
    """`single`: the answer to a request for one issue, which says who closed it."""
    base = f"{github.url}/repos/{issue.repo}/issues/{issue.number}"
    web = f"{WEB}/{issue.repo}/issues/{issue.number}"
    links = {f"{name}_url": f"{base}/{name}" for name in ("comments", "events", "timeline")}
    people = [user(github, login) for login in issue.assignees]
    shape = {
        "url": base,
        "repository_url": f"{github.url}/repos/{issue.repo}",
        "labels_url": f"{base}/labels{{/name}}",
        **links,
        "html_url": web.replace("/issues/", "/pull/") if issue.pull else web,
        "id": issue.id,
        "node_id": f"I_kwDO{issue.number:06d}",
        "number": issue.number,
        "title": issue.title,
        "user": user(github, issue.author),
        "labels": [label(github, name) for name in issue.labels],
        "state": issue.state,
        "locked": issue.locked,
        "assignee": people[0] if people else None,
        "assignees": people,
        "milestone": None,
        "comments": len(issue.comments),
        "created_at": stamp(issue.created_at),
        "updated_at": stamp(issue.updated_at),
        "closed_at": stamp(issue.closed_at),
        "author_association": _association(github, issue.author),
        "active_lock_reason": None,
        "body": issue.body or None,
        "reactions": {"url": f"{base}/reactions", **_REACTIONS},
        "performed_via_github_app": None,
        "state_reason": issue.state_reason,
    }
    if single:
        shape["closed_by"] = user(github, issue.closed_by) if issue.closed_by else None
    return shape | (_pull(github, issue) if issue.pull else {})


def _pull(github: GitHub, issue: Issue) -> Json:
    web = f"{WEB}/{issue.repo}/pull/{issue.number}"
    links = {
        "html_url": web,
        "diff_url": f"{web}.diff",
        "patch_url": f"{web}.patch",
        "merged_at": None,
    }
    return {
        "draft": False,
        "pull_request": {"url": f"{github.url}/repos/{issue.repo}/pulls/{issue.number}", **links},
    }


def comment(github: GitHub, issue: Issue, comment: Comment) -> Json:
    base = f"{github.url}/repos/{issue.repo}/issues"
    kind = "pull" if issue.pull else "issues"
    web = f"{WEB}/{issue.repo}/{kind}/{issue.number}#issuecomment-{comment.id}"
    return {
        "url": f"{base}/comments/{comment.id}",
        "html_url": web,
        "issue_url": f"{base}/{issue.number}",
        "id": comment.id,
        "node_id": f"IC_kwDO{comment.id}",
        "user": user(github, comment.author),
        "created_at": stamp(comment.created_at),
        "updated_at": stamp(comment.updated_at),
        "body": comment.body,
        "author_association": _association(github, comment.author),
        "performed_via_github_app": None,
        "reactions": {"url": f"{base}/comments/{comment.id}/reactions", **_REACTIONS},
    }


def repository(github: GitHub, repo: str = "") -> Json:
    """Open pull requests count as open issues. `repo`: another one, e.g. a fork."""
    repo = repo or github.repo
    owner, _, name = repo.partition("/")
    base, web = f"{github.url}/repos/{repo}", f"{WEB}/{repo}"
    still_open = sum(issue.state == "open" for issue in github.issues.values())
    counts = dict.fromkeys(
        ("forks", "forks_count", "stargazers_count", "watchers", "watchers_count", "size"), 0
    )
    times = dict.fromkeys(("created_at", "updated_at", "pushed_at"), stamp(github.created_at))
    no = dict.fromkeys(
        ("private", "fork", "has_wiki", "has_pages", "has_discussions", "archived", "disabled"),
        False,
    )
    rights = dict.fromkeys(("push", "triage"), github.may_push)
    return {
        "id": number_of(repo),
        "node_id": f"R_{number_of(repo):08x}",
        "name": name,
        "full_name": repo,
        "owner": user(github, owner) | {"type": "Organization"},
        "html_url": web,
        "url": base,
        "description": None,
        **{name: base + rest for name, rest in _REPO_LINKS.items()},
        **counts,
        **times,
        **no,
        "clone_url": f"{web}.git",
        "git_url": f"git://github.com/{repo}.git",
        "svn_url": web,
        "ssh_url": f"git@github.com:{repo}.git",
        "mirror_url": None,
        "homepage": None,
        "language": "Go",
        "has_issues": github.issues_enabled,
        "has_projects": True,
        "has_downloads": True,
        "default_branch": "master",
        "license": None,
        "open_issues": still_open,
        "open_issues_count": still_open,
        "topics": [],
        "visibility": "public",
        "network_count": 0,
        "subscribers_count": 0,
        "allow_forking": True,
        "is_template": False,
        "permissions": {"admin": False, "maintain": False, "pull": True, **rights},
    }


def rates(core: Rate, search: Rate) -> Json:
    return {"resources": {"core": core.numbers, "search": search.numbers}, "rate": core.numbers}
