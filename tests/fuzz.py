"""Coverage-guided fuzzing of what reads strangers' bytes: `python tests/fuzz.py readers|citations [--minutes 10]`.

Needs the extra `[fuzz]` (atheris). Inputs that reached new code are kept in tests/corpus/, and tried again by
`tests/test_corpus.py`; an input that fails is written beside them as crash-….
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent
CORPUS = ROOT / "tests" / "corpus"
sys.path.insert(0, str(ROOT))


def readers(data: bytes) -> None:
    """The first byte chooses the kind of file; the rest is the file."""
    from index.build import clean_all
    from index.chunks import chunk
    from index.readers import read_file
    from index.types import RawArticle, Skipped

    kinds = (".txt", ".md", ".html", ".jsonl")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{kinds[(data[0] if data else 0) % len(kinds)]}"
        path.write_bytes(data[1:])
        found = read_file(path, Path(folder))
    raws = [] if isinstance(found, Skipped) else [f for f in found if isinstance(f, RawArticle)]
    for article in clean_all(raws)[0]:
        for piece in chunk(article):
            assert article.text[piece.start : piece.end] == piece.text


def citations(data: bytes) -> None:
    """What a model may write, and a question beside it."""
    from index.dates import mentions, parse_day
    from rag.citations import split_draft
    from rag.drafts import asks_for_several, is_closed, only_agrees
    from rag.when import period
    from ui.render import text_html

    text = data.decode("utf-8", "replace")
    assert not any(re.search(r"\[\d+\]", sentence) for sentence in split_draft(text))
    for mention in mentions(text, None):
        assert text[mention.start : mention.end] == mention.words
    parse_day(text[:200])
    period(text, None)
    asks_for_several(text)
    is_closed(text)
    only_agrees(text, text[::-1])
    shown = text_html(text)
    assert "<" not in shown.removeprefix('<p class="said">').removesuffix("</p>")


TARGETS: dict[str, Callable[[bytes], None]] = {"readers": readers, "citations": citations}


def main() -> None:
    """Fuzz one target."""
    import atheris

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=list(TARGETS))
    parser.add_argument("--minutes", type=float, default=10.0)
    args = parser.parse_args()
    corpus = CORPUS / args.target
    corpus.mkdir(parents=True, exist_ok=True)
    with atheris.instrument_imports(include=["index", "rag"]):
        import rag.citations
        import rag.drafts
        import rag.when  # noqa: F401
    options = [f"-max_total_time={round(60 * args.minutes)}", "-max_len=4096", "-timeout=20", "-rss_limit_mb=3000"]
    atheris.Setup([sys.argv[0], str(corpus), f"-artifact_prefix={corpus}/crash-", *options], TARGETS[args.target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
