"""A person's own articles: added while the collection is in use, kept apart, removed again."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from conftest import write
from fakes import Words

from index import additions
from index.build import build
from index.errors import InputError
from index.search import search
from index.store.sqlite import Store

FERRY = "The ferry Aurora sank off Turku on 3 May 2023, harbour master Liisa Virtanen said. Nobody was hurt."
SNOW = "Snow closed the Brenner pass for nine hours, the road service said."


@pytest.fixture
def index(tmp_path: Path, words: Words) -> Path:
    build(tmp_path / "ix", [write(tmp_path / "in", bridge="The bridge at Rendsburg was opened in May.")], words)
    return tmp_path / "ix"


def test_what_is_added_is_found_at_once_by_an_open_store(index: Path, tmp_path: Path, words: Words) -> None:
    opened = Store(index, words)
    lines = [{"id": "snow", "text": SNOW, "source": "Passpost", "date": "2024-01-09"}, {"id": "none"}]
    (tmp_path / "two.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "photo.png").write_bytes(b"\x89PNG")
    files = [write(tmp_path / "up", ferry=FERRY) / "ferry.txt", tmp_path / "two.jsonl", tmp_path / "photo.png"]
    report = additions.add(index, files, words)
    assert (report.added, report.unchanged, report.articles, report.dropped) == (2, 0, 3, 0)
    assert [(s.path, s.why[:12]) for s in report.skipped] == [
        ("two.jsonl line 2", "no `text` in"),
        ("photo.png", "unknown kind"),
    ]
    assert search(opened, words, "which ship sank?", 1)[0].article.id == "ferry"
    snow = opened.article("snow")
    assert (snow.source, snow.published, snow.text) == ("Passpost", date(2024, 1, 9), SNOW)
    assert [a.id for a in additions.own(opened)] == ["snow", "ferry"]


def test_a_file_of_an_addition_that_was_cut_short_is_not_overwritten(index: Path, tmp_path: Path, words: Words) -> None:
    kept = write(index / "added", ferry="Of this there is no other copy.") / "ferry.txt"
    additions.add(index, [write(tmp_path / "up", ferry=FERRY) / "ferry.txt"], words)
    assert kept.read_text("utf-8") == "Of this there is no other copy."
    assert [a.id for a in additions.own(Store(index, words))] == ["ferry-2"]
    build(index, [tmp_path / "in"], words)
    assert {a.id for a in Store(index, words).articles()} == {"bridge", "ferry", "ferry-2"}


def test_they_survive_a_new_build_of_the_folders(index: Path, tmp_path: Path, words: Words) -> None:
    additions.add_text(index, SNOW, words, title="Snow at the Brenner", source="Passpost", published=date(2024, 1, 9))
    additions.add(index, [write(tmp_path / "up", ferry=FERRY) / "ferry.txt"], words)
    for rebuild in (False, True):
        build(index, [tmp_path / "in"], words, rebuild=rebuild)
        store = Store(index, words)
        assert {a.id for a in store.articles()} == {"bridge", "ferry", "snow-at-the-brenner"}
        assert store.article("snow-at-the-brenner").published == date(2024, 1, 9)
        assert len(additions.own(store)) == 2
        store.close()


def test_an_added_article_goes_again_and_an_indexed_one_stays(index: Path, tmp_path: Path, words: Words) -> None:
    additions.add_text(index, SNOW, words, title="Snow")
    build(index, [tmp_path / "in"], words)
    additions.remove(index, "snow", words)
    store = Store(index, words)
    assert [a.id for a in store.articles()] == ["bridge"] and not list((index / "added").iterdir())
    assert all(h.article.id == "bridge" for h in search(store, words, "snow on the pass", 5))
    with pytest.raises(InputError, match="indexed folder"):
        additions.remove(index, "bridge", words)
    with pytest.raises(InputError, match="no article"):
        additions.remove(index, "../in/bridge", words)
    assert (tmp_path / "in" / "bridge.txt").is_file()


def test_an_id_that_is_taken_never_replaces_an_article(index: Path, tmp_path: Path, words: Words) -> None:
    path = write(tmp_path / "up", bridge="Another bridge, at Kiel, was closed in June.") / "bridge.txt"
    additions.add(index, [path], words)
    again = additions.add(index, [path], words)
    assert again.added == 0 and "already there, as bridge-2" in again.skipped[0].why
    store = Store(index, words)
    assert "Rendsburg" in store.article("bridge").text and "Kiel" in store.article("bridge-2").text


def test_they_are_own_however_the_folder_is_spelled(
    index: Path, tmp_path: Path, words: Words, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    additions.add_text(Path("ix"), SNOW, words, title="Snow")
    index.rename(tmp_path / "moved")
    store = Store(tmp_path / "moved", words)
    assert [a.id for a in additions.own(store)] == ["snow"]
    additions.remove(tmp_path / "moved", "snow", words)
    assert not list((tmp_path / "moved" / "added").iterdir())


def test_no_name_leads_out_of_the_folder(index: Path, tmp_path: Path, words: Words) -> None:
    line = {"id": "../../escape", "text": FERRY}
    (tmp_path / "x.jsonl").write_text(json.dumps(line))
    additions.add(index, [tmp_path / "x.jsonl"], words)
    assert [p.name for p in (index / "added").iterdir()] == ["escape.jsonl"]
    with pytest.raises(InputError, match="empty"):
        additions.add_text(index, "  ", words)
