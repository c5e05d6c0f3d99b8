"""Fit the classifier of `rag/question/kind.py`: python scripts/fit_kinds.py FILE …

It learns from `eval/sets/question_kinds.jsonl` and from the public questions in the files named, with a field `q` or `question`
in each line; those count as asking for one fact, or for a yes or a no where they begin with a verb. Every author of
the former is held out once, with a share of the latter, and what the others' weights make of them is printed.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.linear_model import LogisticRegression

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from eval.golden import SETS
from rag import embedders
from rag.config import DEFAULT_EMBEDDER
from rag.question.kind import WEIGHTS, asked, form

_MOST = 1200  # questions of one file
_VECTOR, _FORM = 2.0, 0.5  # what an embedding of length 1 and one part of the form weigh before they are fitted
_PARTS = 4000  # of the form, those that tell most
_CLOSED = re.compile(r"\W*(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should)\b", re.I)


def main() -> None:
    """Fit, say how well, and write the weights."""
    own = [json.loads(line) for line in (SETS / "question_kinds.jsonl").read_text("utf-8").splitlines()]
    texts, kinds = [row["question"] for row in own], [row["kind"] for row in own]
    authors = sorted({row["author"] for row in own})
    fold = [authors.index(row["author"]) for row in own]
    for name in sys.argv[1:]:
        rows = [json.loads(line) for line in Path(name).read_text("utf-8").splitlines()]
        public = list(dict.fromkeys(str(row.get("q") or row.get("question")) for row in rows))
        public = public[:: max(1, len(public) // _MOST)]
        texts += public
        kinds += ["yes_no" if _CLOSED.match(text) else "fact" for text in public]
        fold += [n % len(authors) for n in range(len(public))]
    labels, folds, written = np.asarray(kinds), np.asarray(fold), np.arange(len(texts)) < len(own)
    texts = [asked(text) for text in texts]
    vectors = embedders.load(DEFAULT_EMBEDDER).passages(texts)
    seen = [dict.fromkeys(form(text), 1.0) for text in texts]
    data = {"embedder": DEFAULT_EMBEDDER}
    for name, given in (("helped", vectors), ("alone", vectors[:, :0])):
        named = np.empty(len(texts), dtype=object)
        for held in range(len(authors)):
            fit, predicted = _fit(seen, given, labels, folds != held)
            named[folds == held] = predicted[folds == held]
        for kind in sorted(set(kinds)):
            mine = labels[written] == kind
            print(
                f"{name}: {np.mean(named[written][mine] == kind):.3f} of {mine.sum()} {kind} by another author are found"
            )
            print("   ", dict(Counter(named[written][mine]).most_common()))
        print(
            f"{name}: of {(~written).sum()} public questions {np.mean(named[~written] == 'several'):.4f} are taken for several"
        )
        fit, _ = _fit(seen, given, labels, np.ones(len(texts), bool))
        data |= {"kinds": fit["kinds"], name: {key: fit[key] for key in ("bias", "vector", "form")}}
    WEIGHTS.write_text(json.dumps(data, ensure_ascii=False) + "\n", "utf-8")


def _fit(
    seen: list[dict[str, float]], vectors: np.ndarray, labels: np.ndarray, learn: np.ndarray
) -> tuple[dict[str, object], np.ndarray]:
    """The weights that the rows `learn` give, and what they make of all rows."""
    words = DictVectorizer().fit([row for row, yes in zip(seen, learn, strict=True) if yes])
    best = SelectKBest(chi2, k=_PARTS).fit(words.transform(seen)[learn], labels[learn])
    given = hstack([csr_matrix(vectors * _VECTOR), best.transform(words.transform(seen)) * _FORM]).tocsr()
    model = LogisticRegression(C=1.0, max_iter=1_000).fit(given[learn], labels[learn])
    of_vector, of_form = model.coef_[:, : vectors.shape[1]] * _VECTOR, model.coef_[:, vectors.shape[1] :] * _FORM
    names = words.get_feature_names_out()[best.get_support()]
    fit: dict[str, object] = {
        "kinds": model.classes_.tolist(),
        "bias": model.intercept_.round(3).tolist(),
        "vector": of_vector.round(3).tolist() if vectors.shape[1] else None,
        "form": {str(name): of_form[:, n].round(3).tolist() for n, name in enumerate(names)},
    }
    return fit, model.predict(given)


if __name__ == "__main__":
    main()
