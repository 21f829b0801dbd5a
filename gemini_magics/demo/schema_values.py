"""Small values that follow a JSON schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import ceil, floor, inf, isfinite
from typing import Any

TEXT = "a stand-in"
DEPTH = 4  # a schema that holds itself ends here
DEEPEST = 24  # an example is no deeper, whatever its schema asks for
MOST_VALUES = 1_000  # an array of arrays of arrays has more in a few characters
_FORMATS = {
    "date": "2026-11-22", "date-time": "2026-11-22T12:00:00Z", "time": "12:00:00Z", "duration": "PT1H",
    "email": "stand-in@example.org", "uri": "https://example.org/stand-in",
    "uuid": "00000000-0000-4000-8000-000000000000", "uuid4": "00000000-0000-4000-8000-000000000000",
    "ipv4": "127.0.0.1", "ipv6": "::1",
}  # fmt: skip


def example_of(schema: Any) -> Any:
    """Make a small value that follows a schema, as far as the schemas of classes go.

    Patterns and conditions are ignored, since the one who asks checks the answer. So are parts that
    are not schemas, and those beyond `DEEPEST` levels and `MOST_VALUES` values.
    """
    return _Example(schema).of(schema, 0)


class _Example:
    """An example that is being made: the whole schema, and the number of values that it may still have."""

    def __init__(self, root: Any) -> None:
        self._root, self._room = root, MOST_VALUES

    def of(self, schema: Any, depth: int) -> Any:
        """Return an example of a part of the schema."""
        self._room -= 1
        if not isinstance(schema, Mapping) or depth >= DEEPEST or self._room <= 0:
            return TEXT
        match schema:
            case {"$ref": str(reference)}:
                return self.of(_found(self._root, reference), depth + 1)
            case {"const": value} | {"default": value} | {"enum": [value, *_]}:
                return value
            case {"anyOf": [first, *rest]} | {"oneOf": [first, *rest]} | {"allOf": [first, *rest]}:
                # Deep down the last choice, which pydantic makes null: a tree of optional nodes ends there.
                return self.of([first, *rest][0 if depth < DEPTH else -1], depth + 1)
            case {"type": [first, *rest]}:  # JSON schemas written by hand say so what may be null
                return self.of({**schema, "type": [first, *rest][0 if depth < DEPTH else -1]}, depth + 1)
            case {"properties": Mapping() as properties}:
                return {name: self.of(inner, depth + 1) for name, inner in self._some(properties.items())}
            case {"type": "object"}:
                return {}
            case {"type": "array", "prefixItems": [*items]}:
                return [self.of(item, depth + 1) for item in self._some(items)]
            case {"type": "array"}:
                usual = 0 if depth >= DEPTH else 1 if schema.get("uniqueItems") else 2
                places = range(_length(schema, "Items", usual))
                return [self.of(schema.get("items"), depth + 1) for _ in self._some(places)]
            case {"type": "integer"}:
                return _number(schema, 1)
            case {"type": "number"}:
                return _number(schema, 1.5)
            case {"type": "boolean"}:
                return True
            case {"type": "null"}:
                return None
            case {"format": str(name)}:
                return _FORMATS.get(name, TEXT)
        text = TEXT.ljust(_length(schema, "Length", 0), ".")[: _length(schema, "Length", len(TEXT))]
        self._room -= (len(text) - 1) // len(TEXT)  # a long text takes the room of several
        return text

    def _some(self, parts: Any) -> Iterator[Any]:
        """Yield the parts for which there is room."""
        for part in parts:
            if self._room <= 0:
                return
            yield part


def _found(root: Any, reference: str) -> Any:
    """Follow a reference that points into the same schema; None where it leads nowhere."""
    found: Any = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        # In this order, or "~01" would become "/": https://www.rfc-editor.org/rfc/rfc6901#section-4
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(found, Mapping) and name in found:
            found = found[name]
        elif isinstance(found, Sequence) and name.isdecimal() and len(name) < 9 and int(name) < len(found):
            found = found[int(name)]
        else:
            return None
    return found


def _length(schema: Mapping[str, Any], of: str, usual: int) -> int:
    """Return a usual length, or the nearest that the limits allow; at most `MOST_VALUES`."""
    least, most = schema.get(f"min{of}", 0), schema.get(f"max{of}", MOST_VALUES)
    if not (isinstance(least, int) and isinstance(most, int)):
        return usual
    return min(max(least, min(most, usual)), MOST_VALUES)


def _number(schema: Mapping[str, Any], usual: float) -> float:
    """Return a usual number, or the nearest that the limits allow."""

    def limit(name: str, exclusive: str, otherwise: float, step: int) -> float:
        for bound, more in ((schema.get(name), 0), (schema.get(exclusive), step)):
            if isinstance(bound, (int, float)):
                return bound + more
        return otherwise

    least = limit("minimum", "exclusiveMinimum", -inf, 1)
    most = limit("maximum", "exclusiveMaximum", inf, -1)
    if least > most and isfinite(least + most):  # less than 1 lies between them, and one is exclusive
        bounds = limit("minimum", "exclusiveMinimum", -inf, 0), limit("maximum", "exclusiveMaximum", inf, 0)
        return sum(bounds) / 2
    number, unit = max(least, min(most, usual)), schema.get("multipleOf")
    if isinstance(unit, (int, float)) and unit > 0 and isfinite(number / unit):
        above = ceil(number / unit) * unit
        return above if above <= most else floor(number / unit) * unit
    return number
