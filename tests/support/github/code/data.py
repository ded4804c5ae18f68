"""Endpoints of git data: references, trees, commits, files."""

import re
from datetime import UTC, datetime
from typing import Any

from tests.support.github import refusals, rules
from tests.support.github.code import shapes
from tests.support.github.code.git import GitError
from tests.support.github.code.state import Code, code_of
from tests.support.github.records import Answer, Call, Refused
from tests.support.github.state import GitHub

_SHA = re.compile("[0-9a-f]{40}")
_MODES = ("100644", "100755", "040000", "160000", "120000")


def repository_here(github: GitHub, repo: str, writes: str = "") -> Code:
    """Refuse an unknown repository, and a write without the right. `writes`: the documentation."""
    code = code_of(github)
    if repo not in code.repos:
        raise refusals.not_found()
    if not writes:
        return code
    if code.archived and repo == github.repo:
        raise refusals.refused(403, "Repository was archived so is read-only.", writes)
    if not code.may_push(repo):
        raise refusals.not_found()  # GitHub hides what the token may not write
    if "contents" in github.denied:
        raise refusals.refused(403, "Resource not accessible by personal access token", writes)
    return code


def _owner(repo: str) -> str:
    return repo.partition("/")[0]


def get_ref(github: GitHub, call: Call, repo: str, name: str) -> Answer:
    code = repository_here(github, repo)
    full = f"refs/{name}"
    sha = code.store.refs(_owner(repo)).get(full)
    if sha is None:
        raise refusals.refused(404, "Not Found", "/git/refs#get-a-reference")
    return Answer(200, shapes.ref(code, repo, full, sha))


def matching_refs(github: GitHub, call: Call, repo: str, begin: str) -> Answer:
    """All references that begin so, on one page."""
    code = repository_here(github, repo)
    refs = sorted(code.store.refs(_owner(repo)).items())
    matching = [pair for pair in refs if pair[0].startswith(f"refs/{begin}")]
    return Answer(200, [shapes.ref(code, repo, name, sha) for name, sha in matching])


def create_ref(github: GitHub, call: Call, repo: str) -> Answer:
    about = "/git/refs#create-a-reference"
    code = repository_here(github, repo, about)
    given = rules.body_of(github, call, {"ref": "string", "sha": "string"}, ("ref", "sha"))
    name, sha = given["ref"], given["sha"]
    owner = _owner(repo)
    if not _is_name(code, name):
        raise refusals.refused(422, f"{name} is not a valid ref name.", about)
    if name in code.store.refs(owner):
        raise refusals.refused(422, "Reference already exists", about)
    if not _SHA.fullmatch(sha) or not code.store.kind(sha):
        raise refusals.refused(422, "Object does not exist", about)
    try:
        code.store.create_ref(owner, name, sha)
    except GitError:  # a/b where a is a branch
        raise refusals.refused(422, "Reference update failed", about) from None
    call.made = name
    code.follow_branches()
    return Answer(201, shapes.ref(code, repo, name, sha))


def _is_name(code: Code, name: str) -> bool:
    if not name.startswith("refs/") or name.count("/") < 2:
        return False
    try:
        code.store.about("check-ref-format", name)
    except GitError:
        return False
    return True


def delete_ref(github: GitHub, call: Call, repo: str, name: str) -> Answer:
    about = "/git/refs#delete-a-reference"
    code = repository_here(github, repo, about)
    full = f"refs/{name}"
    if full not in code.store.refs(_owner(repo)):
        raise refusals.refused(422, "Reference does not exist", about)
    code.store.delete_ref(_owner(repo), full)
    code.follow_branches()
    return Answer(204, raw=b"")


def get_commit(github: GitHub, call: Call, repo: str, sha: str) -> Answer:
    code = repository_here(github, repo)
    if not _SHA.fullmatch(sha) or code.store.kind(sha) != "commit":
        raise refusals.not_found()
    return Answer(200, shapes.commit(code, repo, sha))


def create_tree(github: GitHub, call: Call, repo: str) -> Answer:
    about = "/git/trees#create-a-tree"
    code = repository_here(github, repo, about)
    given = _object_of(call, {"tree", "base_tree"}, ("tree",))
    base = given.get("base_tree") or ""
    if base and code.store.kind(base) != "tree":
        raise refusals.refused(422, "base_tree is not a valid tree oid", about)
    entries = [_entry(code, entry) for entry in given["tree"]]
    sha = code.store.tree(base, entries)
    call.made = f"tree {sha[:12]}"
    return Answer(201, shapes.tree(code, repo, sha))


def _entry(code: Code, entry: Any) -> tuple[str, str, str]:
    about = "/git/trees#create-a-tree"
    unknown = set(entry) - {"path", "mode", "type", "sha", "content"}
    if unknown or ("sha" in entry) == ("content" in entry):
        raise refusals.malformed("Must supply either tree.sha or tree.content.", about)
    path = entry.get("path", "")
    parts = path.split("/")
    if not path or {"", ".", "..", ".git"} & set(parts):
        raise refusals.refused(422, "tree.path contains a malformed path component", about)
    if entry.get("mode") not in _MODES:
        raise refusals.refused(422, "tree.mode must be one of 100644, 100755, ...", about)
    sha = code.store.blob(entry["content"]) if "content" in entry else entry["sha"]
    if not code.store.kind(sha):
        raise refusals.refused(422, f"tree.sha {sha} is not a valid blob", about)
    return entry["mode"], sha, path


def create_commit(github: GitHub, call: Call, repo: str) -> Answer:
    about = "/git/commits#create-a-commit"
    code = repository_here(github, repo, about)
    fields = {"message", "tree", "parents", "author", "committer", "signature"}
    given = _object_of(call, fields, ("message", "tree"))
    if code.store.kind(given["tree"]) != "tree":
        raise refusals.refused(422, "Tree SHA does not exist", about)
    parents = given.get("parents", [])
    if any(code.store.kind(parent) != "commit" for parent in parents):
        raise refusals.refused(422, "Parent SHA does not exist or is not a commit object", about)
    author = _person(github, given.get("author"))
    committer = _person(github, given.get("committer") or given.get("author"))
    sha = code.store.commit(given["tree"], parents, given["message"], author, committer)
    call.made = f"commit {sha[:12]}"
    return Answer(201, shapes.commit(code, repo, sha))


def _person(github: GitHub, given: Any) -> dict[str, str]:
    person = given or {"name": github.login, "email": f"{github.login}@example.com"}
    if not {"name", "email"} <= set(person):
        raise refusals.malformed('"name" and "email" are needed.', "/git/commits#create-a-commit")
    try:
        moment = datetime.fromisoformat(person.get("date", github.moment.isoformat()))
    except ValueError:
        raise refusals.refused(422, "Invalid date", "/git/commits#create-a-commit") from None
    date = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
    return {"name": person["name"], "email": person["email"], "date": date}


def _object_of(call: Call, fields: set[str], required: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(call.json, dict):
        raise refusals.refused(400, "Problems parsing JSON")
    for name in required:
        if name not in call.json:
            raise refusals.malformed(f'"{name}" wasn\'t supplied.')
    for name in call.json:
        if name not in fields:
            raise refusals.malformed(f'"{name}" is not a permitted key.')
    return call.json


def get_content(github: GitHub, call: Call, repo: str, path: str) -> Answer:
    """A folder is a list of its files."""
    code = repository_here(github, repo)
    commit = _commit_of(code, repo, call.query.get("ref", "master"))
    sha = code.store.blob_at(commit, path)
    if not sha:
        raise refusals.refused(404, "Not Found", "/repos/contents#get-repository-content")
    if code.store.kind(sha) == "tree":
        names = code.store.about("ls-tree", "--name-only", "-z", sha).split("\0")
        files = [f"{path}/{name}" for name in names if name]
        value = [_listed(code, repo, name, commit) for name in files]
        return Answer(200, value)
    return Answer(200, shapes.file(code, repo, path, commit, sha))


def _listed(code: Code, repo: str, path: str, commit: str) -> dict[str, Any]:
    whole = shapes.file(code, repo, path, commit, code.store.blob_at(commit, path))
    return {name: value for name, value in whole.items() if name not in ("content", "encoding")}


def _commit_of(code: Code, repo: str, ref: str) -> str:
    heads = code.heads(repo)
    name = ref.removeprefix("refs/heads/")
    if name in heads:
        return heads[name]
    if _SHA.fullmatch(ref) and code.store.kind(ref) == "commit":
        return ref
    raise _no_commit(ref)


def _no_commit(ref: str) -> Refused:
    about = "/repos/contents#get-repository-content"
    return refusals.refused(404, f"No commit found for the ref {ref}", about)
