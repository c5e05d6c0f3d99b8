"""What reading costs in each format: the same made-up articles are written in each, read, cleaned and cut into chunks. Nothing is embedded."""

from __future__ import annotations

import csv
import json
import textwrap
import time
import zipfile
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from io import BytesIO, StringIO
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from eval.scale import CHUNKS, made_up
from index.build import clean_all
from index.embedder import Progress
from index.reading.files import read_folders
from index.text.chunks import chunk
from index.types import Article

FORMATS = (
    ".txt", ".md", ".html", ".mhtml", ".pdf", ".docx", ".eml", ".epub", ".mbox", ".csv", ".tsv", ".jsonl", ".warc", ".warc.gz",
)  # fmt: skip
_LINES = 50  # on a page of a PDF
_AT = "https://news.example/2024/03/09/"
_CONTAINER = '<container><rootfiles><rootfile full-path="b.opf"/></rootfiles></container>'


def measure(count: int, folder: Path, runs: int = 1, progress: Progress | None = None) -> list[dict[str, Any]]:
    """Seconds of processor time and chunks for `count` articles in each format, written below `folder`; the median of the runs.

    Raises:
        RuntimeError: an article did not come back out of its format.
    """
    articles = list(made_up(CHUNKS * count))
    rows = []
    for done, kind in enumerate(FORMATS, 1):
        inside = folder / kind[1:]
        inside.mkdir(parents=True)
        write(kind, articles, inside)
        took = []
        for _ in range(runs):
            clock = [_processor()]
            raws, skipped = read_folders([inside])
            clock.append(_processor())
            clean, empty = clean_all(raws)
            clock.append(_processor())
            chunks = sum(len(chunk(article)) for article in clean)
            clock.append(_processor())
            if len(clean) != count:
                why = f": {[*skipped, *empty][0].why}" if skipped or empty else ""
                raise RuntimeError(f"{count} articles were written as {kind}, {len(clean)} were read{why}")
            took.append([b - a for a, b in pairwise(clock)])
        row: dict[str, Any] = {"format": kind, "articles": count, "chunks": chunks, "runs": runs}
        for n, name in enumerate(("read s", "clean s", "chunk s")):
            row[name] = f"{median(times[n] for times in took):.2f}"
        row["chunks a second"] = round(chunks / median(map(sum, took)))
        rows.append(row)
        if progress:
            progress(done, len(FORMATS))
    return rows


def _processor() -> float:
    """Seconds of processor time of this process and of those it has waited for: what else the machine does counts for nothing."""
    try:
        import resource
    except ImportError:  # Windows does not say what other processes took
        return time.perf_counter()
    others = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + others.ru_utime + others.ru_stime


def write(kind: str, articles: Sequence[Article], folder: Path) -> None:
    """Articles in one format: a file each, or one file where the format holds many."""
    if kind in _ONE:
        for article in articles:
            (folder / f"{article.id}{kind}").write_bytes(_ONE[kind](article))
    else:
        (folder / f"all{kind}").write_bytes(_MANY[kind](articles))


def _text(article: Article) -> bytes:
    return f"{article.title}\n\n{article.text}".encode()


def _markdown(article: Article) -> bytes:
    return f'---\ntitle: "{article.title}"\npublisher: {article.source}\ndate: {article.published}\n---\n{article.text}'.encode()


def _html(article: Article) -> bytes:
    told = "".join(f"<p>{paragraph}</p>" for paragraph in article.text.split("\n\n"))
    return f"<html><head><title>{article.title}</title></head><body><article>{told}</article></body></html>".encode()


def _saved(article: Article) -> bytes:
    message = EmailMessage()
    message["Subject"], message["Snapshot-Content-Location"] = article.title, _AT + article.id
    message.set_content(_html(article).decode(), "html")
    return message.as_bytes()


def _mail(article: Article) -> bytes:
    message = EmailMessage()
    message["Subject"], message["From"] = article.title, f"{article.source} <desk@news.example>"
    message["Date"] = f"{article.published:%d %b %Y} 09:00:00 +0000"
    message.set_content(article.text)
    return message.as_bytes()


def _document(article: Article) -> bytes:
    from docx import Document

    document = Document()
    document.add_heading(article.title or "", 0)
    for paragraph in article.text.split("\n\n"):
        document.add_paragraph(paragraph)
    document.save(out := BytesIO())
    return out.getvalue()


def _pdf(article: Article) -> bytes:
    """As a program prints a report: lines in one typeface, without anything packed."""
    told = [line for p in (article.title or "", *article.text.split("\n\n")) for line in (*textwrap.wrap(p, 85), "")]
    pages = [told[n : n + _LINES] for n in range(0, len(told), _LINES)]
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Courier>>",
    ]
    for n, lines in enumerate(pages):
        drawn = "BT /F 10 Tf 14 TL 40 800 Td " + " ".join(f"({line}) Tj T*" for line in lines) + " ET"
        fonts = "/Resources<</Font<</F 3 0 R>>>>"
        objects.append(f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]{fonts}/Contents {5 + 2 * n} 0 R>>")
        objects.append(f"<</Length {len(drawn)}>>\nstream\n{drawn}\nendstream")
    out, places = b"%PDF-1.4\n", []
    for n, data in enumerate(objects, 1):
        places.append(len(out))
        out += f"{n} 0 obj\n{data}\nendobj\n".encode()
    table = "".join(f"{position:010} 00000 n \n" for position in places)
    end = f"xref\n0 {len(places) + 1}\n0000000000 65535 f \n{table}trailer\n<</Size {len(places) + 1}/Root 1 0 R>>\n"
    return out + f"{end}startxref\n{len(out)}\n%%EOF\n".encode()


def _book(articles: Sequence[Article]) -> bytes:
    items = "".join(f'<item id="{a.id}" href="{a.id}.html" media-type="text/html"/>' for a in articles)
    order = "".join(f'<itemref idref="{a.id}"/>' for a in articles)
    with zipfile.ZipFile(out := BytesIO(), "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("META-INF/container.xml", _CONTAINER)
        file.writestr("b.opf", f"<package><manifest>{items}</manifest><spine>{order}</spine></package>")
        for article in articles:
            file.writestr(f"{article.id}.html", _html(article))
    return out.getvalue()


def _mailbox(articles: Sequence[Article]) -> bytes:
    return b"\n".join(b"From news@news.example\n" + _mail(article) + b"\n" for article in articles)


def _table(delimiter: str) -> Callable[[Sequence[Article]], bytes]:
    def made(articles: Sequence[Article]) -> bytes:
        out = StringIO()
        rows = [[a.id, a.title, a.source, a.published, a.text] for a in articles]
        csv.writer(out, delimiter=delimiter).writerows([["id", "title", "source", "date", "text"], *rows])
        return out.getvalue().encode()

    return made


def _lines(articles: Sequence[Article]) -> bytes:
    said = (
        {"id": a.id, "title": a.title, "source": a.source, "date": str(a.published), "text": a.text} for a in articles
    )
    return "".join(json.dumps(line) + "\n" for line in said).encode()


def _crawl(packed: bool) -> Callable[[Sequence[Article]], bytes]:
    def made(articles: Sequence[Article]) -> bytes:
        from warcio.statusandheaders import StatusAndHeaders
        from warcio.warcwriter import WARCWriter

        writer = WARCWriter(out := BytesIO(), gzip=packed)
        for a in articles:
            said = StatusAndHeaders("200 OK", [("Content-Type", "text/html; charset=utf-8")], protocol="HTTP/1.1")
            page = BytesIO(_html(a))
            writer.write_record(writer.create_warc_record(_AT + a.id, "response", payload=page, http_headers=said))
        return out.getvalue()

    return made


_ONE = {
    ".txt": _text,
    ".md": _markdown,
    ".html": _html,
    ".mhtml": _saved,
    ".pdf": _pdf,
    ".docx": _document,
    ".eml": _mail,
}
_MANY = {".epub": _book, ".mbox": _mailbox, ".csv": _table(","), ".tsv": _table("\t"), ".jsonl": _lines,
         ".warc": _crawl(False), ".warc.gz": _crawl(True)}  # fmt: skip
