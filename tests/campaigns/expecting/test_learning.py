"""Which jobs are expected, by the results of merged pull requests."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ci_stat.campaigns.learning import NO_JOBS, Learnt, LeftOut, learn, learnt_from
from ci_stat.campaigns.views.learnt import source_words
from ci_stat.demo.forge import DemoForge
from ci_stat.records import DeliveryState
from ci_stat.records.forge import CommitSignal
from tests.campaigns.driving.world import SPEC, Time

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def signal(context: str, state: str = "success", **more: Any) -> CommitSignal:
    known: dict[str, Any] = {"kind": "status", "description": "Job succeeded.", "creator": "bot"}
    known |= more
    return CommitSignal(
        id=1, context=context, state=state, url="", created=NOW, updated=NOW, **known
    )


def test_jobs_that_ran_in_all_are_expected() -> None:
    always = [signal("unit"), signal("slow", "failure"), signal("tide"), signal("license/cla")]
    skipped = signal("docs", description="Skipped.")
    learnt = learnt_from(
        {
            7: [*always, signal("sometimes"), skipped, signal("DCO", kind="check")],
            6: [*always, signal("unit"), signal("docs", "skipped", kind="check")],
            5: [],
            4: [*always, signal("two\nlines")],
        }
    )
    assert learnt == Learnt(
        contexts=("slow", "unit"),
        pulls=(7, 6, 4),
        left_out=(
            LeftOut("DCO", "tests nothing"),
            LeftOut("docs", "always skipped or overridden"),
            LeftOut("license/cla", "tests nothing"),
            LeftOut("sometimes", "ran in 1 of 3 pull requests"),
            LeftOut("tide", "tests nothing"),
            LeftOut("two\nlines", "not a plain name of up to 200 characters"),
        ),
        empty=(5,),
    )
    assert source_words(learnt) == (
        "Learnt from the last 3 merged pull requests: #7, #6, #4; 1 more without results."
        " They ran in all of them."
    )


def test_nothing_to_learn_from() -> None:
    assert learnt_from({}) == Learnt((), ())
    assert learnt_from({3: []}) == Learnt((), (), empty=(3,))
    assert "nothing could be learnt" in source_words(learnt_from({}))


@given(
    st.dictionaries(
        st.integers(1, 99),
        st.lists(st.sampled_from(["unit", "slow", "tide", "DCO", "a\x1b", " "]), max_size=6),
        max_size=6,
    )
)
def test_every_name_is_expected_or_left_out_with_a_reason(drawn: dict[int, list[str]]) -> None:
    learnt = learnt_from({number: list(map(signal, names)) for number, names in drawn.items()})
    left_out = {one.name for one in learnt.left_out}
    assert left_out | set(learnt.contexts) == {name for names in drawn.values() for name in names}
    assert not left_out & set(learnt.contexts)
    assert all(one.why for one in learnt.left_out)
    assert not NO_JOBS & {name.lower() for name in learnt.contexts}
    assert {*learnt.pulls, *learnt.empty} == set(drawn)
    for number in learnt.pulls:
        assert set(learnt.contexts) <= set(drawn[number])


def test_only_merged_pull_requests_of_the_branch_are_read() -> None:
    clock = Time()
    forge = DemoForge(clock)
    for name in ("merged", "open"):
        forge.create_branch(name, f"{name:x<40}")
        assert forge.create_pull(name, "main", name, "", draft=False).state is DeliveryState.SENT
        forge.create_comment(max(forge.pulls), "/test unit-test")
    forge.create_comment(102, "/test integration-light")
    forge.merge(101)
    clock.sleep(3_600)
    learnt = learn(SPEC, forge)
    assert (learnt.contexts, learnt.pulls) == (("unit-test",), (101,))
