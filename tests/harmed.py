"""What fuzzing of the readers begins with: small files of each kind, whole, and harmed in the ways that files are."""

from __future__ import annotations

import random

NEWS = "The harbour at Turku was closed on Monday, Liisa Virtanen said. It was the third time since 3 May 2023."
PAGE = f"<html><head><title>Harbour</title></head><body><article><h1>Harbour</h1><p>{NEWS}</p><p>{NEWS[::-1]}</p></article></body></html>"
_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_CORE = 'xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"'
_PARAGRAPH = f"<w:p><w:pPr><w:pStyle w:val='Title'/><w:numPr/></w:pPr><w:r><w:t>{NEWS}</w:t><w:br/><w:tab/></w:r></w:p>"
_CELLS = f"<w:tbl><w:tblPr/><w:tblGrid><w:gridCol/></w:tblGrid><w:tr><w:tc><w:tcPr><w:gridSpan w:val='2'/></w:tcPr>{_PARAGRAPH}</w:tc></w:tr></w:tbl>"
_PACKAGE = (
    '<package xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>News</dc:title><dc:date>2023-05-03</dc:date><dc:creator>Ann</dc:creator>'
    '</metadata><manifest><item id="a" href="a.html" media-type="text/html"/></manifest><spine><itemref idref="a"/></spine></package>'
)
_MAIL = f"From: =?utf-8?q?Ann_Ek?= <a@b.example>\nSubject: Harbour\nDate: Wed, 03 May 2023 14:00:00 +0300\nContent-Type: text/plain; charset=utf-8\n\n{NEWS}\n"
_PARTS = (
    f'Subject: Harbour\nContent-Type: multipart/alternative; boundary="b"\n\n--b\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\n'
    f"VGhlIGhhcmJvdXI=\n--b\nContent-Type: text/html; charset=latin-1\nContent-Transfer-Encoding: quoted-printable\n\n{PAGE}\n--b--\n"
)
_SAVED = f"Snapshot-Content-Location: http://a.example/2023/05/03/x\nMIME-Version: 1.0\n{_PARTS}"
_NOTE = (
    f"---\ntitle: 'Harbour: closed'\nsource: http://a.example\ndate: 2023-05-03\nauthors: [Ann, '[[Ville]]']\n---\n# Harbour\n\n{NEWS}[^1]\n\n"
    "> [!note] A [link](http://a.example) ==and== ![[a.png]]\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n3. <b onclick=x>three</b>\n\n```\ncode\n```\n[^1]: note\n"
)
_HUGO = f'+++\ntitle = "Harbour"\ndate = 2024-01-09T10:00:00Z\n+++\n{NEWS}\n\n* * *\n<div hidden>none</div>\n'
_ANSWER = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{PAGE}"
_CHUNKED = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n{len(PAGE):x}\r\n{PAGE}\r\n0\r\n\r\n"


def _record(block: str, kind: str = "response") -> str:
    head = f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: http://a.example/\r\nContent-Length: {len(block.encode())}\r\n"
    return f"{head}Content-Type: text/html\r\n\r\n{block}\r\n\r\n"


# For each target its inputs, without the byte that chooses what they are.
_WHOLE: dict[str, dict[int, str]] = {
    "docx": {
        0: f"<w:document {_W}><w:body>{_PARAGRAPH}{_CELLS}</w:body></w:document>",
        1: f"<cp:coreProperties {_CORE}><dc:title>Harbour</dc:title><dc:creator>Ann; Ville</dc:creator></cp:coreProperties>",
        2: f'<w:styles {_W}><w:style w:type="paragraph" w:styleId="Title"><w:name w:val="Title"/></w:style></w:styles>',
        3: "PK\x03\x04 no document",
    },
    "epub": {
        0: _PACKAGE,
        1: f'<?xml version="1.0" encoding="utf-8"?>{PAGE}',
        2: '<container><rootfiles><rootfile full-path="b.opf"/></rootfiles></container>',
        3: "PK\x03\x04 no book",
    },
    "mail": {0: _MAIL, 1: f"From a@b.example Wed May 3 14:00:00 2023\n{_MAIL}\nFrom b\n{_PARTS}>From c\n", 2: _SAVED},
    "csv": {
        0: f'title,text,date,source\nHarbour,"{NEWS}\n""said""",2023-05-03,Post\n,,,\n',
        1: f"Text\tURL\n{NEWS}\thttp://a.example\n",
    },
    "markdown": {0: _NOTE, 1: _HUGO},
    "warc": {
        0: _record("software: a crawler", "warcinfo") + _record(_ANSWER) + _record(_CHUNKED),
        1: _record(PAGE, "resource") + _record(_ANSWER.replace("200 OK", "404 Gone")),
    },
}


def begin(target: str) -> list[bytes]:
    """The inputs that a target begins with; none for one whose corpus is kept in files."""
    dice = random.Random(7)
    inputs = []
    for choice, text in _WHOLE.get(target, {}).items():
        whole = text.encode()
        place = dice.randrange(len(whole))
        flipped = bytearray(whole)
        for n in range(0, len(whole), 23):
            flipped[n] ^= 1 << dice.randrange(8)
        inputs += [bytes([choice]) + data for data in (
            whole, whole[: len(whole) // 3], whole[: -9], whole + whole, bytes(flipped), whole[place:] + whole[:place], whole.replace(b"\n", b""),
            whole[:place] + bytes(40) + whole[place:], whole.replace(b"2023", b"9" * 400), text.encode("utf-16"), text.replace("a", "\udcff").encode("utf-8", "surrogateescape"),
        )]  # fmt: skip
    return inputs
