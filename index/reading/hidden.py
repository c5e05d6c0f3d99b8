"""Text that a page hides from people: it is not part of the report, and may hide a prompt injection.

Decided as a browser without scripts would show the page: by attributes, and by a simple cascade of the style sheets
within it. `tinycss2` parses them, `cssselect` the selectors, and XPath tests attributes and places. Selectors are
followed step by step, with a set of elements for each: as a single XPath, `p ~ p` takes 0.4 seconds on 1,000 paragraphs
and 5 on 2,000.
"""

import re
from collections import Counter, defaultdict
from contextlib import suppress
from typing import Any

import tinycss2
from cssselect import HTMLTranslator, SelectorError, parse
from cssselect.parser import Class, CombinedSelector, Element, Hash
from lxml.etree import XPath, XPathError, iterwalk
from lxml.html import HtmlElement
from tinycss2.color4 import parse_color

MAX_STYLE, MAX_SELECTOR, MAX_WORK = 1_000_000, 10_000, 4_000_000  # characters, and about as many microseconds
_NEAR = 0.095  # in each of red, green and blue: #eee on white cannot be read, #ddd can
_OFF = "//template|//noscript|//dialog[not(@open)]|//*[@hidden or @popover or translate(@aria-hidden,'TRUE','true')='true']"
_UNSEEN = frozenset(("style", "script", "template", "noscript"))
# A string, or what looks further than to siblings or names a namespace.
_FAR = re.compile(r"""'[^']*'|"[^"]*"|([/\[.]|string-length\(\)|descendant|position|translate|(?<!:):(?!:))""")
_WIDTH = re.compile(r"\( *(?:(min-width *:|width *>=?)|max-width *:|width *<=?) *(\d{1,6}\.?\d*)(?:(px)|r?em) *\)")
_SCREEN = set("all screen only and (prefers-color-scheme: light) (prefers-color-scheme:light)".split())
_LONG = {"background": ("background-color", "background-image"), "font": ("font-size",), "-webkit-text-fill-color": ("color",),
         "margin": ("margin-left", "margin-top"), "inset": ("left", "top"), "overflow-x": ("overflow",), "overflow-y": ("overflow",)}  # fmt: skip
_WORDS = set("inherit initial unset revert none block inline flex grid table contents flow-root list-item inline-block inline-flex "
             "inline-grid table-cell table-row -webkit-box visible hidden collapse clip scroll auto".split())  # fmt: skip
_FREE = ("font-size", "background-color", "background-image")  # any other word is right there
_SIZES = {"%": (0.01, 0), "em": (1, 0), "px": (0, 1), "pt": (0, 1)}  # of the size above, and of pixels
_START = {"color": (0, 0, 0, 1), "background-color": (1, 1, 1, 1), "font-size": 16.0, "visibility": True}
_ATTRIBUTES = {"bgcolor": "background-color:", "color": "color:", "text": "color:", "style": ""}
_BOX = ("height", "max-height", "width", "max-width")
# Numbers, and percentages, of a property or function that leave nothing to see.
_HIDES: dict[str, Any] = {
    **dict.fromkeys(("left", "top", "right", "bottom", "text-indent"), lambda n, _: n <= -100),
    **dict.fromkeys(("margin-left", "margin-top"), lambda n, _: n <= -1000),
    **dict.fromkeys(("translate", "translatex", "translatey", "translate3d"), lambda n, _: abs(n) >= 1000),
    **dict.fromkeys(("scale", "scalex", "scaley", "scale3d"), lambda n, percent: abs(n) <= (5 if percent else 0.05)),
    **dict.fromkeys(_BOX, lambda n, percent: 0 <= n <= (0 if percent else 1)),
    "opacity": lambda n, percent: n <= (10 if percent else 0.1),
    "inset": lambda n, percent: percent and n >= 50,
}
_KNOWN = {*_FREE, *_START, *_HIDES} | set("display content-visibility overflow clip clip-path transform filter".split())


class _Cascade:
    def __init__(self, page: HtmlElement) -> None:
        self.style: dict[HtmlElement, dict[str, Any]] = {e: {} for e in page.iter("*")}  # each after its parent
        self._left, self._translator = MAX_WORK, HTMLTranslator()
        parents = {e: e.getparent() for e in self.style}
        before = {e: next(e.itersiblings("*", preceding=True), None) for e in self.style}
        self._near = {" ": parents, ">": parents, "~": before, "+": before}
        children = Counter(parents.values())
        self._siblings = {e: children[parent] for e, parent in parents.items()}
        self._chars = {e: sum(map(len, e.values())) for e in parents}
        self._named: dict[str, set[HtmlElement]] = defaultdict(set, {"": set(parents)})
        for e in self.style:
            for name in (e.tag, f"#{e.get('id', '')}", *(f".{name}" for name in e.get("class", "").split())):
                self._named[name].add(e)
        sheets = page.xpath("//style[not(ancestor::noscript or ancestor::template)]")
        text = "\n".join(sheet.text_content() for sheet in sheets if _is_on_screen(sheet.get("media", "")))
        if len(text) > MAX_STYLE:
            raise ValueError(f"its style sheets have {len(text):,} characters; the most is {MAX_STYLE:,}")
        self._rules(tinycss2.parse_stylesheet(text))

    def say(self, elements: set[HtmlElement], declarations: Any, *weight: float) -> None:
        for node in tinycss2.parse_blocks_contents(declarations):
            for name, meaning in _meanings(node).items() if node.type == "declaration" else ():
                self._spend(len(elements))
                for style in map(self.style.__getitem__, elements):
                    if name not in style or style[name][0] <= (node.important, *weight):
                        style[name] = (node.important, *weight), meaning

    def _spend(self, work: int) -> None:
        self._left -= work
        if self._left < 0:
            raise RuntimeError("too much work")

    def _rules(self, nodes: list[Any]) -> None:
        for node in nodes:
            prelude = tinycss2.serialize(getattr(node, "prelude", ()))
            if node.type == "at-rule" and node.content:
                follows = {"media": _is_on_screen(prelude), "supports": "not" not in prelude, "layer": True}
                self._rules(tinycss2.parse_rule_list(node.content) if follows.get(node.lower_at_keyword) else [])
            elif node.type == "qualified-rule":
                self._spend(MAX_WORK + 1 if len(prelude) > MAX_SELECTOR else 0)
                with suppress(SelectorError, XPathError, ValueError):
                    for selector in parse(prelude):
                        if not selector.pseudo_element and (found := self._found(selector.parsed_tree)):
                            self.say(found, node.content, *selector.specificity())

    def _found(self, tree: Any) -> set[HtmlElement]:
        if not isinstance(tree, CombinedSelector):
            return self._step(tree)
        found, near, reached = self._found(tree.selector), self._near[tree.combinator], set[HtmlElement]()
        self._spend(len(near) // 5 if found else 0)
        for e in near if found else ():
            if near[e] in found or (tree.combinator in " ~" and near[e] in reached):
                reached.add(e)
        return reached & self._step(tree.subselector) if reached else reached

    def _step(self, step: Any) -> set[HtmlElement]:
        names, p = [], step
        while not isinstance(p, Element):
            names.append(f".{p.class_name}" if isinstance(p, Class) else f"#{p.id}" if isinstance(p, Hash) else "")
            p = p.selector
        sets = sorted((self._named.get(name, set()) for name in [(p.element or "").lower(), *names]), key=len)
        self._spend(20 + len(sets[0]) // 20)
        found = set.intersection(*sets)
        if found and "" in names:
            path = f"boolean({self._translator.xpath(step).condition or 1})"
            each, ats, places = 2 + len(path) // 50, path.count("@"), path.count("sibling")
            self._spend(sum(each + ats * self._chars[e] // 200 + places * self._siblings[e] // 100 for e in found))
            found = set() if any(_FAR.findall(path)) else set(filter(XPath(path), found))
        return found


def drop_hidden(page: HtmlElement) -> tuple[int, int]:
    """Remove from `page` what is hidden from people; returns how many letters that was, and how many there were.

    Raises:
        ValueError: its style sheets are too long, nested too deep, or take too much work.
    """
    before = _letters(page)
    try:
        _walk(_Cascade(page), set(page.xpath(_OFF)) - set(page.xpath("//html|//body")))
    except RuntimeError as error:  # too deep a recursion is one
        raise ValueError("its style sheets are nested too deep, or take too much work") from error
    return before - _letters(page), before


def _letters(page: HtmlElement) -> int:
    """How many letters a page has; XPath would sort its texts, which takes the square of the number of siblings."""
    total, walk = 0, iterwalk(page, events=("start", "end", "comment", "pi"))
    for event, e in walk:
        if event == "start" and e.tag in _UNSEEN:
            walk.skip_subtree()
        elif event == "start":
            total += len(e.text or "")
        if event != "start":
            total += len(e.tail or "")
    return total


def _walk(cascade: _Cascade, gone: set[HtmlElement]) -> None:
    shown: dict[HtmlElement, dict[str, Any]] = {}
    for e in cascade.style:
        for attribute, says in _ATTRIBUTES.items():
            if value := e.get(attribute):  # "ffffff" for "#ffffff" is an old habit
                colour = "#" + value if says and parse_color(value) is None else value
                cascade.say({e}, says + colour, -1 if says else 1e9)
        style = {name: meaning for name, (_, meaning) in cascade.style[e].items()}
        above = shown.get(e.getparent(), _START)
        shown[e] = here = {name: style.pop(name)(above[name]) if name in style else above[name] for name in _START}
        cut = [style.pop(name) for name in _BOX if name in style]
        here["background-color"] = None if style.pop("background-image", False) else here["background-color"]
        is_away = e.getparent() in gone or (style.pop("overflow", False) and any(cut)) or any(style.values())
        if e.tag in ("html", "body"):  # where those are hidden, a script shows them
            here["visibility"] = True
        elif is_away:
            gone.add(e)
        colour, ground, pixels, is_visible = here.values()
        is_near = colour and ground and all(abs(colour[n] - ground[n]) * colour[3] <= _NEAR for n in range(3))
        if is_near or pixels < 2 or not is_visible:
            e.text = None
            for child in e:
                child.tail = None
    for e in gone:
        if e.getparent() not in gone:
            e.drop_tree()


def _meanings(node: Any) -> dict[str, Any]:
    """What a declaration means: whether it hides, or what it makes of the parent's value; nothing if invalid."""
    words = {t.lower_value for t in node.value if t.type == "ident" and parse_color(t) is None}
    made = any(t.type in ("url", "function") and parse_color(t) is None for t in node.value)
    keeps, is_off = made or bool(words & {"inherit", "unset", "revert"}), bool(words & {"none", "hidden", "clip"})
    colours = [c for c in map(parse_color, node.value) if c]
    is_rgb = colours and getattr(colours[0], "space", "") in ("srgb", "hsl", "hwb")
    rgba = (*colours[0].to("srgb").coordinates, colours[0].alpha) if is_rgb else None
    is_clear = (rgba and rgba[3] == 0) or not (colours or made)
    sizes = [t for t in node.value if t.type in ("percentage", "dimension") or (t.type == "number" and not t.value)]
    of, pixels = _SIZES.get(getattr(sizes[0], "lower_unit", "%"), (0, 16)) if sizes else (keeps, 16 - 16 * keeps)
    meanings = {
        "display": is_off, "content-visibility": is_off, "overflow": is_off, "background-image": made,
        "visibility": lambda above: above if keeps else "visible" in words,
        "font-size": lambda above: (sizes[0].value if sizes else 1) * (of * above + pixels),
        "color": lambda above: rgba if colours or made else above,
        "background-color": lambda above: above if is_clear else rgba if rgba and rgba[3] == 1 else None,
    }  # fmt: skip
    known = _KNOWN if made or words <= _WORDS else _FREE
    names = [name for name in _LONG.get(node.lower_name, (node.lower_name,)) if name in known]
    return {name: meanings[name] if name in meanings else _hides(name, node.value) for name in names}


def _hides(name: str, tokens: list[Any]) -> bool:
    numbers = [(t.value, t.type == "percentage") for t in tokens if t.type in ("number", "percentage", "dimension")]
    is_cut = name in ("rect", "polygon", "circle") and numbers and all(abs(n) <= 1 for n, _ in numbers)
    inner = any(_hides(t.lower_name, t.arguments) for t in tokens if t.type == "function")
    return bool(is_cut) or inner or any(_HIDES[name](*number) for number in numbers if name in _HIDES)


def _is_on_screen(media: str) -> bool:
    """Whether a screen 1,280 pixels wide matches a media query; a query that is not understood does not match."""
    for query in media.lower().split(","):
        fits = [(float(n) * (1 if px else 16) <= 1280) == bool(least) for least, n, px in _WIDTH.findall(query)]
        if all(fits) and {*_WIDTH.sub(" ", query).split()} <= _SCREEN:
            return True
    return False
