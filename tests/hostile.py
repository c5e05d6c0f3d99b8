"""What the tests of hostile files share: a piece of news, a PDF made by hand, and reading a folder within limits."""

from __future__ import annotations

import json
import subprocess
import sys
import zlib
from pathlib import Path

from conftest import ROOT

NEWS = "The harbour at Turku was closed on Monday after a ferry had lost its anchor, the harbour master said."
SECONDS, BYTES = 100, 1_500_000_000  # of processor time and memory that reading one folder may take here
READ = """
import json, resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_CPU, ({seconds}, {seconds}))
resource.setrlimit(resource.RLIMIT_DATA, ({bytes}, {bytes}))
from index.reading.files import read_folders
from index.build import clean_all
from index.text.chunks import chunk
raws, skipped = read_folders([Path(sys.argv[1])])
articles, empty = clean_all(raws)
chunks = sum(len(chunk(a)) for a in articles)
print(json.dumps([[a.id for a in articles], [[s.path, s.why] for s in [*skipped, *empty]], chunks]))
"""


def read(folder: Path) -> tuple[list[str], dict[str, str], int]:
    """Read, clean and chunk a folder in a process with limits: ids, what was skipped and why, chunks."""
    code = READ.format(seconds=SECONDS, bytes=BYTES)
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, cwd=ROOT, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-500:]
    ids, skipped, chunks = json.loads(done.stdout)
    return ids, {Path(path.split(" line ")[0]).name: why for path, why in skipped}, chunks


def pdf(stream: bytes, title: bytes = b"") -> bytes:
    """A whole PDF of one page; `stream` is what its page draws."""
    data = zlib.compress(stream, 9)
    bodies = [
        b"<</Type /Catalog /Pages 2 0 R>>",
        b"<</Type /Pages /Kids [3 0 R] /Count 1>>",
        b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 300 300] /Contents 4 0 R /Resources <</Font <</F1 <</Type /Font "
        b"/Subtype /Type1 /BaseFont /Helvetica>>>>>>>>",
        b"<</Filter /FlateDecode /Length %d>> stream\n" % len(data) + data + b"\nendstream",
        b"<</Title (" + title + b")>>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, 1):
        places.append(len(out))
        out += b"%d 0 obj " % number + body + b" endobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer <</Root 1 0 R /Info 5 0 R /Size 6>>\nstartxref\n%d\n%%%%EOF" % len(out)
    return out + b"xref\n0 6\n0000000000 65535 f \n" + table + end
