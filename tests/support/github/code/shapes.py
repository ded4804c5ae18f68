"""The JSON of references, git objects, files and pull requests."""

import base64
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from tests.support.github.code.state import Code, PullRequest
from tests.support.github.records import stamp
from tests.support.github.shapes import WEB, label, number_of, repository, user

Json = dict[str, Any]


def full_repository(code: Code, repo: str) -> Json:
    is_fork = repo in code.forks
    may_push = code.may_push(repo)
    value = repository(code.github, repo) | {
        "archived": code.archived and not is_fork,
        "fork": is_fork,
        "permissions": {
            "admin": False,
            "maintain": False,
            "pull": True,
            "push": may_push,
            "triage": may_push,
        },
    }
    if is_fork:
        value["parent"] = value["source"] = repository(code.github)
    return value


def ref(code: Code, repo: str, name: str, sha: str) -> Json:
    base = f"{code.github.url}/repos/{repo}/git"
    kind = code.store.kind(sha)
    return {
        "ref": name,
        "node_id": f"REF_{number_of(repo + name):08x}",
        "url": f"{base}/{quote(name)}",
        "object": {"sha": sha, "type": kind, "url": f"{base}/{kind}s/{sha}"},
    }


def tree(code: Code, repo: str, sha: str) -> Json:
    base = f"{code.github.url}/repos/{repo}/git"
    lines = code.store.about("ls-tree", "-z", sha).split("\0")
    entries = []
    for line in filter(None, lines):
        about, path = line.split("\t", 1)
        mode, kind, of = about.split(" ")
        url = f"{base}/{kind}s/{of}"
        entries.append({"path": path, "mode": mode, "type": kind, "sha": of, "url": url})
    return {"sha": sha, "url": f"{base}/trees/{sha}", "tree": entries, "truncated": False}


def commit(code: Code, repo: str, sha: str) -> Json:
    base = f"{code.github.url}/repos/{repo}/git"
    form = "%T%n%P%n%an%n%ae%n%at%n%cn%n%ce%n%ct%n%B"
    text = code.store.about("log", "-1", f"--format={form}", sha)
    of_tree, parents, *people, message = text.split("\n", 8)
    web = f"{WEB}/{repo}/commit"
    return {
        "sha": sha,
        "node_id": f"C_{sha[:12]}",
        "url": f"{base}/commits/{sha}",
        "html_url": f"{web}/{sha}",
        "author": _person(people[:3]),
        "committer": _person(people[3:]),
        "tree": {"sha": of_tree, "url": f"{base}/trees/{of_tree}"},
        "message": message.removesuffix("\n"),
        "parents": [
            {"sha": parent, "url": f"{base}/commits/{parent}", "html_url": f"{web}/{parent}"}
            for parent in parents.split()
        ],
        "verification": {
            "verified": False,
            "reason": "unsigned",
            "signature": None,
            "payload": None,
            "verified_at": None,
        },
    }


def _person(parts: list[str]) -> Json:
    name, email, seconds = parts
    return {"name": name, "email": email, "date": stamp(datetime.fromtimestamp(int(seconds), UTC))}


def file(code: Code, repo: str, path: str, commit: str, sha: str) -> Json:
    """Over 1 MB the content is left out."""
    content = code.store.content(sha)
    url = f"{code.github.url}/repos/{repo}/contents/{quote(path)}?ref={commit}"
    git = f"{code.github.url}/repos/{repo}/git/blobs/{sha}"
    web = f"{WEB}/{repo}/blob/{commit}/{quote(path)}"
    is_small = len(content) <= 1_000_000
    return {
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": sha,
        "size": len(content),
        "url": url,
        "html_url": web,
        "git_url": git,
        "download_url": f"https://raw.githubusercontent.com/{repo}/{commit}/{quote(path)}",
        "type": "file",
        "content": base64.encodebytes(content).decode() if is_small else "",
        "encoding": "base64" if is_small else "none",
        "_links": {"self": url, "git": git, "html": web},
    }


def pull(code: Code, one: PullRequest) -> Json:
    """A pull request as lists have it."""
    github, issue = code.github, code.issue(one.number)
    home = f"{github.url}/repos/{github.repo}"
    base, talk = f"{home}/pulls/{one.number}", f"{home}/issues/{one.number}"
    web = f"{WEB}/{github.repo}/pull/{one.number}"
    statuses = f"{home}/statuses/{one.sha}"
    review = f"{home}/pulls/comments{{/number}}"
    links = {
        "self": base,
        "html": web,
        "issue": talk,
        "comments": f"{talk}/comments",
        "review_comments": f"{base}/comments",
        "review_comment": review,
        "commits": f"{base}/commits",
        "statuses": statuses,
    }
    return {
        "url": base,
        "id": 1_000_000 + one.number,
        "node_id": f"PR_{one.number}",
        "html_url": web,
        "diff_url": f"{web}.diff",
        "patch_url": f"{web}.patch",
        "issue_url": talk,
        "number": one.number,
        "state": issue.state,
        "locked": issue.locked,
        "title": issue.title,
        "user": user(github, issue.author),
        "body": issue.body or None,
        "created_at": stamp(issue.created_at),
        "updated_at": stamp(issue.updated_at),
        "closed_at": stamp(issue.closed_at),
        "merged_at": stamp(one.merged_at),
        "merge_commit_sha": None,
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "labels": [label(github, name) | {"description": ""} for name in issue.labels],
        "milestone": None,
        "draft": one.draft,
        "commits_url": links["commits"],
        "review_comments_url": links["review_comments"],
        "review_comment_url": review,
        "comments_url": links["comments"],
        "statuses_url": statuses,
        "head": _side(code, one.head_repo, one.branch, one.sha),
        "base": _side(code, github.repo, one.base, one.base_sha),
        "_links": {name: {"href": address} for name, address in links.items()},
        "author_association": "MEMBER" if issue.author in code.members else "NONE",
        "auto_merge": None,
        "active_lock_reason": None,
    }


def _side(code: Code, repo: str, branch: str, sha: str) -> Json:
    owner = repo.partition("/")[0]
    is_there = repo in code.repos
    return {
        "label": f"{owner}:{branch}",
        "ref": branch,
        "sha": sha,
        "user": user(code.github, owner),
        "repo": repository(code.github, repo) if is_there else None,
    }


def single_pull(code: Code, one: PullRequest, mergeable: bool | None) -> Json:
    files = code.store.changed(one.base_sha, one.sha)
    states = {None: "unknown", True: "clean", False: "dirty"}
    return pull(code, one) | {
        "comments": len(code.issue(one.number).comments),
        "review_comments": 0,
        "commits": code.store.commits_between(one.base_sha, one.sha),
        "additions": sum(more for _, more, _, _ in files),
        "deletions": sum(less for _, _, less, _ in files),
        "changed_files": len(files),
        "merged": one.merged_at is not None,
        "mergeable": mergeable,
        "rebaseable": mergeable,
        "mergeable_state": states[mergeable],
        "merged_by": None,
        "maintainer_can_modify": False,
    }


def changed_file(code: Code, one: PullRequest, change: tuple[str, int, int, str]) -> Json:
    path, more, less, blob = change
    home = f"{code.github.url}/repos/{code.github.repo}"
    web = f"{WEB}/{code.github.repo}"
    is_new = not code.store.blob_at(one.base_sha, path)
    return {
        "sha": blob or None,
        "filename": path,
        "status": "added" if is_new else "modified" if blob else "removed",
        "additions": more,
        "deletions": less,
        "changes": more + less,
        "blob_url": f"{web}/blob/{one.sha}/{quote(path)}",
        "raw_url": f"{web}/raw/{one.sha}/{quote(path)}",
        "contents_url": f"{home}/contents/{quote(path)}?ref={one.sha}",
    }
