"""Texts of issues and comments: goldens, and untrusted words that must stay harmless."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.failures import case_key
from ci_stat.issues.decisions.rules import Decision
from ci_stat.issues.decisions.silence import Silence
from ci_stat.issues.evidence import Elsewhere, Occurrence
from ci_stat.issues.marker import block, comment_ids, hidden, read, remarked
from ci_stat.issues.model import Draft, Earlier, Marker, masked_name
from ci_stat.issues.text.commands import command
from ci_stat.issues.text.draft import issue_draft, owners
from ci_stat.issues.titles import is_about, named_in
from ci_stat.records import CaseFailure, IssueAction
from tests.redaction.test_redact import SECRETS
from tests.support import hostile
from tests.support.golden import Golden
from tests.support.issue_texts import (
    BEGIN,
    COMMITS,
    JOB,
    SAID,
    about,
    change,
    decision,
    evidence,
    failure_history,
    incident,
    marker,
    occurrences,
    race,
    ref,
    tracked,
)

FILE, COMMENT, UPDATE = IssueAction.FILE, IssueAction.COMMENT, IssueAction.UPDATE
REOPEN, CLOSE = IssueAction.REOPEN, IssueAction.CLOSE


REFERENCE = Earlier(321, "2021-03-22")


def but_earlier(body: str) -> Marker | None:
    """The marker of a text, without the earlier issue, which the writer adds."""
    marker = read(body)
    return marker and msgspec.structs.replace(marker, earlier=msgspec.UNSET)


def shown(draft: Draft) -> str:
    """A draft as one text for a golden."""
    head = {
        name: value
        for name in draft.__struct_fields__
        if (value := getattr(draft, name)) and name not in _LONG
    }
    parts = [f"{name}: {value}" for name, value in head.items()]
    return "\n".join(
        (
            *parts,
            *(
                f"\n======== {name}\n{getattr(draft, name)}"
                for name in _LONG
                if getattr(draft, name)
            ),
        )
    )


_LONG = ("body", "comment")


def old_body() -> str:
    case = failure_history()
    before = tracked(number=321, open=False, closed_at=BEGIN - timedelta(days=90))
    return issue_draft(decision(FILE, case, before=before), evidence(case), about()).body or ""


def test_a_new_issue_with_everything(golden: Golden) -> None:
    case = failure_history()
    before = tracked(number=321, open=False, closed_at=BEGIN - timedelta(days=90))
    settings = about(commits={case.key: COMMITS})
    draft = issue_draft(decision(FILE, case, before=before), evidence(case), settings)
    golden.check("issue_file.md", shown(draft) + "\n")
    assert draft.create == "0123456789abcdef0123"
    assert but_earlier(draft.body or "") == marker(case, commits=COMMITS)


def test_a_race(golden: Golden) -> None:
    said = race()
    case = failure_history(said.name, said, elsewhere=())
    golden.check(
        "issue_race.md",
        shown(issue_draft(decision(FILE, case), evidence(case), about(owners=None))) + "\n",
    )


def test_an_incident(golden: Golden) -> None:
    cases = [
        failure_history(
            f"testSuite{n}.TestMany", occurrences=occurrences(days=(0.2, 0.4)[: 1 + n % 2])
        )
        for n in range(9)
    ]
    many = incident({case.key: case.name for case in cases})
    draft = issue_draft(
        decision(FILE, many, why="9 tests failed together in 2 runs"),
        evidence(*cases, incidents=(many,)),
        about(),
    )
    golden.check("issue_incident.md", shown(draft) + "\n")


def test_a_comment(golden: Golden) -> None:
    case = failure_history()
    other = msgspec.structs.replace(
        SAID, message="... Error: cursor is closed", excerpt="a\nb\n... Error: cursor is closed"
    )
    release = ref(2040, BEGIN + timedelta(days=0.95), branch="release-5.0")
    case = failure_history(occurrences=(*case.occurrences, Occurrence(release, other)))
    new = (
        change("back", "13"),
        change("message", other.message, other.excerpt),
        change("branch", "release-5.0"),
    )
    draft = issue_draft(
        decision(COMMENT, case, issue=tracked(old_body()), changes=new), evidence(case), about()
    )
    golden.check("issue_comment.md", f"{draft.comment}\n")
    assert comment_ids(draft.comment or "") == (draft.comment_id,)
    assert but_earlier(draft.body or "") == marker(case)


def test_new_members_of_an_incident() -> None:
    many = incident({f"case:s.Test{n}": f"s.Test{n}" for n in range(6)})
    draft = issue_draft(
        decision(COMMENT, many, issue=tracked(), changes=(change("members", "s.Test4, s.Test5"),)),
        evidence(incidents=(many,)),
        about(),
    )
    assert "New tests in this incident: `s.Test4, s.Test5`." in (draft.comment or "")
    assert draft.body is None  # our part is not in it


def test_failing_again_after_a_close(golden: Golden) -> None:
    case = failure_history()
    issue = tracked(old_body(), open=False, closed_at=BEGIN - timedelta(days=3))
    draft = issue_draft(
        decision(REOPEN, case, issue=issue, changes=(change("again", "2021-06-17"),)),
        evidence(case),
        about(),
    )
    golden.check("issue_reopen.md", f"{draft.comment}\n")
    assert (draft.state, draft.state_reason) == ("open", "reopened")
    assert "4 failed runs started after" in (draft.comment or "")
    assert but_earlier(draft.body or "") == marker(case)


def test_only_one_comment_a_day_so_none_may_be_due() -> None:
    draft = issue_draft(
        decision(REOPEN, failure_history(), issue=tracked(old_body()), stamp=""),
        evidence(failure_history()),
        about(),
    )
    assert draft.comment is None
    assert draft.comment_id == ""
    assert draft.state == "open"


def test_closing(golden: Golden) -> None:
    said = Silence(
        7, timedelta(days=20, hours=3), timedelta(days=41), timedelta(days=14), 380, 2100, bursts=4
    )
    closed = marker(failure_history(), longest=14.0)
    draft = issue_draft(
        decision(
            CLOSE,
            failure_history(),
            history=None,
            issue=tracked(old_body()),
            silence=said,
            marker=closed,
            changes=(change("closed", "..."),),
        ),
        evidence(),
        about(),
    )
    golden.check("issue_close.md", f"{draft.comment}\n")
    assert (draft.state, draft.state_reason) == ("closed", "completed")
    assert but_earlier(draft.body or "") == closed
    line = re.compile("<!-- ci_stat:issue:.*")
    assert line.sub("", draft.body or "") == line.sub("", old_body())


@pytest.mark.parametrize(
    ("silence", "said"),
    [
        (
            Silence(1, timedelta(0), timedelta(days=91), timedelta(0), 1, 800),
            "Closed as completed: 1 failure, then none for 91 days in 800 finished runs.\n\n"
            "With a single failure there is no rate to estimate; only the quiet period counts."
            "\n\nThis issue",
        ),
        (
            Silence(9, timedelta(days=2), timedelta(days=30), timedelta(days=1), 90, 800, bursts=1),
            "The failures came in a single burst, so a longer quiet period was required.",
        ),
        (
            Silence(9, timedelta(days=9), timedelta(days=81), timedelta(days=5), 90, 800, bursts=3),
            "The failures came in 3 bursts; by bursts it would be 1%.",
        ),
    ],
)
def test_the_words_of_a_closing_comment(silence: Silence, said: str) -> None:
    closing = decision(
        CLOSE, failure_history(), history=None, issue=tracked(old_body()), silence=silence
    )
    comment = issue_draft(closing, evidence(), about()).comment or ""
    assert said in comment
    assert "100%" not in comment


def test_an_update_keeps_what_people_wrote(golden: Golden) -> None:
    case = failure_history()
    body = f"Looks like the sort spills.\r\n\r\n{old_body()}\r\n\r\n@alice is on it, see #99.\r\n"
    now = decision(
        UPDATE,
        case,
        issue=tracked(body),
        marker=marker(case, older=40, first=BEGIN - timedelta(days=200), earlier=REFERENCE),
    )
    draft = issue_draft(now, evidence(case), about())
    golden.check("issue_update.md", f"{draft.body}\n".replace("\r", ""))
    new = draft.body or ""
    assert new.startswith("Looks like the sort spills.\r\n\r\n")
    assert new.endswith("\r\n\r\n@alice is on it, see #99.\r\n")
    assert "cc @" not in new
    assert "Owner: `@pingcap/exec`" in new
    assert "Earlier: #321 (closed 2021-03-22)." in new
    assert draft.comment is None
    assert draft.state is None


@pytest.mark.parametrize(
    ("room", "parts"),
    [
        (
            60_500,
            ["### How to stop these updates", "The same failure in other jobs", "FAIL: executor"],
        ),
        (62_600, ["Failed in **6 of"]),
        (64_000, []),
    ],
)
def test_our_block_shrinks_next_to_long_text_of_people(room: int, parts: list[str]) -> None:
    case = failure_history()
    # In the last case our block holds only its delimiters and the marker.
    body = f"{'x' * room}\n{old_body() if room < 63_000 else block(hidden(marker(case)))}"
    now = decision(UPDATE, case, issue=tracked(body), marker=marker(case, older=3))
    new = issue_draft(now, evidence(case), about()).body or ""
    assert new.startswith("x" * room)
    assert len(new) <= 65_000
    assert but_earlier(new) == marker(case, older=3)
    assert [part for part in parts if part not in new] == []
    if room > 62_000:
        assert "### How to stop these updates" not in new
        assert "From the log" not in new


@given(st.integers(58_000, 65_536))
def test_texts_stay_within_the_limit_of_the_tracker(length: int) -> None:
    case = failure_history()
    for body in (
        f"{'x' * length}{old_body()}",
        f"{old_body()[:-30]}{'x' * length}{old_body()[-30:]}",
    ):
        for action in (UPDATE, CLOSE):
            now = decision(action, case, issue=tracked(body), marker=marker(case, older=3))
            assert len(issue_draft(now, evidence(case), about()).body or "") <= 65_000


def test_commits_survive_an_update() -> None:
    case = failure_history()
    now = decision(
        UPDATE, case, issue=tracked(old_body()), marker=marker(case, commits=COMMITS, older=3)
    )
    body = issue_draft(now, evidence(case), about()).body or ""
    assert f"Commit of the first failure: `{COMMITS[0]}`" in body
    assert but_earlier(body) == marker(case, commits=COMMITS, older=3)
    other = (COMMITS[1], "")
    body = issue_draft(now, evidence(case), about(commits={case.key: other})).body or ""
    assert but_earlier(body) == marker(case, commits=other, older=3)
    odd = decision(
        UPDATE, case, issue=tracked(old_body()), marker=marker(case, commits=("@alice", "#1"))
    )
    assert "Commit of the first failure" not in (
        issue_draft(odd, evidence(case), about()).body or ""
    )


def test_a_new_issue_counts_only_runs_after_the_close() -> None:
    case = failure_history()
    later = failure_history(occurrences=case.occurrences[2:])
    before = tracked(number=321, open=False, closed_at=BEGIN - timedelta(days=3))
    draft = issue_draft(
        decision(FILE, case, before=before, marker=marker(later)), evidence(case), about()
    )
    first = case.occurrences[2].run
    assert f"- First seen: 2021-06-19 00:00, [run {first.number}]" in (draft.body or "")
    runs = evidence(case).runs_since(first.started)
    assert f"Failed in **4 of {runs} finished runs**" in (draft.body or "")
    assert "from 2021-06-19 00:00 to" in (draft.body or "")
    assert "in total" not in (draft.body or "")
    assert "2021-05-31" not in (draft.body or "")


def test_an_older_window_does_not_reduce_the_numbers() -> None:
    case = failure_history()
    newer = marker(case, last=BEGIN + timedelta(days=5), older=2)
    body = issue_draft(
        decision(UPDATE, case, issue=tracked(old_body()), marker=newer), evidence(case), about()
    ).body
    assert "- Last seen: 2021-06-25 00:00\n" in (body or "")
    assert "From the log of a [failed run](" in (body or "")
    assert "last failed run" not in (body or "")
    assert but_earlier(body or "") == newer


@pytest.mark.parametrize(
    ("runs", "said"), [(12, "intermittently"), (7, ""), (6, ""), (600, "intermittently")]
)
def test_whether_it_fails_intermittently(runs: int, said: str) -> None:
    case = failure_history()
    body = issue_draft(decision(FILE, case), evidence(case, runs=runs), about()).body or ""
    assert ("It fails intermittently" in body) is bool(said)


def test_what_fails_in_nearly_every_run() -> None:
    case = failure_history(occurrences=occurrences(days=[n / 40 for n in range(40)]))
    body = issue_draft(decision(FILE, case), evidence(case, runs=40), about()).body or ""
    assert "It fails in nearly every run." in body
    assert "intermittently" not in body


def test_a_command_that_had_to_be_escaped_is_left_out() -> None:
    said = CaseFailure("case", "tests/test_a.py::test_b[a@bob]", "x", "log")
    case = failure_history(said.name, said, occurrences=occurrences(said))
    body = issue_draft(decision(FILE, case), evidence(case), about()).body or ""
    assert "```sh" not in body
    assert "Run the job `tidb-unit-test-nightly` again" in body


EARLIER = "Earlier: #666 (closed 2021-01-01)."


@pytest.mark.parametrize(
    "change_it",
    [
        lambda body: f"{EARLIER}\n\n---\n\n{body}",
        lambda body: f"{body}\n\n{EARLIER}\n\n---\n\n`ci_stat 0.1.0`, x\n\n<!-- ci_stat:issue:",
        lambda body: body.replace(
            "### How to", f"{EARLIER}\n\n---\n\nx. Text that you write\n\n### How to"
        ),
        lambda body: body.replace("... obtained", f"{EARLIER}\n\n---\n\n... obtained"),
        lambda body: body.replace("---\n\n`ci_stat", f"{EARLIER}\n\nx\n\n---\n\n`ci_stat"),
        lambda body: body.replace("Earlier: #321", "Earlier: #321, #666").replace(
            "\n---\n", "\n***\n"
        ),
    ],
)
def test_references_of_other_authors_are_not_kept(change_it: Callable[[str], str]) -> None:
    case = failure_history()
    body = change_it(of_version_0(old_body()))
    draft = issue_draft(
        decision(UPDATE, case, issue=tracked(body), marker=marker(case, older=3)),
        evidence(case),
        about(),
    )
    ours = (
        (draft.body or "")
        .partition("<!-- ci_stat:begin -->")[2]
        .partition("<!-- ci_stat:end -->")[0]
    )
    assert "#666" not in ours


def of_version_0(body: str) -> str:
    """The text of a version whose markers had no field for the earlier issue."""
    known = read(body)
    assert known is not None
    assert known.earlier == REFERENCE
    older = remarked(body, msgspec.structs.replace(known, earlier=msgspec.UNSET))
    assert older is not None
    footer = "Text that you write above or below this block is kept."
    assert older.count(footer) == 1
    return older.replace(footer, "What people write above and below this stays.")


@pytest.mark.parametrize("version", [of_version_0, str])
def test_our_own_reference_is_kept(version: Callable[[str], str]) -> None:
    case = failure_history()
    written = version(old_body())
    known = read(written)
    assert known is not None
    for body in (written, written.replace("\n", "\r\n")):
        now = decision(
            UPDATE, case, issue=tracked(body), marker=msgspec.structs.replace(known, older=3)
        )
        assert "\n\nEarlier: #321 (closed 2021-03-22).\n" in (
            issue_draft(now, evidence(case), about()).body or ""
        )


def test_names_with_a_secret_are_masked_in_the_marker() -> None:
    secret = "case:s.Test?password=hunter2"
    many = incident({secret: "s.Test", "case:s.TestB": "s.TestB"})
    branch, job = "password=hunter2", "token=ab12cd34ef56"
    made = marker(many, key=secret, branches=("master", branch), jobs=(JOB, job), why=branch)
    draft = issue_draft(decision(FILE, many, marker=made), evidence(incidents=(many,)), about())
    parsed = read(draft.body or "")
    assert parsed is not None
    assert parsed.key == masked_name(secret)
    assert parsed.key.startswith("case:~")
    assert parsed.members == (masked_name(secret), "case:s.TestB")
    assert parsed.branches == ("master", masked_name(branch))
    assert parsed.jobs == (JOB, masked_name(job))
    assert parsed.why == "password=***"
    again = issue_draft(decision(FILE, many, marker=parsed), evidence(incidents=(many,)), about())
    assert read(again.body or "") == parsed


def test_the_text_of_a_person_is_not_changed() -> None:
    case = failure_history()
    for body in ("by a person", old_body()):
        issue = tracked(body, ours=False, open=False, closed_at=BEGIN)
        draft = issue_draft(
            decision(
                REOPEN, case, issue=issue, marker=None, changes=(change("again", "2021-06-20"),)
            ),
            evidence(case),
            about(),
        )
        assert draft.body is None
        assert "Add the label `ci_stat/mute` to this issue to stop these comments." in (
            draft.comment or ""
        )


def test_a_text_that_people_replaced_stays() -> None:
    case = failure_history()
    draft = issue_draft(decision(UPDATE, case, issue=tracked("rewritten")), evidence(case), about())
    assert draft == Draft()


def test_nothing_is_written_without_a_difference() -> None:
    case = failure_history()
    once = issue_draft(
        decision(UPDATE, case, issue=tracked(old_body())), evidence(case), about()
    ).body
    assert once is not None  # no cc any more
    again = decision(UPDATE, case, issue=tracked(once))
    assert issue_draft(again, evidence(case), about()) == Draft()


@pytest.mark.parametrize(
    ("name", "said", "line", "where"),
    [
        (
            "testCursorSuite.TestSeek",
            {"name": "x/y/a_test.go:8: S.T"},
            r"go test ./x/y -check.f '^testCursorSuite\.TestSeek$'",
            "",
        ),
        (
            "testCursorSuite.TearDownSuite",
            {"name": "a_test.go:8: S.T"},
            r"go test . -check.f '^testCursorSuite\.'",
            "a_test.go",
        ),
        (
            "S.TestA",
            {"file": "/go/src/github.com/pingcap/tidb/ddl/db_test.go"},
            r"go test ./ddl -check.f '^S\.TestA$'",
            "",
        ),
        (
            "S.TestA",
            {"file": "/home/x/db_test.go"},
            r"go test . -check.f '^S\.TestA$'",
            "db_test.go",
        ),
        (
            "S.TestA",
            {"file": "../../etc/db_test.go"},
            r"go test . -check.f '^S\.TestA$'",
            "db_test.go",
        ),
        ("TestX", {"rule": "go-test-fail"}, "go test . -run '^TestX$' -count=1", "its package"),
        (
            "TestPing",
            {"rule": "gotestsum-fail", "suite": "net/http"},
            "go test ./net/http -run '^TestPing$' -count=1",
            "",
        ),
        ("tree::tests::rotates", {"rule": "cargo-test"}, "cargo test tree::tests::rotates", ""),
        ("tests/test_a.py::test_b[x y]", {}, "pytest 'tests/test_a.py::test_b[x y]'", ""),
        ("test_b", {"rule": "pytest"}, "pytest -k test_b", ""),
        (
            "test_b",
            {"rule": "pytest", "file": "tests/test_a.py"},
            "pytest tests/test_a.py::test_b",
            "",
        ),
        ("//pkg/kv:kv_test", {}, "bazel test //pkg/kv:kv_test", ""),
        (
            "tests/a.py::test'; rm -rf ~; '",
            {},
            """pytest 'tests/a.py::test'"'"'; rm -rf ~; '"'"''""",
            "",
        ),
        ("S.Test\nA", {"file": "a/b_test.go"}, "", ""),
        ("holds eggs", {}, "", ""),
        ("tests/a.py::" + "x" * 600, {}, "", ""),
    ],
)
def test_how_to_reproduce(name: str, said: dict[str, str], line: str, where: str) -> None:
    failure = CaseFailure(**{"kind": "case", "name": name, "source": "log"} | said)  # type: ignore[arg-type]
    assert command(name, failure, "pingcap/tidb") == (line, where)


@pytest.mark.parametrize(
    ("template", "name", "line"),
    [
        ("make unit CASE={case} DIR={package}", "S.TestA", "make unit CASE=S.TestA DIR=ddl"),
        ("run {suite} {test} {file}", "S.TestA", "run S TestA ddl/db_test.go"),
        ("run '{test}' {case.__class__}", "S.TestA", "run 'TestA' {case.__class__}"),
        ("run '{test}'", "S.x; rm -rf ~", ""),
        ("run {suite}", "TestA", "go test ./ddl -run '^TestA$' -count=1"),
    ],
)
def test_a_command_by_setting(template: str, name: str, line: str) -> None:
    failure = CaseFailure("case", name, file="ddl/db_test.go")
    assert command(name, failure, "pingcap/tidb", template)[0] == line


def test_owners() -> None:
    known = owners(
        '{"S.TestA": "@a", "S": "@s", "S.Te*": "@long", "S*": "@short", '
        '"x/y": "@org/team", "pkg": "@pkg", "*": "@all"}'
    )
    assert known.of("S.TestA", "pkg", "x/y") == "@a"
    assert known.of("S.TestB", "pkg", "x/y") == "@pkg"
    assert known.of("S.TestB", "", "x/y") == "@s"
    assert known.of("Sx.TestB", "", "x/y") == "@short"
    assert owners('{"S.Te*": "@long", "S*": "@short"}').of("S.TestB") == "@long"
    assert owners('{"x/y": "@org/team"}').of("TestA", "", "x/y") == "@org/team"
    assert owners("{}").of("TestA", "", "x/y") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": "bob"}', "'a': 'bob' is neither"),
        ('{"a": ["@bob"]}', "is neither"),
        ('{"a": "@bob, @eve"}', "is neither"),
        ('{"a": "@-bob"}', "is neither"),
        ('{"a": "@bob\\n/close"}', "is neither"),
        ("[]", "not a JSON object"),
        ("[" * 100_000, "not a JSON object"),
        ("nonsense", "Expecting value"),
    ],
)
def test_faulty_owners_are_named(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        owners(text)


# --- hostile words

LIVE = (
    *hostile.ATTACKS,
    "@alice",
    "@org/team",
    "#123",
    "fixes #1",
    "closes pingcap/tidb#1",
    "GH-12",
    "1f0e5a3c9b7d2468ace013579bdf02468ace1357",
    "1f0e5a3",
    "https://evil.example/x",
    "www.evil.example",
    "[x](https://evil.example)",
    "![i](https://evil.example/i.png)",
    "<script>alert(1)</script>",
    "<img src=x>",
    "<!-- ci_stat:end -->",
    "<!-- ci_stat:issue:v1 {} -->",
    "/close",
    "\n/lgtm\n",
    "\r\n/test all",
    "```",
    "``",
    "`",
    "~~~",
    "```\n@alice\n/close\n```",
    "</details>",
    "| a | b |",
    "---",
    "# big",
    "* x",
    "mail@example.com",
    "\\",
    "$x$",
    "&lt;",
    "-->",
    "\u2028/close",
    ":+1:",
    "[a]: https://evil.example",
    "> quote",
    "    code",
    "a@b",
    "1. x",
    "/area/sql",
    "\n\u3000/sig/planner",
    "\n\xa0/kind:bug",
    "/close.",
    "\nbors r+",
    "\n@bot merge",
    "===",
    "http://a@evil.example/",
    "https://evil.example/(x) #1 @alice",
    "- [ ] task",
    "\x1b[31m",
    "\u202e",
)
words = st.lists(st.one_of(st.sampled_from(LIVE), st.text(max_size=8)), min_size=1, max_size=6).map(
    "".join
)
links = st.one_of(words, words.map(lambda text: f"https://ci.example/{text}"))


@st.composite
def drafts(draw: st.DrawFn) -> tuple[Decision, Draft]:
    """Any decision, with hostile words in every field that takes text."""
    said = CaseFailure(
        draw(st.sampled_from(["case", "race", "panic"])),
        draw(words),
        draw(words),
        "log",
        draw(words),
        draw(words),
        excerpt=draw(words),
        rule=draw(st.sampled_from(["", "go-test-fail", "pytest", "gotestsum-fail"])),
    )
    branch, commit = draw(words), draw(words)
    seen = occurrences(said, branch=branch, commit=commit, link=draw(links), job=draw(words))
    places = tuple(Elsewhere(draw(words), draw(words), 3, draw(links)) for _ in range(2))
    case = failure_history(draw(words), said, occurrences=seen, elsewhere=places)
    if draw(st.booleans()):
        case = incident({f"case:{n}": draw(words) for n in range(3)}, said)
    action = draw(st.sampled_from([FILE, COMMENT, UPDATE, REOPEN, CLOSE]))
    new = [change(draw(st.sampled_from(list("mbak"))), draw(words))]
    new += [
        change(what, draw(words), draw(words))
        for what in ("message", "branch", "back", "again", "members", "closed")
    ]
    body = f"{old_body()}"
    made = decision(
        action,
        case,
        why=draw(words),
        issue=None if action is FILE else tracked(body, ours=draw(st.booleans())),
        changes=tuple(new),
        before=tracked(number=321) if action is FILE else None,
        silence=Silence(3, timedelta(1), timedelta(9), timedelta(1), 9, 99)
        if action is CLOSE
        else None,
        marker=marker(case, branches=(branch,)),
    )
    settings = about(
        commits={case.key: (draw(words), "")},
        reproduce=draw(st.sampled_from(["", "x {case}"])),
    )
    return made, issue_draft(made, evidence(case), settings)


# A backtick is escaped by an odd number of backslashes.
_SPAN = re.compile(r"((?<!\\)(?:\\\\)*)(?<!`)(`+)(?!`).*?(?<!`)\2(?!`)")


def outside_code(text: str) -> Iterator[str]:
    """The lines outside of fences, without code spans, our comments and link targets."""
    fence = ""
    for line in text.split("\n"):
        ticks = re.match(r"(`{3,})", line)
        if fence:
            fence = "" if ticks and len(ticks[1]) >= len(fence) and not line.strip("`") else fence
        elif ticks and "`" not in line[len(ticks[1]) :]:
            fence = ticks[1]
        elif not re.fullmatch(r"<!-- ci_stat:[^<>]*-->", line):
            yield re.sub(r"\]\(https?://[^()\s]*\)", "]", _SPAN.sub(r"\1CODE", line))
    assert not fence


OURS = {
    "cc @pingcap/exec",
    "cc @lead",
    "Earlier: #321 (closed 2021-05-21).",
    "Earlier: #321 (closed 2021-03-22).",
}


def assert_dead(text: str) -> None:
    assert len(text) < 60_000
    assert not hostile.raw(text) - {"\u200b"}
    for line in outside_code(text):
        if line in OURS:
            continue
        assert not re.search(r"@\w", line), line
        assert not re.search(r"#\d", line), line
        assert not re.search(r"\b[0-9a-f]{7,40}\b", line), line
        assert not re.search(r"(?i)\bGH-\d", line), line
        assert not re.search(r"(?<!\\)[<>]", line), line
        assert not re.search(r"(?<!\\)!\[", line), line
        assert not re.search(r"://|\bwww\.", line), line
        assert not re.match(r"\s*/", line), line
    assert not re.search(r"(?m)^[^\S\n]*/[A-Za-z]", text)  # bots read fences too
    assert not re.search(r"(?m)^[^\S\n]*bors[ \t]", text)
    for fence in re.findall(r"(?ms)^(`{3,})\w*\n(.*?)\n\1$", text):
        assert not re.search(r"@[A-Za-z\d]", fence[1]), fence[1]


@given(drafts())
def test_nothing_from_outside_is_live(made: tuple[Decision, Draft]) -> None:
    decided, draft = made
    for text in filter(None, (draft.body, draft.comment)):
        assert_dead(text)
    if decided.action is FILE:
        assert draft.body is not None
        assert draft.title is not None
        assert len(draft.title) <= 256
        assert not hostile.raw(draft.title)
        assert "\n" not in draft.title
        kept = read(draft.body)
        assert kept is not None
        assert all(re.fullmatch("([0-9a-f]{7,40})?", commit) for commit in kept.commits)
        # The commits come from what was looked up, and one that was drawn may look like a commit.
        bare = msgspec.structs.replace(kept, commits=("", ""), earlier=msgspec.UNSET)
        assert bare == decided.marker
        assert draft.body.endswith("<!-- ci_stat:end -->")
        assert draft.body.count("<!-- ci_stat:") == 3
    if draft.comment:
        assert comment_ids(draft.comment) == (decided.stamp,)


@given(words)
def test_the_title_names_the_case(name: str) -> None:
    case = failure_history(name)
    draft = issue_draft(decision(FILE, case), evidence(case), about())
    named = named_in(draft.title or "")
    if case_key(name).strip():
        assert named is not None
        assert is_about(named, name)


def test_very_long_names_and_logs_fit() -> None:
    long = "\U000e0001" * 2_000
    said = CaseFailure("case", long, long, "log", long, long, excerpt="\n".join([long] * 40))
    for name in (long, "x" * 8_000, "`" * 2_000):
        seen = occurrences(
            said, branch=long, commit=long, job=long, link=f"https://x.example/{'(' * 1_900}"
        )
        case = failure_history(
            name,
            said,
            occurrences=seen,
            elsewhere=(Elsewhere(long, long, 1, seen[0].run.link),) * 90,
        )
        many = incident({f"{n}{name}": f"{n}{name}" for n in range(60)}, said)
        for history in (case, many):
            settings = about(commits={history.key: (long, long)})
            draft = issue_draft(
                decision(FILE, history, why=long), evidence(case, incidents=(many,)), settings
            )
            assert_dead(draft.body or "")
            assert len(draft.title or "") <= 256
            changed = tuple(
                change(what, long, long)
                for what in ("message", "branch", "members")
                for _ in range(30)
            )
            draft = issue_draft(
                decision(COMMENT, history, issue=tracked(), changes=changed),
                evidence(case, incidents=(many,)),
                settings,
            )
            assert_dead(draft.comment or "")
            assert comment_ids(draft.comment or "") == ("0123456789abcdef0123",)


@given(drafts())
def test_the_same_values_give_the_same_text(made: tuple[Decision, Draft]) -> None:
    decided, _ = made
    assert decided.history is not None
    first, second = (issue_draft(decided, evidence(decided.history), about()) for _ in range(2))
    assert first == second


def places_of(secret: str, line: str) -> dict[str, Any]:
    said = CaseFailure(
        "case", line, line, "log", line, line, excerpt=f"{'x' * 100}\n{line}\n{line}"
    )
    return {
        "case": failure_history(
            line,
            said,
            occurrences=occurrences(
                said, branch=line, commit=line, job=line, link=f"https://x.example/{line}"
            ),
            elsewhere=(Elsewhere(line, line, 1, line),),
        ),
        "incident": incident({f"case:{line}": line}, said),
    }


@pytest.mark.parametrize(("line", "secret"), SECRETS)
def test_no_secret_leaves_the_machine(line: str, secret: str) -> None:
    for history in places_of(secret, line).values():
        for action in (FILE, COMMENT, REOPEN):
            new = tuple(
                change(what, line, line)
                for what in ("message", "branch", "back", "again", "members")
            )
            issue = None if action is FILE else tracked(old_body(), closed_at=BEGIN)
            made = decision(
                action,
                history,
                why=line,
                issue=issue,
                changes=new,
                marker=marker(history, branches=(line,)),
            )
            settings = about(commits={history.key: (line, line)})
            assert secret not in str(issue_draft(made, evidence(history), settings))


def test_no_private_host_leaves_the_machine() -> None:
    case = failure_history(
        occurrences=occurrences(link="https://ci.corp.example/job/x/1/", job="on-ci.corp.example")
    )
    draft = issue_draft(decision(FILE, case), evidence(case), about(hosts=("*.corp.example",)))
    assert "corp.example" not in str(draft)
    assert ", run 2036" in (draft.body or "")


def test_a_secret_at_the_edge_of_a_cut_is_masked() -> None:
    line, secret = "password=" + "s3cr3t" * 40, "s3cr3t"
    for lead in range(300, 420, 7):
        said = msgspec.structs.replace(
            SAID, message="x" * lead + " " + line, excerpt="x" * lead + " " + line
        )
        case = failure_history(said=said, occurrences=occurrences(said))
        assert secret not in str(issue_draft(decision(FILE, case), evidence(case), about()))


def test_jobs_of_a_folder_have_links_that_work() -> None:
    link = "https://ci.example/job/pingcap%2Ftidb/job/ghpr(x)/12/?a=b#c"
    case = failure_history(occurrences=occurrences(link=link, job=JOB))
    body = issue_draft(decision(FILE, case), evidence(case), about()).body or ""
    assert "(https://ci.example/job/pingcap%2Ftidb/job/ghpr%28x%29/12/?a=b#c)" in body
