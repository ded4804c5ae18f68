"""Every secret is masked in any context, and ordinary test output stays as it is.

The secrets are put together here, so that no scanner finds one in this file.
"""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ci_stat.redaction.redact import MASK, redacted

A = "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5"  # 36 random characters
HEX = "0123456789abcdef" * 4
PW = "hunter" + "2!"
WORD = "correct" + "horse"
BASE = "dXNlcjpo" + "dW50ZXIyIQ=="
UUID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
JWT = (
    "ey"
    + "JhbGciOiJIUzI1NiJ9.ey"
    + "JzdWIiOiIxMjM0NTY3ODkwIn0."
    + "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"
)
PEM = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj"
_KEY = "PRIVATE " + "KEY"

# A line, and the secret in it.
SECRETS = [
    (f"remote: using gh{'p_' + A} for fetch", "p_" + A),
    (f"GITHUB_TOKEN=gh{'s_' + A}", "s_" + A),
    (f"env: gh{'o_' + A}, retry", "o_" + A),
    (f"github{'_pat_11AAAAAAA0' + A}_{A}", A),
    (f"token v1.{HEX[:40]} of the app", HEX[:40]),
    (f"PRIVATE-TOKEN: gl{'pat-' + A[:20]}", A[:20]),
    (f"runner registered with gl{'rt-' + A[:20]}.", A[:20]),
    (f"slack: xox{'b-123456789012-' + A[:24]}", A[:24]),
    (f"xapp{'-1-A0123456789-1234567890-' + HEX}", HEX),
    (f"AWS_ACCESS_KEY_ID=AK{'IAIOSFODNN7EXAMPLE'}", "IAIOSFODNN7EXAMPLE"),
    (f"aws_secret_access_key = wJalr{'XUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'}", "XUtnFEMI/K7MDENG"),
    (f'"SecretAccessKey": "wJalr{"XUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}"', "XUtnFEMI/K7MDENG"),
    (f"google: AI{'zaSyA' + A[:32]} is over its quota", A[:32]),
    (f"access: ya{'29.' + A}", A),
    (f"GOC{'SPX-' + A[:28]}", A[:28]),
    (f"DefaultEndpointsProtocol=https;AccountName=ci;AccountKey={A}==;EndpointSuffix=core", A),
    (f"Endpoint=sb://ci.example/;SharedAccessKeyName=root;SharedAccessKey={A}=", A),
    (f"azure client abc8{'Q~' + A[:34]}", A[:34]),
    (f"//npm.example.com/:_authToken={A}", A),
    (f"npm publish with npm{'_' + A}", A),
    (f"TWINE_PASSWORD=pypi{'-AgEIcHlwaS5vcmc' + A * 2}", A),
    (f"stripe: sk{'_live_' + A[:24]}", A[:24]),
    (f"stripe: rk{'_test_' + A[:24]}", A[:24]),
    (f"Authorization: Bearer {A}", A),
    (f"> authorization: token {HEX[:40]}", HEX[:40]),
    (f"'Authorization': 'Basic {BASE}'", BASE),
    (f'curl -H "Authorization: Bearer {JWT}" https://api.example/', JWT[-30:]),
    (f"Proxy-Authorization: Negotiate {A}", A),
    (f"Authorization: {HEX[:32]}", HEX[:32]),
    (f"the server said no to Bearer {A}", A),
    (f"jwt is {JWT}", JWT[-30:]),
    (f"session token: {JWT}!", JWT[-30:]),
    (f"git clone https://ci:{PW}@git.example/x.git", PW),
    (f"https://{A}@github.com/x/y", A),
    (f"postgres://admin:{PW}@db:5432/ci?sslmode=off", PW),
    (f"redis://:{PW}@cache:6379/0", PW),
    (f"open root:{PW}@tcp(127.0.0.1:4000)/test failed", PW),
    (f"dsn ci:p@ss{PW}@tcp(db:3306)/", PW),
    (f"jdbc:oracle:thin:scott/{PW}@db:1521", PW),
    (f"jdbc:mysql://db/test?user=root&password={PW}", PW),
    (f"mysql -h 127.0.0.1 -P 4000 -u root -p{PW} -e 'select 1'", PW),
    (f"mysqldump -uroot -p'{PW}' test > x.sql", PW),
    (f"mariadb-admin -u root -p{PW} ping", PW),
    (f"sshpass -p {PW} ssh ci@host", PW),
    (f"docker login -u ci -p {PW} hub.example", PW),
    (f"curl -fsS -u ci:{PW} https://x.example/", PW),
    (f"curl --user=ci:{PW} https://x.example/", PW),
    (f"tool --password {PW} --verbose", PW),
    (f"tool --password={PW}", PW),
    (f"tool --db-password '{PW} with blanks'", PW),
    (f"tool --api-key {A} run", A),
    (f"tool -token {A}", A),
    (f"password={PW}", PW),
    (f"Password: {PW}", PW),
    (f"  password: '{PW}'", PW),
    (f'{{"user":"ci","password":"{PW}"}}', PW),
    (f'msg="{{\\"password\\":\\"{PW}\\"}}"', PW),
    (f"DB_PASSWORD={PW} make test", PW),
    (f"export MYSQL_PWD='{PW}'", PW),
    ("MYSQL_ROOT_PASSWORD: " + "correcthorse\n", "correcthorse"),
    (f"config{{User:ci Password:{PW} Port:4000}}", PW),
    (f'spring.datasource.password="{PW}"', PW),
    (f"passphrase => '{PW}'", PW),
    (f"set PGPASSWORD={PW}&& psql", PW),
    (f"client_secret={A}", A),
    ("SECRET=" + "correcthorse", "correcthorse"),
    (f"api_key: {A}", A),
    (f"apiKey='{A}'", A),
    (f"X-Api-Key: {HEX[:32]}", HEX[:32]),
    (f"token: {A}", A),
    (f'"token": "{HEX[:40]}"', HEX[:40]),
    (f"SONAR_TOKEN={HEX[:40]}", HEX[:40]),
    (f"CODECOV_TOKEN={UUID}", UUID),
    ("DEPLOY_TOKEN=" + "correcthorse", "correcthorse"),
    (f'"auths":{{"hub.example":{{"auth":"{BASE}"}}}}', BASE),
    (f"client-key-data: LS0tLS1CRUdJTi{A}", A),
    (f"machine git.example login ci password {PW}", PW),
    (f"<password>{PW}</password>", PW),
    (f"https://hooks.slack.com/services/T0123/B4567/{A[:24]}", A[:24]),
    (f"POST https://open.feishu.cn/open-apis/bot/v2/hook/{UUID} 200", UUID),
    (f"https://open.larksuite.com/open-apis/bot/hook/{HEX[:32]}", HEX[:32]),
    (f"https://discord.com/api/webhooks/123456789/{A}", A),
    (f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={UUID}", UUID),
    (f"https://oapi.dingtalk.com/robot/send?access_token={HEX}", HEX),
    (f"https://api.telegram.org/bot12345678:{A}/send", A),
    (f"https://b.s3.example/log?X-Amz-Date=20210619&X-Amz-Signature={HEX}&x=1", HEX),
    (f"https://x.blob.core.windows.net/a?sv=2020&sig={A}%3D&se=2021", A),
    (f"https://storage.example/a?token={A}#top", A),
    (f"Set-Cookie: JSESSIONID={HEX[:32]}; Path=/; HttpOnly", HEX[:32]),
    (f"< cookie: a=b; session={A}", A),
    (f"-----BEGIN RSA {_KEY}-----\n{PEM}\n{A}==\n-----END RSA {_KEY}-----", PEM),
    (f"-----BEGIN OPENSSH {_KEY}-----\\n{PEM}\\n-----END OPENSSH {_KEY}-----", PEM),
    (f"-----BEGIN {_KEY}-----\n[2021-06-06T12:07:58.284Z] {PEM}\n", PEM),
    (f"dckr{'_pat_' + A[:27]}", A[:27]),
    (f"SENDGRID SG.{A[:22]}.{A}{A[:7]}", A),
    (f"telegram 123456789:AA{A[:33]}", A[:33]),
    (f"VAULT hvs.{A}", A),
    (f"PASS={PW}", PW),
    ("DB_PASS=" + "correcthorse", "correcthorse"),
    ("DB_PASS=" + "87654321", "87654321"),
    ("dbPass: " + "'correcthorse'", "correcthorse"),
    (f"  pass: {PW}", PW),
    (f'{{"user": "ci", "pass": "{PW}"}}', PW),
    (f"tool --pass {PW} -v", PW),
    (f"tool --pass={PW}", PW),
    (f"ROOT_PW={PW}", PW),
    ("creds=" + "correcthorse", "correcthorse"),
    (f"creds={PW}", PW),
    (f"DSN=root:{PW}@/db", PW),
    (f"sql.Open root:{PW}@/test?parseTime=true", PW),
    (f"TEST_DSN: 'root:a/{PW}@/test'", PW),
    (f"redis-cli -h cache -a {PW} ping", PW),
    (f"redis-cli --pass '{PW}' ping", PW),
    (f"bash codecov.sh -F unit -t {UUID}", UUID),
    (f"CREATE USER 'a'@'%' IDENTIFIED BY '{PW}'", PW),
    (f'GRANT ALL ON *.* TO root IDENTIFIED BY "{PW}" WITH GRANT OPTION', PW),
    (f"identified by 'it\\'s{PW}'", PW),
    (f"create user u identified with mysql_native_password by '{PW}'", PW),
    (f"CREATE USER u IDENTIFIED WITH 'caching_sha2_password' AS '{PW}'", PW),
    (f"IDENTIFIED BY PASSWORD '*{HEX[:40]}'", HEX[:40]),
    (f"SET PASSWORD FOR 'root'@'%' = '{PW}';", PW),
    (f"set password = PASSWORD('{PW}')", PW),
    (f"callback?x=password%3D{PW}", PW),
    (f"password=\n{PW}\nnext", PW),
    (f"token:\r\n  {A}\r\n", A),
    (f"bearer: {A}", A),
    (f'"bearer": "{A}"', A),
    (f'token "{A}" is wrong', A),
    (f"password '{PW}' refused", PW),
    (f"Password for root: {PW}", PW),
    (f"Password for 'https://ci@git.example': {PW}", PW),
    ("SECRET_KEY_BASE: " + "correcthorse", "correcthorse"),
    (f"sk={A}", A),
    (f"client_key: {A}", A),
    (f"KUBE_CONFIG={A}", A),
    (f"KUBECONFIG: {A}{A}==", A),
    (f"gh{'p_' + A[:9]}\u200b{A[9:]}", A[9:]),
    (f"gh{'p_' + A[:9]}\x00{A[9:]}", A[9:]),
    (f"pass\u00adword={PW}", PW),
    (f"\x1b[1mtoken\x1b[0m: {A}", A),
    ("pass: " + WORD, WORD),
    ("  pass: " + WORD + "\r", WORD),
    ("pass:" + WORD, WORD),
    ("pass = " + WORD, WORD),
    ("pass: " + WORD + "\npass: " + WORD, WORD),
    ("db:\n  user: root\n  pass: " + WORD + "\n  port: 4000", WORD),
    ("  - pass: " + WORD + "  # of the replica", WORD),
    ("{user: ci, pass: " + WORD + ", port: 4000}", WORD),
    ("host=db; pass: " + WORD + "; port=4000", WORD),
    ("2021-06-06T12:07:58.2840000Z   pass: " + WORD, WORD),
    ("tidb_1  |   pass: " + WORD, WORD),
    ('msg="user: ci\\n  pass: ' + WORD + '\\n"', WORD),
    ("log in with user: ci pass: " + WORD + " and see", WORD),
    ("username=ci, Pass: " + WORD, WORD),
    ("USER: ci\n  PASS: " + WORD, WORD),
    ("login: ci / pass: 20210606", "20210606"),
    ("pw: " + WORD, WORD),
    ("pwd: " + WORD, WORD),
    ("pwd=" + WORD, WORD),
    ("  pwd = " + WORD, WORD),
    ("MYSQL_PWD: " + WORD, WORD),
    ("--- FAIL: TestX (0.01s)\n    pass: " + WORD, WORD),
    ("DB_PASS=test" + WORD, "test" + WORD),
    (f"CREATE USER ci IDENTIFIED BY {PW}", PW),
    (f"IDENTIFIED BY {WORD};", WORD),
    (f"create user ci@'%' identified by {WORD}, two identified by {PW};", PW),
    (f"create user ci@'%' identified by {WORD}, two identified by {PW};", WORD),
    (f"alter user ci\n  identified by {WORD};", WORD),
    (f"grant all on *.* to ci identified by {WORD} with grant option", WORD),
    (f"identified by `{WORD}`", WORD),
    (f"CREATE USER u IDENTIFIED WITH mysql_native_password BY {WORD}", WORD),
    (f"alter user u identified with mysql_native_password as *{HEX[:40]}", HEX[:40]),
    (f"IDENTIFIED BY PASSWORD *{HEX[:40]} REQUIRE SSL", HEX[:40]),
    (f"IDENTIFIED BY VALUES 'S:{HEX}'", HEX),
    (f"IDENTIFIED VIA ed25519 USING PASSWORD('{WORD}')", WORD),
    (f"ALTER USER u IDENTIFIED BY 'next' REPLACE '{WORD}'", WORD),
    (f'query="CREATE USER u IDENTIFIED BY {WORD}" failed', WORD),
    (f"SET PASSWORD = {WORD}", WORD),
    (f"set password for root@localhost = {WORD};", WORD),
    (f"set password for 'root'@'%'={WORD}", WORD),
    (f"SET PASSWORD = PASSWORD({WORD});", WORD),
    (f'SET PASSWORD FOR "ci" = OLD_PASSWORD("{WORD}")', WORD),
]

HARMLESS = [
    '[2021-06-18 11:06:01.123 +08:00] [INFO] [server.go:12] ["server is running"]',
    "FAIL: password_test.go:58: testPasswordSuite.TestChangePassword",
    "--- FAIL: TestResetPassword (0.01s)",
    "    --- FAIL: TestAuth/password=empty (0.00s)",
    "=== RUN   TestPassword/token:expired",
    "TestPassword: expected 5, got 6",
    "tests/test_login.py::test_password: AssertionError",
    "expected token: IDENT",
    "syntax error: unexpected token: RPAREN near line 5",
    "unexpected token: TestFoo2Bar12",
    "next token: 'select' at column 12",
    "token=5 pos=12",
    "token: ;",
    "... obtained int = 5",
    "HEAD is now at 1f0e5a3 executor: fix the secret of life (#123)",
    f"git checkout -f {HEX[:40]}",
    f"request {UUID} took 3ms",
    "goroutine 12 [running]: main.f(0xc000123456, 0x1d4)",
    "\t/go/src/github.com/pingcap/tidb/executor/x.go:88 +0x1d4",
    "Access denied for user 'root'@'%' (using password: YES)",
    "ERROR 1045 (28000): Access denied for user 'root'@'localhost' (using password: NO)",
    "password: wrong for user root",
    "the password is missing",
    "invalid password",
    "password=***",
    "password: ${DB_PASSWORD}",
    "PASSWORD=$PASSWORD",
    "password: null",
    "Password: <nil>",
    "token := parser.next()",
    "token = parser.TokenInt64",
    "if password == userInput {",
    'password := os.Getenv("X")',
    "mysql -h 127.0.0.1 -P 4000 -u root test",
    "mysql -port 4000 -protocol tcp",
    "docker run -u 1000:1000 -p 8080:80 image",
    "curl -fsS https://ci.example/job/x/12/console",
    "https://ci.example:8080/job/a%2Fb/12/display/redirect?page=2&key=name",
    "git@github.com:pingcap/tidb.git",
    "go: downloading github.com/pingcap/check v0.0.0-20200212061837-5e12011dc712",
    "sha256:" + HEX,
    "v1:" + HEX[:32],
    "author: Bob, authority: none, authentication: off",
    "Authorization failed for this user",
    "the bearer of bad news",
    "cookie: not found",
    "secret: my-tls-secret",
    "auth: true",
    "PASS: password_test.go:12: testSuite.TestA\t0.011s",
    "OOPS: 668 passed, 5 skipped, 1 PANICKED",
    "npm_config_registry npm_lifecycle_event_of_something_long_indeed",
    "pypi-mirror-of-the-company is up",
    "-----BEGIN CERTIFICATE-----",
    "==================== Test output for //pkg/auth:auth_test (shard 1 of 2):",
    "10.0.0.1:4000 -> 10.0.0.2:20160",
    "SELECT user, authentication_string FROM mysql.user WHERE user = 'root'",
    "tokens: 5, secrets: 3, passwords: 0",
    "x = 'a': 1, b: 2 @ (3)",
    'docker run -v "$PWD:/mnt" image',
    "OLDPWD=/home/ci/build",
    "works with tab-local pwd: 0.68 ms",
    "Version=4.0.0.0, PublicKeyToken=b77a5c561934e089",
    "Number of tries to enter a password: 3",
    "export ARTIFACTS_SECRET=[secure]",
    "pass: 12, fail: 3",
    "pass=668 fail=0 skip=5",
    "PASS: TestX",
    "PASS: Test_area_2_of_9",
    "PASS: //pkg/kv:kv_test (1.2s)",
    "--- PASS: TestX (0.00s)",
    "    --- PASS: TestX/pass=ok (0.00s)",
    "ok pass",
    "PASS",
    "PASS\nok  \tgithub.com/pingcap/tidb/executor\t1.234s",
    "bypass=on compass: north2east4west",
    "pass: 100%",
    "first pass: ok",
    '{"pass": 12, "fail": 0}',
    "ALTER USER root IDENTIFIED BY ?",
    "the user is identified by its name",
    "set password for root",
    'unexpected token "Foo2Bar12" at line 5',
    "KUBECONFIG=/tmp/kube-7f3d2/config",
    "client_key: certs/client-1.pem",
    "import x from '@/components/a1'",
    "webpack:@/src",
    "password=\nuser=root12345",
    "red \x1b[31mtext\x1b[0m and a\u200bbreak",
    "risk=A1B2C3D4E5, task: A1B2C3D4E5",
    "tests pass: 12",
    "all tests pass: great",
    "passed: 3, failed: none",
    "pass: true",
    "  pass: false,",
    "pass: all",
    "pass: login, fail: logout",
    "pass: login\nskip: logout",
    "ok 1 - pass: login",
    "not ok 12 - pass: logout",
    "pw: /home/jenkins/agent",
    "pwd: build/dir",
    "pass: login (0.2s)",
    "pass: login, and so did the others",
    "pass: the value is as expected",
    "first pass: inlining",
    "[PassRunner]   running pass: simplify-locals...       1.04345 seconds.",
    "Running pass: LoopRotate on loop",
    "Pass: everything went fine",
    "Pass: login",
    "pass: \x1b[32m12\x1b[0m",
    "works with tab-local pwd: \x1b[2m0.68 ms\x1b[0m",
    "[2021-06-18T11:06:01.123Z] PASS: executor_test.go:12: testSuiteP1.TestX\t0.011s",
    "PASS: exhaustive_tests",
    "--- PASS: TestAlpha/Database_tools. (0.00s)",
    "Instead pass :params to the Socket constructor",
    "auth: { user: parameters.USER, pass: parameters.EMAIL_KEY }",
    "async validateUser(username: string, pass: string): Promise<any> {",
    "        java.io.PrintWriter pw = new java.io.PrintWriter(sw, true);",
    "    pw = writer;",
    "AutowirePass::getAutowiringExceptions() is deprecated",
    "$_SERVER['PWD'] => /home/travis/build/x",
    "pwd=C:\\build\\x",
    "+ pwd",
    "pwd: /home/ci",
    "the user is identified by name",
    "each case is identified by suite; create user first",
    "IDENTIFIED BY RANDOM PASSWORD",
    "IDENTIFIED BY :pw",
    "IDENTIFIED BY $1",
    "CREATE USER u IDENTIFIED WITH mysql_native_password",
    "SET PASSWORD TO RANDOM",
    "set password for user=ci",
    "You have an error in your SQL syntax near 'IDENTIFIED BY' at line 1",
]


@pytest.mark.parametrize(("line", "secret"), SECRETS)
def test_a_secret_in_a_log_line_is_masked(line: str, secret: str) -> None:
    shown = redacted(line)
    assert secret not in shown
    assert MASK in shown
    assert redacted(shown) == shown


@pytest.mark.parametrize("line", HARMLESS)
def test_ordinary_lines_stay_as_they_are(line: str) -> None:
    assert redacted(line) == line


def test_there_are_many_of_each() -> None:
    assert len(SECRETS) >= 60
    assert len(HARMLESS) >= 40


def test_the_context_of_a_secret_stays_readable() -> None:
    assert redacted(f"password={PW}") == "password=***"
    assert redacted(f'{{"user":"ci","password":"{PW}"}}') == '{"user":"ci","password":"***"}'
    assert redacted(f"Authorization: Bearer {A}") == "Authorization: Bearer ***"
    assert redacted(f"https://ci:{PW}@git.example/x.git") == "https://ci:***@git.example/x.git"
    assert (
        redacted(f"open root:{PW}@tcp(127.0.0.1:4000)/t") == "open root:***@tcp(127.0.0.1:4000)/t"
    )
    assert redacted(f"mysql -u root -p{PW} -e x") == "mysql -u root -p*** -e x"
    assert (
        redacted(f"a\n-----BEGIN {_KEY}-----\n{PEM}\n-----END {_KEY}-----\nb")
        == "a\n*** private key ***\nb"
    )
    assert redacted(f"Password:{PW} Port:4000}}") == "Password:*** Port:4000}"
    assert redacted(f"f(token='{A}', n=1)") == "f(token='***', n=1)"


texts = st.lists(
    st.one_of(
        st.text(max_size=10),
        st.sampled_from(
            [
                "password=",
                "token: ",
                "://",
                "@",
                ":",
                '"',
                "'",
                "\\",
                "eyJ",
                "ghp_",
                "-----BEGIN ",
                "Bearer ",
                "mysql ",
                " -p",
                "***",
                "\n",
                "Test",
                "expected ",
                "<password>",
                "?sig=",
                "=",
                "Cookie: a=",
                "-----BEGIN RSA PRIVATE KEY-----",
                "--secret ",
                "@tcp(",
                "1.2.3.4",
                "a.corp.example",
                "pass: ",
                "user: ",
                "identified by ",
                "set password ",
            ]
        ),
    ),
    max_size=12,
).map("".join)


@given(st.sampled_from(SECRETS), texts, texts)
def test_no_secret_survives_in_hostile_text(
    planted: tuple[str, str], before: str, after: str
) -> None:
    line, secret = planted
    assert secret not in redacted(f"{before}\n{line}\n{after}")
    assert secret not in redacted(f"[2021-06-06T12:07:58.284Z] {line}\n{after}")


@given(texts)
@example("password=:")
def test_redaction_is_idempotent(text: str) -> None:
    hosts = ("*.corp.example", "10.0.0.0/8", "ci")
    once = redacted(text, hosts)
    assert redacted(once, hosts) == once


@pytest.mark.parametrize(
    ("hosts", "text", "shown"),
    [
        (["ci.corp.example"], "https://ci.corp.example:8080/job/x", "https://***:8080/job/x"),
        (["ci.corp.example"], "user@CI.Corp.Example, done", "user@***, done"),
        (["*.corp.example"], "a.b.corp.example and corp.example.", "*** and ***."),
        (["*.corp.example"], "notcorp.example corp.examples", "notcorp.example corp.examples"),
        (["buildhost"], "buildhost: my-buildhost buildhost7", "***: my-buildhost buildhost7"),
        (["ci-*.corp"], "ssh ci-12.corp", "ssh ***"),
        (["10.0.0.5"], "10.0.0.5:4000 10.0.0.55 110.0.0.5", "***:4000 10.0.0.55 110.0.0.5"),
        (
            ["10.0.0.0/8"],
            "dial tcp 10.1.2.3:4000, not 11.1.2.3.",
            "dial tcp ***:4000, not 11.1.2.3.",
        ),
        (["10.1.2.3/8"], "10.9.9.9", "***"),
        (
            ["fd00::/8"],
            "[fd12:3456::1]:4000 and 2001:db8::1 at 12:30:45",
            "[***]:4000 and 2001:db8::1 at 12:30:45",
        ),
        (["", " "], "nothing", "nothing"),
        (["*."], "nothing.", "nothing."),
    ],
)
def test_private_hosts(hosts: list[str], text: str, shown: str) -> None:
    assert redacted(text, hosts) == shown
    assert redacted(shown, hosts) == shown


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "a.",
        "1.",
        "1:",
        ":",
        "eyJ",
        "eyJaaaaaaaaa.",
        "password=",
        'password="',
        'password=\\"',
        "--a-",
        "-" * 7,
        "mysql ",
        "curl -u",
        "://",
        "://a:",
        "login ",
        "-----BEGIN RSA PRIVATE KEY-----",
        "cookie:",
        "cookie:a",
        "\\",
        "=",
        "ghp_",
        "gl",
        "SG.",
        "ab3Q~",
        "authorization: ",
        "?sig=",
        "TestA:",
        "expected ",
        "a.corp.example",
        "xn--",
        "'",
        "<password>",
        "token",
        "token:",
        "aB3",
        "docker login ",
        "jdbc:oracle:thin:a/",
        "hooks.slack.com/services/",
        " ",
        "\n",
        "token=",
        "token=a1",
        "--token ",
        "pass=",
        "DB_PASS: ",
        "IDENTIFIED BY '",
        'identified by "\\',
        "identified with ",
        "set password ",
        "set password = '",
        "'\\'",
        "redis-cli ",
        "codecov ",
        "@/",
        "a:b@/",
        "dsn=a:",
        "password for ",
        "password for a:",
        "password=\n",
        "token:\r\n",
        "\x00",
        "\x1b[",
        "\x1b[1m",
        "password%3D",
        'token "',
        "kube_config=a",
        "bearer:",
        "pass: ",
        "pass: word\n",
        "pass: a, ",
        "user: a ",
        "user:a,,,,",
        "user: a pass: b ",
        "pwd: a",
        "pass: word ",
        "identified by ",
        "create user a identified by b ",
        "IDENTIFIED BY x ",
        "identified by password(",
        "grant all on a to b identified by c ",
        "set password for a@",
        "set password @",
        "set password a = ",
        "identified by `",
        "identified replace ",
        "identified via a using ",
    ],
)
def test_hostile_texts_take_linear_time(piece: str) -> None:
    text = piece * (20_000 // len(piece))
    started = time.process_time()
    redacted(text, ("*.corp.example", "10.0.0.0/8", "fd00::/8", "ci-*.corp", "ci"))
    # The slowest piece takes 0.5 s. A quadratic pattern that takes 2.4 s here takes a minute for
    # a text of 100,000 characters.
    assert time.process_time() - started < 2.4


# Other languages, other formats, more than one line

AGE = "1QQ" + "PZRY9X8GF2TVDW0S3JN54KHCE6MUA7L" * 2
BODY = [
    line * 2 for line in ("aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY", "zA5B3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1")
]
BOT = "110201543:" + "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"[:34] + "x"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"loading hf{'_' + A[:34]} from the hub", A[:34]),
        (f"telegram: {BOT}", BOT[12:]),
        (f"POST https://telegram.example/bot123456:{A[:35]}/sendMessage", A[:35]),
        (f"AGE-SECRET{'-KEY-' + AGE[:59]}", AGE[10:50]),
        (f"密码：{PW}", PW),
        (f"数据库密码: {PW}，请重新登录", PW),
        (f"密码为{PW}", PW),
        (f"口令＝{PW}", PW),
        (f"访问令牌：{A}", A),
        (f"password：{PW}", PW),
        (f"パスワード：{PW}", PW),
        (f"비밀번호: {PW}", PW),
        (f"Пароль: {PW}", PW),
        (f"Passwort: {PW}", PW),
        (f"contraseña={PW}", PW),
    ],
)
def test_secrets_of_other_formats_and_languages(text: str, secret: str) -> None:
    shown = redacted(text)
    assert secret not in shown
    assert MASK in shown
    assert redacted(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "密码：错误",
        "密码错误，请重新输入",
        "口令：不能为空",
        "パスワード：正しくありません",
        "token：缺失",
        "12:34:56 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "line 123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ],
)
def test_words_about_a_password_in_other_languages_stay(text: str) -> None:
    assert redacted(text) == text


KEY_TEXTS = [
    [*BODY, "c0FtZQ==", f"-----END RSA {_KEY}-----"],
    [f"[build] 10:00:01 {BODY[0]}", f"[build] 10:00:01 {BODY[1]}", f"-----END {_KEY}-----"],
    ["MIIEpAIBAAKCAQEA" + BODY[0][:48], *BODY, "c0FtZQ=="],
    [PEM + BODY[0][:24], *BODY],
    ["MHcCAQEEIA" + BODY[0][:54], *BODY],
    ["b3BlbnNzaC1rZXktdjEAAAAABG5vbmUA" + BODY[0][:32], *BODY],
]


@pytest.mark.parametrize("lines", KEY_TEXTS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\\n"])
def test_a_private_key_without_its_first_line(lines: list[str], end: str) -> None:
    text = end.join(["reading the key", *lines, "done in 3 s"])
    shown = redacted(text)
    for part in BODY:
        assert part[:40] not in shown
    assert shown.startswith("reading the key")
    assert shown.endswith("done in 3 s")
    assert redacted(shown) == shown


def test_certificates_and_data_in_base64_stay() -> None:
    certificate = "MIIDXTCCAkWgAwIBAgIJAJC1HiIAZAiIMA0GCSqGSIb3DQEBCwUAMEUxCzAJBgNV"
    public = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAu1SU1LfVLPHCozMxH2Mo"
    for lines in ([certificate, *BODY], [public, *BODY], BODY):
        text = "\n".join(lines)
        assert redacted(text) == text
    sums = "\n".join([HEX[:40], UUID, HEX, "sha256:" + HEX])
    assert redacted(f"password: ***\n{sums}") == f"password: ***\n{sums}"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n    "])
@pytest.mark.parametrize(
    ("prefix", "token"),
    [
        ("gh" + "p_", A),
        ("gl" + "pat-", A[:20]),
        ("h" + "f_", A[:34]),
        ("np" + "m_", A),
        ("AI" + "za", A[:35]),
        ("AGE-SECRET" + "-KEY-1", AGE[2:60]),
    ],
)
def test_a_token_that_a_terminal_wrapped(prefix: str, token: str, end: str) -> None:
    for at in range(2, len(token) - 2, 5):
        text = f"using {prefix}{token[:at]}{end}{token[at:]} for fetch"
        shown = redacted(text)
        assert token[:at] not in shown or at < 4
        assert token[at:] not in shown
        assert shown.endswith(" for fetch")


def test_a_long_token_that_a_terminal_wrapped() -> None:
    slack = f"xox{'b-123456789012-' + A[:24]}"
    shown = redacted(f"slack: {slack}\n{A}\n{A[::-1]}\nconnected")
    assert shown == f"slack: {MASK}\n{MASK}\n{MASK}\nconnected"


def test_lines_after_a_secret_stay_if_they_are_words() -> None:
    text = f"slack: {MASK}\nconnected-to-the-server\ngithub.com/pingcap/tidb/executor\n"
    assert redacted(text) == text
