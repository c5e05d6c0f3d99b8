"""What a page keeps from people: it is not what the page reports, and a place to hide orders to a machine."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import tinycss2
from cssselect import SelectorError, parse
from cssselect.parser import Attrib, Class, CombinedSelector, Element, Hash
from lxml.cssselect import CSSSelector
from lxml.html import HtmlElement

_WHITE = r"(?:white|#fff|#ffffff|rgb\(255,255,255\)|transparent)"
_HIDING = re.compile(
    r"(?:^|;)(?:display:none|visibility:hidden|opacity:0?\.?0*(?=;|!|$)|font-size:[01](?:\.\d+)?(?:px|pt|em|%)?(?=;|!|$)|"
    r"(?:left|top|text-indent):-\d{3,})"
)
_WHITE_TEXT = re.compile(rf"(?:^|;)color:{_WHITE}(?=;|!|$)")
_OTHER_GROUND = re.compile(rf"(?:^|;)background(?:-color|-image)?:(?!{_WHITE})")
_WORK = 50_000_000  # elements looked at for the rules of one page: a few seconds
_SHEET = 200_000  # characters of one style sheet
_DEPTH = 256  # of nested elements, as deep as the parser goes: what one more step of a selector may cost for each


def drop_hidden(page: HtmlElement) -> None:
    """Take out of `page` what is hidden by its elements' attributes or by the style sheets within it.

    Style sheets elsewhere are not fetched. Where the page's own hide the most of it they are not
    followed: such a page is shown by a script.
    """
    for element in page.xpath("//*[@style or @hidden or @aria-hidden] | //template | //noscript"):
        if element.tag in ("template", "noscript") or _by_attributes(element.attrib):
            _drop(element)
    hidden = list(_by_sheets(page))
    # Nested ones would be counted twice; that only makes "the most of it" come sooner.
    if sum(_letters(element) for element in hidden) <= _letters(page) / 2:
        for element in hidden:
            _drop(element)


def _by_attributes(attributes: Mapping[str, str]) -> bool:
    return (
        "hidden" in attributes
        or attributes.get("aria-hidden", "").lower() == "true"
        or _hides(attributes.get("style", ""))
    )


def _by_sheets(page: HtmlElement) -> Iterator[HtmlElement]:
    """Elements that the rules of `<style>` hide on every screen: what a rule for print hides is read."""
    elements, work = int(page.xpath("count(//*)")), 0
    for sheet in page.xpath("//style"):
        for rule in tinycss2.parse_stylesheet((sheet.text or "")[:_SHEET], skip_comments=True, skip_whitespace=True):
            if rule.type != "qualified-rule" or not _hides(tinycss2.serialize(rule.content)):
                continue
            selector = tinycss2.serialize(rule.prelude)
            steps = _steps(selector)
            work += elements * sum(1 + _DEPTH * (n - 1) for n in steps)
            if work > _WORK:
                return
            if steps:
                yield from CSSSelector(selector, translator="html")(page)


def _steps(selector: str) -> list[int]:
    """Of each of the selectors of a rule how many steps it has; none where one is of a kind that is not followed:
    `:hover` and `::before` are not of the page's text, siblings and `:not` take time that grows with its square."""
    try:
        parsed = [s.parsed_tree for s in parse(selector) if not s.pseudo_element]
    except SelectorError:
        return []
    steps = [1] * len(parsed)
    for n, node in enumerate(parsed):
        while not isinstance(node, Element):
            if isinstance(node, CombinedSelector) and node.combinator in (" ", ">"):
                if not _is_plain(node.subselector):
                    return []
                steps[n] += 1
            elif not isinstance(node, (Class, Hash, Attrib)):
                return []
            node = node.selector
    return steps


def _is_plain(node: object) -> bool:
    while isinstance(node, (Class, Hash, Attrib)):
        node = node.selector
    return isinstance(node, Element)


def _hides(declarations: str) -> bool:
    style = re.sub(r"/\*.*?\*/|\s+", "", declarations.lower(), flags=re.S)
    return bool(_HIDING.search(style) or (_WHITE_TEXT.search(style) and not _OTHER_GROUND.search(style)))


def _drop(element: HtmlElement) -> None:
    if element.getparent() is not None:
        element.drop_tree()


def _letters(element: HtmlElement) -> int:
    return sum(len(text) for text in element.xpath(".//text()[not(ancestor::style or ancestor::script)]"))
