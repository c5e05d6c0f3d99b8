"""A query becomes hits: vectors and full text, fused, filtered, copies folded together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date

from index.calibration import RETRIEVAL
from index.embedder import Embedder
from index.errors import InputError
from index.reading.metadata import encodable
from index.store.base import Collection
from index.store.names import check_days, check_source
from index.text.words import share, terms, word_runs
from index.types import Article, Chunk, Hit
from index.versions import superseded


def search(
    store: Collection,
    embedder: Embedder,
    query: str,
    k: int = 10,
    *,
    source: str | None = None,
    after: date | None = None,
    before: date | None = None,
    as_of: date | None = None,
) -> list[Hit]:
    """The k best chunks, best first. Of an article and its updated version the newer one counts (`index.versions`).

    Args:
        source: only articles of this source (case and a leading "www." do not matter).
        after, before: only articles published on or after, on or before, the day;
            articles without a date are then left out.
        as_of: nothing published after this day (articles without a date stay).

    Raises:
        InputError: an empty query, k below 1, a source that no article has, or `after` later than `before`.
    """
    if not query.strip():
        raise InputError("The query is empty.", "Ask something.")
    query, source = encodable(query), encodable(source) if source else source
    if k < 1:
        raise InputError(f"k is {k}.", "Ask for at least one result.")
    check_days(after, before)
    vector = embedder.query(query)
    with store.snapshot():
        within = store.within(source, after, before, as_of)
        dense = dict(store.nearest(vector, RETRIEVAL.depth, within))
        sparse = store.full_text(terms(query)[: RETRIEVAL.query_words], RETRIEVAL.depth, within)
        found = sorted(set(dense) | set(sparse))
        if source and not found:
            check_source(source, store.sources())
        cosine = dense | store.cosines(vector, [row for row in found if row not in dense])
        fused = fuse(cosine, sparse)
        order = sorted(fused, key=lambda row: (-fused[row], row))
        chunks: list[tuple[int, Chunk]] = []
        for row in order:
            with suppress(KeyError):  # taken out since it was found, where a store has no snapshots
                chunks.append((row, store.chunk(row)))
        articles = {c.article_id: store.loaded_article(c.article_id) for _, c in chunks}
    ranked = [(c, articles[c.article_id], fused[row], cosine.get(row), sparse.get(row)) for row, c in chunks]
    hits = _fold(ranked, k)
    # Versions have a passage in common, or their address.
    alike = {a.id: a for hit in hits if hit.copies for a in (hit.article, *(other for _, other in hit.copies))}
    addresses = Counter(a.url for a in articles.values() if a.url)
    alike |= {a.id: a for a in articles.values() if a.url and addresses[a.url] > 1}
    if not (old := superseded(alike.values())):
        return hits
    hits = _fold([found for found in ranked if found[1].id not in old], k)
    earlier = {new.id: tuple(alike[name] for name in old if old[name].id == new.id) for new in old.values()}
    return [_latest(hit, earlier) for hit in hits]


def _latest(hit: Hit, earlier: Mapping[str, tuple[Article, ...]]) -> Hit:
    """The hit with the older versions of its article; an updated version goes before another outlet's copy of it."""
    if hit.article.id not in earlier:
        for n, (chunk, article) in enumerate(hit.copies):
            if article.id in earlier:
                others = (*hit.copies[:n], (hit.chunk, hit.article), *hit.copies[n + 1 :])
                hit = replace(hit, chunk=chunk, article=article, copies=others)
                break
    return replace(hit, earlier=earlier.get(hit.article.id, ()))


def fuse(cosine: dict[int, float], bm25: dict[int, float]) -> dict[int, float]:
    """The mean of both scores, each scaled to 0..1 over the candidates.

    Anserini's published runs on newswire (TREC-NEWS) put this ahead of reciprocal rank
    fusion, nDCG@10 .501 to .486; `docs/experiments.md` has what was measured here.
    """
    low, high = min(cosine.values(), default=0.0), max(cosine.values(), default=1.0)
    top = max(bm25.values(), default=1.0) or 1.0
    spread = (high - low) or 1.0
    meaning = RETRIEVAL.meaning
    return {
        row: meaning * (value - low) / spread + (1 - meaning) * bm25.get(row, 0.0) / top
        for row, value in cosine.items()
    }


def _fold(ranked: Sequence[tuple[Chunk, Article, float, float | None, float | None]], k: int) -> list[Hit]:
    """Show near-duplicates once, with every other article that carries them."""
    hits: list[Hit] = []
    runs: list[set[tuple[str, ...]]] = []
    for chunk, article, score, cosine, bm25 in ranked:
        mine = word_runs(chunk.text)
        twin = next(
            (
                i
                for i, theirs in enumerate(runs)
                if hits[i].chunk.article_id != article.id and share(mine, theirs) >= RETRIEVAL.copy
            ),
            None,
        )
        if twin is not None:
            known = hits[twin]
            hits[twin] = Hit(
                known.chunk,
                known.article,
                known.score,
                known.rank,
                known.cosine,
                known.bm25,
                (*known.copies, (chunk, article)),
            )
        elif len(hits) < k:
            hits.append(Hit(chunk, article, score, len(hits) + 1, cosine, bm25))
            runs.append(mine)
    return hits
