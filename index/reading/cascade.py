"""What the style sheets within a page say of its elements, decided as a browser does.

Followed are selectors by tag, class, id, attribute, place and all four combinators, nested rules, `@media` as a laptop's
screen answers it, `@supports`, `@layer`; not `:has` and what depends on a mouse. A set of elements is
kept for each step of a selector, so that its time grows with the page and not with its square, and it can be given up.
A library that does more of this was tried (css-inline 0.24): twenty rules `.a ~ .b` took 0.14, 0.5 and 2.2 seconds over
1,000, 2,000 and 4,000 paragraphs, a hostile sheet has 100,000 of them, and deep nesting ended it by SIGSEGV.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from operator import eq, ge, gt, le, lt
from typing import Any

import tinycss2
from cssselect import SelectorError, parse
from cssselect.parser import (
    Attrib,
    Class,
    CombinedSelector,
    Element,
    Function,
    Hash,
    Matching,
    Negation,
    Pseudo,
    SpecificityAdjustment,
    parse_series,
)  # fmt: skip
from lxml.html import HtmlElement

Style = dict[str, list[Any]]  # a property's value, as tokens
Elements = set[HtmlElement]
MAX_STYLE = 2_000_000  # characters of all style sheets of a page
MAX_WORK = 16_000_000  # elements looked at for them: some seconds
_PLAIN = 50  # tokens of a value that is looked at in one step
_MEDIA = 1_000  # characters of a media query
_WIDTH, _HEIGHT = 1280, 800
_COMPARE = {"<": lt, "<=": le, ">": gt, ">=": ge, "=": eq}
_INLINE, _HINT = (1 << 30, 0, 0), (-1, 0, 0)
_LONG = {
    "background": ("background-color", "background-image"), "font": ("font-size",), "overflow-x": ("overflow",),
    "overflow-y": ("overflow",), "inset": ("left", "top"), "margin": ("margin-left", "margin-top"),
}  # fmt: skip


class Cascade:
    """The page's elements, and for each the declarations that win.

    Raises:
        ValueError: the style sheets are too long, or take too much work.
    """

    def __init__(self, page: HtmlElement, names: frozenset[str], is_valid: Callable[[str, list[Any]], bool]) -> None:
        self.elements: list[HtmlElement] = [e for e in page.iter() if isinstance(e.tag, str)]
        self._names, self._is_valid = names, is_valid
        self._won: dict[HtmlElement, dict[str, tuple[tuple[Any, ...], list[Any]]]] = defaultdict(dict)
        self._all = set(self.elements)
        self._work = self._order = 0
        self._tags: dict[str, Elements] = defaultdict(set)
        self._classes: dict[str, Elements] = defaultdict(set)
        self._ids: dict[str, Elements] = defaultdict(set)
        self._before: dict[HtmlElement, HtmlElement | None] = {}
        # From the first child and from the last; the same among those of its tag.
        self._place: dict[HtmlElement, tuple[int, int]] = {}
        self._place_of_type: dict[HtmlElement, tuple[int, int]] = {}
        for element in self.elements:
            self._tags[element.tag].add(element)
            self._ids[element.get("id", "")].add(element)
            for name in element.get("class", "").split():
                self._classes[name].add(element)
            children = [child for child in element if isinstance(child.tag, str)]
            self._before |= zip(children, [None, *children], strict=False)
            self._place |= {child: (n + 1, len(children) - n) for n, child in enumerate(children)}
            alike: dict[str, list[HtmlElement]] = defaultdict(list)
            for child in children:
                alike[child.tag].append(child)
            for some in alike.values():
                self._place_of_type |= {child: (n + 1, len(some) - n) for n, child in enumerate(some)}
        sheets = [e for e in self.elements if e.tag == "style" and _on_screen(e.get("media", ""))]
        texts = [
            "".join(e.itertext())
            for e in sheets
            if not any(a.tag in ("noscript", "template") for a in e.iterancestors())
        ]
        if (size := sum(map(len, texts))) > MAX_STYLE:
            raise ValueError(f"its style sheets have {size:,} characters; the most is {MAX_STYLE:,}")
        for text in texts:
            self._rules(tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True), "")

    def add(self, element: HtmlElement, declarations: str, is_hint: bool = False) -> None:
        """What an element says of itself: by `style`, or by an old attribute such as `bgcolor`."""
        for name, tokens, important in self._declared(tinycss2.parse_blocks_contents(declarations)):
            self._set(element, name, tokens, (important, _HINT if is_hint else _INLINE, 0))

    def of(self, element: HtmlElement) -> Style:
        """The declarations that win for an element."""
        return {name: tokens for name, (_, tokens) in self._won[element].items()} if element in self._won else {}

    def _rules(self, nodes: list[Any], outer: str) -> None:
        for node in nodes:
            if node.type == "at-rule" and node.content is not None:
                name, prelude = node.lower_at_keyword, tinycss2.serialize(node.prelude)
                if (
                    (name == "media" and _on_screen(prelude))
                    or (name == "supports" and not prelude.strip().lower().startswith("not"))
                    or name == "layer"
                ):
                    self._block(node.content, outer)
            elif node.type == "qualified-rule":
                selector = tinycss2.serialize(node.prelude).strip()
                self._block(node.content, _within(outer, selector) if outer else selector)

    def _block(self, content: list[Any], selector: str) -> None:
        """The declarations of a block, for the elements of its selector, and the rules within it."""
        if len(selector) > 10_000:
            raise ValueError("its style sheets have a selector of more than 10,000 characters")
        nodes = (
            tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True)
            if selector
            else tinycss2.parse_rule_list(content, skip_comments=True, skip_whitespace=True)
        )
        if declared := list(self._declared(nodes)):
            for elements, weight in self._select(selector):
                self._order += 1
                self.spend(len(elements) * sum(1 + _size(tokens) // _PLAIN for _, tokens, _ in declared))
                for element in elements:
                    for name, tokens, important in declared:
                        self._set(element, name, tokens, (important, weight, self._order))
        self._rules(nodes, selector)

    def _declared(self, nodes: list[Any]) -> Iterator[tuple[str, list[Any], bool]]:
        for node in nodes:
            if node.type == "declaration":
                tokens = [t for t in node.value if t.type not in ("whitespace", "comment")]
                for name in _LONG.get(node.lower_name, (node.lower_name,)):
                    if name.startswith("--") or (name in self._names and self._is_valid(name, tokens)):
                        yield node.name if name.startswith("--") else name, tokens, node.important

    def _set(self, element: HtmlElement, name: str, tokens: list[Any], rank: tuple[Any, ...]) -> None:
        won = self._won[element]
        if name not in won or won[name][0] <= rank:
            won[name] = (rank, tokens)

    def _select(self, selectors: str) -> Iterator[tuple[Elements, tuple[int, int, int]]]:
        try:
            parsed = parse(selectors)
        except (SelectorError, ValueError):
            return
        for selector in parsed:
            if selector.pseudo_element is None and (found := self._steps(selector.parsed_tree)):
                yield found, selector.specificity()

    def _steps(self, tree: Any) -> Elements:
        steps = []
        while isinstance(tree, CombinedSelector):
            steps.append((tree.combinator, tree.subselector))
            tree = tree.selector
        found = self._compound(tree)
        for combinator, compound in reversed(steps):
            if not found:
                break
            found = self._after(found, combinator, self._compound(compound))
        return found

    def _after(self, found: Elements, combinator: str, candidates: Elements) -> Elements:
        """Those of the candidates that stand below, or after, one of the elements found."""
        self.spend(len(candidates))
        up = self._before.get if combinator in "+~" else HtmlElement.getparent
        if combinator in "+>":
            return {e for e in candidates if up(e) in found}
        known: dict[HtmlElement, bool] = {}
        for candidate in candidates:
            way, here = [], candidate
            while True:
                way.append(here)
                here = up(here)
                if here is None or here in found or here in known:
                    break
            known |= dict.fromkeys(way, here is not None and (here in found or known[here]))
            self.spend(len(way))
        return {e for e in candidates if known[e]}

    def _compound(self, node: Any) -> Elements:
        """The elements of a step; none where it is of a kind that is not followed."""
        parts = []
        while not isinstance(node, Element):
            if not isinstance(node, (Class, Hash, Attrib, Pseudo, Function, Negation, Matching, SpecificityAdjustment)):
                return set()
            parts.append(node)
            node = node.selector
        sets = [self._tags.get(node.element.lower(), set())] if node.element else []
        sets += [self._classes.get(p.class_name, set()) for p in parts if isinstance(p, Class)]
        sets += [self._ids.get(p.id, set()) for p in parts if isinstance(p, Hash)]
        found = set.intersection(*sorted(sets, key=len)) if sets else self._all
        self.spend(1 + len(found))
        for part in parts:
            if not found:
                break
            self.spend(len(found))
            found = self._filtered(found, part)
        return found

    def _filtered(self, found: Elements, part: Any) -> Elements:
        if isinstance(part, (Class, Hash)):
            return found
        if isinstance(part, Attrib):
            return {e for e in found if _has(e.get(part.attrib), part)}
        if isinstance(part, Negation):
            return found - self._steps(part.subselector)
        if isinstance(part, (Matching, SpecificityAdjustment)):
            return found & set().union(*(self._steps(s) for s in part.selector_list))
        if isinstance(part, Function):
            match = re.fullmatch(r"nth-(last-)?(?:child|(of-type))", part.name)
            if not match:
                return set()
            a, b = parse_series(part.arguments)
            places = self._place_of_type if match[2] else self._place
            return {e for e in found if e in places and _is_nth(places[e][bool(match[1])], a, b)}
        tests: dict[str, Callable[[HtmlElement], bool]] = {
            "root": lambda e: e.getparent() is None,
            "empty": lambda e: len(e) == 0 and not e.text,
            "first-child": lambda e: self._place.get(e, (0, 0))[0] == 1,
            "last-child": lambda e: self._place.get(e, (0, 0))[1] == 1,
            "only-child": lambda e: self._place.get(e) == (1, 1),
            "first-of-type": lambda e: self._place_of_type.get(e, (0, 0))[0] == 1,
            "last-of-type": lambda e: self._place_of_type.get(e, (0, 0))[1] == 1,
            "only-of-type": lambda e: self._place_of_type.get(e) == (1, 1),
        }
        test = tests.get(part.ident)
        return {e for e in found if test(e)} if test else set()

    def spend(self, work: int) -> None:
        """Count work that was done for the page."""
        self._work += work
        if self._work > MAX_WORK:
            raise ValueError("its style sheets take too much work")


def _size(tokens: list[Any]) -> int:
    """Tokens, and those within them."""
    left, count = [tokens], 0
    while left:
        some = left.pop()
        count += len(some)
        left += [
            t.arguments if t.type == "function" else t.content
            for t in some
            if t.type == "function" or "block" in t.type
        ]
    return count


def _within(outer: str, inner: str) -> str:
    """The selector of a rule within a rule."""
    if len(outer) * len(inner) > MAX_STYLE:
        raise ValueError("its style sheets are nested too deep")
    pairs = [(a.strip(), b.strip()) for a in outer.split(",") for b in inner.split(",")]
    return ", ".join(b.replace("&", a) if "&" in b else f"{a} {b}" for a, b in pairs)


def _is_nth(place: int, a: int, b: int) -> bool:
    return (place - b) % a == 0 and (place - b) // a >= 0 if a else place == b


def _has(value: str | None, part: Any) -> bool:
    if value is None or part.operator == "exists":
        return value is not None
    wanted = part.value.value or ""
    tests: dict[str, bool] = {
        "=": value == wanted,
        "!=": value != wanted,
        "~=": wanted in value.split(),
        "|=": value == wanted or value.startswith(wanted + "-"),
        "^=": bool(wanted) and value.startswith(wanted),
        "$=": bool(wanted) and value.endswith(wanted),
        "*=": bool(wanted) and wanted in value,
    }
    return tests.get(part.operator, False)


def _on_screen(media: str) -> bool:
    """Whether a laptop's screen answers a media query; what it cannot tell it does not.

    Raises:
        ValueError: it is too long.
    """
    if len(media) > _MEDIA:
        raise ValueError(f"its style sheets have a media query of more than {_MEDIA:,} characters")
    return any(map(_answers, media.lower().split(","))) if media.strip() else True


def _answers(query: str) -> bool:
    query = query.strip()
    if query.startswith("not "):
        return not _answers(query[4:])
    words = set(re.findall(r"[a-z]+", re.sub(r"\([^)]*\)", " ", query)))
    if words - {"all", "screen", "only", "and"}:
        return False
    return all(map(_feature, re.findall(r"\(([^)]*)\)", query)))


def _feature(feature: str) -> bool:
    if re.search("[<>=]", feature):
        return _in_range(feature)
    name, _, value = (part.strip() for part in feature.partition(":"))
    size = re.fullmatch(r"(min|max)-(?:device-)?(width|height)", name)
    wanted = _length(value)
    if size and wanted is not None:
        have = _WIDTH if size[2] == "width" else _HEIGHT
        return wanted <= have if size[1] == "min" else wanted >= have
    return f"{name}:{value}" in ("prefers-color-scheme:light", "orientation:landscape", "hover:hover", "pointer:fine")


def _in_range(feature: str) -> bool:
    """Such as `width >= 40em` and `400px < width <= 80em`."""
    sides = re.split(r"\s*([<>]=?|=)\s*", feature.strip())
    sizes = {"width": _WIDTH, "height": _HEIGHT}
    values = [sizes.get(side, _length(side)) for side in sides[::2]]
    return all(
        a is not None and b is not None and _COMPARE[by](a, b)
        for a, by, b in zip(values, sides[1::2], values[1:], strict=False)
    )


def _length(value: str) -> float | None:
    number = re.fullmatch(r"(\d{1,6}(?:\.\d{0,6})?|\.\d{1,6})(px|em|rem)?", value)
    return float(number[1]) * (16 if number[2] in ("em", "rem") else 1) if number else None
