"""What is said of an article beside its text: bounded, told where it is wrong, and never a way out of the collection."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from conftest import write
from hostile import NEWS, pdf

from index.additions import add
from index.build import build
from index.embedder import Embedder
from index.reading.boilerplate import clean
from index.reading.files import read_folders
from index.reading.metadata import MAX_AUTHORS, MAX_FIELD, MAX_METADATA, METADATA
from index.store.sqlite import Store

SURROGATES = {
    "id": "\ud800", "text": f"{NEWS} \ud83d", "title": "Har\udfffbour", "source": "\udc00", "url": "http://\ud800", "authors": ["\udbff"]
}  # fmt: skip


def test_what_no_file_can_hold_stops_no_indexing(tmp_path: Path, embedder: Embedder) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for n, name in enumerate((b"caf\xe9.txt", b"caf\xe8.txt", b"\xff.exe")):
        with open(os.fsencode(folder) + b"/" + name, "w") as file:  # names that are no UTF-8
            file.write(f"{NEWS} It was ship number {n}.")
    (folder / "a.jsonl").write_text(json.dumps(SURROGATES) + "\n" + json.dumps({"id": "\ud800", "title": "no text"}))
    report = build(tmp_path / "ix", [folder], embedder)
    assert report.articles == 3 and len(report.skipped) == 2
    store = Store(tmp_path / "ix", embedder)
    assert all("harbour master" in article.text for article in store.articles())
    assert {article.title for article in store.articles()} == {None, "Har?bour"}
    store.close()


def test_what_is_said_of_an_article_is_bounded(tmp_path: Path) -> None:
    flood, names = "Harbour " * 150_000, ["n" * 5_000] * 100
    fields = {"text": NEWS, "title": flood, "source": flood, "authors": names, "url": "http://a/" + "b" * 5_000}
    same = "i" * 1_000_000
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(fields | {"id": same + end}) + "\n" for end in "ab"))
    (tmp_path / "b.pdf").write_bytes(pdf(f"BT /F1 9 Tf ({NEWS}) Tj ET".encode(), flood.encode()))
    (tmp_path / "c.html").write_text(f"<html><head><title>{flood}</title></head><body><article><p>{NEWS}</p></article>")
    (tmp_path / "d.txt").write_text(f"{NEWS}\n\nhttp://{'b' * 5_000}\n\n{NEWS}")
    (tmp_path / METADATA).write_text(
        f'[d]\ntitle = "{flood}"\nsource = "{flood}"\ndate = 2022-03-30\ndate_how = "{flood}"'
    )
    found, skipped = read_folders([tmp_path])
    assert len(found) == 5 and not skipped
    assert len({raw.id for raw in found}) == 5  # those that differ in what was cut are still two
    for article in map(clean, found):
        assert len(article.id) <= MAX_FIELD and len(article.published_how) <= MAX_FIELD
        assert article.title and 200 < len(article.title) <= MAX_FIELD, article.path
        assert len(article.source or "") <= MAX_FIELD and len(article.url or "") <= 2_000
        assert len(article.authors) <= MAX_AUTHORS and all(len(name) <= MAX_FIELD for name in article.authors)


@pytest.mark.parametrize(
    ("toml", "why"),
    [
        ("title = 5", "title is not text"), ("source = [1]", "source is not text"), ("url = 7", "url is not text"),
        ("authors = 5", "authors is not a list of names"), ("authors = [1, 2]", "authors is not a list of names"),
        ("date = 7", "date is not a day"), ('date = "soon"', "date is not a day"), ("date = 0001-01-01", "date is not a day"),
        ("date = 12:00:00", "date is not a day"), ("date = 2022-03-30\ndate_how = 3", "date_how is not text"),
        ("x = " + "[" * 100_000, "nested too deep"), ('a = "', "not TOML"), ("# " + "x" * MAX_METADATA, "more than"), ("# \xff", "could not be read"),
    ],
    ids=lambda value: value[:20],
)  # fmt: skip
def test_a_wrong_articles_toml_is_told(tmp_path: Path, toml: str, why: str) -> None:
    (tmp_path / "a.txt").write_text(NEWS)
    (tmp_path / METADATA).write_bytes(f"[a]\n{toml}".encode("latin-1"))
    found, skipped = read_folders([tmp_path])
    assert [raw.text for raw in found] == [NEWS] and found[0].title is None
    assert len(skipped) == 1 and why in skipped[0].why


def test_what_an_articles_toml_says_is_kept_as_it_is_meant(tmp_path: Path, embedder: Embedder) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text(NEWS)
    (tmp_path / "in" / METADATA).write_text('[a]\ndate = 2022-03-30T12:00:00\nauthors = "Ann"\n[b]\ntitle = 5')
    build(tmp_path / "ix", [tmp_path / "in"], embedder)
    store = Store(tmp_path / "ix", embedder)
    (article,) = store.articles()
    assert str(article.published) == "2022-03-30" and article.authors == ("Ann",)
    store.close()


def test_an_articles_toml_elsewhere_is_not_read(tmp_path: Path) -> None:
    for n, target in enumerate((tmp_path / "secret.toml", Path("/dev/zero"), None)):
        folder = tmp_path / str(n)
        folder.mkdir()
        (folder / "a.txt").write_text(NEWS)
        if target:
            (folder / METADATA).symlink_to(target)
        else:
            os.mkfifo(folder / METADATA)
        (tmp_path / "secret.toml").write_text('[a]\ntitle = "A secret"')
        found, skipped = read_folders([folder])
        assert found[0].title is None and len(skipped) == 1
        assert ("leads out" if target else "no plain file") in skipped[0].why


NAMES = [
    "../../evil",
    "/etc/passwd",
    "..",
    "a/../../b",
    "con\0trol",
    "C:\\windows",
    "~root",
    "-rf",
    "a" * 400,
    "\u202egpj",
    ".",
]


def test_no_id_name_or_url_leads_out_of_the_collection(tmp_path: Path, embedder: Embedder) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    lines = [
        {"id": name, "text": f"{NEWS} It was ship number {n}.", "title": name, "url": f"file://{name}"}
        for n, name in enumerate(NAMES)
    ]
    (folder / "ids.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    index = tmp_path / "ix"
    build(index, [folder], embedder)
    before = set(tmp_path.rglob("*"))
    (tmp_path / "more.jsonl").write_text(
        "".join(json.dumps(line | {"text": line["text"] + " Later."}) + "\n" for line in lines)
    )
    report = add(index, [tmp_path / "more.jsonl"], embedder)
    assert report.added == len(NAMES)
    made = set(tmp_path.rglob("*")) - before - {tmp_path / "more.jsonl"}
    assert all(p.is_relative_to(index) for p in made) and (index / "added").is_dir()
    store = Store(index, embedder)
    assert len(store.articles()) == 2 * len(NAMES)
    store.close()


def test_files_of_one_name_are_told_apart_whatever_their_folder_is_called(tmp_path: Path) -> None:
    for place in ("front line news", "front line news/later", "jsonl line 3"):
        write(tmp_path / place, a=f"The {place} was read.")
    found, skipped = read_folders([tmp_path])
    assert len({article.id for article in found}) == 3 and not skipped
