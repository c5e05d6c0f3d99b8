"""Corrections: the title, source or day of an article that a person set because its file lacks it or has it wrong.

    FOLDER/edits.json    beside the index: what was set, by the article's id

It is applied whenever an index is made, so no `rag index` overwrites it. It belongs to the article it was set for: the
one with this id and either the same file or the same text. So it survives a changed file or a moved folder, and another
article that later gets the id does not get the edit. If an article's file is gone its edit stays, in case the file
comes back; the edit of an added article (`index.additions`) goes when the article is removed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from index.embedder import Embedder
from index.errors import InputError, RagError
from index.reading.metadata import cut
from index.store.amend import amend
from index.store.sqlite import Store
from index.store.writer import writing
from index.text.dates import in_range
from index.types import Article

EDITS = "edits.json"
BY_YOU = "set by you"
FIELDS = ("title", "source", "date")


@dataclass(frozen=True)
class Edit:
    """What was set of one article.

    Attributes:
        path, text: the article's file, and the SHA-256 of its text.
        told: title, source and date (as text), those that were set.
        was: title, source, date and date_how as they were read from the file.
    """

    path: str
    text: str
    told: dict[str, str]
    was: dict[str, str | None]

    def is_of(self, article: Article) -> bool:
        """Whether it was set for this article."""
        return self.path == article.path or self.text == _digest(article)

    def on(self, article: Article) -> Article:
        """The article with the edit applied."""
        return _with(article, {name: self.told[name] for name in self.told}, BY_YOU)

    def off(self, article: Article) -> Article:
        """The article without the edit, as it was read."""
        return _with(article, {name: self.was.get(name) for name in self.told}, self.was.get("date_how") or "")


def read(index: Path) -> dict[str, Edit]:
    """What was set, by article.

    Raises:
        RagError: the file cannot be read; nothing goes on then, so that no edit is lost.
    """
    path = index / EDITS
    try:
        data = json.loads(path.read_text("utf-8"))
        return {str(name): _edit(said) for name, said in data.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RagError(
            f"{path}, which holds what you set of articles, cannot be read ({error}).",
            "Put it right, or move it away to do without.",
        ) from error


def applied(index: Path, articles: Iterable[Article]) -> list[Article]:
    """The articles as they were read, with their edits applied.

    Raises:
        RagError: see `read`.
    """
    edits = read(index)
    return [edits[a.id].on(a) if a.id in edits and edits[a.id].is_of(a) else a for a in articles]


def set_fields(
    index: Path,
    article_id: str,
    embedder: Embedder,
    *,
    title: str | None = None,
    source: str | None = None,
    published: date | None = None,
    restore: Iterable[str] = (),
) -> Article:
    """Set what is said of an article; the article as it is now.

    Args:
        title, source, published: what to set; None leaves it as it is.
        restore: which of "title", "source" and "date" to put back as they were read.

    Raises:
        InputError: there is no such article, nothing to set, or a value that cannot be used.
        IndexMissing, IndexDamaged, IndexBusy: see `index.store.writer`.
    """
    given, restore = _given(title, source, published), set(restore)
    if wrong := sorted(restore - set(FIELDS)):
        raise InputError(f"{wrong[0]!r} cannot be restored.", f"Name {', '.join(FIELDS)}.")
    if not given and not restore:
        raise InputError("There is nothing to set.", "Give a title, a source or a date.")
    with writing(index):
        article, edits = _article(index, article_id, embedder), read(index)
        before = edits.get(article_id)
        if before and not before.is_of(article):
            before = None
        bare = before.off(article) if before else article
        told = {k: v for k, v in {**(before.told if before else {}), **given}.items() if k not in restore}
        edit = Edit(article.path, _digest(article), told, _read_values(bare, told))
        changed = edit.on(bare)
        after = {name: said for name, said in edits.items() if name != article_id}
        _save(index, {**after, article_id: edit} if told else after)
        try:
            amend(index, [changed], [], embedder)
        except BaseException:
            _save(index, edits)
            raise
    return changed


def forget(index: Path, article_id: str) -> None:
    """Forget the edit of an article that was removed."""
    edits = read(index)
    if edits.pop(article_id, None):
        _save(index, edits)


def _given(title: str | None, source: str | None, published: date | None) -> dict[str, str]:
    given: dict[str, str] = {}
    for name, value in (("title", title), ("source", source)):
        if value is not None:
            given[name] = cut(" ".join(value.split()))
            if not given[name]:
                raise InputError(f"The {name} is empty.", f"Give a {name}.")
    if published is not None:
        if not in_range(published):
            raise InputError(f"{published} cannot be an article's date.", "Give a year from 1000 to 2200.")
        given["date"] = published.isoformat()
    return given


def _article(index: Path, article_id: str, embedder: Embedder) -> Article:
    store = Store(index, embedder, vectors=False)
    try:
        return store.article(article_id)
    except KeyError:
        raise InputError(f"There is no article {article_id!r}.", "`rag articles` lists them.") from None
    finally:
        store.close()


def _with(article: Article, values: dict[str, Any], how: str) -> Article:
    changes: dict[str, Any] = {name: values[name] for name in ("title", "source") if name in values}
    if "date" in values:
        changes |= {"published": date.fromisoformat(values["date"]) if values["date"] else None, "published_how": how}
    return replace(article, **changes)


def _read_values(article: Article, names: Collection[str]) -> dict[str, str | None]:
    day = article.published.isoformat() if article.published else None
    values = {"title": article.title, "source": article.source, "date": day}
    how: dict[str, str | None] = {"date_how": article.published_how} if "date" in names else {}
    return {name: values[name] for name in FIELDS if name in names} | how


def _digest(article: Article) -> str:
    return hashlib.sha256(article.text.encode("utf-8", "replace")).hexdigest()


def _edit(said: dict[str, Any]) -> Edit:
    told = {name: said[name] for name in FIELDS if name in said}
    if not all(isinstance(value, str) and value for value in told.values()):
        raise ValueError("a title, source or date that is not text")
    if "date" in told:
        date.fromisoformat(told["date"])
    return Edit(said["path"], said["text_sha256"], told, dict(said["was"]))


def _save(index: Path, edits: dict[str, Edit]) -> None:
    """Write all edits, whole or not at all."""
    data = {
        name: {**edit.told, "path": edit.path, "text_sha256": edit.text, "was": edit.was}
        for name, edit in sorted(edits.items())
    }
    part = index / f".{EDITS}"
    part.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", "utf-8")
    part.replace(index / EDITS)
