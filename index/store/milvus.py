"""The same index kept by Milvus: an embedded file, a server or a cluster, by its address.

Three collections: NAME_chunks (vectors, words, places, and what is filtered by), NAME_articles (whole articles, in
parts that fit a field) and NAME_meta. A write inserts what is new before it removes what is gone; there is no
transaction over all of it, so a reader may for a moment see an article in both its old and its new form, but never half
of one.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from typing import Any

import numpy as np

from index.embedder import Embedder, Progress
from index.errors import IndexDamaged, IndexMissing, InputError
from index.store.database import article_from, parts
from index.store.names import merged, source_key
from index.store.writer import as_data
from index.text.chunks import MAX_WORDS, chunk, embedded_text
from index.types import Article, Chunk, IndexReport, Skipped

FORMAT = 1
_PART = 15_000  # characters of an article in one field, which holds 65,535 bytes
_STEM = 4  # letters by which a word is known: the index has stems, which may be shorter than the word
_AT_ONCE = 200  # chunks in one insertion
_PLACES = ["article_id", "hash", "ordinal", "start", "stop", "kind"]
_NO_VECTOR = [0.0, 0.0]  # every collection must have vectors


def shown(uri: str) -> str:
    """An address fit for messages: without the name and password in it."""
    return re.sub(r"(?<=//)[^/]*@", "", uri)


def made_with(uri: str, name: str = "rag") -> str | None:
    """The name of the embedding model that an index in Milvus was made with; None where there is no index.

    Raises:
        InputError: pymilvus is not installed, or nothing answers there.
    """
    client = _connect(uri)
    try:
        if not client.has_collection(f"{name}_meta"):
            return None
        client.load_collection(f"{name}_meta")
        return _meta(client, name).get("embedder")
    finally:
        client.close()


class MilvusStore:
    """An index in Milvus, opened for reading and writing; the counterpart of `index.store.sqlite.Store`.

    Args:
        uri: a path that ends in .db (an embedded Milvus), or http://HOST:19530.
        name: what its collections begin with.
        create: make them where they are not there.

    Raises:
        InputError: pymilvus is not installed, or nothing answers there.
        IndexMissing: there is no such index.
        IndexDamaged: it was made by another program version or embedding model.
    """

    def __init__(self, uri: str, embedder: Embedder, name: str = "rag", create: bool = False) -> None:
        self._client = _connect(uri)
        uri = shown(uri)
        self.uri, self._name, self._embedder = uri, name, embedder
        self._lock = threading.RLock()
        self._found = threading.local()
        self._articles: dict[str, tuple[str, Article]] = {}
        self._stems = _Stems()
        if not self._client.has_collection(f"{name}_meta"):
            if not create:
                raise IndexMissing(f"There is no index {name} at {uri}.", f"Build one: rag index FOLDER --uri {uri}")
            self._create(embedder.dim)
        for part in ("chunks", "articles", "meta"):
            self._client.load_collection(f"{name}_{part}")
        says = self._all_meta()
        for key, want in (("format", str(FORMAT)), ("embedder", embedder.name), ("chunk_words", str(MAX_WORDS))):
            if says.get(key, want) != want:
                raise IndexDamaged(
                    f"The index at {uri} has {key} {says[key]}, but {want} was requested.",
                    "Index it into another name, or open it as it was made.",
                )
        if not says and not create:
            raise IndexMissing(f"The index {name} at {uri} was never finished.", "Run `rag index` again.")

    # ---- what a search needs -----------------------------------------------------

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Milvus has no consistent state across several calls; see the module."""
        self._found.places = {}
        yield

    def within(self, source: str | None, after: date | None, before: date | None, as_of: date | None) -> str | None:
        """A Milvus filter for the limits of a search, None where there is none."""
        where = []
        if source:
            key = source_key(source)
            where.append(f"source in [{_text(key)}, {_text(f'www.{key}')}]")
        if after:
            where.append(f"day >= {after.toordinal()}")
        if before:
            where.append(f"day > 0 and day <= {before.toordinal()}")
        if as_of:
            where.append(f"day <= {as_of.toordinal()}")  # those without a day have 0
        return " and ".join(where) or None

    def nearest(self, vector: np.ndarray, k: int, within: str | None = None) -> list[tuple[int, float]]:
        """(chunk row, cosine) of the k nearest."""
        return self._search([vector.tolist()], "vector", k, within)

    def full_text(self, words: Sequence[str], k: int, within: str | None = None) -> dict[int, float]:
        """BM25 by chunk row of the k best, higher is better."""
        return dict(self._search([self._stems.of(" ".join(words))], "words", k, within)) if words else {}

    def cosines(self, vector: np.ndarray, rows: Sequence[int]) -> dict[int, float]:
        """Cosine similarity of the vector and each row's."""
        out = {}
        for part in parts(rows):
            for found in self._client.query(
                f"{self._name}_chunks", filter=f"row in {list(part)}", output_fields=["row", "vector"]
            ):
                out[found["row"]] = float(np.asarray(found["vector"], np.float32) @ vector)
        return out

    def chunk(self, row: int) -> Chunk:
        """A chunk that the last searches found."""
        at = self._found.places[row]
        text = self.loaded_article(at["article_id"], at["hash"]).text[at["start"] : at["stop"]]
        name = f"{at['article_id']}#{at['ordinal']}"
        return Chunk(name, at["article_id"], at["ordinal"], at["start"], at["stop"], text, at["kind"])

    def loaded_article(self, article_id: str, wanted: str | None = None) -> Article:
        """The article with this id, read again if the cached form is not the one wanted."""
        with self._lock:
            known = self._articles.get(article_id)
            if known and wanted in (None, known[0]):
                return known[1]
        found = self._client.query(
            f"{self._name}_articles",
            filter=f"article_id == {_text(article_id)}",
            output_fields=["n", "hash", "data"],
        )
        forms = {row["hash"] for row in found}
        form = wanted or next(iter(sorted(forms)), None)
        if form is None or form not in forms:
            raise KeyError(article_id)
        text = "".join(row["data"] for row in sorted(found, key=lambda row: row["n"]) if row["hash"] == form)
        if hashlib.sha256(text.encode()).hexdigest() != form:
            raise IndexDamaged(f"Article {article_id} at {self.uri} is not what was written.", "Run `rag index` again.")
        article = article_from(json.loads(text))
        with self._lock:
            if len(self._articles) > 2_000:
                self._articles.clear()
            self._articles[article_id] = (form, article)
        return article

    # ---- what else an answer needs --------------------------------------------------

    @property
    def meta(self) -> dict[str, str]:
        """What the index says of itself."""
        return self._all_meta()

    def article(self, article_id: str) -> Article:
        """The article with this id.

        Raises:
            KeyError: there is none.
        """
        with self._lock:
            self._articles.pop(article_id, None)
        return self.loaded_article(article_id)

    def articles(self, newest: int = -1) -> list[Article]:
        """Every article, or the `newest`, oldest first; those without a date come last."""
        listed = sorted(self._listed(), key=lambda row: (row["day"] == 0, -row["day"], row["article_id"]))
        chosen = listed if newest < 0 else listed[:newest]
        chosen.sort(key=lambda row: (row["day"] == 0, row["day"], row["article_id"]))
        return [self.loaded_article(row["article_id"], row["hash"]) for row in chosen]

    def span(self) -> tuple[date | None, date | None]:
        """The days of the oldest and the newest article; None where none is dated."""
        says = self._all_meta()
        first, last = (json.loads(says.get(key, "null")) for key in ("first", "last"))
        return (date.fromisoformat(first), date.fromisoformat(last)) if first and last else (None, None)

    def sources(self) -> list[str]:
        """The sources that articles name, in alphabetical order."""
        return merged(row["source"] for row in self._listed() if row["source"])

    def knows(self, beginning: str) -> bool:
        """Whether any article has a word that begins so (case does not matter)."""
        letters = "".join(c for c in unicodedata.normalize("NFKD", beginning.lower()) if c.isalnum())
        # Words are kept as stems, which may be shorter than the word: "davi" of "Davies".
        found = letters and self._client.query(
            f"{self._name}_chunks", filter=f'text like "% {letters[:_STEM]}%"', output_fields=["row"], limit=1
        )
        return not letters or bool(found)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    # ---- writing ----------------------------------------------------------------------

    def write(
        self,
        articles: Sequence[Article],
        skipped: Sequence[Skipped] = (),
        folders: Sequence[str] = (),
        progress: Progress | None = None,
    ) -> IndexReport:
        """Make the index hold exactly these articles; embed those that are new or changed."""
        before: dict[str, set[str]] = {}
        whole: set[str] = set()
        for row in self._listed():
            before.setdefault(row["article_id"], set()).add(row["hash"])
            if row["whole"]:
                whole.add(f"{row['article_id']} {row['hash']}")
        data = {a.id: as_data(a) for a in articles}
        hashes = {i: hashlib.sha256(text.encode()).hexdigest() for i, text in data.items()}
        changed = [a for a in articles if f"{a.id} {hashes[a.id]}" not in whole]
        dropped = [i for i in before if i not in hashes]
        # An article is there before its chunks are, so that what is found can always be shown;
        # and it counts as written when its last chunk is.
        made = [(a, c) for a in changed for c in chunk(a)]
        for a in changed:
            self._client.upsert(f"{self._name}_articles", self._parts_of(a, data[a.id], hashes[a.id], 0))
        for n, part in enumerate(parts(made, _AT_ONCE)):
            vectors = self._embedder.passages([embedded_text(a, c) for a, c in part])
            rows = [self._row(a, c, hashes[a.id], v) for (a, c), v in zip(part, vectors, strict=True)]
            self._client.upsert(f"{self._name}_chunks", rows)
            if progress:
                progress(min((n + 1) * _AT_ONCE, len(made)), len(made))
        for a in changed:
            self._client.upsert(f"{self._name}_articles", self._parts_of(a, data[a.id], hashes[a.id], 1)[:1])
        for name, forms in before.items():
            for form in forms - {hashes.get(name, "")}:
                gone = f"article_id == {_text(name)} and hash == {_text(form)}"
                self._client.delete(f"{self._name}_chunks", filter=gone)
                self._client.delete(f"{self._name}_articles", filter=gone)
        total = int(self._client.query(f"{self._name}_chunks", filter="", output_fields=["count(*)"])[0]["count(*)"])
        days = sorted(a.published.isoformat() for a in articles if a.published)
        says = {
            "format": FORMAT, "embedder": self._embedder.name, "dim": self._embedder.dim, "chunk_words": MAX_WORDS,
            "chunks": total, "articles": len(articles), "kind": "milvus", "built_at": date.today().isoformat(),
            "first": json.dumps(days[0] if days else None), "last": json.dumps(days[-1] if days else None),
            "folders": json.dumps(list(folders)), "skipped": json.dumps([asdict(s) for s in skipped][:200]),
        }  # fmt: skip
        self._client.upsert(
            f"{self._name}_meta", [{"key": k, "value": str(v), "none": _NO_VECTOR} for k, v in says.items()]
        )
        updated = sum(a.id in before for a in changed)
        return IndexReport(
            len(articles), total, len(changed) - updated, updated, len(articles) - len(changed), len(dropped), len(made),
            tuple(skipped),
        )  # fmt: skip

    def _row(self, article: Article, piece: Chunk, form: str, vector: np.ndarray) -> dict[str, Any]:
        key = f"{form}:{piece.ordinal}"
        return {
            "row": int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big") >> 1,
            "text": f" {self._stems.of(f'{article.title or str()} {piece.text}')}"[:60_000],
            "source": (article.source or "").casefold()[:500],
            "day": article.published.toordinal() if article.published else 0,
            "article_id": article.id, "hash": form, "ordinal": piece.ordinal, "start": piece.start, "stop": piece.end,
            "kind": piece.kind, "vector": vector.tolist(),
        }  # fmt: skip

    @staticmethod
    def _parts_of(article: Article, text: str, form: str, whole: int) -> list[dict[str, Any]]:
        return [
            {
                "part": f"{form}:{n}", "article_id": article.id, "hash": form, "n": n, "whole": whole, "data": piece,
                "source": (article.source or "")[:500],
                "day": article.published.toordinal() if article.published else 0, "none": _NO_VECTOR,
            }
            for n, piece in enumerate(parts(text, _PART))
        ]  # fmt: skip

    def _search(self, data: list[Any], field: str, k: int, within: str | None) -> list[tuple[int, float]]:
        (found,) = self._client.search(
            f"{self._name}_chunks", data=data, anns_field=field, limit=k, filter=within or "", output_fields=_PLACES
        )
        places = {hit["row"]: dict(hit["entity"]) for hit in found}
        self._found.__dict__.setdefault("places", {}).update(places)
        return [(hit["row"], float(hit["distance"])) for hit in found]

    def _listed(self) -> list[dict[str, Any]]:
        """Id, form, source and day of each article."""
        out: list[dict[str, Any]] = []
        pages = self._client.query_iterator(
            f"{self._name}_articles", filter="n == 0", output_fields=["article_id", "hash", "source", "day", "whole"]
        )
        while page := pages.next():
            out += page
        pages.close()
        return out

    def _all_meta(self) -> dict[str, str]:
        return _meta(self._client, self._name)

    def _create(self, dim: int) -> None:
        from pymilvus import DataType, Function, FunctionType

        def made(name: str, key: str, fields: dict[str, Any], dense: str, size: int) -> None:
            schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
            for field, kind in fields.items():
                room: dict[str, Any] = {"max_length": 65_535} if kind == DataType.VARCHAR else {}
                if field == "text":
                    room |= {
                        "enable_analyzer": True,
                        "analyzer_params": {"tokenizer": "standard", "filter": ["lowercase"]},
                    }
                schema.add_field(field, kind, is_primary=field == key, **room)
            schema.add_field(dense, DataType.FLOAT_VECTOR, dim=size)
            indexes = self._client.prepare_index_params()
            indexes.add_index(field_name=dense, index_type="AUTOINDEX", metric_type="COSINE")
            if "text" in fields:
                schema.add_field("words", DataType.SPARSE_FLOAT_VECTOR)
                schema.add_function(Function("bm25", FunctionType.BM25, ["text"], ["words"]))
                indexes.add_index(field_name="words", index_type="SPARSE_INVERTED_INDEX", metric_type="BM25")
            self._client.create_collection(
                f"{self._name}_{name}", schema=schema, index_params=indexes, consistency_level="Strong"
            )

        text, number = DataType.VARCHAR, DataType.INT64
        shared = {"article_id": text, "hash": text, "source": text, "day": number}
        places = {"ordinal": number, "start": number, "stop": number, "kind": text}
        made("chunks", "row", {"row": number, "text": text, **shared, **places}, "vector", dim)
        made(
            "articles",
            "part",
            {"part": text, "n": number, "whole": number, "data": text, **shared},
            "none",
            len(_NO_VECTOR),
        )
        made("meta", "key", {"key": text, "value": text}, "none", len(_NO_VECTOR))


def _connect(uri: str) -> Any:
    """A client of the Milvus at this address."""
    try:
        from pymilvus import MilvusClient
        from pymilvus.exceptions import MilvusException
    except ImportError:
        raise InputError(
            "pymilvus is not installed.", "Install it: pip install 'pymilvus>=3,<4' 'milvus-lite>=3.2,<4'"
        ) from None
    try:
        return MilvusClient(uri)
    except (MilvusException, ValueError) as error:
        why = str(error).replace(uri, shown(uri))
        raise InputError(f"No Milvus answers at {shown(uri)} ({why}).", "Check --uri.") from None


def _meta(client: Any, name: str) -> dict[str, str]:
    found = client.query(f"{name}_meta", filter='key != ""', output_fields=["key", "value"])
    return {row["key"]: row["value"] for row in found}


def _text(value: str) -> str:
    """A text in a Milvus filter."""
    return json.dumps(value, ensure_ascii=False)


class _Stems:
    """Words as the local store's full text sees them, by the same tokeniser of SQLite."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(":memory:", check_same_thread=False)
        self._db.execute("CREATE VIRTUAL TABLE t USING fts5(body, tokenize='porter unicode61 remove_diacritics 2')")
        self._db.execute("CREATE VIRTUAL TABLE words USING fts5vocab(t, instance)")

    def of(self, text: str) -> str:
        """The stems of a text, in order."""
        with self._lock:
            self._db.execute("DELETE FROM t")
            self._db.execute("INSERT INTO t VALUES (?)", (text,))
            return " ".join(row[0] for row in self._db.execute('SELECT term FROM words ORDER BY "offset"'))
