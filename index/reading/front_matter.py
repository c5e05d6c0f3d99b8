"""The front matter of a Markdown file, as Obsidian, web clippers and Hugo write it: YAML between `---`, TOML between `+++`."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from index.reading.metadata import stated_day
from index.types import RawArticle

MAX_FRONT = 20_000  # characters
_BLOCK = re.compile(r"\s*(---|\+\+\+)[ \t]*\n(.*?)^(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_LINE = re.compile(r"^([A-Za-z][\w -]{0,40}):[ \t]*(.*)$", re.MULTILINE)
_LINK = re.compile(r"\[\[(?:[^\[\]|]*\|)?([^\[\]|]*)\]\]")
_TITLES = ("title", "headline")
_SOURCES = ("source", "publisher", "publication", "outlet", "site", "site_name", "sitename", "website", "newspaper")
_URLS = ("url", "link", "canonical", "canonical_url", "source_url", "original_url", "permalink")
_DAYS = ("published", "date", "date_published", "published_at", "publish_date", "publishdate", "pubdate")
_AUTHORS = ("authors", "author", "byline", "by", "creator")


def split(text: str) -> tuple[dict[str, Any], str]:
    """The fields of the front matter, keys in lower case, and the text below it.

    A block that is not front matter, such as a paragraph between two rules, stays in the text.
    """
    found = _BLOCK.match(text[: MAX_FRONT + 10])
    if not found:
        return {}, text
    said = _toml(found[2]) if found[1] == "+++" else _yaml(found[2])
    if not said:
        return {}, text
    return {_key(key): value for key, value in said.items()}, text[found.end() :]


def told(article: RawArticle, said: dict[str, Any]) -> RawArticle:
    """The article with what its front matter says of it."""
    sources = [words for key in _SOURCES if (words := _words(said.get(key)))]
    urls = [
        words for key in _URLS if (words := _words(said.get(key)))
    ] + sources  # clippers put the address in "source"
    url = next((words for words in urls if urlsplit(words).scheme in ("http", "https")), None)
    source = next((words for words in sources if "://" not in words), None)
    if not source and url:
        source = (urlsplit(url).hostname or "").removeprefix("www.") or None
    day = next((day for key in _DAYS if (day := stated_day(_words(said.get(key))))), None)
    return replace(
        article,
        title=next((words for key in _TITLES if (words := _words(said.get(key)))), article.title),
        source=source,
        url=url,
        published=day,
        published_how="stated in the front matter" if day else "",
        authors=next((names for key in _AUTHORS if (names := _names(said.get(key)))), ()),
    )


def _toml(block: str) -> dict[str, Any]:
    try:
        return tomllib.loads(block)
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def _yaml(block: str) -> dict[str, Any]:
    import yaml

    class Loader(yaml.BaseLoader):  # everything stays text: no objects, no numbers that are too long
        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                raise yaml.YAMLError("an alias: it could unfold without end")
            return super().compose_node(parent, index)

    try:
        said = Loader(block).get_single_data()
    except (yaml.YAMLError, RecursionError):
        # Clippers write `title: War: a history` without quotes, which is no YAML.
        lines = {key: value.strip().strip("\"'") for key, value in _LINE.findall(block) if value}
        known = {*_TITLES, *_SOURCES, *_URLS, *_DAYS, *_AUTHORS}
        return lines if any(_key(key) in known for key in lines) else {}
    return {key: value for key, value in said.items() if isinstance(key, str)} if isinstance(said, dict) else {}


def _key(key: str) -> str:
    return re.sub(r"[ -]", "_", key.strip().lower())


def _words(value: Any) -> str | None:
    """A field as text: the first item of a list, the name in `{name: …}`."""
    if isinstance(value, dict):
        value = value.get("name")
    if isinstance(value, list):
        value = value[0] if value else None
    if value is None or isinstance(value, (dict, list, bool)):
        return None
    words = " ".join(_LINK.sub(r"\1", str(value)).split())
    return words if words.lower() not in ("", "null", "~", "none") else None


def _names(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = re.split(r"\s*;\s*", value)
    names = [_words(name) for name in (value if isinstance(value, list) else [value])]
    return tuple(name for name in names if name)
