"""Boilerplate is removed, reporting is kept.

A scraper brings along what stands around an article: appeals for money, buttons, error
messages, players' captions, the writer's biography. Nothing here knows any one site. The
evidence goes from sure to weak, and the weak counts only beside the sure:

1. lines that are nothing but a control, a notice, a link to another article, a note about the
   article itself or how to reach its writer ("Read more", "Something went wrong");
2. lines in which the outlet speaks to its reader ("we … your support"), outside quotation;
3. lines at an article's edge, without a full stop, that repeat across articles of one source;
4. labels ("Once", "Monthly") that stand between lines already known to be boilerplate.

What is removed is kept in `Article.removed` with the rule that took it out.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from itertools import islice

from index.reading.metadata import MAX_URL, bounded, cut, encodable, outlet_of
from index.text.bylines import day_of_dateline, day_of_line, writers_of_line
from index.text.dates import published_from_url
from index.text.sentences import paragraphs
from index.types import Article, RawArticle, Removed

_FLAGS = re.IGNORECASE
_SPACES = re.compile(r" {2,}")
_CONTROL = re.compile(
    r"""^[\W_]*(?:
    ×|x|oops!?|loading|please\ try\ again(?:\ later)?|(?:sorry,?\ )?(?:something|an\ error)\ (?:went\ wrong|occurred)
    |(?:please\ )?(?:read|see|show|load|learn|find\ out)\ (?:more|less|also|next|all)(?:\ (?:here|stories|about\ this))?
    |continue(?:\ reading)?|share(?:\ (?:this(?:\ (?:article|story))?|on\ \w+))?|tweet|print|email|copy\ link|save|listen|watch
    |follow(?:\ us)?(?:\ on\ \w+)?|like\ us\ on\ \w+|comments?|leave\ a\ comment|advertisement|sponsored(?:\ content)?|ad
    |sign\ (?:in|up|out)|log\ ?(?:in|out)|register|subscribe(?:\ now)?|my\ account|menu|search|home|close|skip(?:\ to\ \w+(?:\ \w+)?)?
    |back\ to\ top|next|previous|support\ us|donate(?:\ now)?|remind\ me\ later|no,?\ thanks|maybe\ later|not\ now|accept(?:\ all)?|reject(?:\ all)?
    |once|monthly|annual(?:ly)?|one-time|other\ amount|payment\ methods?|most\ (?:read|popular|viewed)|trending(?:\ now)?|recommended(?:\ for\ you)?
    |you\ may\ also\ like|more\ from\ .{1,40}|related(?:\ (?:stories|articles?|topics?|coverage|content))?|tags?|topics?|hide\ caption|toggle\ caption|enlarge\ this\ image
    |video(?:\ player)?|original\ (?:url|link|article|source)|source\ (?:url|link)|all\ rights\ reserved\.?|terms\ of\ (?:use|service)|privacy\ policy
    |newsletters?|click\ here(?:\ .{1,60})?|tap\ (?:here|to)\b.{0,60}|view\ (?:comments|gallery|all)|photos?|image|caption|getty\ images|file\ photo
    )[\W_]*$""",
    _FLAGS | re.VERBOSE,
)
_NOTICE = re.compile(
    r"""(?:
    ^\W*(?:this\ )?(?:voice|audio|narration)\ is\ (?:ai|auto(?:matically)?|computer)[- ]generated|^\W*(?:text|audio)[- ]to[- ]speech|listen\ to\ (?:this\ )?article
    |this\ (?:article|story|content)\ (?:is|was)\ (?:provided|supported|sponsored)\ by|©\s*(?:\d{4}|copyright)|copyright\ (?:©|\d{4})|all\ rights\ reserved
    |(?:uses?|accept|consent\ to)\ (?:of\ )?cookies|enable\ javascript|ad[- ]?blocker|your\ browser\ (?:does\ not|doesn't)
    |sign(?:ing)?[-\ ]up\b.{0,90}\b(?:newsletters?|inbox|alerts|latest\ (?:news|updates)|briefing)|(?:newsletters?|inbox)\b.{0,60}\bsign\ up|sign\ up\ (?:right\ )?here\b(?!\ to\b)|sign\ up\ (?:now|today)\W*$
    |\bwe\ (?:will|may)\ use\ (?:the|your)\ (?:details|data|information)\b|\bobject\ to\ the\ use\ of\ your\ data|consider\ (?:supporting\ our|a\ subscription)
    |(?:^|\ )(?:replay|more\ videos|watch\ (?:now|next|more))\ .*\ \d{1,2}:\d\d$|\bcontent\ is\ produced\ independently|subscribe\ (?:to|here|now|today|for)|(?:delivered|straight)\ to\ your\ inbox|unsubscribe\ at\ any\ time
    |(?:by\ signing\ up|by\ subscribing),?\ you|download\ our\ (?:\w+\ )?app\b|follow\ (?:us|[\w'’.@()]+(?:\ [\w'’.@()]+){0,5})\ on\ (?:twitter|facebook|instagram|x\b|threads)|join\ our\ (?:newsletter|community|channel)|check\ your\ inbox
    |^\W*(?:not\ )?ready\ to\ (?:support|donate|subscribe|join|contribute)\b.{0,30}\?\W*$|support\ (?:us|our)\ (?:today|now|monthly|work|journalism)|make\ a\ (?:donation|contribution)|small\ favou?r\ to\ ask
    |(?:read|see|view|click)\ (?:the\ full|all)\ (?:story|article|comments|gallery)\ here|you\ have\ .{0,20}free\ articles?\ (?:left|remaining)
    |(?:purchases?|links?)\ .{0,60}\bwe\ may\ (?:earn|receive)|affiliate\ (?:link|commission)|ad-free\ (?:content|experience|reading)
    )""",
    _FLAGS | re.VERBOSE,
)
_POINTER = re.compile(
    r"^\W*(?:related(?:\s+(?:article|story|stories|coverage|content|reading))?|read(?:\s+(?:more|also|next|now))?|see\s+also|also\s+read|"
    r"more(?:\s+(?:on|from|about)\s+(?:this|\w+))?|recommended|watch(?:\s+(?:now|next|more))?|listen(?:\s+now)?|don['’]t\s+miss|in\s+pictures)(?:\s*[:|»→>]+|\s+-+)\s*\S",
    _FLAGS,
)
# "NETFLIX FALLS:Netflix loses subscribers": a link's label and headline, joined by the scraper.
_TEASER = re.compile(r"^\W*(?:[A-Z]{3,}|[^\s:.]+ [^:.]{1,70}(?<!\d)):(?=['‘“\"]?[A-Z])")
_ABOUT_ITSELF = re.compile(
    r"^\W*contribut(?:ing|ors?)\s*:|contributed to this (?:report|story|article)\W*$|"
    r"^(?:this|the)(?: \w+){0,3} (?:story|article|headline|report) (?:has|have) been updated\b(?!.*\bcorrect)|"
    r"^prices were accurate\b|views? (?:and opinions )?expressed (?:in this \w+|here) (?:are|is) (?:his|her|hers|their|those|my)\b",
    _FLAGS,
)
_REACH = re.compile(
    r"^\W*(?:you can )?(?:reach|contact|e-?mail|follow)\b.{0,80}(?:[\w.]+@[\w.]+\.\w{2,4}|@\w+)|^[\w.]+@[\w.]+\.\w{2,4}$|^@\w+$",
    _FLAGS,
)
_OPENER = re.compile(
    r"^\W*(?:support\ (?:the|our)\ (?-i:[A-Z])|a\ (?:message|note|letter|word)\ (?:from|to)\b|dear\ readers?|about\ the\ (?:writer|author)s?\b|"
    r"enjoying\ (?:this|the|our|what|ad)\b.{0,60}\?|before\ you\ go|thank\ you\ for\ reading|become\ a\ (?:member|subscriber|supporter)|"
    r".{0,40}small\ favou?r\ to\ ask)".replace(r"\ ", " "),
    _FLAGS,
)
_BIO_HEAD = re.compile(r"^\W*about the (?:writer|author|reporter|journalist)s?\b", _FLAGS)
_BIO = re.compile(
    r"^(?:[A-Z][\w.'’-]+ ){1,4}(?:is|was|covers|reports|writes)\b.{0,80}\b(?:reporter|journalist|correspondent|editor|writer|"
    r"columnist|contributor|covers|covering|based in)\b"
)
_ADDRESS = re.compile(r"\b(?:you|your|yours|you're|you’re|we|our|ours|(?-i:[Uu]s))\b", _FLAGS)
_READER = re.compile(r"\b(?:(?<!thank )you|your|yours|you're|you’re)\b", _FLAGS)
_OUTLET = re.compile(r"\b(?:we|our|ours|(?-i:[Uu]s))\b", _FLAGS)  # "US" is a country
_SINGULAR = re.compile(r"\b(?:I|I['’]\w+|[Mm]y|[Mm]e)\b")
_ASKING = re.compile(
    r"\b(?:support|donat\w+|contribut\w+|subscri\w+|member(?:ship)?|newsletter|inbox|journalism|readers?|advert\w*|ads)\b",
    _FLAGS,
)
_QUOTED = re.compile(r"[“\"][^“”\"]*(?:[”\"]|$)|«[^»]*(?:»|$)")
_DATELINE = re.compile(r"^(?:[A-Z][\w./ ,'’-]{0,40} )?\((?:CNN|AP|AFP|Reuters)\b")
_ITEM = re.compile(r"\d+\.\s")
_SAID = re.compile(r"\b(?:said|says|told|wrote|added|according to|announced|reported)\b", _FLAGS)
_REPEATS = 3
_COPY = 0.6  # share of lines in common from which two articles are copies
_OPENING = 12  # lines, within which a line that holds a day says when the article was published
_EDGE = 5  # lines from the beginning or end within which a repeated line is taken for a frame
# An address, or one with a word or two after it that make no sentence: some tools break a long address in two.
_URL = re.compile(r"^\W*(?:https?://|www\.)\S+(?:(?:\s+\S+){1,2}(?<![.!?]))?$", _FLAGS)
_CREDIT = re.compile(
    r"(?:/\s*(?:[A-Z][\w.&-]*(?:\s+|$)){1,5}$|\b(?:AP|AFP|TASS|EPA(?:-EFE)?|Reuters|REUTERS|Getty(?: Images)?|Bloomberg|Xinhua|DPA|ANSA|PA Wire|"
    r"Shutterstock|News Agency|AP Photo|via (?:Getty|AP|Reuters).*)\)?$)"
)
_TAG = re.compile(r"</?[A-Za-z][^<>\n]{0,300}>")
_TERMINAL = re.compile(r"[.!?…。！？][\"”’»')\]]*$")
_INVISIBLE = dict.fromkeys(
    [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF, 0xAD]
    + [c for c in range(32) if c not in (9, 10, 13)]
    + [*range(0x7F, 0xA0), *range(0xE0000, 0xE0080)]
)


def tidy(text: str) -> str:
    """Plain characters: no markup, no control, invisible or direction-changing characters."""
    text = encodable(text).replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n\n")
    text = html.unescape(_TAG.sub("", _without_comments(text))).translate(_INVISIBLE)
    return unicodedata.normalize("NFC", text.replace("\u00a0", " ").replace("\t", " "))


def _without_comments(text: str) -> str:
    """A text without the comments of its markup, which no reader of the page ever saw."""
    kept, at = list[str](), 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start)) >= 0:
        kept.append(text[at:start])
        at = end + len("-->")
    return "".join([*kept, text[at:]])


def repeated_lines(raws: Iterable[RawArticle]) -> dict[str, set[str]]:
    """For each source, the lines (normalised) that stand in three or more of its articles.

    Copies of one article count once: what they share is a report, not a frame.
    """
    articles: dict[str, list[set[str]]] = {}
    for raw in raws:
        lines = {normal(line) for line in set(tidy(raw.text).split("\n"))} - {""}  # each once: there may be a million
        articles.setdefault(raw.source or "", []).append(lines)
    repeated: dict[str, set[str]] = {}
    for source, sets in articles.items():
        seen: dict[str, list[int]] = {}
        for number, lines in enumerate(sets):
            for line in lines:
                seen.setdefault(line, []).append(number)
        repeated[source] = {
            line for line, where in seen.items() if len(where) >= _REPEATS and _different(sets, where[:12]) >= _REPEATS
        }
    return repeated


def _different(sets: Sequence[set[str]], where: Sequence[int]) -> int:
    """How many of these articles are not copies of another one of them."""
    kept: list[set[str]] = []
    for number in where:
        lines = sets[number]
        if all(len(lines & other) <= _COPY * min(len(lines), len(other)) for other in kept):
            kept.append(lines)
    return len(kept)


def clean(raw: RawArticle, repeated: Collection[str] = ()) -> Article:
    """The article without its boilerplate.

    Args:
        raw: the article as read.
        repeated: normalised lines that other articles of the same source also have.
    """
    raw = bounded(raw)
    lines = tidy(raw.text).split("\n")
    reasons = _judge(lines, set(repeated), raw)
    url = raw.url or _url_in(lines)
    published, how = _published(raw, lines, url)
    kept: list[str] = []
    captions: list[tuple[int, int]] = []
    removed: list[Removed] = []
    position = 0
    for number, (line, why) in enumerate(zip(lines, reasons, strict=True), 1):
        if not line or line.isspace():
            continue
        body = _SPACES.sub(" ", line.strip())
        if why:
            removed.append(Removed(number, body, why))
            continue
        if kept:
            position += 2
        if _is_caption(body):
            captions.append((position, position + len(body)))
        kept.append(body)
        position += len(body)
    title = tidy(raw.title).strip() if raw.title else _title(kept)
    return Article(
        id=raw.id,
        title=cut(title) if title else None,
        source=raw.source or outlet_of(url),
        published=published,
        published_how=how,
        url=url,
        authors=raw.authors or _writers(lines),
        text="\n\n".join(kept),
        removed=tuple(removed),
        captions=tuple(captions),
        path=raw.path,
    )


def _judge(lines: list[str], repeated: set[str], raw: RawArticle) -> list[str]:
    """For each line the rule that removes it, or ""."""
    full = [i for i, line in enumerate(lines) if line.strip()]
    edges = {*full[:_EDGE], *full[-_EDGE:]}
    framed = _frame(lines, full, edges, repeated)
    reasons = [""] * len(lines)
    known: dict[tuple[str, bool], str] = {}  # a line that repeats itself a million times is judged once
    for i in full:
        key = (lines[i].strip(), i in framed)
        if key not in known:
            known[key] = _alone(*key)
        reasons[i] = known[key]
    _keep_headings(lines, full, reasons)
    in_bio = in_appeal = False
    for position, i in enumerate(full):
        line = lines[i].strip()
        if _BIO_HEAD.match(line) and position >= len(full) // 2:
            in_bio = True
        if in_bio:
            reasons[i] = reasons[i] or "about the writer"
            continue
        # "Support The Moscow Times!" opens an appeal; "Support for Ukraine grew" does not.
        if (
            _OPENER.match(line)
            and not _SAID.search(line)
            and (not _TERMINAL.search(line) or line[-1] in "!?" or _speaks(line))
        ):
            in_appeal = True
            reasons[i] = reasons[i] or "opens an appeal to the reader"
        elif in_appeal or (position and reasons[full[position - 1]] == "the outlet asks its reader"):
            if _speaks(line) and (in_appeal or _ASKING.search(line)) and not _DATELINE.match(line):
                in_appeal = True
                reasons[i] = reasons[i] or "part of an appeal to the reader"
            elif not reasons[i]:
                in_appeal = False
        contact = _REACH.search(line) and len(line.split()) <= 60
        if not reasons[i] and position >= len(full) - 3 and (contact or _BIO.match(line)) and not _SAID.search(line):
            reasons[i] = "about the writer"
    # A label between two lines of boilerplate, or after the last line of an appeal, is boilerplate too.
    for position, i in enumerate(full):
        line = lines[i].strip()
        before = reasons[full[position - 1]] if position else ""
        after = reasons[full[position + 1]] if position + 1 < len(full) else "end" if before.endswith("reader") else ""
        if (
            not reasons[i]
            and before
            and after
            and not before.startswith(("points", "repeats"))
            and not _ITEM.match(line)
            and len(line.split()) <= 6
            and not _TERMINAL.search(line)
            and not _is_caption(line)
            # A date or the title may stand between a banner and the text.
            and position > 2
            and normal(line) != normal(raw.title or "")
        ):
            reasons[i] = "a label among boilerplate"
    # The days above the entries of a running report belong to the entries.
    days = [i for i in full if day_of_line(lines[i])]
    if days and days[-1] in full[:_OPENING]:
        for i in days:
            reasons[i] = reasons[i] or "date line, kept as metadata"
    return reasons


def _frame(lines: list[str], full: list[int], edges: set[int], repeated: set[str]) -> set[int]:
    """The repeated lines that may be a frame: at the article's edges, and not headings of its own.

    Where lines of this kind also stand between the paragraphs ("Alabama", "Alaska", …), they
    are headings, and only the very first and last line may be a frame.
    """
    again = [i for i in full if normal(lines[i]) in repeated and not _ITEM.match(lines[i].strip())]
    labels = [i for i in again if len(lines[i].split()) <= 12 and not _TERMINAL.search(lines[i].strip())]
    inner = sum(i not in edges and not _alone(lines[i].strip(), False) for i in labels)
    headings = set(labels) - {*full[:1], *full[-1:]} if inner >= _REPEATS else set()
    return (set(again) & edges) - headings


def _keep_headings(lines: list[str], full: list[int], reasons: list[str]) -> None:
    """A repeated label with reporting after it is a heading, unless it opens the article."""
    rest_goes = True
    for position in range(len(full) - 1, 2, -1):
        i = full[position]
        if reasons[i].startswith("repeats") and len(lines[i].split()) <= 12 and not rest_goes:
            reasons[i] = ""
        rest_goes = rest_goes and bool(reasons[i])


def _alone(line: str, is_repeated: bool) -> str:
    """The rule that removes a line by itself, or ""."""
    if not line:
        return ""
    words = line.split()
    if not any(c.isalnum() for c in line) or _CONTROL.match(line):
        return "a control or notice"
    if _URL.match(line):
        return "an address, kept as metadata"
    unquoted = _QUOTED.sub(" ", line)
    if len(words) <= 60 and _NOTICE.search(unquoted) and not _SAID.search(unquoted):
        return "a control or notice"
    if _POINTER.match(line) and len(words) <= 30 and not (_SAID.search(line) and _TERMINAL.search(line)):
        return "points to another article"
    if len(words) <= 26 and _TEASER.match(line) and not _TERMINAL.search(line) and not _is_caption(line):
        return "points to another article"
    if len(words) <= 90 and _ABOUT_ITSELF.search(line) and not _SAID.search(unquoted):
        return "about the article, not of it"
    if not _SAID.search(unquoted) and _asks(unquoted):
        return "the outlet asks its reader"
    if is_repeated and len(words) <= 12 and not _TERMINAL.search(line) and not _is_caption(line):
        return "repeats across articles of this source"
    if is_repeated and _speaks(line) and not _SAID.search(unquoted):
        return "repeats across articles of this source"
    return ""


def _asks(text: str) -> bool:
    """The outlet ("we", "our"; never "I") asks a reader ("you") for support."""
    if _SINGULAR.search(text):
        return False
    asking = len({w.lower() for w in _ASKING.findall(text)})
    return bool(_READER.search(text) and _OUTLET.search(text) and asking) or bool(
        asking >= 2 and _READER.search(text) and len(text.split()) <= 40
    )


def _speaks(line: str) -> bool:
    """Whether it addresses the reader, outside quotation marks."""
    unquoted = re.sub(r"[\"“][^\"“”]{40,}[\"”]", " ", line)
    return bool(_ADDRESS.search(unquoted)) and not _SAID.search(unquoted)


def _is_caption(line: str) -> bool:
    return len(line.split()) <= 60 and bool(_CREDIT.search(line)) and not _SAID.search(line)


def _title(kept: list[str]) -> str | None:
    first = kept[0] if kept else ""
    if (
        len(kept) > 1
        and 3 <= len(first.split()) <= 22
        and not re.search(r"[.!…][\"”’]?$", first)
        and not _is_caption(first)
    ):
        return first
    return None


def _url_in(lines: list[str]) -> str | None:
    for line in lines:
        if _URL.match(line.strip()) and len(line.split()) == 1:  # one that is broken leads nowhere
            return line.strip()[:MAX_URL]
    return None


def _writers(lines: list[str]) -> tuple[str, ...]:
    return tuple(cut(name) for name in next(filter(None, map(writers_of_line, _opening(lines))), ()))


def _opening(lines: list[str]) -> list[str]:
    return list(islice((line for line in lines if line.strip()), _OPENING))


def _published(raw: RawArticle, lines: list[str], url: str | None) -> tuple[date | None, str]:
    if raw.published:
        return raw.published, raw.published_how or "stated in the metadata"
    for told in (day_of_line, day_of_dateline):
        if day := next(filter(None, map(told, _opening(lines))), None):
            return day, "stated in the text"
    day = published_from_url(url)
    return (day, "stated in the url") if day else (None, raw.published_how)


def normal(line: str) -> str:
    """A line's words alone, in lower case: by these, repeated lines are recognised."""
    return " ".join(re.findall(r"\w+", line.lower()))


__all__ = ["clean", "normal", "paragraphs", "repeated_lines", "tidy"]
