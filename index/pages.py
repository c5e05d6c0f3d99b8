"""Pages and feeds of the web, fetched when a person asks, and kept as files among the additions.

    FOLDER/added/NAME.mhtml    a page, with its address, in the format in which a browser saves one
    FOLDER/added/NAME.pdf      a PDF; its address is in FOLDER/added/articles.toml
    FOLDER/feeds.json          the addresses of feeds, and which of their entries are already there

So an index can be rebuilt offline. All connections go through `index.fetch.fetch`.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from urllib.parse import unquote, urlsplit

from index import additions
from index.embedder import Embedder, Progress
from index.errors import InputError, RagError
from index.fetch import Fetched, fetch, host_of
from index.reading.plain import decode
from index.store.writer import writing
from index.types import IndexReport, Skipped

FEEDS = "feeds.json"
MAX_ENTRIES = 50  # of a feed, fetched at once: its newest
_PAGES = ("text/html", "application/xhtml+xml")


@dataclass(frozen=True)
class Feed:
    """A feed that a collection follows.

    Attributes:
        seen: the addresses of its entries that are in the collection, or were when it was last fetched.
        private: whether it may be on this machine or a private network.
    """

    url: str
    title: str = ""
    seen: tuple[str, ...] = ()
    private: bool = False


def add(
    index: Path, urls: Sequence[str], embedder: Embedder, private: bool = False, progress: Progress | None = None
) -> IndexReport:
    """Fetch pages and PDFs and add their articles to a collection; those that cannot be fetched are skipped, with the reason.

    Args:
        private: whether the named hosts may be on this machine or a private network.

    Raises:
        InputError: an address is not a web address.
        IndexMissing, IndexDamaged, IndexBusy: see `index.store.sqlite`.
    """
    hosts = [host_of(url) for url in urls]
    return _add(index, [(u, h if private else None) for u, h in zip(urls, hosts, strict=True)], embedder, progress)


def get(url: str, private: str | None = None) -> tuple[str, bytes]:
    """Fetch a page or a PDF: the name and the content of a file that `index.additions` takes.

    Args:
        private: a host that may be on this machine or a private network; no other may.

    Raises:
        InputError, RagError: see `index.fetch.fetch`; or what is there is neither.
    """
    return _file(fetch(url, private))


def _file(page: Fetched) -> tuple[str, bytes]:
    if page.data.startswith(b"%PDF-"):
        return f"{_name(page.url)}.pdf", page.data
    if page.kind not in _PAGES:
        kind = page.kind or "of an unknown kind"
        raise InputError(f"It is {kind}, neither a page nor a PDF.", "Save it and add the file.")
    return f"{_name(page.url)}.mhtml", _saved(page)


def _add(
    index: Path, wanted: Sequence[tuple[str, str | None]], embedder: Embedder, progress: Progress | None
) -> IndexReport:
    failed: list[Skipped] = []
    files: dict[str, str] = {}
    addresses: dict[Path, str] = {}
    with tempfile.TemporaryDirectory() as temporary:
        for url, allowed in wanted:
            try:
                page = fetch(url, allowed)
                name, data = _file(page)
                path = Path(temporary) / f"{len(files)}" / name
                path.parent.mkdir()
                path.write_bytes(data)
                files[str(path)] = url
                if path.suffix == ".pdf":  # which does not say where it came from
                    addresses[path] = page.url
            except RagError as error:
                failed.append(Skipped(url, str(error)))
        report = additions.add(index, [Path(file) for file in files], embedder, progress, addresses)
    by_name = {Path(file).name: url for file, url in files.items()}
    told = [replace(s, path=by_name.get(s.path, s.path)) for s in report.skipped]
    return replace(report, skipped=(*failed, *told))


def read_feeds(index: Path) -> list[Feed]:
    """The feeds that a collection follows.

    Raises:
        RagError: the file that lists them cannot be read.
    """
    path = index / FEEDS
    try:
        return [Feed(f["url"], f["title"], tuple(f["seen"]), f["private"]) for f in json.loads(path.read_text("utf-8"))]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RagError(
            f"{path}, which lists the feeds, cannot be read ({error}).", "Put it right, or move it away."
        ) from error


def add_feed(index: Path, url: str, private: bool = False) -> Feed:
    """Follow a feed from now on; its articles come with `update_feeds`.

    Raises:
        InputError: it is not a web address or not a feed, or it is already followed.
        RagError: it could not be fetched.
    """
    if any(feed.url == url for feed in read_feeds(index)):
        raise InputError(f"{url} is already followed.", "Fetch what is new: rag feed update")
    title, _ = _parsed(fetch(url, host_of(url) if private else None))
    feed = Feed(url, title, (), private)
    _save(index, [*read_feeds(index), feed])
    return feed


def remove_feed(index: Path, url: str) -> None:
    """Stop following a feed; its articles stay.

    Raises:
        InputError: it is not followed.
    """
    feeds = read_feeds(index)
    if not any(feed.url == url for feed in feeds):
        raise InputError(f"{url} is not a feed of this collection.", "`rag feed list` lists them.")
    _save(index, [feed for feed in feeds if feed.url != url])


def update_feeds(index: Path, embedder: Embedder, progress: Progress | None = None) -> IndexReport:
    """Fetch the feeds of a collection, and the pages of their newest entries that it does not have yet.

    A page on a private network is fetched only from the feed's own host, and only if the feed was added as private.

    Raises:
        InputError: no feed is followed.
        IndexMissing, IndexDamaged, IndexBusy: see `index.store.sqlite`.
    """
    feeds = read_feeds(index)
    if not feeds:
        raise InputError("This collection follows no feed.", "Add one: rag feed add URL")
    wanted: list[tuple[str, str | None]] = []
    entries: dict[str, list[str]] = {}
    failed: list[Skipped] = []
    for feed in feeds:
        allowed = host_of(feed.url) if feed.private else None
        try:
            _, links = _parsed(fetch(feed.url, allowed))
        except RagError as error:
            failed.append(Skipped(feed.url, str(error)))
            continue
        entries[feed.url] = links
        wanted += [(link, allowed) for link in links if link not in feed.seen]
    report = _add(index, list(dict.fromkeys(wanted)), embedder, progress)
    missing = {s.path for s in report.skipped if additions.TWIN not in s.why}
    kept = [
        replace(f, seen=tuple(link for link in entries[f.url] if link not in missing)) if f.url in entries else f
        for f in feeds
    ]
    _save(index, kept)
    return replace(report, skipped=(*failed, *report.skipped))


def _parsed(got: Fetched) -> tuple[str, list[str]]:
    """The title of a feed, and the addresses of its newest entries."""
    import feedparser

    found = feedparser.parse(got.data, response_headers={"content-location": got.url})
    links = []
    for entry in found.entries:
        with suppress(InputError):
            host_of(link := str(entry.get("link") or ""))
            links.append(link)
    if not links:
        raise InputError(f"There is no feed with entries at {got.url}.", "Give the address of an RSS or Atom feed.")
    return " ".join(str(found.feed.get("title") or "").split())[:300], list(dict.fromkeys(links))[:MAX_ENTRIES]


def _saved(page: Fetched) -> bytes:
    """A page as a browser saves one as a single file, with its address."""
    text = decode(page.data, page.charset)
    message = EmailMessage()
    message["From"] = "<Saved by rag-articles>"
    message["Snapshot-Content-Location"] = page.url
    message.set_content(text.encode("utf-8", "replace").decode(), "html", cte="base64")
    return message.as_bytes(policy=default.clone(max_line_length=0))


def _name(url: str) -> str:
    """The name of its file: the last words of its address."""
    parts = urlsplit(url)
    last = [part for part in unquote(parts.path).split("/") if part][-1:] or [parts.hostname or ""]
    return (
        re.sub(r"[^\w-]+", "-", re.sub(r"\.(?:x?html?|pdf)$", "", last[0], flags=re.IGNORECASE)).strip("-")[:80]
        or "page"
    )


def _save(index: Path, feeds: Sequence[Feed]) -> None:
    with writing(index):
        part = index / f".{FEEDS}"
        data = [{"url": f.url, "title": f.title, "seen": list(f.seen), "private": f.private} for f in feeds]
        part.write_text(json.dumps(data, ensure_ascii=False, indent=1), "utf-8")
        part.replace(index / FEEDS)
