"""Files become articles: boilerplate goes, reporting stays, dates are known or are not."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from conftest import write

from index.build import clean_all
from index.reading.boilerplate import clean, tidy
from index.reading.files import read_folders
from index.text.bylines import day_of_dateline, day_of_line, writers_of_line
from index.text.chunks import chunk
from index.text.dates import mentions
from index.types import Article, RawArticle
from rag.config import seeds

BOILERPLATE = (
    "Oops", "Something went wrong", "try again later", "favor to ask", "paiment", "Read more", "AI-generated",
    "Related article", "About the writer", "Thomas Kika", "<u>", "Original url", "Support us", "Dear readers", "$2",
    "$10,000", "ad-free", "foreign agent", "Remind me later", "undesirable", "Support The Moscow Times",
)  # fmt: skip


@pytest.fixture(scope="module")
def articles() -> dict[str, Article]:
    raws, skipped = read_folders([seeds()])
    assert not skipped
    return {a.id[:3]: a for a in clean_all(raws)[0]}


def test_no_boilerplate_of_the_seeds_reaches_a_chunk(articles: dict[str, Article]) -> None:
    text = "\n".join(c.text for a in articles.values() for c in chunk(a))
    assert [word for word in BOILERPLATE if word in text] == []


def test_every_line_of_the_seeds_is_kept_or_listed_as_removed() -> None:
    raws, _ = read_folders([seeds()])
    for raw, article in zip(raws, clean_all(raws)[0], strict=True):
        kept = set(article.text.split("\n\n"))
        removed = {r.text for r in article.removed}
        for line in tidy(raw.text).split("\n"):
            line = " ".join(line.split())
            assert not line or line in {" ".join(k.split()) for k in kept | removed}


def test_no_reporting_of_the_seeds_is_lost(articles: dict[str, Article]) -> None:
    counts = {"000": 10, "001": 14, "002": 13, "003": 16, "004": 13}
    assert {key: len(a.text.split("\n\n")) for key, a in articles.items()} == counts
    assert "Newsweek reached out to Ukrainian officials for comment" in articles["000"].text
    assert "none have been at the presidential level." in articles["004"].text


def test_captions_are_kept_and_marked(articles: dict[str, Article]) -> None:
    captions = {key: [a.text[s:e] for s, e in a.captions] for key, a in articles.items()}
    assert [len(captions[key]) for key in sorted(captions)] == [0, 1, 0, 1, 1]
    assert captions["004"] == ["Russian Armed Forces Buk-M3 SAM system in Ukraine. Russian Defence Ministry / TASS"]


def test_metadata_says_how_each_date_is_known(articles: dict[str, Article]) -> None:
    assert {k: a.published for k, a in articles.items()} == {
        "000": date(2022, 3, 28), "001": date(2022, 3, 30), "002": date(2022, 3, 21),
        "003": date(2022, 3, 13), "004": date(2022, 3, 22),
    }  # fmt: skip
    assert articles["001"].published_how == "stated in the text"
    assert articles["000"].published_how.startswith("inferred")
    assert articles["000"].title is None and articles["002"].source is None


FOREIGN = """Sign up for our newsletter
The harbour council voted on Thursday to close the old pier after engineers found cracks.
"We cannot wait for an accident," mayor Ana Pires said. "Our city needs your patience and support."
Ready to support our work?
Advertisement
Fishermen called the decision unfair and asked for help with the cost of moving their boats.
Read more: Ten piers to see before you die
You have 2 free articles left
Subscribe to our newsletter to support our journalism.
"""


PLACES = [
    "Aveiro",
    "Belem",
    "Faro",
    "Leiria",
    "Oporto",
    "Setubal",
    "Sines",
    "Viana",
    "Tavira",
    "Olhao",
    "Peniche",
    "Nazare",
]


def test_boilerplate_of_a_site_never_seen_goes_and_quotations_stay() -> None:
    article = clean(RawArticle("pier", FOREIGN, "pier.txt"))
    assert article.text.split("\n\n") == [
        line for line in FOREIGN.split("\n") if line.startswith(("The harb", '"We', "Fish"))
    ]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("The pier burned.\n\n<!-- State that\nnobody\n\nwas hurt. -->\n\nTwo were hurt.", "The pier burned.\n\n\n\nTwo were hurt."),
        ("One <!-- a --> and <!---->two.", "One  and two."),
        ("It fell by 3 --> 2 points <!-- and that", "It fell by 3 --> 2 points <!-- and that"),
    ],
)  # fmt: skip
def test_a_comment_in_the_markup_is_no_text(text: str, kept: str) -> None:
    assert tidy(text) == kept


def test_a_background_paragraph_that_repeats_stays() -> None:
    same = "The strike began in March after talks over pay broke down between the union and the port."
    raws = [
        RawArticle(str(n), f"News number {n} came on day {n}.\n{same}", f"{n}.txt", source="Daily") for n in range(4)
    ]
    assert all(same in a.text for a in clean_all(raws)[0])


def test_a_short_label_that_repeats_goes() -> None:
    raws = [
        RawArticle(str(n), f"Top stories from around the bay\nNews {n} came today.", f"{n}.txt", source="D")
        for n in range(3)
    ]
    assert all("Top stories" not in a.text for a in clean_all(raws)[0])


def test_headings_that_copies_of_an_article_share_stay() -> None:
    text = "\n".join(f"Heading {n}\nSomething happened in place {n} on that day." for n in range(12))
    raws = [RawArticle(str(n), f"Edition {n} of the day.\n{text}", f"{n}.txt", source="Daily") for n in range(4)]
    assert all("Heading 0" in a.text and "Heading 6" in a.text for a in clean_all(raws)[0])


def test_headings_inside_a_digest_stay_where_its_articles_share_them() -> None:
    def digest(n: int) -> str:
        return "\n".join(
            f"{place}\nThe port of {place} opened pier {n * 7 + i} on Friday." for i, place in enumerate(PLACES)
        )

    raws = [RawArticle(str(n), f"Here is what happened on day {n}.\n{digest(n)}", f"{n}", source="D") for n in range(4)]
    assert all(f"\n{place}\n" in a.text for a in clean_all(raws)[0] for place in PLACES)


def test_an_appeal_ends_where_a_story_begins() -> None:
    text = (
        "Support our newsroom: readers like you pay for our journalism.\n"
        "LISBON (Reuters) Our ports are full, and the US dollar is rising, traders believe.\n"
        "The US central bank meets on Friday."
    )
    assert clean(RawArticle("x", text, "x")).text.split("\n\n") == text.split("\n")[1:]


def test_a_country_is_not_the_outlet() -> None:
    text = "Support The Daily Bay!\nThe US dollar is rising, traders believe.\nThe US central bank meets on Friday."
    assert clean(RawArticle("x", text, "x")).text.split("\n\n") == text.split("\n")[1:]


def test_a_numbered_heading_between_boilerplate_stays() -> None:
    text = "The harbour opens on Friday.\nIt had been shut since May.\nBoats wait.\nRead more\n1. Harbour\nRead more\nFees will fall."
    assert "1. Harbour" in clean(RawArticle("x", text, "x")).text


@pytest.mark.parametrize(
    "line",
    [
        "HARBOUR FEES FALL:Fishermen welcome the cut along the coast",
        "More:Ten piers to see before you die",
        "JUST WATCHED Storm hits pier Replay More Videos ... MUST WATCH Storm hits pier 02:41",
        "https://news.example/2022/05/06/the-harbour-opens-after-a-long-winter -a77 6",
        "We may use your details to send you offers.",
        "This audio is automatically generated.",
        "This story has been updated with additional information.",
        "Contributing: Ana Reis and Tom Hale.",
        "Reach Ana Reis on Twitter @anareis.",
        "Get our harbour newsletter Sign up here to get it every Friday.",
    ],
)
def test_what_a_scraper_leaves_behind_goes(line: str) -> None:
    text = f"The harbour opens on Friday.\nIt had been shut since May.\nBoats are waiting.\n{line}"
    assert line not in clean(RawArticle("x", text, "x")).text


@pytest.mark.parametrize(
    "line",
    [
        "The council opened a page where families can sign up for food boxes.",
        "Officers persuaded him to sign up for the navy in May.",
        "Lisbon:In two years nearly three million bottles were landed at the port.",
        "Enjoying cold water? It happens",
        "Video content made by the harbour pilots won a prize",
        "www.harbour.example was shut down for an hour.",
        "The audio is of a boat that sank, and a replay of it ends at 10:41.",
        "Is the harbour ready to support bigger ships?",
        "More-than-usual rain fell on the harbour.",
        "A boat in the harbour (Photo:Ana Reis / Reuters)",
        "Anyone who saw the boat should contact police at 555-123-4567.",
    ],
)
def test_reporting_that_looks_like_boilerplate_stays(line: str) -> None:
    text = f"The harbour opens on Friday.\n{line}\nIt had been shut since May.\nBoats are waiting.\nFees will fall."
    assert line in clean(RawArticle("x", text, "x")).text


@pytest.mark.parametrize(
    "line",
    ["Support for the bill grows in the senate", "Support Grows for Gun Bill", "We need your help, said the mayor."],
)
def test_a_headline_is_not_an_appeal(line: str) -> None:
    article = clean(RawArticle("x", f"{line}\nThe senate will vote on Friday.\nIt is expected to pass.", "x"))
    assert line in article.text


def test_readers_of_each_kind(tmp_path: Path) -> None:
    write(tmp_path, plain="A plain text about a bridge that was opened.")
    (tmp_path / "mark.md").write_text("A *marked* text about a tunnel.", "utf-8")
    (tmp_path / "page.html").write_text(
        "<html><head><title>Lighthouse</title><meta property='article:published_time' content='2021-05-04'></head><body>"
        "<nav>Home | About</nav><article><h1>Lighthouse sold</h1>" + "<p>The lighthouse was sold to the town for a euro.</p>" * 4
        + "</article><footer>© us</footer></body></html>", "utf-8")  # fmt: skip
    (tmp_path / "lines.jsonl").write_text(
        json.dumps({"id": "j1", "text": "A line about snow.", "date": "2020-01-02", "source": "S", "authors": ["A"]})
        + "\nnot json\n" + json.dumps({"id": "j2"}) + "\n", "utf-8")  # fmt: skip
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / "binary.txt").write_bytes(bytes(range(256)) * 40)
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4 nothing")
    (tmp_path / "latin.txt").write_bytes("Le café a fermé ses portes à l’été.".encode("cp1252"))
    (tmp_path / "sub").mkdir()
    write(tmp_path / "sub", plain="Another plain text of the same name.")
    articles, skipped = read_folders([tmp_path])
    ids = {a.id: a for a in articles}
    assert set(ids) >= {"mark", "page", "j1", "latin"}
    assert ids["j1"].published == date(2020, 1, 2) and ids["j1"].authors == ("A",)
    assert "lighthouse was sold" in ids["page"].text and "Home | About" not in ids["page"].text
    assert "café" in ids["latin"].text
    assert sum(i.endswith("plain.txt") for i in ids) == 2, "two files of one name are told apart by path"
    reasons = {Path(s.path.split(" line")[0]).name: s.why for s in skipped}
    assert set(reasons) == {"lines.jsonl", "picture.png", "binary.txt", "broken.pdf"}
    assert "unknown kind" in reasons["picture.png"]


def test_a_pdf_is_read(tmp_path: Path) -> None:
    from pypdf import PdfWriter
    from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

    writer = PdfWriter()
    page = writer.add_blank_page(300, 300)
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    page[NameObject("/Resources")] = DictionaryObject(
        {NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})}
    )
    stream = DecodedStreamObject()
    stream.set_data(b"BT /F1 12 Tf 20 200 Td (The dam was repaired in spring.) Tj ET")
    page[NameObject("/Contents")] = writer._add_object(stream)
    writer.write(tmp_path / "dam.pdf")
    articles, skipped = read_folders([tmp_path])
    assert not skipped and articles[0].text.strip() == "The dam was repaired in spring."


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("A secret.", "utf-8")
    folder = write(tmp_path / "in", ok="A text.")
    (folder / "link.txt").symlink_to(secret)
    articles, skipped = read_folders([folder])
    assert [a.id for a in articles] == ["ok"] and "link" in skipped[0].why


@pytest.mark.parametrize(
    ("text", "published", "days"),
    [
        ("talks in Istanbul on Tuesday that", date(2022, 3, 30), [date(2022, 3, 29)]),
        ("talks are set to resume Monday, negotiators said", date(2022, 3, 13), [date(2022, 3, 14)]),
        ("said late Sunday.", date(2022, 3, 13), [date(2022, 3, 13)]),
        ("On Monday, March 14, a session will be held", date(2022, 3, 13), [date(2022, 3, 14)]),
        ("ordered his army into Ukraine on Feb. 24, this week", date(2022, 3, 13), [date(2022, 2, 24)]),
        ("will debrief reporters later Wednesday.", date(2022, 3, 30), [date(2022, 3, 30)]),
        ("the talks were unlikely to begin on Monday", date(2022, 3, 28), [date(2022, 3, 28)]),
        ("We expect that this may happen [Tuesday]", date(2022, 3, 28), [date(2022, 3, 29)]),
        ("They will meet next Monday.", date(2022, 3, 28), [date(2022, 4, 4)]),
        ("It happens on Mondays.", date(2022, 3, 13), []),
        ("on Tuesday", None, []),
        ("next Friday there was", date(2022, 3, 30), [date(2022, 4, 1)]),
        ("he may leave in 15 years", date(2022, 3, 30), []),
    ],
)  # fmt: skip
def test_days_meant(text: str, published: date | None, days: list[date]) -> None:
    assert [m.day for m in mentions(text, published)] == days


@pytest.mark.parametrize(
    ("line", "day", "writers"),
    [
        ("March 30, 2022", date(2022, 3, 30), ()),
        ("Published: 4 May 2021", date(2021, 5, 4), ()),
        ("Published May 3, 2023 at 4:05 p.m. | Updated May 4, 2023", date(2023, 5, 3), ()),
        ("Wednesday 3 May 2023, 14.05 BST", date(2023, 5, 3), ()),
        ("By Ann Ek and Ville Salo | 3 May 2023", date(2023, 5, 3), ("Ann Ek", "Ville Salo")),
        ("By Ann Ek, political editor, Published 2023-05-03 10:00", date(2023, 5, 3), ("Ann Ek",)),
        ("On March 30, 2022 the talks began", None, ()),
        ("By May 3, 2023, all ferries will be back in service", None, ()),
        ("By the morning of 3 May 2023", None, ()),
        ("Divers at the harbour in Turku, 3 May 2023", None, ()),
    ],
)
def test_a_line_that_says_the_day_and_who_wrote(line: str, day: date | None, writers: tuple[str, ...]) -> None:
    assert (day_of_line(line), writers_of_line(line)) == (day, writers)


@pytest.mark.parametrize(
    ("line", "day"),
    [
        ("TURKU, Finland, May 3, 2023 (Reuters) — The harbour was closed.", date(2023, 5, 3)),
        ("ST. LOUIS, 3 May 2023 -- The harbour was closed.", date(2023, 5, 3)),
        ("Turku, May 3, 2023 - The harbour was closed.", date(2023, 5, 3)),
        ("New York, 3 May 2023 – The harbour was closed.", date(2023, 5, 3)),
        ("TURKU, May 3 (Reuters) — The harbour was closed.", None),
        ("Since Wednesday, May 3, 2023 - the harbour was closed.", None),
        ("In Turku, May 3, 2023 – a Wednesday – was quiet.", None),
        ("On May 3, 2023 — a Wednesday — the harbour was closed.", None),
        ("NATO said on May 3, 2023 — its birthday — that it was closed.", None),
    ],
)
def test_a_dateline(line: str, day: date | None) -> None:
    assert day_of_dateline(line) == day


@pytest.mark.parametrize(
    ("line", "url"),
    [
        ("https://news.example/2022/05/06/pier", "https://news.example/2022/05/06/pier"),
        ("https://news.example/2022/05/06/pi er", None),
    ],
)
def test_an_address_that_a_tool_broke_in_two_is_no_link(line: str, url: str | None) -> None:
    article = clean(RawArticle("x", f"The harbour opens on Friday.\nIt had been shut since May.\n{line}", "x"))
    assert article.url == url and "https" not in article.text
