"""One article as people keep it, in each format, made by the libraries that make such files: its title, source, day and paragraphs."""

from __future__ import annotations

import csv
import mailbox
import zipfile
from datetime import date
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path

import pytest

from index.reading.boilerplate import clean
from index.reading.files import KINDS, read_file, read_folders
from index.reading.page import article_of
from index.types import Article, Skipped

TITLE = "Ferry loses its anchor and closes the harbour at Turku"
PARAGRAPHS = [
    "The harbour at Turku was closed for nine hours on Wednesday after the ferry Aurora had lost its anchor, harbour master Liisa Virtanen said.",
    "“We were lucky,” captain Ville Salo told reporters. “Nobody was hurt, and the 120 passengers were brought ashore before noon.”",
    "The anchor weighs 4.5 tonnes — as much as three cars — and divers will look for it on Thursday, the coast guard announced.",
]
TEXT = "\n\n".join(PARAGRAPHS)
DAY = date(2023, 5, 3)
HTML = (
    f"<html><head><title>{TITLE}</title></head><body><article><h1>{TITLE}</h1>"
    + "".join(f"<p>{p}</p>" for p in PARAGRAPHS)
    + "</article></body></html>"
)


def only(path: Path) -> Article:
    found, skipped = read_folders([path])
    assert not skipped, skipped
    return clean(found[0])


def mail(text: str, html: str = "") -> EmailMessage:
    message = EmailMessage()
    message["Subject"], message["From"] = TITLE, "Turku News <desk@turkunews.example>"
    message["Date"] = "Wed, 03 May 2023 14:00:00 +0300"
    message.set_content(text)
    if html:
        message.add_alternative(html, "html")
    message.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="a.png")
    return message


def test_a_word_document(tmp_path: Path) -> None:
    from docx import Document

    document = Document()
    document.core_properties.title, document.core_properties.author = TITLE, "Ann Ek"
    document.add_heading("3 May 2023", 2)
    for text in PARAGRAPHS:
        document.add_paragraph(text)
    document.add_paragraph("A list has an item.", style="List Bullet")
    table = document.add_table(1, 2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "Ship", "Aurora"
    document.save(str(tmp_path / "a.docx"))
    article = only(tmp_path / "a.docx")
    assert article.text.split("\n\n") == [*PARAGRAPHS, "- A list has an item.", "Ship | Aurora"]
    assert (article.title, article.published, article.authors) == (TITLE, DAY, ("Ann Ek",))
    assert article.published_how == "stated in the text"


@pytest.mark.parametrize("html", ["", HTML], ids=["plain", "both"])
def test_a_mail(tmp_path: Path, html: str) -> None:
    (tmp_path / "a.eml").write_bytes(mail(TEXT, html).as_bytes())
    article = only(tmp_path / "a.eml")
    assert article.text == TEXT
    assert (article.title, article.source, article.published) == (TITLE, "Turku News", DAY)
    assert article.published_how == "stated in the mail"


def test_a_mail_that_is_a_page(tmp_path: Path) -> None:
    message = mail("")
    message.clear_content()
    message.set_content(HTML, "html")
    (tmp_path / "a.eml").write_bytes(message.as_bytes())
    assert all(p in only(tmp_path / "a.eml").text for p in PARAGRAPHS)


def test_a_mailbox(tmp_path: Path) -> None:
    box = mailbox.mbox(str(tmp_path / "a.mbox"))
    for text in (TEXT, f"From the start it was clear.\n\n{PARAGRAPHS[0]}"):
        box.add(mail(text))
    box.flush()
    found, skipped = read_folders([tmp_path])
    assert not skipped and [raw.id for raw in found] == ["a-1", "a-2"]
    assert clean(found[0]).text == TEXT and clean(found[1]).text.startswith("From the start it was clear.")
    assert found[1].path.endswith("a.mbox message 2") and found[1].published == DAY


def test_a_table(tmp_path: Path) -> None:
    rows = [
        ["Title", "Text", "Date", "Source", "URL"],
        [TITLE, TEXT, "2023-05-03", "Turku News", "https://t.example/a"],
        ["Empty", "", "", "", ""],
    ]
    for name, delimiter, encoding in (("a.csv", ",", "utf-8"), ("b.csv", ";", "utf-8-sig"), ("c.tsv", "\t", "utf-16")):
        with (tmp_path / name).open("w", encoding=encoding, newline="") as file:
            csv.writer(file, delimiter=delimiter).writerows(rows)
        found = read_file(tmp_path / name, tmp_path)
        assert isinstance(found, list) and isinstance(found[1], Skipped) and "row 3" in found[1].path
        assert not isinstance(found[0], Skipped)
        article = clean(found[0])
        assert (article.title, article.text, article.source, article.published) == (TITLE, TEXT, "Turku News", DAY)
        assert article.url == "https://t.example/a" and article.published_how == "stated in the table"


def test_a_table_without_the_column(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name,age\nAnn,5\n")
    found = read_file(tmp_path / "a.csv", tmp_path)
    assert isinstance(found, Skipped) and "no column is called `text` (there are: name, age)" in found.why


def book(path: Path, chapters: list[str], package: str = "") -> Path:
    """An .epub of these chapters."""
    items = "".join(
        f'<item id="c{n}" href="c%20{n}.xhtml" media-type="application/xhtml+xml"/>' for n in range(len(chapters))
    )
    order = "".join(f'<itemref idref="c{n}"/>' for n in range(len(chapters)))
    package = package or (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        "<dc:title>Turku News, 3 May</dc:title><dc:publisher>calibre</dc:publisher><dc:date>2023-05-03</dc:date></metadata>"
        f"<manifest>{items}</manifest><spine>{order}</spine></package>"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("mimetype", "application/epub+zip")
        file.writestr(
            "META-INF/container.xml", '<container><rootfiles><rootfile full-path="O/b.opf"/></rootfiles></container>'
        )
        file.writestr("O/b.opf", package)
        for n, chapter in enumerate(chapters):
            file.writestr(f"O/c {n}.xhtml", f'<?xml version="1.0" encoding="utf-8"?>{chapter}')
    return path


def test_a_book_of_articles(tmp_path: Path) -> None:
    cover = "<html><body><h1>Turku News</h1></body></html>"
    found, skipped = read_folders([book(tmp_path / "a.epub", [cover, HTML, HTML.replace("Turku", "Oulu")])])
    assert not skipped and [raw.id for raw in found] == ["a-2", "a-3"]
    article = clean(found[0])
    assert all(p in article.text.split("\n\n") for p in PARAGRAPHS)
    assert (article.title, article.source, article.published) == (TITLE, "Turku News, 3 May", DAY)
    assert article.published_how == "stated in the book" and "Oulu" in found[1].text


@pytest.mark.parametrize("ending", ["mhtml", "mht"])
def test_a_page_that_a_browser_saved_as_one_file(tmp_path: Path, ending: str) -> None:
    message = EmailMessage()
    message["From"], message["Subject"] = "<Saved by Blink>", TITLE
    message["Snapshot-Content-Location"] = "https://www.turkunews.example/2023/05/03/ferry"
    message["Date"] = "Fri, 02 Jun 2023 10:00:00 -0000"
    message.make_mixed()
    for subtype, content in (("html", HTML), ("css", "p {margin: 0}")):
        part = EmailMessage()
        part.set_content(content, subtype, cte="quoted-printable")
        message.attach(part)
    (tmp_path / f"a.{ending}").write_bytes(message.as_bytes())
    article = only(tmp_path / f"a.{ending}")
    assert all(p in article.text.split("\n\n") for p in PARAGRAPHS)
    assert (article.title, article.source) == (TITLE, "turkunews.example")
    assert article.url == "https://www.turkunews.example/2023/05/03/ferry"
    assert (article.published, article.published_how) == (DAY, "stated in the url")  # not the day on which it was saved


@pytest.mark.parametrize("ending", ["warc", "warc.gz"])
def test_a_web_archive(tmp_path: Path, ending: str) -> None:
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    page = HTML.replace("Turku", "Åbo").encode("latin-1", "xmlcharrefreplace")
    answers = [
        ("200 OK", "text/html; charset=utf-8", HTML.encode()),
        ("404 Not Found", "text/html", HTML.encode()),
        ("200 OK", "image/png", b"\x89PNG"),
        ("200 OK", "text/html; charset=latin-1", page),
        ("200 OK", "text/html", b"<html><body><p>Accept all cookies</p></body></html>"),
    ]
    with (tmp_path / f"a.{ending}").open("wb") as file:
        writer = WARCWriter(file, gzip=ending == "warc.gz")
        writer.write_record(writer.create_warcinfo_record("a", {"software": "a crawler"}))
        for status, kind, body in answers:
            writer.write_record(
                writer.create_warc_record(
                    "https://www.turkunews.example/2023/05/03/ferry",
                    "response",
                    payload=BytesIO(body),
                    http_headers=StatusAndHeaders(status, [("Content-Type", kind)], protocol="HTTP/1.1"),
                )
            )
    found, skipped = read_folders([tmp_path])
    assert [raw.id for raw in found] == ["a-1", "a-2"] and found[1].path.endswith(f"a.{ending} page 2")
    assert [Path(s.path).name for s in skipped] == [f"a.{ending} page 3"] and "could not be read" in skipped[0].why
    article = clean(found[0])
    assert all(p in article.text.split("\n\n") for p in PARAGRAPHS) and "harbour at Åbo" in found[1].text
    assert (article.title, article.source, article.published) == (TITLE, "turkunews.example", DAY)
    assert article.url == "https://www.turkunews.example/2023/05/03/ferry"


def test_a_page_is_read_as_before() -> None:
    assert article_of(HTML, "a", "a.html").title == TITLE


@pytest.mark.parametrize(
    "said",
    [
        "<!-- saved from url=(0045)https://www.turkunews.example/2023/05/03/ferry -->",
        "<!--\n Page saved with SingleFile \n url: https://www.turkunews.example/2023/05/03/ferry \n saved date: Fri Jun 02 2023\n-->",
    ],
    ids=["browser", "SingleFile"],
)
def test_a_saved_page_has_the_address_that_it_was_saved_from(tmp_path: Path, said: str) -> None:
    (tmp_path / "a.html").write_text(f"<!DOCTYPE html>{said}{HTML}", "utf-8")
    article = only(tmp_path / "a.html")
    assert (article.url, article.source) == ("https://www.turkunews.example/2023/05/03/ferry", "turkunews.example")
    assert (article.published, article.published_how) == (DAY, "stated in the url")


def test_a_row_without_a_source_has_the_outlet_by_its_address(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        f'text,url\n"{PARAGRAPHS[0]}",https://www.turkunews.example/2023/05/03/ferry\n', "utf-8"
    )
    article = only(tmp_path / "a.csv")
    assert (article.source, article.published, article.published_how) == ("turkunews.example", DAY, "stated in the url")


def test_every_kind_has_a_reader() -> None:
    from index.reading.files import _reader

    assert all(callable(_reader(kind)) for kind in KINDS) and len(set(KINDS)) == len(KINDS)
