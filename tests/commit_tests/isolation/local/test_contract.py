"""The contract of backends, on this machine."""

from tests.commit_tests.isolation.contract import Contract


class TestLocal(Contract):
    marks = "/ci-stat"
