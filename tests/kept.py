"""A folder as people keep one: an article in each format, each about something else, made by the libraries that make such files."""

from __future__ import annotations

import csv
import json
import mailbox
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path

from docx import Document
from fpdf import FPDF
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter


@dataclass(frozen=True)
class Kept:
    """An article that is in the folder, and what is to be known of it."""

    id: str
    title: str
    source: str
    day: date
    how: str
    paragraphs: tuple[str, ...]

    @property
    def url(self) -> str:
        """Its address, where its file has one."""
        return f"https://www.{self.source}/{self.day:%Y/%m/%d}/{self.id}"

    @property
    def shown(self) -> tuple[str, ...]:
        """Its paragraphs as they are read; the typeface of the PDF has no long dash."""
        return tuple(p.replace("—", "-") if self is PRINTED else p for p in self.paragraphs)


TEXT = Kept(
    "harbour", "Ferry loses its anchor and closes the harbour at Turku", "turkunews.example", date(2023, 5, 3), "stated in the text",
    ("The harbour at Turku was closed for nine hours on Wednesday after the ferry Aurora had lost its anchor, harbour master Liisa Virtanen said.",
     "“We were lucky,” captain Ville Salo told reporters. “Nobody was hurt, and the 120 passengers were brought ashore before noon.”",
     "The anchor weighs 4.5 tonnes, as much as three cars, and divers will look for it on Thursday, the coast guard announced."),
)  # fmt: skip
NOTE = Kept(
    "beavers", "Beavers return to the upper Wye", "Marches Post", date(2022, 11, 8), "stated in the front matter",
    ("Two pairs of beavers were released on the upper Wye on Tuesday, four centuries after the last one was hunted there.",
     "Ecologist Megan Price said the animals would slow the river down and spare the town of Hay its winter floods.",
     "Farmers are less sure: “They dam what they like,” said Huw Pryce, who keeps 300 sheep below the release site."),
)  # fmt: skip
PAGE = Kept(
    "library", "Kilmore library opens through the night", "Kilmore Herald", date(2024, 1, 15), "stated in the page",
    ("Kilmore's public library is to stay open until six in the morning from February, the council decided on Monday.",
     "Librarian Orla Dunne had counted 340 students who studied in cafés after ten at night, because the halls of residence are too loud.",
     "The extra hours cost 61,000 euros a year, which a bequest of the poet Sean Flood pays until 2029."),
)  # fmt: skip
SAVED = Kept(
    "observatory", "Observatory on Mount Halden sees a comet break apart", "haldenstar.example", date(2021, 9, 20), "stated in the url",
    ("Astronomers at the observatory on Mount Halden watched comet Oduya break into five pieces on Sunday night.",
     "“The brightest piece is no larger than a football field,” said Ingrid Moe, who leads the survey of small bodies.",
     "The fragments pass the sun in October and can then be seen with a pair of binoculars, low in the west after dusk."),
)  # fmt: skip
ONE_FILE = Kept(
    "cheese", "Raw milk cheese withdrawn in three cantons", "alpenbote.example", date(2023, 2, 27), "stated in the url",
    ("Three cantons withdrew a raw milk cheese from sale on Monday after eleven people had fallen ill with listeria.",
     "The dairy in Andeer makes 900 wheels a month and has stopped deliveries, its manager Reto Caduff told the agency.",
     "Anyone who bought the cheese since 6 February may return it without a receipt, the food inspectorate wrote."),
)  # fmt: skip
PRINTED = Kept(
    "railway", "Night train to Narvik runs again", "Northern Wire", date(2024, 2, 14), "stated in the text",
    ("KIRUNA, Sweden, 14 February 2024 (Northern Wire) — The night train from Stockholm to Narvik runs again after a derailment had "
     "closed the iron ore line for eight weeks, the railway administration said.",
     "Engineers replaced eleven kilometres of track in temperatures of minus thirty degrees, project manager Anders Lind reported.",
     "Mining company Borealt lost a third of its winter exports meanwhile and has asked the state for 90 million kronor."),
)  # fmt: skip
WORD = Kept(
    "pensions", "Teachers' pension fund sells its coal mines", "The Ledger", date(2022, 6, 30), "stated in the text",
    ("The pension fund of the country's teachers has sold its shares in four coal mines, chairwoman Adaeze Obi said on Thursday.",
     "The sale brought in 210 million dollars, a tenth less than the shares were worth a year ago, according to the fund's report.",
     "Two of the nine trustees voted against it; one of them, Paul Kerr, called it “a gift to speculators”."),
)  # fmt: skip
MAIL = Kept(
    "vaccine", "Trial of malaria vaccine enrols its last child", "Health Desk", date(2023, 10, 12), "stated in the mail",
    ("A trial of a malaria vaccine in Burkina Faso enrolled the last of its 5,400 children on Thursday, its sponsors said.",
     "The children will be followed for two years in Nanoro, where the disease is present for seven months of each year.",
     "“If it holds what the first results promise, one dose a year would do,” said paediatrician Halidou Tinto."),
)  # fmt: skip
BOX = Kept(
    "letters-1", "Orchestra of Velm dismisses its conductor", "Culture List", date(2021, 4, 6), "stated in the mail",
    ("The city orchestra of Velm has dismissed its conductor Tomas Brandl, whom eleven musicians accuse of bullying.",
     "Concert master Eva Lorant will direct the remaining six concerts of the season from her chair, the management wrote.",
     "Brandl denies the accusations and announced through his lawyer that he would sue for two years of salary."),
)  # fmt: skip
CHAPTER = Kept(
    "weekly-2", "Salt miners of Tirlen strike for shorter shifts", "Tirlen Weekly", date(2020, 3, 13), "stated in the book",
    ("Some 800 salt miners in Tirlen laid down their tools on Friday to demand shifts of six hours instead of eight.",
     "The union's speaker Jana Petrik pointed to the heat underground, which reached 41 degrees in August of last year.",
     "Management offered longer breaks and two more days of leave; the miners vote on the offer on Sunday in the town hall."),
)  # fmt: skip
ROW = Kept(
    "dam", "Cracks found in the Osprey dam", "River Times", date(2019, 7, 22), "stated in the table",
    ("Inspectors found four cracks in the wall of the Osprey dam on Monday, the longest of them nearly two metres.",
     "The reservoir will be lowered by six metres within a week so that divers can look at the foot of the wall.",
     "Nobody downstream needs to leave, county engineer Rosa Mendez said, but the campsite at the river is closed."),
)  # fmt: skip
TABBED = Kept(
    "chess", "Fourteen-year-old wins the national chess title", "Board and Clock", date(2018, 12, 2), "stated in the table",
    ("Amina Yusuf, who is fourteen, won the national chess championship on Sunday with eight points from eleven games.",
     "She beat the defender of the title, grandmaster Karel Novy, in round nine after he had overlooked a knight fork.",
     "Her school in Harlow gave her the Monday off; she spent it, she said, asleep."),
)  # fmt: skip
LINE = Kept(
    "bees", "City hives outdo the countryside", "Apiary News", date(2017, 8, 19), "stated in the metadata",
    ("Hives on the roofs of Lyon gave twice as much honey this summer as those in the fields around it, beekeepers report.",
     "Entomologist Claire Vidal counted 76 kinds of pollen in the city and 14 beside the sunflower fields of the Ain.",
     "Pesticides explain a part of the difference, her report says; the rest is that something blooms in parks until October."),
)  # fmt: skip
CRAWLED = Kept(
    "crawl-1", "Bridge at Dunmore closes to lorries", "dunmoregazette.example", date(2023, 3, 9), "stated in the url",
    ("The old bridge at Dunmore is closed to lorries of more than seven tonnes from Thursday, the roads authority ordered.",
     "Rust has eaten into two of the twelve hangers, and a new bridge further up the river will not be ready before 2027.",
     "Haulier Conor Walsh reckons with a detour of 38 kilometres for each load of gravel that leaves his quarry."),
)  # fmt: skip
PACKED = Kept(
    "night-1", "Lighthouse keeper of Stroma retires at last", "islandpaper.example", date(2022, 4, 1), "stated in the url",
    ("Ewan Sinclair, the last keeper of a lighthouse in the Pentland Firth, retires on Friday after 44 years of service.",
     "The lamp on Stroma has lit itself since 1996, but he went on painting the tower and reading the rain gauge.",
     "His cottage becomes a station for ornithologists, who count the puffins of the island each June."),
)  # fmt: skip
ALL = (TEXT, NOTE, PAGE, SAVED, ONE_FILE, PRINTED, WORD, MAIL, BOX, CHAPTER, ROW, TABBED, LINE, CRAWLED, PACKED)


def make(folder: Path) -> Sequence[Kept]:
    """Fill a new folder with an article in each format; what is in it."""
    folder.mkdir()
    byline = f"By Liisa Virtanen | {TEXT.day.day} {TEXT.day:%B %Y}"
    (folder / "harbour.txt").write_text("\n\n".join([TEXT.title, byline, *TEXT.paragraphs, TEXT.url]), "utf-8")
    front = f'---\ntitle: "{NOTE.title}"\npublisher: {NOTE.source}\npublished: {NOTE.day}\ntags: [nature]\n---\n'
    (folder / "beavers.md").write_text(front + "\n\n".join([f"# {NOTE.title}", *NOTE.paragraphs]), "utf-8")
    (folder / "library.html").write_text(_page(PAGE, _stated(PAGE)), "utf-8")
    _saved(folder)
    _one_file(folder / "cheese.mhtml")
    _printed(folder / "railway.pdf")
    _document(folder / "pensions.docx")
    (folder / "vaccine.eml").write_bytes(_mail(MAIL).as_bytes())
    box = mailbox.mbox(str(folder / "letters.mbox"))
    box.add(_mail(BOX))
    box.close()
    _book(folder / "weekly.epub")
    for name, kept, delimiter in (("dams.csv", ROW, ","), ("games.tsv", TABBED, "\t")):
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            rows = [
                ["id", "title", "date", "source", "text"],
                [kept.id, kept.title, kept.day, kept.source, _text(kept)],
            ]
            csv.writer(file, delimiter=delimiter).writerows(rows)
    said = {"id": LINE.id, "title": LINE.title, "source": LINE.source, "date": str(LINE.day), "text": _text(LINE)}
    (folder / "honey.jsonl").write_text(json.dumps(said) + "\n", "utf-8")
    _crawl(folder / "crawl.warc", CRAWLED, packed=False)
    _crawl(folder / "night.warc.gz", PACKED, packed=True)
    # What a printed page and a document do not say of themselves.
    lines = [f"[{kept.id}]\nsource = {json.dumps(kept.source)}" for kept in (PRINTED, WORD)]
    (folder / "articles.toml").write_text("\n".join(lines), "utf-8")
    return ALL


def _text(kept: Kept) -> str:
    return "\n\n".join(kept.paragraphs)


def _stated(kept: Kept) -> str:
    """What a page states of itself for search engines and for those who share it."""
    said = {"@context": "https://schema.org", "@type": "NewsArticle", "headline": kept.title, "datePublished": f"{kept.day}T08:00:00Z",
            "publisher": {"@type": "Organization", "name": kept.source}}  # fmt: skip
    return (
        f'<meta property="og:site_name" content="{kept.source}"><meta property="og:title" content="{kept.title}">'
        f'<script type="application/ld+json">{json.dumps(said)}</script>'
    )


def _page(kept: Kept, head: str = "", before: str = "") -> str:
    told = "".join(f"<p>{paragraph}</p>\n" for paragraph in kept.paragraphs)
    return (
        f'<!DOCTYPE html>\n{before}<html lang="en"><head><meta charset="utf-8"><title>{kept.title}</title>{head}</head><body>'
        '<nav><a href="/">Home</a> <a href="/sport">Sport</a> <a href="/login">Log in</a></nav>\n'
        f"<main><article><h1>{kept.title}</h1>\n{told}</article></main>\n"
        "<footer><p>© The publisher. All rights reserved.</p></footer></body></html>"
    )


def _saved(folder: Path) -> None:
    """A page that a browser saved whole: its pictures and frames in a folder beside it."""
    beside = folder / f"{SAVED.id}_files"
    beside.mkdir()
    (beside / "site.css").write_text("p {margin: 0}")
    (beside / "saved_resource.html").write_text(_page(PAGE).replace("Kilmore", "Advertised"), "utf-8")
    where = f"<!-- saved from url=({len(SAVED.url):04})" + f"{SAVED.url} -->\n"
    (folder / f"{SAVED.id}.html").write_text(_page(SAVED, before=where), "utf-8")


def _one_file(path: Path) -> None:
    message = EmailMessage()
    message["From"], message["Subject"], message["Snapshot-Content-Location"] = (
        "<Saved by Blink>",
        ONE_FILE.title,
        ONE_FILE.url,
    )
    message["Date"] = "Fri, 02 Jun 2023 10:00:00 -0000"  # when it was saved
    message.make_mixed()
    for subtype, content in (("html", _page(ONE_FILE)), ("css", "p {margin: 0}")):
        part = EmailMessage()
        part.set_content(content, subtype, cte="quoted-printable")
        message.attach(part)
    path.write_bytes(message.as_bytes())


def _printed(path: Path) -> None:
    paper = FPDF(format="A4")
    paper.add_page()
    paper.set_font("Times", "B", 16)
    paper.multi_cell(0, 8, PRINTED.title)
    paper.ln(4)
    paper.set_font("Times", size=11)
    for paragraph in PRINTED.shown:
        paper.multi_cell(0, 5, paragraph, align="J")
        paper.ln(3)
    paper.output(str(path))


def _document(path: Path) -> None:
    document = Document()
    document.add_heading(WORD.title, 0)
    document.add_paragraph(f"By Adaeze Obi and Paul Kerr, {WORD.day:%B} {WORD.day.day}, {WORD.day.year}")
    for paragraph in WORD.paragraphs:
        document.add_paragraph(paragraph)
    document.save(str(path))


def _mail(kept: Kept) -> EmailMessage:
    message = EmailMessage()
    message["Subject"], message["From"] = kept.title, f"{kept.source} <desk@list.example>"
    message["Date"] = f"{kept.day:%a, %d %b %Y} 09:00:00 +0000"
    message.set_content(_text(kept))
    message.add_alternative(_page(kept), "html")
    return message


def _book(path: Path) -> None:
    pages = [f"<html><body><h1>{CHAPTER.source}</h1></body></html>", _page(CHAPTER)]
    items = "".join(
        f'<item id="c{n}" href="c{n}.xhtml" media-type="application/xhtml+xml"/>' for n in range(len(pages))
    )
    order = "".join(f'<itemref idref="c{n}"/>' for n in range(len(pages)))
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>No. 11</dc:title><dc:publisher>{CHAPTER.source}</dc:publisher><dc:date>{CHAPTER.day}</dc:date></metadata>"
        f"<manifest>{items}</manifest><spine>{order}</spine></package>"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        root = '<container><rootfiles><rootfile full-path="O/b.opf"/></rootfiles></container>'
        file.writestr("META-INF/container.xml", root)
        file.writestr("O/b.opf", package)
        for n, page in enumerate(pages):
            file.writestr(f"O/c{n}.xhtml", page)


def _crawl(path: Path, kept: Kept, packed: bool) -> None:
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=packed)
        writer.write_record(writer.create_warcinfo_record(path.name, {"software": "a crawler"}))
        url = f"https://www.{kept.source}/{kept.day:%Y/%m/%d}/{path.stem.partition('.')[0]}"
        for place, kind, data in (
            (url, "text/html; charset=utf-8", _page(kept).encode()),
            (f"{url}.png", "image/png", b"\x89PNG"),
        ):
            said = StatusAndHeaders("200 OK", [("Content-Type", kind)], protocol="HTTP/1.1")
            writer.write_record(writer.create_warc_record(place, "response", payload=BytesIO(data), http_headers=said))
