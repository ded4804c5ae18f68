"""Digests of what a command runs in: a part of the keys under which results are kept."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ci_stat.commit_tests.isolation.templates import Template
from ci_stat.commit_tests.model import TestRequest


def environment_digest(
    request: TestRequest, template: Template, variables: Mapping[str, str], machine: Any
) -> str:
    """A digest of the machine or image, the setup, the limits, the variables and the network."""
    limits = request.limits or template.limits
    return digest_of(
        {
            "machine": machine,
            "setup": template.setup if request.setup is None else request.setup,
            "setup_network": template.setup_network,
            "limits": limits.to_json().decode(),
            "network": request.network,
            "variables": dict(variables),
        }
    )


def digest_of(value: Any) -> str:
    """SHA-256 of a value of JSON, in hexadecimal digits."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
