"""This project compared with LlamaIndex's CitationQueryEngine: same model file, embedder, articles, questions.

    pip install -r eval/peers/requirements.txt
    python eval/peers/citation_engine.py --questions 12 [--out FILE]

The engine runs with its defaults, except for streaming, so that its first word can be timed. Both answer each question
in turn, in one process; this project keeps nothing it read from one question to the next. Prints medians and the ratio
of the two for each question.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from llama_index.core import Document, VectorStoreIndex
from llama_index.core.query_engine import CitationQueryEngine
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.llms.llama_cpp import LlamaCPP

from eval import golden
from index.build import gather
from index.embedder import SentenceTransformerEmbedder
from index.store.sqlite import Store
from index.store.writer import write
from rag import models
from rag.assistant import Rag
from rag.config import DEFAULT_EMBEDDER, DEFAULT_MODEL, Config, seeds
from rag.engine.local import LocalModel


def main() -> None:
    """Ask both, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=12)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--out", help="keep every time as JSON")
    args = parser.parse_args()
    path, embedder_path = models.locate(args.model, "llm"), models.locate(DEFAULT_EMBEDDER, "embedder")
    questions = [q for q in golden.load(golden.DEFAULT) if q.collection == "seeds" and not q.history]
    questions = golden.sample(questions, args.questions)
    articles, _ = gather([seeds()])

    threads = {"n_threads": os.cpu_count(), "n_threads_batch": os.cpu_count()}  # as this project's
    llm = LlamaCPP(model_path=str(path), temperature=0.0, context_window=4096, model_kwargs=threads, verbose=False)
    documents = [
        Document(text=a.text, metadata={"title": a.title or "", "source": a.source or "", "date": str(a.published)})
        for a in articles
    ]
    index = VectorStoreIndex.from_documents(
        documents, embed_model=HuggingFaceEmbedding(str(embedder_path), device="cpu")
    )
    engine = CitationQueryEngine.from_args(index, llm=llm, streaming=True)

    embedder = SentenceTransformerEmbedder(embedder_path, DEFAULT_EMBEDDER, 384)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), articles, embedder)
        store = Store(Path(folder), embedder)
        for question in questions:
            started = time.perf_counter()
            first, theirs = 0.0, ""
            response = engine.query(question.question)
            for token in getattr(response, "response_gen", [str(response)]):
                first = first or time.perf_counter() - started
                theirs += token
            peer = (first or time.perf_counter() - started, time.perf_counter() - started)

            own = LocalModel(path, args.model)  # nothing read before
            started, first, ours = time.perf_counter(), 0.0, ""
            for event in Rag(store, embedder, own, Config()).stream(question.question):
                if event.answer:  # no word of it is shown before all are checked
                    first = time.perf_counter() - started
                ours = event.answer.text if event.answer else ours
            mine = (first, time.perf_counter() - started)
            own.close()
            rows.append(
                {"question": question.question, "peer": peer, "ours": mine, "theirs": theirs.strip(), "answer": ours}
            )
            print(
                f"{peer[0]:6.1f} {peer[1]:6.1f}   {mine[0]:6.1f} {mine[1]:6.1f}   {question.question[:70]}", flush=True
            )
    for n, what in enumerate(("first word", "whole answer")):
        times = {who: median(row[who][n] for row in rows) for who in ("peer", "ours")}
        ratio = median(row["peer"][n] / row["ours"][n] for row in rows)
        print(
            f"{what}: {times['peer']:.1f} s (CitationQueryEngine), {times['ours']:.1f} s (this project), {ratio:.1f} times faster"
        )
    if args.out:
        Path(args.out).write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
