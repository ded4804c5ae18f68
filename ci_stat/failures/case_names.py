"""One key for one test case, however its name was spelled.

Spellings seen in `analysis_res.case` and in titles of the tracker:
`file_test.go:Suite.Test`, `FAIL: file_test.go:606: Suite.Test`, `PANIC: /abs/file_test.go:9: Suite.Test`,
`leaktest.go:Test TestT check-count 50 appears to have leaked: f`, `[window_functions]:SELECT 1;`.
"""

import re

LABEL = re.compile(r"^(?:FAIL|PANIC|MISS)(?: EXPECTED)?:\s*")
_GO_FILE = re.compile(r"^\S{1,1000}\.go:(?:\d{1,9}:)?\s*")
_DOTTED_NAME = re.compile(r"^[\w*()./-]{1,1000}$")


def case_key(raw: str) -> str:
    """The name that equal cases share: label and Go file removed where a plain dotted name is left.

    >>> case_key("FAIL: file_test.go:606: Suite.Test") == case_key("file_test.go:Suite.Test")
    True
    """
    text = raw.strip()
    rest = _GO_FILE.sub("", LABEL.sub("", text), count=1)
    return rest if rest and _DOTTED_NAME.match(rest) else text
