"""Pages and feeds: fetched from a server on this machine where that is allowed, and from no private network where it is not."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from fakes import Words, news
from hostile import pdf

from index import additions, fetch, pages
from index.build import build
from index.errors import InputError, RagError
from index.store.sqlite import Store
from rag import cli, embedders

TOLD = "The harbour at Turku was closed for nine hours on Wednesday after the ferry Aurora had lost its anchor."
PAGE = (
    '<html><head><title>Ferry loses its anchor</title><meta property="og:site_name" content="Turku News">'
    '<meta property="article:published_time" content="2023-05-03"></head><body><article><h1>Ferry loses its anchor</h1>'
    f"<p>{TOLD}</p><p>Nobody was hurt, harbour master Liisa Virtanen said, and divers will look for it on Thursday.</p>"
    "</article></body></html>"
)
FEED = (
    '<rss version="2.0"><channel><title>Turku News</title><item><title>A</title><link>{url}/ferry.html</link></item>'
    "<item><title>B</title><link>{url}/gone</link></item><item><title>C</title><link>file:///etc/passwd</link></item>"
    "<item><title>D</title><link>http://[::1]:9/x</link></item></channel></rss>"
)


class Site(BaseHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        Site.asked.append(self.path)
        here = f"http://{self.headers['Host']}"
        told: dict[str, tuple[int, dict[str, str], bytes]] = {
            "/ferry.html": (200, {"Content-Type": "text/html; charset=utf-8"}, PAGE.encode()),
            "/packed": (200, {"Content-Type": "text/html", "Content-Encoding": "gzip"}, gzip.compress(PAGE.encode())),
            "/bomb": (200, {"Content-Type": "text/html", "Content-Encoding": "gzip"}, gzip.compress(b"x" * 30_000_000)),
            "/long": (200, {"Content-Type": "text/html"}, b"x" * (fetch.MAX_BYTES + 1)),
            "/ring": (302, {"Location": "/ring"}, b""),
            "/moved": (301, {"Location": "/ferry.html"}, b""),
            "/inside": (302, {"Location": f"http://localhost:{here.rpartition(':')[2]}/ferry.html"}, b""),
            "/file": (302, {"Location": "file:///etc/passwd"}, b""),
            "/Report.PDF": (
                200,
                {"Content-Type": "application/octet-stream"},
                pdf(f"BT /F1 9 Tf ({TOLD}) Tj ET".encode()),
            ),
            "/picture": (200, {"Content-Type": "image/png"}, b"\x89PNG"),
            "/feed": (200, {"Content-Type": "application/rss+xml"}, FEED.format(url=here).encode()),
        }
        status, headers, body = told.get(self.path, (404, {}, b""))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def site() -> Iterator[str]:
    """The address of a server on this machine."""
    Site.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def ix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(embedders, "load", Words)
    build(
        tmp_path / "ix", [news(tmp_path / "in", [("snow", "Oslo Post", "2024-01-05", "Snow fell on Oslo.")])], Words()
    )
    return tmp_path / "ix"


def rag(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    code = cli.main(list(args))
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_page_is_added_kept_and_indexed_again(
    capsys: pytest.CaptureFixture[str], site: str, ix: Path, tmp_path: Path
) -> None:
    code, out, _ = rag(capsys, "articles", "add", f"{site}/moved", "--private", "--index", str(ix))
    assert code == 0 and "1 added; 2 articles now." in out and Site.asked == ["/moved", "/ferry.html"]
    for again in (False, True):
        if again:
            build(ix, [tmp_path / "in"], Words(), rebuild=True)
        store = Store(ix, vectors=False)
        article = store.article("ferry")
        store.close()
        assert TOLD in article.text and article.url == f"{site}/ferry.html"
        assert (article.title, article.source, article.published) == (
            "Ferry loses its anchor",
            "Turku News",
            date(2023, 5, 3),
        )
    assert len(Site.asked) == 2, "an index is made again without a connection"
    assert (ix / "added" / "ferry.mhtml").is_file()


def test_a_pdf_is_added_kept_as_one_and_indexed_again(
    capsys: pytest.CaptureFixture[str], site: str, ix: Path, tmp_path: Path
) -> None:
    address = f"{site}/Report.PDF"
    assert rag(capsys, "articles", "add", address, "--private", "--index", str(ix))[0] == 0
    for again in (False, True):
        if again:
            build(ix, [tmp_path / "in"], Words(), rebuild=True)
        store = Store(ix, vectors=False)
        article = store.article("Report")
        store.close()
        assert (article.text, article.url, article.source) == (TOLD, address, "127.0.0.1")
    assert (ix / "added" / "Report.pdf").read_bytes().startswith(b"%PDF-") and Site.asked == ["/Report.PDF"]
    assert [a.id for a in additions.own(Store(ix, vectors=False))] == ["Report"]
    assert rag(capsys, "articles", "remove", "Report", "--index", str(ix))[0] == 0
    assert (ix / "added" / "articles.toml").read_text() == "", "another article of this name has another address"


def test_a_feed_is_followed_and_what_is_new_in_it_fetched(
    capsys: pytest.CaptureFixture[str], site: str, ix: Path
) -> None:
    code, out, _ = rag(capsys, "feed", "add", f"{site}/feed", "--private", "--index", str(ix))
    assert code == 0 and "Followed: Turku News" in out and "1 added; 2 articles now." in out
    assert f"skipped {site}/gone: {site}/gone answered 404." in out
    assert "http://[::1]:9/x: ::1 is at ::1, on this machine or a private network." in out
    Site.asked.clear()
    assert "0 added" in rag(capsys, "feed", "update", "--index", str(ix))[1]
    assert Site.asked == ["/feed", "/gone"], "what is there is not fetched again"
    assert rag(capsys, "feed", "--index", str(ix))[1] == f"{site}/feed  Turku News\n"
    assert "is already followed" in rag(capsys, "feed", "add", f"{site}/feed", "--private", "--index", str(ix))[2]
    assert rag(capsys, "feed", "remove", f"{site}/feed", "--index", str(ix))[0] == 0
    assert "follows no feed" in rag(capsys, "feed", "update", "--index", str(ix))[2]


def test_without_the_flag_nothing_is_fetched_from_this_machine(
    capsys: pytest.CaptureFixture[str], site: str, ix: Path
) -> None:
    code, out, _ = rag(capsys, "articles", "add", f"{site}/ferry.html", "--index", str(ix))
    assert code == 1 and "127.0.0.1 is at 127.0.0.1, on this machine or a private network." in out
    assert "on this machine" in rag(capsys, "feed", "add", f"{site}/feed", "--index", str(ix))[2]
    assert Site.asked == [] and not pages.read_feeds(ix)


def test_the_flag_is_for_the_host_that_is_named_alone(site: str) -> None:
    with pytest.raises(InputError, match="localhost is at"):
        fetch.fetch(f"{site}/inside", "127.0.0.1")
    assert Site.asked == ["/inside"]


@pytest.mark.parametrize(
    ("path", "says"),
    [("/bomb", "has more than"), ("/long", "has more than"), ("/ring", "redirected more than 5"), ("/gone", "answered 404"),
     ("/file", "not the address of a page")],
)  # fmt: skip
def test_what_is_too_much_or_leads_elsewhere_is_refused(site: str, path: str, says: str) -> None:
    with pytest.raises(RagError, match=says):
        fetch.fetch(site + path, "127.0.0.1")


def test_an_address_may_have_any_letters(site: str) -> None:
    with pytest.raises(RagError, match="answered 404"):
        fetch.fetch(f"{site}/färja?säker=ja#här", "127.0.0.1")
    assert Site.asked == ["/f%C3%A4rja?s%C3%A4ker=ja"]
    assert fetch.host_of("https://färja.example/") == "xn--frja-loa.example"


def test_a_packed_page_and_one_that_is_none(site: str, ix: Path) -> None:
    assert fetch.fetch(f"{site}/packed", "127.0.0.1").data == PAGE.encode()
    report = pages.add(ix, [f"{site}/picture"], Words(), private=True)
    assert report.added == 0 and "It is image/png, neither a page nor a PDF" in report.skipped[0].why


def test_a_name_that_changes_its_address_leads_nowhere_else(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address that was checked is the one that is connected to: the name is looked up once."""
    looked: list[str] = []
    real = socket.getaddrinfo

    def look(host: str, port: int, *args: Any, **more: Any) -> Any:
        if host != "news.example":
            return real(host, port, *args, **more)
        looked.append(host)
        address = "93.184.216.34" if len(looked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    tried: list[str] = []

    def connect(self: object, host: str, *args: Any, **more: Any) -> Any:
        tried.append(host)
        raise fetch.httpcore.ConnectError("far enough")

    monkeypatch.setattr(socket, "getaddrinfo", look)
    monkeypatch.setattr(fetch.httpcore.SyncBackend, "connect_tcp", connect)
    with pytest.raises(RagError, match="far enough"):
        fetch.fetch("http://news.example/")
    assert looked == ["news.example"] and tried == ["93.184.216.34"]
    with pytest.raises(InputError, match=r"news\.example is at 127\.0\.0\.1"):
        fetch.fetch("http://news.example/")
    assert tried == ["93.184.216.34"]


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "240.0.0.1",
     "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1",
     "2002:7f00:1::", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "198.18.0.1"],
)  # fmt: skip
def test_private_ranges_are_private_however_they_are_written(address: str) -> None:
    assert not fetch.is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_others_are_public(address: str) -> None:
    assert fetch.is_public(address)


@pytest.mark.parametrize(
    "url", ["", "news.example", "ftp://news.example/", "file:///etc/passwd", "http://", "http://a:b@news.example/", "http://x:0/",
            "http://news.example/\n", "https://news.example/" + "x" * 2_000, "http://[::1"],
)  # fmt: skip
def test_what_is_no_address_of_a_page_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="not the address of a page"):
        fetch.host_of(url)
