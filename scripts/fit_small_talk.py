"""Fit the classifier of `rag/question/small_talk.py`: python scripts/fit_small_talk.py FILE …

Multinomial logistic regression on the default embedding model's vectors. It learns from `eval/sets/small_talk.json` and from the
questions in the files named, with a field `q` or `question` in each line. Every fifth of both is held out; what is
found there is printed, and which of the held-out questions would be taken for small talk.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from eval.golden import SETS
from index.embedder import SentenceTransformerEmbedder
from rag import models
from rag.calibration import CALIBRATION
from rag.config import DEFAULT_EMBEDDER
from rag.question.small_talk import WEIGHTS

_MOST = 1500  # questions of one file


def main() -> None:
    """Fit, say how well, and write the weights."""
    embedder = SentenceTransformerEmbedder(models.locate(DEFAULT_EMBEDDER, "embedder"), DEFAULT_EMBEDDER, 384)
    written: dict[str, list[str]] = json.loads((SETS / "small_talk.json").read_text("utf-8"))
    texts = [text for own in written.values() for text in own]
    kinds = [kind for kind, own in written.items() for _ in own]
    for name in sys.argv[1:]:
        rows = [json.loads(line) for line in Path(name).read_text("utf-8").splitlines()]
        asked = list(dict.fromkeys(str(row.get("q") or row.get("question")) for row in rows))
        asked = asked[:: max(1, len(asked) // _MOST)]
        texts += asked
        kinds += ["question"] * len(asked)
    vectors, labels = embedder.passages(texts), np.asarray(kinds)
    held = np.arange(len(texts)) % 5 == 4
    fit = LogisticRegression(C=30.0, class_weight="balanced", max_iter=3_000)
    fit.fit(vectors[~held], labels[~held])
    chances = fit.predict_proba(vectors)
    named = fit.classes_[chances.argmax(1)]
    named[(chances.max(1) < CALIBRATION.small_talk)] = "question"
    for kind in fit.classes_:
        mine = held & (labels == kind)
        print(f"{kind}: {np.mean(named[mine] == kind):.3f} of {mine.sum()} held out are found")
    wrong = held & (labels == "question") & (named != "question")
    print(*(f"taken for {named[i]}: {texts[i]}" for i in np.flatnonzero(wrong)), sep="\n")
    missed = held & (labels != "question") & (named == "question")
    print(*(f"missed: {texts[i]}" for i in np.flatnonzero(missed)), sep="\n")
    fit.fit(vectors, labels)
    data = {
        "embedder": DEFAULT_EMBEDDER,
        "kinds": fit.classes_.tolist(),
        "bias": fit.intercept_.round(4).tolist(),
        "weights": fit.coef_.round(3).tolist(),
    }
    WEIGHTS.write_text(json.dumps(data) + "\n", "utf-8")


if __name__ == "__main__":
    main()
