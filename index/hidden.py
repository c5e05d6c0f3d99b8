"""What a page keeps from people: it is not what the page reports, and a place to hide orders to a machine.

Told as a browser would show the page, without scripts: by attributes, and by the style sheets within it (`cascade.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from lxml.html import HtmlElement
from tinycss2.color4 import parse_color

from index.cascade import Cascade, Style

Colour = tuple[float, float, float, float]  # red, green, blue, alpha, each 0 to 1
_NEAR = 0.095  # in each of red, green and blue: #eee on white cannot be read, #ddd can
_AWAY = ("left", "top", "right", "bottom", "text-indent")  # -100 of any unit or more leads off the page
_FAR = ("margin-left", "margin-top")  # these -1,000
_BOX = ("height", "max-height", "width", "max-width")
_WORDS = {
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
_NAMES = frozenset(
    [*_WORDS, *_AWAY, *_FAR, *_BOX, "color", "background-color", "background-image", "opacity", "font-size", "clip", "clip-path",
     "transform", "scale", "-webkit-text-fill-color"]
)  # fmt: skip
# What a page tells search engines is not on it: only who wrote it and when is taken from there.
_TOLD = {"@context", "@type", "@graph", "@id", "headline", "name", "datePublished", "dateModified", "dateCreated", "author",
         "publisher", "url", "mainEntityOfPage"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Shown:
    """What an element hands down to those within it; None where it cannot be told (a picture, a formula)."""

    colour: Colour | None = (0, 0, 0, 1)
    ground: Colour | None = (1, 1, 1, 1)
    pixels: float = 16.0
    is_visible: bool = True
    variables: dict[str, list[Any]] = field(default_factory=dict)


def drop_hidden(page: HtmlElement) -> tuple[int, int]:
    """Take out of `page` what is hidden from people; how many letters those were, of how many.

    Style sheets elsewhere are not fetched. `html` and `body` are never taken out: where those are hidden, a
    script shows them.

    Raises:
        ValueError: its style sheets are too long, or take too much work.
    """
    before = _letters(page)
    try:
        cascade = Cascade(page, _NAMES, _is_valid)
        for element in cascade.elements:
            _own_say(cascade, element)
        _walk(cascade)
    except RecursionError as error:
        raise ValueError("its style sheets are nested too deep") from error
    for script in page.xpath("//script"):
        script.text = _metadata(script.text or "") if "json" in script.get("type", "").lower() else ""
    return before - _letters(page), before


def _own_say(cascade: Cascade, element: HtmlElement) -> None:
    if element.get("style"):
        cascade.add(element, element.get("style"))
    for attribute, name in (("bgcolor", "background-color"), ("color", "color"), ("text", "color")):
        if (value := element.get(attribute)) and ";" not in value:
            # "ffffff" for "#ffffff" is an old habit.
            cascade.add(element, f"{name}: {'#' if parse_color(value) is None else ''}{value}", is_hint=True)


def _walk(cascade: Cascade) -> None:
    shown: dict[HtmlElement, _Shown] = {}
    root, gone = 16.0, set[HtmlElement]()
    for element in cascade.elements:  # each after its parent
        parent = element.getparent()
        if parent in gone:
            gone.add(element)
            continue
        style, above = cascade.of(element), shown.get(parent, _Shown())
        if style:
            above = _shown(style, above, root)
            style = _filled(style, above.variables)
        shown[element] = above
        if element.tag in ("html", "body"):
            root = above.pixels if element.tag == "html" else root
            shown[element] = replace(above, is_visible=True)
        elif element.tag in ("template", "noscript") or _is_off(element) or (style and _is_away(style)):
            gone.add(element)
        if element not in gone and not _is_read(shown[element]):
            _silence(element)
    for element in gone:
        if element.getparent() is not None and element.getparent() not in gone:
            element.drop_tree()


def _is_off(element: HtmlElement) -> bool:
    return "hidden" in element.attrib or element.get("aria-hidden", "").lower() == "true"


def _is_read(shown: _Shown) -> bool:
    """Whether people can read text that is shown so."""
    if not shown.is_visible or shown.pixels < 2:
        return False
    if shown.colour is None or shown.ground is None:
        return True
    seen = _over(shown.colour, shown.ground)
    return not _is_near(seen, shown.ground)


def _silence(element: HtmlElement) -> None:
    """Take out an element's own words; those of the elements within it stay."""
    element.text = None
    for child in element:
        child.tail = None


def _shown(style: Style, above: _Shown, root: float) -> _Shown:
    own = {name: tokens for name, tokens in style.items() if name.startswith("--")}
    variables = {**above.variables, **own} if own else above.variables
    style = _filled(style, variables)
    fill = style.get("-webkit-text-fill-color") or style.get("color")
    visibility = _idents(style.get("visibility", []))
    return _Shown(
        _colour(fill, above.colour, (0, 0, 0, 1)) if fill else above.colour,
        _ground(style, above.ground),
        _pixels(style["font-size"], above.pixels, root) if "font-size" in style else above.pixels,
        not visibility & {"hidden", "collapse"} if visibility - {"inherit", "unset"} else above.is_visible,
        variables,
    )


def _filled(style: Style, variables: dict[str, list[Any]]) -> Style:
    return {name: _with_variables(tokens, variables, 0) for name, tokens in style.items() if not name.startswith("--")}


def _with_variables(tokens: list[Any], variables: dict[str, list[Any]], depth: int) -> list[Any]:
    if depth > 5 or not any(t.type == "function" and t.lower_name == "var" for t in tokens):
        return tokens
    out: list[Any] = []
    for token in tokens:
        if token.type != "function" or token.lower_name != "var":
            out.append(token)
            continue
        words = [t for t in token.arguments if t.type not in ("whitespace", "comment")]
        name = words[0].value if words and words[0].type == "ident" else ""
        value = variables.get(name, words[2:])
        out += _with_variables(value, variables, depth + 1)[:50]
    return out[:50]


def _colour(tokens: list[Any], inherited: Colour | None, initial: Colour) -> Colour | None:
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


def _plain(colour: Any) -> Colour | None:
    try:
        red, green, blue, alpha = colour.to("srgb")
    except NotImplementedError:  # Lab and its kin: their first number is the lightness
        light = (colour.coordinates[0] or 0) / (1 if colour.space.startswith("ok") else 100)
        return (light, light, light, colour.alpha) if light > 0.95 or light < 0.1 else None
    return red or 0, green or 0, blue or 0, alpha


def _ground(style: Style, above: Colour | None) -> Colour | None:
    tokens, image = style.get("background-color", []), style.get("background-image", [])
    if any(t.type == "url" or (t.type == "function" and "url" in t.lower_name) for t in image):
        return None
    found = _colour(tokens, None, (0, 0, 0, 0))
    for token in image:
        if token.type == "function" and "gradient" in token.lower_name:
            steps = [_colour([t], None, (0, 0, 0, 1)) for t in token.arguments if parse_color(t) is not None]
            found = steps[0] if steps and all(_is_near(step, steps[0]) for step in steps) else None
            if found is None:
                return None
    if found is None:
        return None if any(t.type == "function" for t in tokens) else above
    if found[3] >= 1:
        return found
    return _over(found, above) if above else above


def _is_near(one: Colour | None, other: Colour | None) -> bool:
    return (
        one is not None
        and other is not None
        and all(abs(a - b) <= _NEAR for a, b in zip(one[:3], other[:3], strict=True))
    )


def _over(colour: Colour, ground: Colour) -> Colour:
    red, green, blue = (c * colour[3] + g * (1 - colour[3]) for c, g in zip(colour[:3], ground[:3], strict=True))
    return red, green, blue, 1


def _pixels(tokens: list[Any], above: float, root: float) -> float:
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


def _is_away(style: Style) -> bool:
    """Whether an element is not displayed, transparent, off the page or cut to nothing, with all that is in it."""
    if "none" in _idents(style.get("display", [])) or "hidden" in _idents(style.get("content-visibility", [])):
        return True
    shares = [_share(t) for t in style.get("opacity", []) if t.type in ("number", "percentage")]
    if shares and shares[0] <= 0.1:
        return True
    if any(n <= -100 for name in _AWAY for n in _numbers(style.get(name, []))):
        return True
    if any(n <= -1000 for name in _FAR for n in _numbers(style.get(name, []))):
        return True
    scale = [_share(t) for t in style.get("scale", []) if t.type in ("number", "percentage")]
    if _idents(style.get("overflow", [])) & {"hidden", "clip"} and any(
        map(_is_nothing, (style.get(n, []) for n in _BOX))
    ):
        return True
    cut = [*style.get("clip", []), *style.get("clip-path", []), *style.get("transform", [])]
    return any(abs(n) <= 0.05 for n in scale) or any(map(_is_cut, cut))


def _is_nothing(tokens: list[Any]) -> bool:
    return any(
        t.type in ("dimension", "number", "percentage") and 0 <= t.value <= (1 if t.type == "dimension" else 0)
        for t in tokens
    )


def _is_cut(token: Any) -> bool:
    if token.type != "function":
        return False
    numbers = _numbers(token.arguments)
    tests: dict[str, Callable[[], bool]] = {
        "rect": lambda: all(abs(n) <= 1 for n in numbers),
        "inset": lambda: any(n >= 50 for n in _numbers(token.arguments, "percentage")),
        "circle": lambda: bool(numbers) and numbers[0] <= 1,
        "polygon": lambda: not any(numbers),
    }
    name = token.lower_name
    if name.startswith("scale"):
        return bool(numbers) and any(abs(n) <= 0.05 for n in numbers)
    if name.startswith("translate"):
        return any(abs(n) >= 1000 for n in numbers)
    return name in tests and tests[name]()


def _is_valid(name: str, tokens: list[Any]) -> bool:
    """Whether a browser would take the declaration: one that it does not take hides and shows nothing."""
    words = _idents(tokens)
    if not tokens or words & _ANY or any(t.type == "function" and t.lower_name in ("var", "calc") for t in tokens):
        return bool(tokens)
    if name in _WORDS:
        return words <= set(_WORDS[name].split())
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


def _idents(tokens: list[Any]) -> set[str]:
    return {t.lower_value for t in tokens if t.type == "ident"}


def _numbers(tokens: list[Any], *kinds: str) -> list[float]:
    return [t.value for t in tokens if t.type in (kinds or ("number", "percentage", "dimension"))]


def _share(token: Any) -> float:
    return token.value / 100 if token.type == "percentage" else token.value


def _metadata(text: str) -> str:
    try:
        return json.dumps(_told(json.loads(text)))
    except (ValueError, RecursionError):
        return ""


def _told(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _told(value) for key, value in data.items() if key in _TOLD}
    return [_told(item) for item in data] if isinstance(data, list) else data


def _letters(element: HtmlElement) -> int:
    unread = " or ".join(f"ancestor::{tag}" for tag in ("style", "script", "template", "noscript"))
    return sum(len(text) for text in element.xpath(f".//text()[not({unread})]"))
