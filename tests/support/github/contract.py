"""Checks requests and answers against GitHub's OpenAPI description."""

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

CONTRACT = Path(__file__).resolve().parents[4] / "shared" / "contracts" / "github-rest.openapi.json"
MISSING = "GitHub's description is not beside this checkout"
_ROOT = "urn:github"
_WITH_SLASHES = {"ref", "path", "name", "branch", "basehead"}
_CURSORS = {"after", "before"}  # GitHub's own links have them, its description does not
_METHODS = ("get", "post", "put", "patch", "delete")
# GitHub sends null there, which its description does not allow.
_NULLS = re.compile(r"items/\d+/body: None is .*|(.*/)?head/repo: None is not of type 'object'")
_ERROR = {"$ref": f"{_ROOT}#/components/schemas/basic-error"}
_FORMATS = FormatChecker(())
Json = dict[str, Any]


@_FORMATS.checks("date-time")
def _is_time(value: object) -> bool:
    return (
        not isinstance(value, str)
        or re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value) is not None
    )


@_FORMATS.checks("uri")
def _is_address(value: object) -> bool:
    return not isinstance(value, str) or re.fullmatch(r"https?://[^\s{}]+", value) is not None


class Contract:
    """Each check returns its findings as sentences."""

    def __init__(self, path: Path = CONTRACT) -> None:
        self.document = _document(path)
        resource = DRAFT202012.create_resource(self.document)
        self._registry: Registry[Any] = Registry().with_resource(_ROOT, resource)
        self._operations = list(_operations(self.document))
        self._seen: set[int] = set()  # hashes of valid values: most values recur
        self._validators: dict[str, Draft202012Validator] = {}

    def of_request(self, method: str, path: str, query: dict[str, str], body: Any) -> list[str]:
        """Unknown, missing and ill-typed fields and parameters of a request."""
        known = self._operation(method, path)
        if known is None:
            return [f"{method} {path}: no such operation"]
        where, operation = known
        problems = list(self._of_query(operation, query))
        if "requestBody" in operation and body is not None:
            problems += self._of_body(f"{where}/requestBody", operation["requestBody"], body)
        return [f"{method} {path}: {problem}" for problem in problems]

    def of_answer(self, method: str, path: str, status: int, value: Any) -> list[str]:
        known = self._operation(method, path)
        if known is None or value is None:
            return []
        where, operation = known
        schema = self._answer_schema(where, operation, status)
        if schema is None:
            return [f"{method} {path}: no answer {status} is described"]
        return [f"{method} {path} {status}: {problem}" for problem in self._problems(schema, value)]

    def _operation(self, method: str, path: str) -> tuple[str, Json] | None:
        for of_method, pattern, where, operation in self._operations:
            if of_method == method and pattern.fullmatch(path):
                return where, operation
        return None

    def _of_query(self, operation: Json, query: dict[str, str]) -> Iterator[str]:
        parameters = map(self._resolved, operation.get("parameters", ()))
        known = {item["name"]: item["schema"] for item in parameters if item["in"] == "query"}
        for name, value in query.items():
            schema = known.get(name)
            if schema is None and name not in _CURSORS:
                yield f"unknown query parameter {name}"
            elif schema is not None and value not in schema.get("enum", [value]):
                yield f"{name}={value} is none of {schema['enum']}"
            elif schema is not None and schema.get("type") == "integer" and not value.isdigit():
                yield f"{name}={value} is no number"

    def _of_body(self, where: str, described: Json, body: Any) -> Iterator[str]:
        """Arrays of labels are allowed by GitHub's prose, but not by its schema."""
        if isinstance(body, list):
            return
        schema = described["content"]["application/json"]["schema"]
        schemas = (schema, *schema.get("oneOf", ()))
        known = {name for part in schemas for name in part.get("properties", {})}
        yield from (f"unknown field {name} in the body" for name in body if name not in known)
        yield from self._problems(
            {"$ref": f"{_ROOT}#{where}/content/application~1json/schema"}, body
        )

    def _answer_schema(self, where: str, operation: Json, status: int) -> Json | None:
        described = operation["responses"].get(str(status))
        if described is None:
            return _ERROR if status >= 300 else None
        place = described.get("$ref", f"#{where}/responses/{status}").removeprefix("#")
        content = self._resolved(described).get("content", {})
        return (
            {"$ref": f"{_ROOT}#{place}/content/application~1json/schema"}
            if "application/json" in content
            else {}
        )

    def _resolved(self, node: Json) -> Json:
        if "$ref" not in node:
            return node
        target: Any = self.document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return cast(Json, target)

    def _problems(self, schema: Json, value: Any) -> Iterator[str]:
        place, whole = self._whole(schema)
        if place and isinstance(value, list) and whole.get("type") == "array":
            items = {"$ref": f"{_ROOT}{place}/items"}
            for number, item in enumerate(value):
                for problem in self._problems_of(items, item):
                    yield f"{number}{'' if problem.startswith(':') else '/'}{problem}"
        else:
            yield from self._problems_of(schema, value)

    def _whole(self, schema: Json) -> tuple[str, Json]:
        """The schema that a reference stands for, and its place in the document."""
        place = ""
        while "$ref" in schema:
            place = schema["$ref"].removeprefix(_ROOT)
            schema = self._at(place)
        return place, schema

    def _at(self, place: str) -> Json:
        node: Any = self.document
        for part in place.removeprefix("#/").split("/"):
            node = node[unquote(part).replace("~1", "/").replace("~0", "~")]
        return cast(Json, node)

    def _problems_of(self, schema: Json, value: Any) -> Iterator[str]:
        schema_text = json.dumps(schema)
        # No rule of the description tells one digit from another.
        shape = re.sub(r"\d", "0", json.dumps(value, sort_keys=True))
        key = hash((schema_text, shape))
        if key in self._seen:
            return
        problems = [
            f"{'/'.join(map(str, error.absolute_path))}: {error.message:.200}"
            for error in self._validator(schema_text, schema).iter_errors(value)
        ]
        if not problems:
            self._seen.add(key)
        for problem in problems:
            if not _NULLS.fullmatch(problem):
                yield problem

    def _validator(self, schema_text: str, schema: Json) -> Draft202012Validator:
        if schema_text not in self._validators:
            self._validators[schema_text] = Draft202012Validator(
                schema, registry=self._registry, format_checker=_FORMATS
            )
        return self._validators[schema_text]


@lru_cache
def contract_at(path: Path) -> Contract:
    """One for all servers of a test process, so that equal values are validated once."""
    return Contract(path)


@lru_cache
def _document(path: Path) -> Json:
    return cast(Json, _translated(json.loads(path.read_text())))


def _translated(node: Any) -> Any:
    """From OpenAPI's dialect to JSON Schema: `nullable`."""
    if isinstance(node, list):
        return [_translated(item) for item in node]
    if not isinstance(node, dict):
        return node
    schema = {
        name: _translated(value)
        for name, value in node.items()
        if name not in ("nullable", "discriminator")
    }
    if node.get("nullable") is True:
        is_simple = set(schema) <= {"type", "enum"}
        return _or_null(schema) if is_simple else {"anyOf": [{"type": "null"}, schema]}
    return schema


def _or_null(schema: Json) -> Json:
    kind = {"type": [schema["type"], "null"]} if "type" in schema else {}
    return schema | kind | ({"enum": [*schema["enum"], None]} if "enum" in schema else {})


def _operations(document: Json) -> Iterator[tuple[str, re.Pattern[str], str, Json]]:
    """Method, path, place in the document. Paths with fewer parameters come first, then long ones.

    `/commits/{ref}` also matches what is below a commit.
    """
    order = sorted(document["paths"].items(), key=lambda item: (item[0].count("{"), -len(item[0])))
    for path, described in order:
        pattern = re.sub(
            r"\\{(\w+)\\}",
            lambda match: ".+" if match[1] in _WITH_SLASHES else "[^/]+",
            re.escape(path),
        )
        place = path.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
        for method in _METHODS:
            if method in described:
                yield (
                    method.upper(),
                    re.compile(pattern),
                    f"/paths/{place}/{method}",
                    described[method],
                )
