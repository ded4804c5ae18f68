"""Compare names of test cases: one key for each case, however a source spells its name.

Spellings in `analysis_res.case` and in titles of issues:
`file_test.go:Suite.Test`, `FAIL: file_test.go:606: Suite.Test`,
`PANIC: /abs/file_test.go:9: Suite.Test`,
`leaktest.go:Test TestT check-count 50 appears to have leaked: f`,
`[window_functions]:SELECT 1;`.
"""

import re

LABEL = re.compile(r"^(?:FAIL|PANIC|MISS)(?: EXPECTED)?:\s*")
_GO_FILE = re.compile(r"^\S{1,1000}\.go:(?:\d{1,9}:)?\s*")
_DOTTED_NAME = re.compile(r"^[\w*()./-]{1,1000}$")


def case_key(raw: str) -> str:
    """Return the key of a case name: equal for all spellings of one case.

    A label and a Go file are removed if a plain dotted name remains.

    >>> case_key("FAIL: file_test.go:606: Suite.Test") == case_key("file_test.go:Suite.Test")
    True
    """
    text = raw.strip()
    name = _GO_FILE.sub("", LABEL.sub("", text), count=1)
    return name if _DOTTED_NAME.match(name) else text
