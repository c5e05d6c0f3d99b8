"""Golden questions proposed for a user's own articles, to be edited by a person."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

from eval.golden import GoldenQuestion, Quote
from index.build import clean_all
from index.errors import CollectionError
from index.reading.files import read_folders
from index.text.chunks import chunk
from index.text.sentences import sentences
from rag import prompt
from rag.engine.base import LanguageModel

_ASK = "Write one short quiz question that the passage answers. Reply with the question only."


def propose(
    folder: Path, llm: LanguageModel, limit: int, progress: Callable[[int, int], None] | None = None
) -> list[GoldenQuestion]:
    """Questions the model writes from passages spread over the articles, none reviewed.

    A question is kept only if the model, asked again, finds its answer in the passage; its quote is the sentence it was
    written from.

    Raises:
        CollectionError: the folder holds no articles.
    """
    raws, _ = read_folders([folder])
    articles, _ = clean_all(raws)
    spots = [(a, c) for a in articles for c in chunk(a) if c.kind == "body" and len(c.text.split()) >= 12]
    if not spots:
        raise CollectionError(f"There is no article in {folder}.", "Check the path.")
    random.Random(1).shuffle(spots)
    questions: list[GoldenQuestion] = []
    for n, (article, spot) in enumerate(spots[:limit], 1):
        # The longest sentence says most; it becomes the quote.
        start, end = max(sentences(article.text, spot.start, spot.end), key=lambda span: span[1] - span[0])
        quote = article.text[start:end]
        head = prompt.statement_head(article, quote)
        written = "".join(llm.write(llm.chat(prompt.READ, head, _ASK), 50)).strip().splitlines()
        question = written[0].strip().strip('"') if written else ""
        if question.endswith("?") and llm.score([llm.chat(prompt.READ, head, prompt.holds_answer(question))])[0] > 0:
            answer = "".join(
                llm.write(llm.chat(prompt.READ, head, f"Question: {question}\nAnswer in a few words."), 24)
            ).strip()
            fact = re.sub(r"[.\s]+$", "", answer.splitlines()[0]) if answer else ""
            if fact:
                questions.append(
                    GoldenQuestion(
                        id=f"draft-{len(questions) + 1:03}",
                        kind="single",
                        question=question,
                        facts=((fact,),),
                        articles=(article.id,),
                        quotes=(Quote(article=article.id, text=quote),),
                        why="drafted by the model; not reviewed",
                        reviewed=False,
                    )
                )
        if progress:
            progress(n, min(limit, len(spots)))
    return questions
