"""The failures of the demo other than test cases: builds, checks and the environment.

For each failure its text in the table (ci-data A2, A4) and its lines in a log. All lines are
invented. Uses no random numbers.
"""

ENV = {
    "socket timeout": (
        "java.net.SocketTimeoutException: Read timed out",
        "\tat java.net.SocketInputStream.socketRead0(Native Method)",
        "\tat okhttp3.internal.http2.Http2Reader.nextFrame(Http2Reader.java:89)",
    ),
    "connection reset": (
        "curl: (56) Recv failure: Connection reset by peer",
        "gzip: stdin: unexpected end of file",
        "tar: Child returned status 1",
    ),
    "dns resolve failure": (
        "fatal: unable to access 'https://git.demo.invalid/mirror/demo.git/': "
        "Could not resolve host: git.demo.invalid",
    ),
    "http 500": ("curl: (22) The requested URL returned error: 500 Internal Server Error",),
    "fileserver error": (
        "tar: This does not look like a tar archive",
        "tar: Exiting with failure status due to previous errors",
    ),
    "pod vanish": (
        "io.fabric8.kubernetes.client.KubernetesClientException: Operation: "
        "[get]  for kind: [Pod]  with name: [demo-agent-7x2kq]  "
        "in namespace: [jenkins-ci]  failed.",
    ),
    "kill signal": (
        "go build github.com/pingcap/demo: /usr/local/go/pkg/tool/linux_amd64/link: signal killed",
    ),
    "connection closed": ("java.nio.channels.ClosedByInterruptException",),
}
ENV_NAMES = tuple(ENV)
OUTAGE_NAMES = (
    "connection reset",
    "dns resolve failure",
    "socket timeout",
    "http 500",
    "pod vanish",
)

COMPILE = {
    "build error": (
        "# github.com/pingcap/tidb/executor",
        "executor/builder_demo.go:1187:23: undefined: newSpillPlan",
        "executor/builder_demo.go:1204:9: too many arguments to return",
        "make: *** [server] Error 2",
    ),
    "FAIL github.com/pingcap/tidb/planner/core [setup failed]": (
        "# github.com/pingcap/tidb/planner/core",
        "planner/core/rule_demo_test.go:77:2: expected declaration, found '<<'",
        "FAIL github.com/pingcap/tidb/planner/core [setup failed]",
    ),
    "replace parser error": (
        "replace github.com/pingcap/parser => ../parser-demo",
        "session/bootstrap.go:61:14: undefined: ast.DemoStmt",
        "FAIL\tgithub.com/pingcap/tidb/session [build failed]",
    ),
    "error: could not compile": (
        "\x1b[0m\x1b[1m\x1b[38;5;9merror[E0382]\x1b[0m\x1b[0m\x1b[1m: "
        "borrow of moved value: `region`\x1b[0m",
        "   --> components/raftstore/src/store/demo_worker.rs:219:17",
        "    |",
        "219 |         self.notify(region.get_id());",
        "    |                     ^^^^^^ value borrowed here after move",
        "error: could not compile `raftstore`",
    ),
    "make: *** [pd-server] Error 2": (
        "# github.com/tikv/pd/server/schedule",
        "server/schedule/demo_filter.go:48:31: "
        "cannot use limit (type int) as type uint64 in argument to newFilter",
        "make: *** [pd-server] Error 2",
    ),
}
_GO_BUILD = ("build error",)
_GO_TEST = (
    "FAIL github.com/pingcap/tidb/planner/core [setup failed]",
    "replace parser error",
    "build error",
)
COMPILE_OF = {
    "build": _GO_BUILD,
    "check": _GO_BUILD,
    "unit": _GO_TEST,
    "sql": _GO_BUILD,
    "java": _GO_BUILD,
}
COMPILE_OF_REPO = {
    "tikv/tikv": ("error: could not compile",),
    "tikv/pd": ("make: *** [pd-server] Error 2",),
    "pingcap/tics": ("build error",),
}

CHECK = {
    "check error": (
        "+ make check-demo",
        "util/demo_pool.go:31:6: "
        "exported func NewPool should have comment or be unexported (golint)",
        "make: *** [lint] Error 1",
    ),
    "Please make format and run tests before creating a PR": (
        "diff --git a/src/demo/worker.rs b/src/demo/worker.rs",
        "-    let x=1;",
        "+    let x = 1;",
        "Please make format and run tests before creating a PR",
        "make: *** [fmt] Error 1",
    ),
}
LINES = {"env": ENV, "compile": COMPILE, "check": CHECK}


def compile_errors(repo: str | None, kind: str) -> tuple[str, ...]:
    """Return the texts in the table for a failed build of a job of this `kind` in `repo`."""
    return COMPILE_OF_REPO.get(repo or "") or COMPILE_OF.get(kind, _GO_BUILD)


def check_error(repo: str | None) -> str:
    """Return the text in the table for a failed style check in `repo`."""
    if repo == "tikv/tikv":
        return "Please make format and run tests before creating a PR"
    return "check error"
