"""Articles become chunks, vectors and search. Nothing here knows of language models."""

from index.types import Article, Chunk, Hit, IndexReport, RawArticle, Removed, Skipped

__all__ = ["Article", "Chunk", "Hit", "IndexReport", "RawArticle", "Removed", "Skipped"]
