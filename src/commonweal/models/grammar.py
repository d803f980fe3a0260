"""A form as a grammar (GBNF, for the embedded model) and as a JSON schema (for endpoints).

Source: GBNF is llama.cpp's grammar notation, `grammars/README.md` in https://github.com/ggml-org/llama.cpp;
https://json-schema.org/draft/2020-12 for the schema.
"""

from __future__ import annotations

from commonweal.core.errors import StudyError
from commonweal.models.model import ChoiceField, Field, Form, IntegerField


def integer_rule(low: int, high: int) -> str:
    """The GBNF expression that matches exactly the whole numbers low..high in canonical decimal.

    No leading zeros, no `+`, no `-0`. The expression grows with the number of digits, not with the range.

    Args:
        low: least number.
        high: greatest number, >= low.

    Raises:
        StudyError: when low is above high.
    """
    if low > high:
        raise StudyError(f"an integer range needs low <= high, found {low}..{high}; swap or fix them")
    parts: list[str] = []
    if low < 0:
        parts += [f'"-" {rule}' for rule in _naturals(max(1, -high), -low)]
    if high >= 0:
        parts += _naturals(max(0, low), high)
    return "(" + " | ".join(parts) + ")"


def _naturals(low: int, high: int) -> list[str]:
    """Alternatives for the naturals low..high, cut where the number of digits changes."""
    parts: list[str] = []
    while low <= high:
        top = min(high, 10 ** len(str(low)) - 1)
        parts += _between(str(low), str(top))
        low = top + 1
    return parts


def _between(low: str, high: str) -> list[str]:
    """Alternatives for the digit strings from low to high; both have one length."""
    if not low:
        return [""]
    if low[0] == high[0]:
        return [f'"{low[0]}" {rest}'.rstrip() for rest in _between(low[1:], high[1:])]
    width = len(low) - 1
    zeros, nines = "0" * width, "9" * width
    first, last = int(low[0]), int(high[0])
    parts: list[str] = []
    # A first digit whose rest is not free to run over all strings needs alternatives of its own.
    if low[1:] != zeros:
        parts += _between(low, low[0] + nines)
        first += 1
    tail: list[str] = []
    if high[1:] != nines:
        tail = _between(high[0] + zeros, high)
        last -= 1
    if first <= last:
        digit = f"[{first}-{last}]" if first < last else f'"{first}"'
        parts.append(f"{digit} [0-9]{{{width}}}" if width else digit)
    return parts + tail


def form_grammar(form: Form) -> str:
    """The GBNF grammar of a form's replies: `field: value` lines, integer ranges exactly.

    Args:
        form: the form.
    """
    lines = [f'{_literal(field.name + ": ")} {_value(field)} "\\n"' for field in form.fields]
    return "root ::= " + " ".join(lines)


def _value(field: Field) -> str:
    """The GBNF expression of a field's values."""
    if isinstance(field, IntegerField):
        return integer_rule(field.low, field.high)
    if isinstance(field, ChoiceField):
        return "(" + " | ".join(_literal(option) for option in field.options) + ")"
    return f"[^\\x00-\\x1F\\x7F\\x85\\u2028\\u2029]{{0,{field.max_characters}}}"


def _literal(text: str) -> str:
    """A GBNF literal of one line of text."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def form_schema(form: Form) -> dict[str, object]:
    """The JSON schema of a form's replies: one property a field, all required, nothing else.

    Text carries no length: strict endpoints refuse `maxLength`; `Form.render` cuts it.

    Args:
        form: the form.
    """
    properties: dict[str, object] = {}
    for field in form.fields:
        if isinstance(field, IntegerField):
            properties[field.name] = {"type": "integer", "minimum": field.low, "maximum": field.high}
        elif isinstance(field, ChoiceField):
            properties[field.name] = {"type": "string", "enum": list(field.options)}
        else:
            properties[field.name] = {"type": "string"}
    return {
        "type": "object",
        "properties": properties,
        "required": [field.name for field in form.fields],
        "additionalProperties": False,
    }
