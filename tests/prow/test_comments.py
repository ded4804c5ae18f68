"""What a comment starts, with TiCDC's jobs under their names."""

import pytest

from tests.support.prow import TICDC, decided, plain_job
from tests.support.prow.comments import NOT_FOUND, WITH_TARGET, WITHOUT_TARGET

LIGHT = "pull-cdc-mysql-integration-light"
HEAVY = "pull-cdc-mysql-integration-heavy"
AUTOMATIC = "pull-error-log-review"
CLASSIC = tuple(
    f"pull-cdc-{sink}-integration-{weight}"
    for sink in ("mysql", "kafka", "storage", "pulsar")
    for weight in ("light", "heavy")
)
NEXT_GEN = tuple(f"{name}-next-gen" for name in CLASSIC)

STARTED = {
    f"/test {LIGHT}": (LIGHT,),
    f"/test {LIGHT}-next-gen": (f"{LIGHT}-next-gen",),
    f"/test {LIGHT} {HEAVY}": (LIGHT, HEAVY),
    f"/test {LIGHT}\n/test {HEAVY}": (LIGHT, HEAVY),
    f"Please\n/test {LIGHT} thanks": (LIGHT,),
    "/test mysql": (LIGHT, HEAVY),
    "/test light": CLASSIC[::2],
    "/test all": (*CLASSIC, AUTOMATIC),
    "/test all pull-build": (*CLASSIC, "pull-build", AUTOMATIC),
    "/test next-gen": NEXT_GEN,
    "/test next-gen-kafka": NEXT_GEN[2:4],
    f"/test {AUTOMATIC}": (AUTOMATIC,),
    f"/test {AUTOMATIC},": (AUTOMATIC,),
    f"/test {AUTOMATIC}\r\n": (AUTOMATIC,),
    "/ok-to-test": (AUTOMATIC,),
    "/retest": (AUTOMATIC,),
    "/retest-required": (AUTOMATIC,),
    # Nothing
    "": (),
    "LGTM": (),
    "/test pull_cdc_mysql_integration_light_next_gen": (),
    f"/test {LIGHT},": (),
    f"/test {LIGHT}\r\n": (),
    f"/test {LIGHT},{HEAVY}": (),
    f" /test {LIGHT}": (),
    f"> /test {LIGHT}": (),
    f"/TEST {LIGHT}": (),
    f"/test\t{LIGHT}": (),
    f"```\n/test {LIGHT}\n```": (),
    f"Run /test {LIGHT}": (),
    "/test ?": (),
    "/test": (),
    "/retest mysql": (),
    "/retest it": (),
    # Fences count only where Prow asks whether a comment is for it.
    f"/test {HEAVY}\n```\n/test {LIGHT}\n```": (LIGHT, HEAVY),
}


@pytest.mark.parametrize("body", STARTED)
def test_what_a_comment_starts(body: str) -> None:
    assert decided(body, TICDC).start == STARTED[body]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("/test", WITHOUT_TARGET),
        ("/test \t", WITHOUT_TARGET),
        ("/test ?", NOT_FOUND),
        ("/test pull_cdc_mysql_integration_light", NOT_FOUND),
        ("/retest mysql", WITH_TARGET),
        (f"/test {LIGHT} nothing", ""),
        ("/retest", ""),
        ("a question: /test ?", ""),
        ("```\n/test ?\n```", ""),
    ],
)
def test_when_it_explains_its_commands(body: str, reason: str) -> None:
    assert decided(body, TICDC).help == reason


def test_retest_starts_what_failed_and_automatic_jobs_without_a_result() -> None:
    failed = {LIGHT, CLASSIC[-1]}
    decision = decided("/retest", TICDC, failed | {HEAVY, AUTOMATIC}, failed)
    assert decision.start == (LIGHT, CLASSIC[-1])
    required = decided("/retest-required", TICDC, failed | {AUTOMATIC}, failed)
    assert required.start == (LIGHT,), "jobs of pulsar are optional"


def test_a_job_with_prows_own_trigger_may_be_followed_by_a_comma() -> None:
    jobs = (plain_job("unit"),)
    assert decided("/test unit,", jobs).start == ("unit",)
    assert decided("/test units", jobs).start == ()


def test_skip_and_override_do_not_concern_the_trigger() -> None:
    assert decided("/skip", TICDC).skips
    override = decided(f"/override {LIGHT}\n/override {HEAVY}", TICDC)
    assert override.overrides == (LIGHT, HEAVY)
    assert not override.is_for_trigger
    assert decided("```\n/skip\n```", TICDC) == decided("", TICDC)
