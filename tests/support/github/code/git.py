"""A bare git repository that several GitHub repositories share, each in a namespace of git."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_NONE = "0" * 40
_SETTINGS = "[core]\n\tfsync = none\n[gc]\n\tauto = 0\n[http]\n\treceivepack = true\n"


class GitError(Exception):
    """git refused; its message."""


@dataclass(frozen=True)
class GitStore:
    """Runs git's plumbing in one bare repository, which `created` makes.

    `owner` in all methods: the namespace, which is the owner of the GitHub repository.
    """

    folder: Path
    _known: dict[tuple[str, ...], str] = field(default_factory=dict)  # of immutable objects
    _refs: dict[str, dict[str, str]] = field(default_factory=dict)  # by owner

    @classmethod
    def created(cls, folder: Path) -> "GitStore":
        folder.mkdir(parents=True)
        store = cls(folder)
        store.run("init", "--bare", "--quiet", "--template=", ".")
        with (folder / "config").open("a") as config:
            config.write(_SETTINGS)
        return store

    def copied(self, folder: Path) -> "GitStore":
        """The same repository in another folder. It costs less than to create one."""
        shutil.copytree(self.folder, folder)
        return GitStore(folder, dict(self._known))

    def run(self, *arguments: str, stdin: str = "", more: Mapping[str, str] | None = None) -> str:
        """The output of a git command, without its last line end. Raises GitError."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            input=stdin.encode(),
            capture_output=True,
            env=self.environment(more or {}),
            check=False,
        )
        if done.returncode != 0:
            raise GitError(done.stderr.decode(errors="replace").strip() or str(done.returncode))
        return done.stdout.decode(errors="surrogateescape").removesuffix("\n")

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """No settings of the machine or of a person apply."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "LC_ALL": "C",
            **more,
        }

    # References

    def refs(self, owner: str) -> dict[str, str]:
        """All references of a namespace, `refs/heads/x`, with their objects."""
        if owner not in self._refs:
            self._refs[owner] = self._read_refs(owner)
        return dict(self._refs[owner])

    def forget_refs(self) -> None:
        """Somebody else may have changed references."""
        self._refs.clear()

    def _read_refs(self, owner: str) -> dict[str, str]:
        space = f"refs/namespaces/{owner}/"
        lines = self.run("for-each-ref", "--format=%(objectname) %(refname)", space).splitlines()
        pairs = (line.split(" ", 1) for line in lines)
        return {name.removeprefix(space): sha for sha, name in pairs}

    def create_ref(self, owner: str, name: str, sha: str) -> None:
        self.run("update-ref", f"refs/namespaces/{owner}/{name}", sha, _NONE)
        self._remember(owner, name, sha)

    def move_ref(self, owner: str, name: str, sha: str) -> None:
        self.run("update-ref", f"refs/namespaces/{owner}/{name}", sha)
        self._remember(owner, name, sha)

    def delete_ref(self, owner: str, name: str) -> None:
        self.run("update-ref", "-d", f"refs/namespaces/{owner}/{name}")
        self._refs.get(owner, {}).pop(name, None)

    def _remember(self, owner: str, name: str, sha: str) -> None:
        if owner in self._refs:
            self._refs[owner][name] = sha

    def about(self, *arguments: str) -> str:
        """What git says about objects, which never changes: it is asked once."""
        if arguments not in self._known:
            self._known[arguments] = self.run(*arguments)
        return self._known[arguments]

    def _created(self, kind: str, sha: str) -> str:
        self._known["cat-file", "-t", sha] = kind
        return sha

    # Objects

    def kind(self, sha: str) -> str:
        """`commit`, `tree`, `blob`, or "" for an object that does not exist."""
        try:
            return self.about("cat-file", "-t", sha)
        except GitError:
            return ""

    def blob(self, content: str) -> str:
        return self._created("blob", self.run("hash-object", "-w", "--stdin", stdin=content))

    def tree(self, base: str, entries: Sequence[tuple[str, str, str]]) -> str:
        """A tree. `base`: the tree it begins with, or "". `entries`: mode, blob and path."""
        index = {"GIT_INDEX_FILE": str(self.folder / f"index-{os.urandom(6).hex()}")}
        try:
            self.run("read-tree", *([base] if base else ["--empty"]), more=index)
            lines = "".join(f"{mode} {sha}\t{path}\0" for mode, sha, path in entries)
            self.run("update-index", "-z", "--index-info", stdin=lines, more=index)
            return self._created("tree", self.run("write-tree", more=index))
        finally:
            Path(index["GIT_INDEX_FILE"]).unlink(missing_ok=True)

    def tree_of(self, files: Mapping[str, str], base: str = "") -> str:
        """A tree with files by their paths. `base`: as `tree`."""
        entries = [("100644", self.blob(content), path) for path, content in files.items()]
        return self.tree(base, entries)

    def commit(
        self,
        tree: str,
        parents: Sequence[str],
        message: str,
        author: Mapping[str, str],
        committer: Mapping[str, str],
    ) -> str:
        """A commit. `author`, `committer`: `name`, `email` and `date`."""
        people = {"AUTHOR": author, "COMMITTER": committer}
        environment = {
            f"GIT_{role}_{part.upper()}": person[part]
            for role, person in people.items()
            for part in ("name", "email", "date")
        }
        options = [option for parent in parents for option in ("-p", parent)]
        sha = self.run("commit-tree", tree, *options, stdin=message, more=environment)
        return self._created("commit", sha)

    def content(self, sha: str) -> bytes:
        done = subprocess.run(
            ["git", "cat-file", "blob", sha],
            cwd=self.folder,
            capture_output=True,
            env=self.environment({}),
            check=True,
        )
        return done.stdout

    # Comparisons

    def merges(self, base: str, head: str) -> bool:
        """Whether both commits can be merged without a conflict."""
        try:
            self.about("merge-tree", "--write-tree", base, head)
        except GitError:
            return False
        return True

    def commits_between(self, base: str, head: str) -> int:
        return int(self.about("rev-list", "--count", f"{base}..{head}"))

    def changed(self, base: str, head: str) -> list[tuple[str, int, int, str]]:
        """Path, added and removed lines and blob of each file that `head` changes."""
        at = self.about("merge-base", base, head)
        counts = self.about("diff-tree", "-r", "--no-renames", "--numstat", at, head).splitlines()
        parts = (line.split("\t") for line in counts)
        return [
            (path, int(more), int(less), self.blob_at(head, path)) for more, less, path in parts
        ]

    def blob_at(self, commit: str, path: str) -> str:
        """The blob or tree at a path of a commit; "" if there is none."""
        try:
            return self.about("rev-parse", "--verify", "--quiet", f"{commit}:{path}")
        except GitError:
            return ""
