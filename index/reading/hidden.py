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

from index.reading import css
from index.reading.cascade import Cascade, Style

_AWAY = ("left", "top", "right", "bottom", "text-indent")  # -100 of any unit or more leads off the page
_FAR = ("margin-left", "margin-top")  # these -1,000
_BOX = ("height", "max-height", "width", "max-width")
_NAMES = frozenset(
    [*css.WORDS, *_AWAY, *_FAR, *_BOX, "color", "background-color", "background-image", "opacity", "font-size", "clip", "clip-path",
     "transform", "scale", "translate", "filter", "-webkit-text-fill-color"]
)  # fmt: skip
# What a page tells search engines is not on it: only who wrote it and when is taken from there.
_TOLD = {"@context", "@type", "@graph", "@id", "headline", "name", "datePublished", "dateModified", "dateCreated", "author",
         "publisher", "url", "mainEntityOfPage"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Shown:
    """What an element hands down to those within it; None where it cannot be told (a picture, a formula)."""

    colour: css.Colour | None = (0, 0, 0, 1)
    ground: css.Colour | None = (1, 1, 1, 1)
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
        cascade = Cascade(page, _NAMES, css.is_valid)
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
            above = _shown(style, above, root, cascade.spend)
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
    closed = element.tag == "dialog" and "open" not in element.attrib
    off = "hidden" in element.attrib or "popover" in element.attrib
    return closed or off or element.get("aria-hidden", "").lower() == "true"


def _is_read(shown: _Shown) -> bool:
    """Whether people can read text that is shown so."""
    if not shown.is_visible or shown.pixels < 2:
        return False
    if shown.colour is None or shown.ground is None:
        return True
    seen = css.over(shown.colour, shown.ground)
    return not css.is_near(seen, shown.ground)


def _silence(element: HtmlElement) -> None:
    """Take out an element's own words; those of the elements within it stay."""
    element.text = None
    for child in element:
        child.tail = None


def _shown(style: Style, above: _Shown, root: float, spend: Callable[[int], None]) -> _Shown:
    variables = above.variables
    own = {name: value for name, value in style.items() if name.startswith("--") and variables.get(name) is not value}
    if own:  # mostly they are the same as above, set by a rule for all elements
        variables = {**variables, **own}
        spend(len(variables))
    style = _filled(style, variables)
    fill = style.get("-webkit-text-fill-color") or style.get("color")
    visibility = css.idents(style.get("visibility", []))
    return _Shown(
        css.colour(fill, above.colour, (0, 0, 0, 1)) if fill else above.colour,
        css.ground(style, above.ground),
        css.pixels(style["font-size"], above.pixels, root) if "font-size" in style else above.pixels,
        not visibility & {"hidden", "collapse"} if visibility - {"inherit", "unset"} else above.is_visible,
        variables,
    )


def _filled(style: Style, variables: dict[str, list[Any]]) -> Style:
    return {name: css.with_variables(tokens, variables) for name, tokens in style.items() if not name.startswith("--")}


def _is_away(style: Style) -> bool:
    """Whether an element is not displayed, transparent, off the page or cut to nothing, with all that is in it."""
    if "none" in css.idents(style.get("display", [])) or "hidden" in css.idents(style.get("content-visibility", [])):
        return True
    shares = [css.share(t) for t in style.get("opacity", []) if t.type in ("number", "percentage")]
    if shares and shares[0] <= 0.1:
        return True
    if any(n <= -100 for name in _AWAY for n in css.numbers(style.get(name, []))):
        return True
    if any(n <= -1000 for name in _FAR for n in css.numbers(style.get(name, []))):
        return True
    scale = [css.share(t) for t in style.get("scale", []) if t.type in ("number", "percentage")]
    if css.idents(style.get("overflow", [])) & {"hidden", "clip"} and any(
        map(_is_nothing, (style.get(n, []) for n in _BOX))
    ):
        return True
    if any(abs(n) >= 1000 for n in css.numbers(style.get("translate", []))):
        return True
    cut = [*style.get("filter", []), *style.get("clip", []), *style.get("clip-path", []), *style.get("transform", [])]
    return any(abs(n) <= 0.05 for n in scale) or any(map(_is_cut, cut))


def _is_nothing(tokens: list[Any]) -> bool:
    return any(
        t.type in ("dimension", "number", "percentage") and 0 <= t.value <= (1 if t.type == "dimension" else 0)
        for t in tokens
    )


def _is_cut(token: Any) -> bool:
    if token.type != "function":
        return False
    numbers = css.numbers(token.arguments)
    tests: dict[str, Callable[[], bool]] = {
        "rect": lambda: bool(numbers) and all(abs(n) <= 1 for n in numbers),
        "inset": lambda: any(n >= 50 for n in css.numbers(token.arguments, "percentage")),
        "circle": lambda: bool(numbers) and numbers[0] <= 1,
        "opacity": lambda: any(css.share(t) <= 0.1 for t in token.arguments if t.type in ("number", "percentage")),
        "polygon": lambda: not any(numbers),
    }
    name = token.lower_name
    if name.startswith("scale"):
        return bool(numbers) and any(abs(n) <= 0.05 for n in numbers)
    if name.startswith("translate"):
        return any(abs(n) >= 1000 for n in numbers)
    return name in tests and tests[name]()


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
