"""The test cases of the demo, in all forms that `ci_data` contains.

Data: names, files, both spellings in `analysis_res` (ci-data A2, A4) and the rates of flaky cases.
All names are invented. Uses no random numbers and no dates.
"""

from dataclasses import dataclass
from itertools import product

from ci_stat.demo.world import NIGHTLY, SLOWING, UNIT_TEST

# The jobs with a code rule (ci-data A4). For all others the regex rule keeps the line number.
CODE_RULE_JOBS = frozenset({"tidb_ghpr_unit_test", "tidb_ghpr_check", "tidb_ghpr_check_2"})


@dataclass(frozen=True, slots=True)
class Case:
    """A test case, or another problem that the table stores as a case.

    - `style`: the form of its block in a log: `gocheck`, `gotest`, `panic`, `timeout`, `race`,
      `leak`, `rust`, `core`, `sqlfile`, `sqlrun`, `mybatis`, `text`.
    - `name`: the dotted name of a gocheck case, otherwise the text that the table stores.
    """

    style: str
    name: str
    package: str = ""
    file: str = ""
    line: int = 0

    @property
    def code_spelling(self) -> str:
        """The spelling of the code rule: `file_test.go:Suite.Test`."""
        return f"{self.file}:{self.name}" if self.style == "gocheck" else self.name

    @property
    def regex_spelling(self) -> str:
        """The spelling of the regex rule: `FAIL: file_test.go:606: Suite.Test`."""
        if self.style == "gocheck":
            return f"FAIL: {self.file}:{self.line}: {self.name}"
        return self.name


@dataclass(frozen=True, slots=True)
class Flaky:
    """A case that fails at random in `rate` of the runs of `job` that no other failure stops.

    The table shows a lower rate: 0.5 to 0.7 of it for pingcap/tidb, 0.3 to 0.4 where the old host
    stores NULL, 0.8 for nightly runs (measured over 240,000 rows).
    """

    job: str
    case: Case
    rate: float


def _go(package: str, file: str, line: int, name: str) -> Case:
    return Case("gocheck", name, package, file, line)


_TIDB = "github.com/pingcap/tidb"
_PD = "github.com/tikv/pd"
_BR = "github.com/pingcap/br"

REGRESSION_CASE = _go(
    f"{_TIDB}/executor", "join_spill_test.go", 233, "testJoinSpillSuite.TestSpillPartitionBoundary"
)
STUBBORN_CASE = _go(
    f"{_TIDB}/planner/core", "plan_memo_test.go", 618, "testPlanMemoSuite.TestReplayAcrossSchemas"
)

_EVICT = _go(
    f"{_TIDB}/statistics/handle", "evict_test.go", 87, "testEvictSuite.TestEvictUnderPressure"
)
_LEASE = _go(
    f"{_TIDB}/domain", "lease_clock_test.go", 142, "testLeaseClockSuite.TestRenewAfterPause"
)
_KILL = _go(f"{_TIDB}/server", "kill_conn_test.go", 311, "testKillConnSuite.TestKillWhileFetching")
_BACKFILL = _go(
    f"{_TIDB}/ddl", "backfill_pause_test.go", 405, "testBackfillPauseSerialSuite.TestResumeTwice"
)
_TOPN = _go(f"{_TIDB}/session", "topn_pushdown_test.go", 56, "testTopNPushdownSuite.TearDownSuite")
_RETRY = _go(
    f"{_TIDB}/store/tikv",
    "retry_budget_test.go",
    199,
    "testRetryBudgetSuite.TestBudgetAfterLeaderMove",
)
_LOCKWAIT = _go(
    f"{_TIDB}/store/tikv", "lock_wait_test.go", 274, "testLockWaitSuite.TestWakeUpOrder"
)
_PD_SPLIT = _go(
    f"{_PD}/server/schedule", "split_hint_test.go", 128, "testSplitHintSuite.TestHintExpires"
)
_BR_SST = _go(
    f"{_BR}/pkg/restore", "sst_range_test.go", 91, "testSstRangeSuite.TestOverlapRewrites"
)
_RACE = Case(
    "race",
    "DATA RACE:github.com/pingcap/tidb/util/memtrack.(*Tracker).Consume()",
    f"{_TIDB}/util/memtrack",
)
_LEAK = Case(
    "leak",
    "leaktest.go:Test TestT check-count 50 appears to have leaked: "
    "github.com/pingcap/tidb/domain.(*Domain).watchBindings",
    f"{_TIDB}/bindinfo",
)
_TIMEOUT = Case("timeout", "panic: test timed out after 10m0s", f"{_TIDB}/ddl")
_NIL = Case(
    "panic",
    "panic: runtime error: invalid memory address or nil pointer dereference",
    f"{_TIDB}/executor",
)
_RUST_LEARNER = Case(
    "rust", "raftstore::test_learner_catchup::test_learner_after_snapshot_gap", "integrations"
)
_RUST_SPLIT = Case("rust", "server::test_split_bucket::test_split_bucket_keeps_order", "tikv")
_CORE = Case("core", "core dumped", "tikv")
_SQL_FRAMES = Case("sqlfile", "sql/randgen-frames/3_ranges.sql", "push_down_test")
_SQL_CAST = Case("sqlfile", "sql/randgen-cast/7_json_casts.sql", "push_down_test")
_SQL_RUN = Case(
    "sqlrun", "[partition_prune]:SELECT a FROM pt WHERE a BETWEEN 5 AND 9;", "mysql_test"
)
_SQL_VIEW = Case("sqlrun", "[updatable_views]:SHOW CREATE VIEW v_nested;", "mysql_test")
_SQL_SORT = Case("sqlfile", "sql/randgen-sort/2_mixed_keys.sql", "push_down_test")
_MYBATIS = Case(
    "mybatis",
    "### Error querying database.  Cause: java.sql.SQLException: "
    "Unknown column 'shelf_mark' in 'where clause'",
    "org.apache.ibatis.submitted.bookshop",
)
_MYBATIS_ISBN = Case(
    "mybatis",
    "### Error updating database.  Cause: java.sql.SQLException: "
    "Data too long for column 'isbn' at row 1",
    "org.apache.ibatis.submitted.bookshop",
)

FLAKY = (
    Flaky(UNIT_TEST.name, _EVICT, 0.060),
    Flaky(UNIT_TEST.name, _LEASE, 0.025),
    Flaky(UNIT_TEST.name, _RACE, 0.015),
    Flaky(UNIT_TEST.name, _LEAK, 0.012),
    Flaky("tidb_ghpr_check_2", _KILL, 0.040),
    Flaky("tidb_ghpr_check_2", _TOPN, 0.015),
    Flaky("tidb_ghpr_check", _LEASE, 0.010),
    Flaky("tidb_ghpr_coverage", _EVICT, 0.030),
    Flaky(SLOWING.name, _RETRY, 0.040),
    Flaky(SLOWING.name, _LOCKWAIT, 0.012),
    Flaky("tidb_ghpr_integration_ddl_test", _BACKFILL, 0.035),
    Flaky("tidb_ghpr_integration_copr_test", _SQL_FRAMES, 0.025),
    Flaky("tidb_ghpr_common_test", _SQL_RUN, 0.012),
    Flaky("tidb_ghpr_mybatis", _MYBATIS, 0.010),
    Flaky("tikv_ghpr_test", _RUST_LEARNER, 0.070),
    Flaky("tikv_ghpr_test", _RUST_SPLIT, 0.025),
    Flaky("tikv_ghpr_test", _CORE, 0.010),
    Flaky("tikv_ghpr_integration_common_test", _RETRY, 0.040),
    Flaky("pd_ghpr_test", _PD_SPLIT, 0.050),
    Flaky("br_ghpr_unit_and_integration_test", _BR_SST, 0.040),
    Flaky(NIGHTLY.name, _EVICT, 0.070),
    Flaky(NIGHTLY.name, _LEASE, 0.040),
    Flaky(NIGHTLY.name, _KILL, 0.030),
    Flaky(NIGHTLY.name, _BACKFILL, 0.020),
)

_SUITES = (
    ("executor", "sort_merge_test.go", "testSortMergeSuite"),
    ("planner/core", "hint_merge_test.go", "testHintMergeSuite"),
    ("ddl", "column_swap_test.go", "testColumnSwapSuite"),
    ("expression", "decimal_edge_test.go", "testDecimalEdgeSuite"),
    ("session", "isolation_test.go", "testIsolationSuite"),
    ("statistics", "bucket_bound_test.go", "testBucketBoundSuite"),
    ("util/chunk", "chunk_reuse_test.go", "testChunkReuseSuite"),
    ("privilege/privileges", "role_graph_test.go", "testRoleGraphSuite"),
)
_TESTS = (
    "TestNullKeys",
    "TestEmptyInput",
    "TestUnsignedOverflow",
    "TestCollation",
    "TestRollback",
    "TestPrepared",
)
ORDINARY_GO = tuple(
    _go(f"{_TIDB}/{package}", file, 40 + 37 * number, f"{suite}.{test}")
    for number, ((package, file, suite), test) in enumerate(product(_SUITES, _TESTS))
)
_RUST_MODULES = (
    "coprocessor::test_agg",
    "raftstore::test_merge",
    "storage::mvcc::test_gc",
    "pd::test_heartbeat",
)
ORDINARY_RUST = tuple(
    Case("rust", f"{module}::{test}", "integrations")
    for module, test in product(
        _RUST_MODULES, ("test_after_restart", "test_stale_epoch", "test_empty_range")
    )
)
# Forms without a rule in the table: plain `go test` and, in most jobs, races and leaks, for which
# only code rules exist. Only logs show these failures.
UNSEEN_GO = (
    *(
        Case("gotest", name, f"{_TIDB}/util/promise")
        for name in ("TestResolveOnce", "TestCancelTwice", "TestNestedThen")
    ),
    _RACE,
    _LEAK,
)

# Cases that a commit can break, by kind of job. None of them is flaky, so FLAKY's rates stay exact.
ORDINARY = {
    "unit": (*ORDINARY_GO, *(_TIMEOUT, _NIL) * 4),
    "check": ORDINARY_GO,
    "rust": ORDINARY_RUST,
    "sql": (_SQL_CAST, _SQL_VIEW, _SQL_SORT),
    "java": (_MYBATIS_ISBN,),
}

_ALL = (
    *(flaky.case for flaky in FLAKY),
    *(case for cases in ORDINARY.values() for case in cases),
    REGRESSION_CASE,
    STUBBORN_CASE,
)
CASE_OF = {text: case for case in _ALL for text in (case.code_spelling, case.regex_spelling)}


def spell(case: Case, job: str, by_code_rule: bool) -> str:
    """Return the spelling of `case` in the table; only some jobs have a code rule."""
    if by_code_rule and job in CODE_RULE_JOBS:
        return case.code_spelling
    return case.regex_spelling
