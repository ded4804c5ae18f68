"""Texts of pull requests, and the build parameters into which the plugin puts them.

The 19 parameters of the pull request plugin follow its rules (ci-data A2). All text is invented;
addresses end in `.invalid` or `example.com`. Knows no runs and no outcomes.
"""

from math import exp, log
from random import Random
from typing import Any

import msgspec

# Size of the 19 parameters as JSON without the long description, measured on the default demo.
# Tests allow a deviation of 10 % for the sum.
FIXED_BYTES = 870
BODY_BYTES = 1_000  # default mean of a long description: 1.9 KB in all
_SIGMA = 0.8  # spread of the lognormal length of bodies, as in the workload of performance.md
_MAX_BODY = 16_000  # characters

_AREAS = (
    "executor",
    "planner",
    "ddl",
    "session",
    "expression",
    "statistics",
    "server",
    "util",
    "store",
    "*",
)
_VERBS = (
    "fix",
    "support",
    "refactor",
    "speed up",
    "remove",
    "add tests for",
    "migrate",
    "correct",
    "limit",
)
_THINGS = (
    *(
        "partition pruning on prefix columns",
        "the spill of hash join",
        "memory tracking of window functions",
    ),
    *(
        "wrong result of nested `IN` with NULL",
        "stale statistics after truncate",
        "the plan cache for prepared DML",
    ),
    *("region cache eviction", "async commit in safe mode", "collation of generated columns"),
    *(
        "unstable test in backfill",
        "duplicate warnings on insert",
        "the leader lease check",
        "bucket split hints",
    ),
    *(
        "snapshot reads after restart",
        "the metrics of coprocessor cache",
        "clock drift in the lease renewal",
    ),
)
_SENTENCES = (
    "The old code took the lock twice and gave the second waiter a stale answer.",
    "This change moves the check before the allocation, so that nothing has to be undone.",
    "Before this PR the estimate was off by a factor of three for skewed columns.",
    "I measured 12 % less memory on the demo workload; the plan stays the same.",
    "The test fails without the fix and passes 500 times with it.",
    'See the discussion in the design document; option "B" was chosen.',
    "No behaviour changes for users who do not set the variable.",
    "The follow-up will remove the deprecated path once release-5.0 is out of maintenance.",
    "这个改动只影响内部统计信息的更新时机，不影响查询结果。",
    "复现步骤：先创建分区表，再并发执行 ANALYZE 和 TRUNCATE。",
    "修复了在高并发下偶发的超时问题，并补充了单元测试。",
    "Works on my machine 😅 but please run it on the real cluster 🚀🚀.",
    "Thanks for the review! ❤️ I renamed the helper as you asked.",
    "- [ ] Unit test\n- [x] Integration test\n- [ ] Manual test\n- [ ] No code",
    "```sql\ncreate table t (a int primary key, b varchar(20)) "
    "partition by hash(a) partitions 4;\n```",
    "| case | before | after |\r\n| --- | --- | --- |\r\n| point get | 1.2ms | 0.9ms |\r\n",
)
_HEADINGS = (
    "### What problem does this PR solve?",
    "### What is changed and how it works?",
    "### Related changes",
    "### Check List",
    "### Side effects",
    "### Release note",
)
_NO_BODY = 0.04  # share of pull requests; the plugin writes a missing body as `null`


def escaped(text: str) -> str:
    """Escape free text as the plugin does: line ends and quotes become two characters each."""
    return text.replace("\r", "\\r").replace("\n", "\\n").replace('"', '\\"')


def _corpus(rng: Random) -> str:
    """Return about 70,000 characters of paragraphs, from which every body is cut."""
    parts = []
    for _ in range(200):
        sentences = rng.choices(_SENTENCES, k=rng.randint(2, 6))
        heading = rng.choice(_HEADINGS)
        parts.append(f"{heading}\r\n\r\nIssue Number: close #{rng.randint(9000, 25000)}\r\n\r\n")
        parts.append(" ".join(sentences) + "\r\n\r\n")
    return "".join(parts)


class Writer:
    """Writes titles and bodies.

    `description_bytes`: the mean size of a whole description as JSON.
    """

    def __init__(self, rng: Random, description_bytes: int | None = None) -> None:
        self._rng = rng
        self._corpus = _corpus(Random(rng.getrandbits(64)))
        encoded = len(msgspec.json.encode(escaped(self._corpus)))
        body_bytes = BODY_BYTES
        if description_bytes is not None:
            body_bytes = max(description_bytes - FIXED_BYTES, 1)
        characters = body_bytes * len(self._corpus) / encoded / (1 - _NO_BODY)
        self._mu = log(characters) - _SIGMA**2 / 2

    def title(self) -> str:
        rng = self._rng
        return f"{rng.choice(_AREAS)}: {rng.choice(_VERBS)} {rng.choice(_THINGS)}"

    def body(self) -> str:
        """Return a long description, already escaped; sometimes `null`."""
        length = min(int(exp(self._rng.normalvariate(self._mu, _SIGMA))), _MAX_BODY)
        near = self._rng.randrange(len(self._corpus) - 2 * _MAX_BODY)
        start = self._corpus.index("### ", near)
        if self._rng.random() < _NO_BODY:
            return "null"
        return escaped(self._corpus[start : start + length])


def person(login: str) -> str:
    """Return the display name of an invented login."""
    return login.replace("-", " ").title()


def mention(login: str) -> str:
    return f"@{login}" if login else ""


def mail(login: str) -> str:
    """Return an address; one login in four hides it, which the plugin writes as an empty text."""
    return f"{login}@example.com" if login and len(login) % 4 else ""


def pull_description(
    *,
    repo: str,
    number: int,
    commit: str,
    title: str,
    body: str,
    author: str,
    source_branch: str,
    trigger: str,
    mergeable: bool,
) -> dict[str, Any]:
    """Return the 19 parameters of a pull request run that are not columns.

    `title` and `body` are escaped already.
    """
    state = "no merge conflicts" if mergeable else "has merge conflicts"
    return {
        "sha1": f"origin/pr/{number}/merge" if mergeable else commit,
        "GIT_BRANCH": source_branch,
        "ghprbActualCommitAuthor": person(author),
        "ghprbActualCommitAuthorEmail": mail(author),
        "ghprbAuthorRepoGitUrl": f"https://github.com/{author}/{repo.partition('/')[2]}.git",
        "ghprbTriggerAuthor": person(trigger),
        "ghprbTriggerAuthorEmail": mail(trigger),
        "ghprbTriggerAuthorLogin": trigger,
        "ghprbTriggerAuthorLoginMention": mention(trigger),
        "ghprbPullId": str(number),
        "ghprbSourceBranch": source_branch,
        "ghprbPullAuthorEmail": mail(author),
        "ghprbPullAuthorLogin": author,
        "ghprbPullAuthorLoginMention": mention(author),
        "ghprbPullDescription": f"GitHub pull request #{number} of commit {commit}, {state}.",
        "ghprbPullTitle": title,
        "ghprbPullLink": f"https://github.com/{repo}/pull/{number}",
        "ghprbPullLongDescription": body,
        "ghprbCredentialsId": "demo-bot",
    }


def nightly_description(branch: str) -> dict[str, Any]:
    """Return the parameters of a nightly run, none of which comes from the plugin."""
    return {
        "release_test__tidb_commit": "",
        "release_test__tikv_commit": "",
        "release_test__pd_commit": "",
        "release_test__triggered_by": f"timer {branch}",
    }
