"""A person's own articles, added while the collection is in use.

    FOLDER/added/                 beside the index: one file an article, named by its id
    FOLDER/added/articles.toml    where those came from that do not say so themselves

They are searchable at once, stay apart from the folders that were indexed, and are indexed
again whenever those are.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from index import edits
from index.embedder import Embedder, Progress
from index.errors import InputError
from index.reading.boilerplate import clean, normal, repeated_lines
from index.reading.files import read_file
from index.reading.metadata import METADATA, bounded, read_metadata, with_address
from index.store.amend import amend
from index.store.database import ADDED
from index.store.sqlite import Store
from index.store.writer import writing
from index.types import Article, IndexReport, RawArticle, Skipped

TWIN = "the same text is already there"  # why an article is skipped whose text the collection has
MAX_TEXT = 2_000_000  # bytes of a pasted article
_ALIKE = 200  # articles of one source that are looked at for its repeated lines


def look(index: Path, files: Sequence[Path], text: str, embedder: Embedder) -> tuple[list[Article], list[Skipped]]:
    """What `add` and `add_text` would take of files and a pasted text, and what they would skip; nothing is stored.

    Raises:
        InputError: the text is too long.
        IndexMissing, IndexDamaged: see `index.store.sqlite`.
    """
    raws, skipped = _read(files)
    if text.strip():
        raws.append(_pasted(text))
    return [article for article, _ in _new(index, raws, skipped, embedder)], skipped


def add(
    index: Path,
    files: Sequence[Path],
    embedder: Embedder,
    progress: Progress | None = None,
    addresses: Mapping[Path, str] | None = None,
) -> IndexReport:
    """Take the articles of files into a collection, beside what is there.

    An article whose id is taken gets another one. A file that cannot be read, or is already there word for word, is
    skipped and reported by its name.

    Args:
        addresses: where files came from that do not say so themselves.

    Raises:
        IndexMissing, IndexDamaged, IndexBusy: see `index.store.sqlite`.
    """
    raws, skipped = _read(files)
    known = {str(path): address for path, address in (addresses or {}).items()}
    raws = [bounded(with_address(raw, known[raw.path])) if raw.path in known else raw for raw in raws]
    return _take(index, raws, skipped, embedder, progress, known)


def _read(files: Sequence[Path]) -> tuple[list[RawArticle], list[Skipped]]:
    raws: list[RawArticle] = []
    skipped: list[Skipped] = []
    for path in files:
        found = read_file(path, path.parent)
        for item in [found] if isinstance(found, Skipped) else found:
            if isinstance(item, Skipped):
                skipped.append(replace(item, path=item.path.replace(str(path), path.name)))
            else:
                raws.append(item)
    return raws, skipped


def add_text(
    index: Path,
    text: str,
    embedder: Embedder,
    *,
    title: str | None = None,
    source: str | None = None,
    published: date | None = None,
) -> IndexReport:
    """Take a pasted text into a collection as an article.

    Raises:
        InputError: the text is empty or too long.
    """
    if not text.strip():
        raise InputError("The text is empty.", "Paste an article.")
    return _take(index, [_pasted(text, title, source, published)], [], embedder, None)


def _pasted(
    text: str, title: str | None = None, source: str | None = None, published: date | None = None
) -> RawArticle:
    size = len(text.encode("utf-8", "replace"))
    if size > MAX_TEXT:
        raise InputError(f"The text has {size:,} bytes; the most is {MAX_TEXT:,}.", "Split it, or add it as a file.")
    name = re.sub(r"\W+", "-", (title or " ".join(text.split()[:8])).lower()).strip("-")[:60]
    raw = RawArticle(
        name or "pasted", text, "the pasted text", title or None, source or None, None, published,
        "stated when it was added" if published else "",
    )  # fmt: skip
    return bounded(raw)


def own(store: Store) -> list[Article]:
    """The articles that were added, oldest first."""
    folder, found = store.folder / ADDED, list[Article]()
    for file in folder.iterdir() if folder.is_dir() else ():
        if file.name == METADATA:
            continue
        try:
            article = store.article(file.stem)  # its file has its id for a name
        except KeyError:
            continue
        if _is_own(store.folder, article):
            found.append(article)
    return sorted(found, key=lambda a: (a.published or date.max, a.id))


def remove(index: Path, article_id: str, embedder: Embedder) -> IndexReport:
    """Remove an article that was added by `add` or `add_text`.

    Raises:
        InputError: there is no article with this id, or it came with an indexed folder.
    """
    store = Store(index, embedder, vectors=False)
    try:
        article = store.article(article_id)
    except KeyError:
        raise InputError(f"There is no article {article_id!r}.", "`rag articles` lists them.") from None
    finally:
        store.close()
    if not _is_own(index, article):
        raise InputError(
            f"{article_id} belongs to an indexed folder ({article.path}).", "Remove its file and run `rag index`."
        )
    file = index / ADDED / _file(article).name
    with writing(index):
        # Out of sight first: if this is cut short, the next `rag index` finishes it.
        if file.exists():
            file.replace(_aside(file))
        try:
            report = amend(index, [], [article_id], embedder)
        except BaseException:
            _aside(file).replace(file)
            raise
        _aside(file).unlink(missing_ok=True)
        edits.forget(index, article_id)
        if article_id in (told := read_metadata(index / ADDED, [])):
            _write_metadata(index, {name: said for name, said in told.items() if name != article_id})
    return report


def _take(
    index: Path,
    raws: Sequence[RawArticle],
    skipped: list[Skipped],
    embedder: Embedder,
    progress: Progress | None,
    addresses: Collection[str] = (),
) -> IndexReport:
    with writing(index):
        new = _new(index, raws, skipped, embedder)
        (index / ADDED).mkdir(exist_ok=True)
        if told := {a.id: {"url": raw.url, "source": raw.source} for a, raw in new if raw.path in addresses}:
            # Before the files: an addition that is cut short is finished by the next `rag index`.
            _write_metadata(index, read_metadata(index / ADDED, []) | told)
        written: list[Path] = []
        try:
            for article, raw in new:
                path = Path(article.path)
                part = _aside(path)
                written += [part, path]
                if _is_line(raw):
                    part.write_text(_line(raw, article.id), "utf-8")
                else:
                    shutil.copyfile(raw.path, part)
                part.replace(path)  # whole or not there: what is there is indexed with the folders
            report = amend(index, [a for a, _ in new], [], embedder, progress)
        except BaseException:
            for path in written:
                path.unlink(missing_ok=True)
            raise
    return replace(report, skipped=tuple(skipped))


def _new(
    index: Path, raws: Sequence[RawArticle], skipped: list[Skipped], embedder: Embedder
) -> list[tuple[Article, RawArticle]]:
    """The articles that are not there yet, cleaned, each with an id and a file of its own."""
    store = Store(index, embedder, vectors=False)
    try:
        # And the files of an addition that was cut short, which the next `rag index` finishes.
        taken = set(store.ids()) | {file.stem for file in (index / ADDED).glob("[!.]*")}
        taken |= set(read_metadata(index / ADDED, []))
        repeated = repeated_lines(raws)
        frames = {source: _known_frame(store, source) for source in {raw.source for raw in raws}}
        texts: dict[str, str] = {}
        new: list[tuple[Article, RawArticle]] = []
        for raw in raws:
            article = clean(raw, repeated.get(raw.source or "", set()) | frames[raw.source])
            twin = texts.get(article.text) or store.with_text(article.text)
            if not article.text or twin:
                why = f"{TWIN}, as {twin}" if article.text else "nothing in it but boilerplate"
                skipped.append(Skipped(Path(raw.path).name, why))
                continue
            name = _free(re.sub(r"[^\w.-]+", "-", raw.id).strip(".-")[:80] or "article", taken)
            taken.add(name)
            texts[article.text] = name
            path = index / ADDED / (name + (".jsonl" if _is_line(raw) else Path(raw.path).suffix.lower()))
            new.append((replace(article, id=name, path=str(path)), raw))
    finally:
        store.close()
    return new


def _is_own(index: Path, article: Article) -> bool:
    # By name: the same folder may be spelled in several ways, or have been moved.
    file = _file(article)
    here = index / ADDED / file.name
    return file.parent.name == ADDED and (here.is_file() or _aside(here).is_file())


def _aside(file: Path) -> Path:
    """A name beside a file's own that is not indexed."""
    return file.with_name(f".{file.name}")


def _file(article: Article) -> Path:
    return Path(re.sub(r" line \d+$", "", article.path))


def _is_line(raw: RawArticle) -> bool:
    """Whether the article has no file of its own: it is a line of a `.jsonl`, or was pasted."""
    return not Path(raw.path).is_file()


def _known_frame(store: Store, source: str | None) -> set[str]:
    """Lines that are already known to repeat in this source."""
    alike = store.of_source(source, _ALIKE) if source else []
    return {normal(r.text) for a in alike for r in a.removed if r.why.startswith("repeats")}


def _write_metadata(index: Path, told: Mapping[str, Mapping[str, str | None]]) -> None:
    part = index / ADDED / f".{METADATA}"
    lines = [
        f"[{json.dumps(name)}]\n"
        + "".join(f"{k} = {json.dumps(v, ensure_ascii=False)}\n" for k, v in said.items() if v)
        for name, said in told.items()
    ]
    part.write_text("\n".join(lines), "utf-8")
    part.replace(index / ADDED / METADATA)


def _line(raw: RawArticle, name: str) -> str:
    data = {
        "id": name, "title": raw.title, "source": raw.source, "url": raw.url, "authors": list(raw.authors),
        "date": raw.published.isoformat() if raw.published else None, "text": raw.text,
    }  # fmt: skip
    return json.dumps(data, ensure_ascii=False) + "\n"


def _free(name: str, taken: set[str]) -> str:
    """The name, or the first one after it that is not taken."""
    if name not in taken:
        return name
    return next(f"{name}-{n}" for n in range(2, len(taken) + 3) if f"{name}-{n}" not in taken)
