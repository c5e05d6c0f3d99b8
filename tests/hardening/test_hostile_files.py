"""Files made to hang, to fill memory or to lead elsewhere: bounded, and skipped with a reason or read rightly."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import cast

import pytest
from conftest import ROOT, SOAK
from hostile import BYTES, NEWS, READ, SECONDS, pdf, read

from index.reading import files as readers
from index.reading import isolated, lines
from index.reading.boilerplate import clean
from index.reading.files import MAX_BYTES, MAX_LINES_BYTES, read_folders
from index.reading.pdf import read as read_pdf
from index.types import RawArticle, Skipped


def test_files_that_are_too_much(tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text(NEWS)
    with (tmp_path / "vast.txt").open("wb") as file:
        file.truncate(2_000_000_000)
    with (tmp_path / "vast.pdf").open("wb") as file:
        file.truncate(2_000_000_000)
    with (tmp_path / "vast.jsonl").open("wb") as file:
        file.truncate(MAX_LINES_BYTES + 1)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", b"harbour " * 12_000_000)
    shutil.copy(tmp_path / "bomb.zip", tmp_path / "bomb.docx")
    shutil.copy(tmp_path / "bomb.zip", tmp_path / "zip.txt")  # a name that lies
    (tmp_path / "long.jsonl").write_bytes(
        b'{"text": "' + b"x" * 30_000_000 + b'"}\n' + json.dumps({"text": NEWS}).encode()
    )
    (tmp_path / "bomb.pdf").write_bytes(pdf(b"BT /F1 9 Tf " + b"(harbour) Tj " * 30_000_000 + b"ET"))
    (tmp_path / "word.txt").write_text("flood " * 1_700_000)
    (tmp_path / "one.txt").write_text("x" * 10_000_000)
    (tmp_path / "headings.md").write_text("# Heading\n\n" * 1_000_000)
    (tmp_path / "headings.txt").write_text("# Heading\n\n" * 1_000_000)
    (tmp_path / "base64.txt").write_text("QUJD" * 2_400_000)
    (tmp_path / "lines.txt").write_text("\n" * 15_000_000 + NEWS)
    (tmp_path / "digits.txt").write_text("9" * 1_000_000 + " March 2022. " + NEWS)
    ids, skipped, chunks = read(tmp_path)
    assert {"good", "long-2"} <= set(ids)
    for name in ("vast.txt", "vast.pdf"):
        assert f"the most for one article is {MAX_BYTES:,}" in skipped[name]
    assert "split it into several files" in skipped["vast.jsonl"]
    assert "unknown kind of file" in skipped["bomb.zip"] and "DOCX reader gave up" in skipped["bomb.docx"]
    assert "zip.txt" in skipped
    assert "longer than" in skipped["long.jsonl"] and "PDF" in skipped["bomb.pdf"]
    assert "the most for Markdown is 1,000,000" in skipped["headings.md"]
    assert chunks < 1_000_000


def test_what_is_no_plain_file_or_leads_elsewhere(tmp_path: Path) -> None:
    folder, outside = tmp_path / "in", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    (outside / "secret.txt").write_text("A secret that nobody shared with the newspaper.")
    (folder / "good.txt").write_text(NEWS)
    os.mkfifo(folder / "pipe.txt")
    (folder / "link.txt").symlink_to(outside / "secret.txt")
    (folder / "device.txt").symlink_to("/dev/zero")
    (folder / "folder").symlink_to(outside)
    (folder / "loop.txt").symlink_to(folder / "loop.txt")
    (folder / "round").symlink_to(folder)
    (folder / "dir.txt").mkdir()
    ids, skipped, _ = read(folder)
    assert ids == ["good"]
    assert skipped["pipe.txt"] == "no plain file"
    assert "leads out" in skipped["link.txt"] and "leads out" in skipped["device.txt"] and "loop.txt" in skipped


def test_a_file_that_grows_and_one_that_goes_while_they_are_read(tmp_path: Path) -> None:
    grows, goes = tmp_path / "grows.jsonl", tmp_path / "goes.txt"
    grows.write_text(json.dumps({"text": NEWS}) + "\n")
    stop = threading.Event()

    def write() -> None:
        with grows.open("a") as file:
            while not stop.is_set():
                if file.tell() > 200_000_000:
                    file.truncate(0)
                file.write(json.dumps({"text": NEWS}) + "\n")
                file.flush()
                goes.write_text(NEWS)
                goes.unlink(missing_ok=True)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(40 if SOAK else 6):
            found, skipped = read_folders([tmp_path])
            assert all(raw.text == NEWS for raw in found)
            assert all(s.why for s in skipped)
    finally:
        stop.set()
        thread.join()


def test_who_never_stops_writing_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line that is read adds two, so that there is always more."""
    path = tmp_path / "grows.jsonl"
    line = json.dumps({"text": NEWS}) + "\n"
    path.write_text(line * 100)
    read: list[int] = []

    def writes_on(data: bytes) -> str:
        read.append(len(data))
        assert len(read) < 1_000, "it is followed"
        with path.open("a") as file:
            file.write(line * 2)
        return data.decode()

    monkeypatch.setattr(lines, "decode", writes_on)
    found, skipped = read_folders([tmp_path])
    assert len(found) == 100 and not skipped and len(path.read_text().splitlines()) == 300


@pytest.mark.parametrize(
    ("data", "holds"),
    [
        (NEWS.encode("utf-16"), "Turku"),
        ("Åbo hamn stängdes på måndagen, sade hamnkaptenen, när färjan förlorat ankaret där.".encode("latin-1"), "stängdes"),
        (b"\xef\xbb\xbf" + NEWS.encode(), "Turku"),
        ("Переговоры в Стамбуле длились три часа, сообщил глава делегации журналистам.".encode("cp1251"), "Стамбуле"),
        (NEWS.replace("Turku", "Tur\0ku").encode(), "Tur ku|Turku"),
        (("Mixed: " + NEWS).encode() + b" \xff\xfe\x80 " + NEWS.encode(), "Turku"),
        ("الميناء أغلق يوم الاثنين بعد أن فقدت العبارة مرساتها، قال مدير الميناء.".encode(), "الميناء"),
        (("👩‍👩‍👧 " + NEWS).encode(), "Turku"),
        (("\u202e" + NEWS + "\u202c").encode(), "Turku"),
        (NEWS.replace("harbour", "har\u200bbour").encode(), "harbour"),
        (b"", ""),
        (b"\0" * 5_000, ""),
        (bytes(range(256)) * 40, None),
    ],
)  # fmt: skip
def test_any_encoding_is_read_rightly_or_skipped_with_a_reason(tmp_path: Path, data: bytes, holds: str | None) -> None:
    (tmp_path / "a.txt").write_bytes(data)
    found, skipped = read_folders([tmp_path])
    if not found:
        assert not holds and skipped[0].why
        return
    text = clean(found[0]).text
    assert "\0" not in text and "\u202e" not in text and "\u200b" not in text
    assert holds is None or any(words in text for words in holds.split("|"))


def test_reading_takes_no_more_memory_than_it_may() -> None:
    """The limit of `read` does hold: what takes more fails."""
    code = READ.format(seconds=SECONDS, bytes=BYTES).replace("print(", "x = bytearray(2_000_000_000); print(")
    done = subprocess.run([sys.executable, "-c", code, str(ROOT / "seeds")], capture_output=True, cwd=ROOT, check=False)
    assert done.returncode and b"MemoryError" in done.stderr
    assert resource.getrlimit(resource.RLIMIT_CPU)


def test_a_pdf_is_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.pdf").write_bytes(pdf(f"BT /F1 9 Tf ({NEWS}) Tj ET".encode()))
    monkeypatch.chdir(tmp_path)
    for folder in (Path("in"), Path("in/a.pdf"), Path(".")):
        (found,), skipped = read_folders([folder])
        assert "harbour master" in found.text and not skipped


def test_the_text_of_one_page_of_a_pdf_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.reading.pdf.MAX_CHARACTERS", 1_000)
    (tmp_path / "a.pdf").write_bytes(pdf(b"BT /F1 9 Tf " + b"(harbour) Tj " * 3_000 + b"ET"))
    (raw,) = read_pdf(tmp_path / "a.pdf")
    assert isinstance(raw, RawArticle) and len(raw.text) == 1_000


def test_lines_of_a_file_are_bounded_in_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "_MAX_LINES", 50)
    line = json.dumps({"text": NEWS, "date": "2022-03-29" + "9" * 1_000_000}) + "\n"
    (tmp_path / "a.jsonl").write_text("x\n" * 300 + line + json.dumps({"text": NEWS}) + "\n")
    found, skipped = read_folders([tmp_path])
    assert len(found) == 2 and len(skipped) == 101 and "200 more of its parts" in skipped[-1].why
    (tmp_path / "a.jsonl").write_text((json.dumps({"text": NEWS}) + "\n") * 60)
    found, skipped = read_folders([tmp_path])
    assert len(found) == 50 and "more than 50 articles" in skipped[0].why


@pytest.mark.parametrize(
    ("limit", "value", "why"),
    [("BYTES", 20_000_000, r"gave up \("), ("SECONDS", 1, r"gave up \(-(?:9|24)\)"), ("WAIT", 0.3, "took more than")],
)  # fmt: skip
def test_each_limit_of_the_pdf_reader_acts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: float, why: str
) -> None:
    """The file needs more than the limit that is lowered and less than the others; a small one needs less than a second."""
    vast, small = tmp_path / "vast.pdf", tmp_path / "small.pdf"
    vast.write_bytes(pdf(b"BT /F1 9 Tf (harbour) Tj ET " + b"0 0 m " * 300_000))
    small.write_bytes(pdf(b"BT /F1 9 Tf (harbour) Tj ET"))
    monkeypatch.setattr(isolated, limit, value)
    found = readers.read_file(vast, tmp_path)
    assert isinstance(found, Skipped) and re.search(why, found.why), found
    if limit == "SECONDS":
        assert not isinstance(readers.read_file(small, tmp_path), Skipped)
    monkeypatch.undo()
    (raw,) = cast(list[RawArticle], readers.read_file(vast, tmp_path))
    assert raw.text == "harbour"
