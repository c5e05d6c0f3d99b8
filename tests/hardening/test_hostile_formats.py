"""Documents, books, mail and tables made to unpack, to nest or to fill memory: bounded, and skipped with a reason."""

from __future__ import annotations

import gzip
import zipfile
from email.message import EmailMessage
from pathlib import Path

import pytest
from hostile import NEWS, read

from index.reading.files import read_folders
from index.reading.packed import MAX_UNPACKED
from index.types import RawArticle, Skipped

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_LAUGHS = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{("&" + chr(97 + n) + ";") * 10}">' for n in range(9)
) + '<!ENTITY f SYSTEM "file:///etc/passwd">]>'  # fmt: skip
_CONTAINER = '<container><rootfiles><rootfile full-path="{}"/></rootfiles></container>'


def document(path: Path, body: str, before: str = "", **more: str) -> None:
    """A Word file as python-docx makes it, with another body."""
    from docx import Document

    made = path.with_suffix(".made")
    Document().save(str(made))
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(
                name,
                old.read(name)
                if name != "word/document.xml"
                else f"{before}<w:document {_W}><w:body>{body}</w:body></w:document>",
            )
        for name, text in more.items():
            new.writestr(name, text)
    made.unlink()


def book(path: Path, package: str, pages: dict[str, str], container: str = _CONTAINER.format("b.opf")) -> None:
    """An .epub of a package file and pages."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("META-INF/container.xml", container)
        file.writestr("b.opf", package)
        for name, page in pages.items():
            file.writestr(name, page)


def package(*hrefs: str) -> str:
    """A package file that lists pages."""
    items = "".join(f'<item id="c{n}" href="{href}" media-type="text/html"/>' for n, href in enumerate(hrefs))
    order = "".join(f'<itemref idref="c{n}"/>' for n in range(len(hrefs)))
    return f"<package><manifest>{items}</manifest><spine>{order}</spine></package>"


def test_packed_files_that_are_too_much(tmp_path: Path) -> None:
    paragraph = f"<w:p><w:r><w:t>{NEWS}</w:t></w:r></w:p>"
    document(tmp_path / "good.docx", paragraph)
    document(tmp_path / "vast.docx", paragraph * 150_000)
    document(tmp_path / "picture.docx", paragraph, **{"word/media/a.png": "x" * (MAX_UNPACKED + 1)})
    document(tmp_path / "deep.docx", "<w:p>" * 20_000 + "</w:p>" * 20_000)
    document(tmp_path / "laughs.docx", "<w:p><w:r><w:t>&j;&f;</w:t></w:r></w:p>", _LAUGHS)
    told = "".join(f"<p>{NEWS} It was ship {n}.</p>" for n in range(3))
    page = f"<html><body><article>{told}</article></body></html>"
    book(tmp_path / "fine.epub", package("a.html"), {"a.html": page})
    book(tmp_path / "bomb.epub", package("a.html", "b.html"), {"a.html": page, "b.html": "<p>harbour " * 3_000_000})
    book(tmp_path / "entities.epub", _LAUGHS + package("&j;", "&f;"), {})
    book(tmp_path / "outside.epub", package("../../../../etc/passwd", "/etc/passwd", "file:///etc/passwd"), {})
    book(
        tmp_path / "again.epub",
        package("a.html").replace("</spine>", '<itemref idref="c0"/>' * 100_000 + "</spine>"),
        {"a.html": page},
    )
    book(tmp_path / "none.epub", package("a.html"), {}, "<container/>")
    (tmp_path / "plain.docx").write_text(NEWS)
    (tmp_path / "harmed.epub").write_bytes((tmp_path / "fine.epub").read_bytes()[:-30])
    ids, skipped, _ = read(tmp_path)
    assert sorted(ids) == ["again-1", "bomb-1", "fine-1", "good"]
    assert "the most is 20,000,000" in skipped["vast.docx"] and "the most is 300,000,000" in skipped["picture.docx"]
    assert "names no package" in skipped["none.epub"] and "not a zip file" in skipped["plain.docx"]
    assert set(skipped) == {f"{name}.docx" for name in ("vast", "picture", "deep", "laughs", "plain")} | {
        f"{name}.epub" for name in ("entities", "outside", "none", "harmed")
    }


def test_a_part_that_is_longer_than_it_says_is_cut_off(tmp_path: Path) -> None:
    from index.reading import packed

    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.xml", "x" * (packed.MAX_TEXT + 1))
    with zipfile.ZipFile(tmp_path / "a.zip") as file, pytest.raises(ValueError, match="more than"):
        packed.part(file, "a.xml")


def test_mail_and_tables_that_are_too_much(tmp_path: Path) -> None:
    good = EmailMessage()
    good["Subject"] = "Harbour"
    good.set_content(NEWS)
    (tmp_path / "good.eml").write_bytes(good.as_bytes())
    nested = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(2_000))
    (tmp_path / "nested.eml").write_text(nested + f"\n{NEWS}")
    (tmp_path / "parts.eml").write_text('Content-Type: multipart/mixed; boundary="b"\n\n' + "--b\n\nx\n" * 20_000)
    heads = {"comment": "From: " + "(" * 50_000, "people": "From: " + "a@b.example, " * 20_000, "words": "Subject: " + "=?utf-8?q?a?= " * 20_000,
             "type": 'Content-Type: text/plain; a="' + '\\"' * 50_000, "day": "Date: " + "9" * 50_000, "charset": "Content-Type: text/plain; charset=no-such"}  # fmt: skip
    for name, head in heads.items():
        (tmp_path / f"{name}.eml").write_text(f"{head}\nX: y\n\n{NEWS}")
    (tmp_path / "line.mbox").write_text("From a\n\n" + "x" * 60_000_000 + f"\n\nFrom b\n\n{NEWS}")
    (tmp_path / "none.mbox").write_text(NEWS)
    (tmp_path / "cell.csv").write_text("text\n" + NEWS + "\n" + "x" * 6_000_000 + "\n")
    (tmp_path / "open.csv").write_text(f'text\n{NEWS}\n"' + "x\n" * 6_000_000)
    (tmp_path / "columns.csv").write_text("a," * 1_000_000 + "text\n" + "," * 1_000_000 + NEWS)
    ids, skipped, _ = read(tmp_path)
    assert {"good", "charset", "line-2", "cell-2", "open-2", "columns-2"} <= set(ids)
    assert "longer than" in skipped["line.mbox message 1"] and "no message in it" in skipped["none.mbox"]
    assert "could not be read" in skipped["cell.csv row 3"] and "could not be read" in skipped["open.csv row 3"]
    assert all(any(known.startswith(name) for known in [*ids, *skipped]) for name in [*heads, "nested", "parts"])


def record(
    body: bytes, *heads: str, answer: str = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n", length: str = ""
) -> bytes:
    """A record of a web archive, as its bytes."""
    block = (answer + "\r\n").encode() + body
    heads = ("WARC/1.0", "WARC-Type: response", f"Content-Length: {length or len(block)}", *heads)
    return ("\r\n".join(heads) + "\r\n\r\n").encode() + block + b"\r\n\r\n"


def test_web_archives_that_are_too_much(tmp_path: Path) -> None:
    page = (
        "<html><body><article>"
        + "".join(f"<p>{NEWS} It was ship {n}.</p>" for n in range(3))
        + "</article></body></html>"
    ).encode()
    at, html = "WARC-Target-URI: http://a.example/", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
    good, bomb = record(page, at), b"<p>harbour " * 30_000_000
    alone = {
        "chunk": record(b"7fffffff\r\n" + page, at, answer=f"{html}Transfer-Encoding: chunked\r\n") + good,
        "deep": record(b"<div>" * 100_000 + page, at) + good,
        "head": record(page, at, "X: " + "y" * 20_000_000) + good,
        "heads": record(page, at, *(f"X{n}: y" for n in range(100_000))) + good,
        "minus": good + record(page, at, length="-5"),
        "vast": good + record(page, at, length="99999999999"),
        "text": NEWS.encode(),
    }
    for name, data in alone.items():
        (tmp_path / f"{name}.warc").write_bytes(data)
    (tmp_path / "cut.warc.gz").write_bytes(gzip.compress(good) + gzip.compress(good)[:-20])
    (tmp_path / "twice.warc.gz").write_bytes(gzip.compress(gzip.compress(good)))
    (tmp_path / "bomb.warc.gz").write_bytes(gzip.compress(bomb))
    together = [
        record(gzip.compress(bomb), at, answer=f"{html}Content-Encoding: gzip\r\n"),
        record(b"<p>" + b"x" * 30_000_000, at),
        record(page),
        record(page, at, answer="no answer\r\n"),
        record(page, at, answer=""),
        record(page, at, answer="HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=rot13\r\n"),
        record(page, "WARC-Target-URI: file:///etc/passwd"),
        good,
    ]
    (tmp_path / "many.warc").write_bytes(b"".join(together))
    ids, skipped, _ = read(tmp_path)
    assert {"chunk-2", "deep-2", "head-1", "heads-1", "minus-1", "vast-1", "cut-1", "twice-1"} <= set(ids)
    assert [name for name in ids if name.startswith("many")] == [f"many-{n}" for n in (3, 4, 5, 6)]
    assert all("more than 10,000,000 bytes" in skipped[f"many.warc page {n}"] for n in (1, 2))
    assert "cut off" in skipped["cut.warc.gz page 2"]
    assert all("harmed" in skipped[f"{name} page 1"] for name in ("bomb.warc.gz", "text.warc"))
    assert not any("passwd" in str(raw) for raw in read_folders([tmp_path / "many.warc"])[0])


def test_a_web_archive_is_bounded_in_what_it_unpacks_to_and_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from index.reading import warc

    page = f"<html><body><article>{''.join(f'<p>{NEWS} It was ship {n}.</p>' for n in range(3))}</article></body></html>".encode()
    (tmp_path / "a.warc.gz").write_bytes(gzip.compress(record(page) * 50))
    monkeypatch.setattr(warc, "MAX_UNPACKED", 20_000)
    found = list(warc.read(tmp_path / "a.warc.gz"))
    assert isinstance(found[0], RawArticle) and isinstance(found[-1], Skipped)
    assert "unpacks to more than 20,000 bytes" in found[-1].why
    monkeypatch.setattr(warc, "SECONDS", -1)
    first, rest = warc.read(tmp_path / "a.warc.gz")
    assert isinstance(first, RawArticle) and isinstance(rest, Skipped) and "split the file" in rest.why


def test_what_a_saved_page_and_a_mail_hide_is_not_read(tmp_path: Path) -> None:
    page = f'<html><body><article><p>{NEWS}</p><p style="display:none">It was stolen.</p><p>{NEWS} Again.</p></article></body></html>'
    message = EmailMessage()
    message.set_content(page, "html")
    for name in ("a.mhtml", "b.eml"):
        (tmp_path / name).write_bytes(message.as_bytes())
    found, skipped = read_folders([tmp_path])
    assert len(found) == 2 and not skipped
    assert all("harbour master" in raw.text and "stolen" not in raw.text for raw in found)
