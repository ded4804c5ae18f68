"""Presets: the values of a known project, for settings that are not set."""

TIDB = "tidb"
NONE = "none"

PRESETS: dict[str, dict[str, str]] = {
    TIDB: {
        "time_zone": "Asia/Shanghai",  # of the writer's connection since 2020-12-16
        "run_url": (
            "https://ci.pingcap.net/blue/organizations/jenkins/{job}"
            "/detail/{job}/{number}/pipeline/"
        ),
        "github_repo": "pingcap/tidb",
        "issue_jobs": "tidb-unit-test-nightly",
        "issue_labels": "type/bug,component/test",
    },
    NONE: {},
}

PUBLISHED_KEYS = frozenset(
    {
        *("host", "port", "user", "password", "database", "log_dir"),
        *("webhook", "app_id", "app_secret", "gh_token"),
    }
)
PUBLISHED_DATABASE = "sync_ci_data"
