"""A plan is written from values alone: decisions, their inputs, commits and settings."""

from datetime import timedelta

from msgspec.structs import replace

from ci_stat.issues.decisions.planner import decide
from ci_stat.issues.decisions.rules import Decisions, Rules
from ci_stat.issues.inputs import FilingSettings, PlanInputs
from ci_stat.issues.model import IssuePlan, Snapshot
from ci_stat.issues.plan import WITHOUT_TRACKER, Commits, make_plan, new_failures
from ci_stat.issues.text.draft import owners
from ci_stat.records import Ledger
from tests.support.issues import JOB, evidence, moment, run

OFTEN, ONCE = "suite.TestOften", "suite.TestOnce"
SETTINGS = FilingSettings("o/r", "https://api.github.com", Rules(), timedelta(days=30))
COMMITS = {f"case:{OFTEN}": ("b" * 40, "a" * 40)}


def inputs_of(tracker_read: bool = True) -> PlanInputs:
    """A day on which one case fails often enough for an issue, and one does not."""
    runs = [run(0.1), run(0.2, OFTEN), run(0.3, OFTEN), run(0.4, ONCE)]
    snapshot = Snapshot("o/r", moment(1.3), "ci-bot", labels=("type/bug",))
    return PlanInputs(evidence(runs, 0), snapshot, Ledger(), moment(1.3), tracker_read)


def decided(inputs: PlanInputs) -> Decisions:
    return decide(inputs.evidence, inputs.snapshot, inputs.ledger, Rules(), inputs.now)


def planned(
    inputs: PlanInputs, settings: FilingSettings = SETTINGS, commits: Commits | None = None
) -> IssuePlan:
    return make_plan(inputs, decided(inputs), commits or {}, settings)


def test_equal_values_give_equal_plans() -> None:
    inputs = inputs_of()
    plan = planned(inputs)
    assert plan == planned(inputs)
    assert [(entry.name, entry.action, entry.draft is None) for entry in plan.entries] == [
        (OFTEN, "file", False),
        (ONCE, "not", True),
    ]
    assert (plan.jobs, plan.window) == ((JOB,), (moment(0), moment(1)))
    assert (plan.made_at, plan.looked_at, plan.notes) == (moment(1.3), moment(1.3), ())


def test_only_new_issues_need_commits_and_their_texts_name_them() -> None:
    inputs = inputs_of()
    assert [failing.key for failing in new_failures(decided(inputs))] == list(COMMITS)
    draft = planned(inputs, commits=COMMITS).entries[0].draft
    assert draft is not None
    assert "b" * 12 in (draft.body or "")
    assert "a" * 12 in (draft.body or "")


def test_a_label_that_the_repository_lacks_is_noted_and_not_written() -> None:
    settings = FilingSettings(
        "o/r", SETTINGS.tracker_url, Rules(), SETTINGS.memory, labels=("type/bug", "flaky")
    )
    plan = planned(inputs_of(), settings)
    assert plan.notes == ("the repository has no label flaky, so new issues do not get it",)
    draft = plan.entries[0].draft
    assert draft is not None
    assert draft.labels == ("type/bug",)


def test_a_plan_without_the_tracker_says_so_and_keeps_all_labels() -> None:
    settings = FilingSettings(
        "o/r", SETTINGS.tracker_url, Rules(), SETTINGS.memory, labels=("flaky",)
    )
    plan = planned(inputs_of(tracker_read=False), settings)
    assert (plan.tracker_read, plan.notes) == (False, (WITHOUT_TRACKER,))
    draft = plan.entries[0].draft
    assert draft is not None
    assert draft.labels == ("flaky",)


def test_new_issues_without_an_owner_are_counted() -> None:
    def notes(text: str) -> tuple[str, ...]:
        settings = FilingSettings(
            "o/r", SETTINGS.tracker_url, Rules(), SETTINGS.memory, owners=owners(text)
        )
        return planned(inputs_of(), settings).notes

    assert notes('{"other*": "@ann"}') == ("1 new issue without an owner in issue_owners",)
    assert notes('{"suite*": "@ann"}') == ()


def test_what_failed_after_the_window_is_not_in_its_texts() -> None:
    """A second plan of the same day says the same, however late it is made."""
    runs = [run(0.1), run(0.2, OFTEN), run(0.3, OFTEN), run(1.1, OFTEN)]
    late = PlanInputs(evidence(runs, 0, until=1.5), inputs_of().snapshot, Ledger(), moment(1.6))
    assert len(late.evidence.histories[f"case:{OFTEN}"].occurrences) == 3
    at_end = PlanInputs(late.evidence.at_end, late.snapshot, late.ledger, late.now)
    assert planned(late) == planned(at_end)
    assert (planned(late).entries[0].runs, planned(late).entries[0].last) == (2, moment(0.3))


def test_the_digest_changes_with_the_tracker() -> None:
    inputs = inputs_of()
    before = planned(inputs).tracker
    relabelled = replace(inputs.snapshot, labels=("type/bug", "flaky"))
    later = replace(inputs.snapshot, taken_at=moment(1.5))
    for snapshot, same in ((relabelled, False), (later, True)):
        changed = PlanInputs(inputs.evidence, snapshot, inputs.ledger, inputs.now)
        assert (planned(changed).tracker == before) is same
