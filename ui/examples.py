"""Example questions made from whatever the collection holds: who speaks in it, and when."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from index.text.dates import CALENDAR
from index.types import Article

_SAYS = r"(?:said|says|told|wrote|added|warned|argued|stated|announced|insisted)"
_SPEAKER = re.compile(rf"\b([A-Z][\w’-]+ [A-Z][\w’-]+),? (?:\w+ly )?{_SAYS}\b|\b{_SAYS} ([A-Z][\w’-]+ [A-Z][\w’-]+)\b")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z][\w’-]+ [A-Z][a-z][\w’-]+\b")
MOST = 200  # articles that are looked through, the newest


def questions(articles: Sequence[Article]) -> list[str]:
    """Up to four questions the articles can answer; none where nobody is named in them."""
    recent = [a for a in articles if a.published][-MOST:] or list(articles)[-MOST:]
    speakers: Counter[str] = Counter()
    names: Counter[str] = Counter()
    for article in recent:
        speakers.update({_bare(a or b) for a, b in _SPEAKER.findall(article.text)})
        names.update({_bare(name) for name in _NAME.findall(article.text)})
    said = [
        name for name, _ in sorted(speakers.items(), key=lambda kv: (-kv[1], -names[kv[0]], kv[0])) if _person(name)
    ]
    who = [
        name for name, _ in sorted(names.items(), key=lambda kv: (-kv[1], kv[0])) if name in speakers and _person(name)
    ]
    out = [f"What did {name} say?" for name in said[:2]]
    out += [f"Who is {name}?" for name in who if name not in said[:2]][:1]
    days = Counter(a.published for a in recent if a.published)
    if days:
        day = max(days, key=lambda d: (days[d], d))
        out.append(f"What was reported on {day.day} {day:%B %Y}?")
    return out


def _bare(name: str) -> str:
    return re.sub(r"[’']s$", "", name)


def _person(name: str) -> bool:
    return not any(word.lower() in CALENDAR for word in name.split())
