"""What values in style sheets mean: colours, sizes, variables, and whether a browser would take them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tinycss2.color4 import parse_color

from index.reading.cascade import Style

Colour = tuple[float, float, float, float]  # red, green, blue, alpha, each 0 to 1
_NEAR = 0.095  # in each of red, green and blue: #eee on white cannot be read, #ddd can
_TOKENS, _LOOKUPS = 50, 200  # of a value; a variable that is made of many that are made of many never ends
WORDS = {
    "display": "none block inline flex grid table contents flow-root list-item inline-block inline-flex inline-grid table-cell "
    "table-row -webkit-box",
    "visibility": "visible hidden collapse",
    "overflow": "visible hidden clip scroll auto",
    "content-visibility": "visible hidden auto",
}  # fmt: skip
_ANY = {"inherit", "initial", "unset", "revert", "revert-layer"}
_SIZES = {
    "xx-small": 9.0,
    "x-small": 10.0,
    "small": 13.0,
    "medium": 16.0,
    "large": 18.0,
    "x-large": 24.0,
    "xx-large": 32.0,
}
_UNITS = {"px": 1.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "cm": 37.8, "mm": 3.78, "vw": 12.8, "vh": 8.0}


def is_valid(name: str, tokens: list[Any]) -> bool:
    """Whether a browser would take the declaration: one that it does not take hides and shows nothing."""
    words = idents(tokens)
    if not tokens or words & _ANY or any(t.type == "function" and t.lower_name in ("var", "calc") for t in tokens):
        return bool(tokens)
    if name in WORDS:
        return words <= set(WORDS[name].split())
    if name in ("color", "-webkit-text-fill-color"):
        return len(tokens) == 1 and (parse_color(tokens[0]) is not None or tokens[0].type == "function")
    if name.startswith("background"):
        functions = [t for t in tokens if t.type == "function" and parse_color(t) is None]
        return all(
            "gradient" in t.lower_name or t.lower_name in ("url", "image-set", "color-mix", "light-dark")
            for t in functions
        )
    if name == "opacity":
        return len(tokens) == 1 and tokens[0].type in ("number", "percentage")
    return True


def with_variables(tokens: list[Any], variables: dict[str, list[Any]]) -> list[Any]:
    """A value with each `var(…)` in it filled in, five deep, as far as two hundred of them and fifty tokens."""
    return _filled(tokens, variables, 5, iter(range(_LOOKUPS)))


def _filled(tokens: list[Any], variables: dict[str, list[Any]], depth: int, lookups: Iterator[int]) -> list[Any]:
    out: list[Any] = []
    for token in tokens[:_TOKENS]:
        if token.type != "function" or token.lower_name != "var":
            out.append(token)
        elif depth and next(lookups, None) is not None:
            words = [t for t in token.arguments[:_TOKENS] if t.type not in ("whitespace", "comment")]
            name = words[0].value if words and words[0].type == "ident" else ""
            out += _filled(variables.get(name, words[2:]), variables, depth - 1, lookups)
    return out[:_TOKENS]


def colour(tokens: list[Any], inherited: Colour | None, initial: Colour) -> Colour | None:
    """The first colour among the tokens; None where it cannot be told."""
    for token in tokens:
        word = token.lower_value if token.type == "ident" else ""
        if word in ("inherit", "unset", "currentcolor", "revert"):
            return inherited
        if word == "initial":
            return initial
        found = parse_color(token)
        if found is not None and not isinstance(found, str):
            return _plain(found)
    return None


def ground(style: Style, above: Colour | None) -> Colour | None:
    """The colour behind an element's text, over that `above` it; None where it is a picture or a formula."""
    tokens, image = style.get("background-color", []), style.get("background-image", [])
    if any(t.type == "url" or (t.type == "function" and "url" in t.lower_name) for t in image):
        return None
    found = colour(tokens, None, (0, 0, 0, 0))
    for token in image:
        if token.type == "function" and "gradient" in token.lower_name:
            steps = [colour([t], None, (0, 0, 0, 1)) for t in token.arguments if parse_color(t) is not None]
            found = steps[0] if steps and all(is_near(step, steps[0]) for step in steps) else None
            if found is None:
                return None
    if found is None:
        return None if any(t.type == "function" for t in tokens) else above
    if found[3] >= 1:
        return found
    return over(found, above) if above else above


def _plain(parsed: Any) -> Colour | None:
    try:
        red, green, blue, alpha = parsed.to("srgb")
    except NotImplementedError:  # Lab and its kin: their first number is the lightness
        light = (parsed.coordinates[0] or 0) / (1 if parsed.space.startswith("ok") else 100)
        return (light, light, light, parsed.alpha) if light > 0.95 or light < 0.1 else None
    return red or 0, green or 0, blue or 0, alpha


def is_near(one: Colour | None, other: Colour | None) -> bool:
    """Whether two colours are too near for text of one on the other to be read."""
    return (
        one is not None
        and other is not None
        and all(abs(a - b) <= _NEAR for a, b in zip(one[:3], other[:3], strict=True))
    )


def over(colour: Colour, ground: Colour) -> Colour:
    """A colour that may be see-through, as seen on a ground."""
    red, green, blue = (c * colour[3] + g * (1 - colour[3]) for c, g in zip(colour[:3], ground[:3], strict=True))
    return red, green, blue, 1


def pixels(tokens: list[Any], above: float, root: float) -> float:
    """A font size in pixels, where that above is `above` and that of the root `root`."""
    for token in tokens:
        if token.type == "ident" and token.lower_value in _SIZES:
            return _SIZES[token.lower_value]
        if token.type == "percentage":
            return above * token.value / 100
        if token.type == "number" and token.value == 0:
            return 0
        if token.type == "dimension":
            unit = token.lower_unit
            return token.value * {"em": above, "ex": above / 2, "ch": above / 2, "rem": root}.get(
                unit, _UNITS.get(unit, 16.0)
            )
    return above


def idents(tokens: list[Any]) -> set[str]:
    """The words among the tokens."""
    return {t.lower_value for t in tokens if t.type == "ident"}


def numbers(tokens: list[Any], *kinds: str) -> list[float]:
    """The numbers among the tokens, of any unit, or of the kinds named."""
    return [t.value for t in tokens if t.type in (kinds or ("number", "percentage", "dimension"))]


def share(token: Any) -> float:
    """A number or a percentage, as a number."""
    return token.value / 100 if token.type == "percentage" else token.value
