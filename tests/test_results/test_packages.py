"""Failed tests folded by package: screens with none, few and many failures."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from ci_stat.records.run_info import RunInfo
from ci_stat.store.results.read import StoredCase, StoredRun
from ci_stat.test_results.model import FailedTest
from ci_stat.test_results.packages import MOST, folded, is_below, package_of
from tests.support.command import Call
from tests.support.drawn_results import BEGIN, case, draw

RUN = StoredRun(1, RunInfo("unit", started=BEGIN))


@pytest.fixture(autouse=True)
def _database(file_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_STAT_RESULTS_URL", file_url)


def failed(package: str, runs: int = 1, flaky: int = 0) -> FailedTest:
    stored = StoredCase(1, "s", package, "t", "", "")
    return FailedTest(stored, "failed", "", "", 1, runs, RUN, None, False, False, flaky, 1)


def test_a_package_is_as_long_as_possible() -> None:
    tests = [failed(f"com.acme.p{n % 20}.T{n}", runs=1 + n % 2, flaky=n % 3) for n in range(40)]
    (only,) = folded(tests)
    assert (only.name, only.failed, only.new, only.flaky) == ("com.acme", 40, 20, 26)
    assert [one.name for one in folded(tests[:2])] == ["com.acme.p0.T0", "com.acme.p1.T1"]
    assert len(folded(tests, "com.acme")) == 20  # one level is opened, however many it has
    paths = [failed(f"github.com/me/app/p{n % 3}") for n in range(30)]
    assert [one.name for one in folded(paths)] == [f"github.com/me/app/p{n}" for n in range(3)]


@given(st.lists(st.text(st.sampled_from("ab./"), max_size=9), max_size=40))
def test_each_failed_test_is_in_one_package(names: list[str]) -> None:
    tests = [failed(name) for name in names]
    packages = folded(tests)
    assert sum(package.failed for package in packages) == len(tests)
    roots = {package_of(test.case) for test in tests}
    assert len(packages) <= max(MOST, len(roots))


def test_is_below_ends_at_a_separator() -> None:
    inside = StoredCase(1, "s", "com.acme.cart.Test", "t", "", "")
    assert is_below(inside, "com.acme.cart")
    assert is_below(inside, "com.acme.cart.Test")
    assert not is_below(inside, "com.acme.car")


def fill(results: Engine, failures: int) -> None:
    tests = {
        case(f"t{n}", f"com.acme.{'cart' if n % 3 else 'pay'}.T{n % 9}"): (
            "P | F" if n < failures else "P | P"
        )
        for n in range(max(failures, 3))
    }
    draw(results, tests)


@pytest.mark.parametrize(("failures", "tables"), [(0, 0), (3, 0), (60, 1), (600, 1)])
def test_many_failures_are_folded(call: Call, results: Engine, failures: int, tables: int) -> None:
    fill(results, failures)
    answer = call("tests")
    assert answer.code == 0
    assert answer.out.count("failed tests by package") == tables
    assert len(answer.out.splitlines()) < 90
    data = json.loads(call("tests", "--json").out)
    assert sum(package["failed"] for package in data["packages"]) == failures
    assert data["total_failed"] == failures


def test_a_package_is_opened(call: Call, results: Engine) -> None:
    fill(results, 60)
    data = json.loads(call("tests", "--package", "com.acme.pay", "--json").out)
    assert (data["package"], data["total_failed"]) == ("com.acme.pay", 20)
    assert data["counts"]["failed"] == 60  # of the run
    assert {package["name"] for package in data["packages"]} == {
        f"com.acme.pay.T{n}" for n in (0, 3, 6)
    }
    assert "Failed in com.acme.pay (20)" in call("tests", "--package", "com.acme.pay").out


def test_an_unknown_package_shows_near_ones(call: Call, results: Engine) -> None:
    fill(results, 60)
    answer = call("tests", "--package", "com.acme.kart")
    assert answer.code == 2
    assert "com.acme.cart" in answer.err
    assert "\x1b" not in call("tests", "--package", "\x1b[31m").err
