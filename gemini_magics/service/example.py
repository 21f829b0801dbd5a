"""A value that follows a JSON schema, for the demo service to answer with."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any

TEXT = "a stand-in"
DEPTH = 4  # a schema that holds itself ends here
_FORMATS = {
    "date": "2026-11-22", "date-time": "2026-11-22T12:00:00Z", "time": "12:00:00Z", "duration": "PT1H",
    "email": "stand-in@example.org", "uri": "https://example.org/stand-in",
    "uuid": "00000000-0000-4000-8000-000000000000", "ipv4": "127.0.0.1",
}  # fmt: skip


def example_of(schema: Any, root: Mapping[str, Any] | None = None, depth: int = 0) -> Any:
    """Make a small value that follows a schema, as far as the schemas of classes go.

    Patterns and conditions are not looked at: whoever asks checks the answer.
    """
    if not isinstance(schema, Mapping):
        return TEXT
    root = schema if root is None else root

    def inside(inner: Any) -> Any:
        return example_of(inner, root, depth + 1)

    match schema:
        case {"$ref": reference}:
            return inside(_found(root, reference))
        case {"const": value} | {"default": value} | {"enum": [value, *_]}:
            return value
        case {"anyOf": choices} | {"oneOf": choices} | {"allOf": choices}:
            return inside(choices[0 if depth < DEPTH else -1])
        case {"type": "object"} | {"properties": _}:
            return {name: inside(inner) for name, inner in schema.get("properties", {}).items()}
        case {"type": "array", "prefixItems": items}:
            return [inside(item) for item in items]
        case {"type": "array"}:
            length = schema.get("minItems", 2 if depth < DEPTH else 0)
            return [inside(schema.get("items")) for _ in range(length)]
        case {"type": "integer"}:
            return _number(schema, 1)
        case {"type": "number"}:
            return _number(schema, 1.5)
        case {"type": "boolean"}:
            return True
        case {"type": "null"}:
            return None
    return _FORMATS.get(schema.get("format", ""), TEXT)


def _found(root: Mapping[str, Any], reference: str) -> Any:
    """Follow a reference that points into the same schema."""
    found: Any = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        found = found[step.replace("~1", "/").replace("~0", "~")]
    return found


def _number(schema: Mapping[str, Any], usual: float) -> float:
    """Return a usual number, or the nearest that the limits allow."""
    least: float = schema.get("minimum", schema.get("exclusiveMinimum", -inf) + 1)
    most: float = schema.get("maximum", schema.get("exclusiveMaximum", inf) - 1)
    return max(least, min(most, usual))
