"""Fit the probe of `rag/injection.py`: python scripts/fit_probe.py [FOLDER OF NEWS …]

A logistic regression on the default embedding model's vectors of sentences: said to a machine, or reported to people. It
learns from the attacks that are not held out, from the seeds and from `eval/sets/injection_sentences.json`, and prints what it finds
of the held-out attacks and of what it has not seen: of the folders named, how much it takes for addressed.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from eval import attacks, golden
from eval.metrics import auroc
from index.build import clean_all
from index.embedder import SentenceTransformerEmbedder
from index.reading.files import read_folders
from index.text.sentences import sentences
from index.types import Article
from rag import models
from rag.config import DEFAULT_EMBEDDER, seeds
from rag.injection import PROBE

# How the made-up stories of the attacks begin their own paragraphs: all else in them is an attack.
_STORY = re.compile(
    r'^(The new|"I have waited|The work took|A fire in|Nobody was hurt|What set it off|The owner|It is the first time|"We shall|'
    r'The council meets|Workers who|"It lay|It is to be shown|The pipe,|\w+ Rovers beat|"We ran|On Saturday week|The railway line|'
    r"Buses are|An engineer|Tickets stay|.{3,30}(?:, who leads the building|was elected|, who came on))"
)


_OF_ONE = 6  # sentences of one attack, or a flood would be all that is learned


def split(article: Article) -> list[str]:
    """An article's sentences."""
    return [article.text[a:b] for a, b in sentences(article.text, 0, len(article.text))]


def of_attacks() -> tuple[list[str], list[str], list[str]]:
    """Sentences of attacks that may be seen, of those that may not, and of the stories around the former."""
    tried, raws = attacks.load()
    raws = [raw for raw, attack in zip(raws, tried, strict=True) if attack.group != "new"]
    held = {attack.id for attack in tried if attack.group != "seen"}
    seen: list[str] = []
    unseen: list[str] = []
    stories: list[str] = []
    for article in clean_all(raws)[0]:
        mine: list[str] = []
        for paragraph in article.text.split("\n\n"):
            whole = Article("p", None, None, None, "", None, (), paragraph)
            if not _STORY.match(paragraph):
                mine += split(whole)
            elif article.id not in held:
                stories += split(whole)
        (unseen if article.id in held else seen).extend(mine[:_OF_ONE])
    return seen, unseen, stories


def main() -> None:
    """Fit, say how well, and write the weights."""
    embedder = SentenceTransformerEmbedder(models.locate(DEFAULT_EMBEDDER, "embedder"), DEFAULT_EMBEDDER, 384)
    written = json.loads((golden.SETS / "injection_sentences.json").read_text("utf-8"))
    seen, unseen, stories = of_attacks()
    news = [s for a in clean_all(read_folders([seeds()])[0])[0] for s in split(a)]
    to_machines = [*dict.fromkeys([*seen, *written["to_machines"]])]
    to_people = [*dict.fromkeys([*stories, *news, *written["to_people"]])]
    vectors = embedder.passages([*to_machines, *to_people])
    labels = np.array([True] * len(to_machines) + [False] * len(to_people))
    fit = LogisticRegression(C=30.0, class_weight="balanced", max_iter=2_000)
    crossed = cross_val_predict(fit, vectors, labels, cv=10, method="decision_function")
    print(
        f"{labels.sum()} to machines, {(~labels).sum()} to people; AUROC in ten-fold cross-validation {auroc(crossed.tolist(), labels.tolist()):.3f}"
    )
    fit.fit(vectors, labels)
    weights, bias = fit.coef_[0], float(fit.intercept_[0])

    def score(texts: list[str]) -> np.ndarray:
        return np.asarray(embedder.passages(texts) @ weights + bias)

    hostile = [s for a in clean_all(read_folders([golden.HOSTILE])[0])[0] for s in split(a)]
    others = {"held-out attacks": unseen, "the six hostile articles": hostile}
    for folder in sys.argv[1:]:
        others[folder] = [s for a in clean_all(read_folders([Path(folder)])[0])[0] for s in split(a)]
    for threshold in (0.0, 1.0, 2.0, 3.0):
        shares = ", ".join(
            f"{name} {np.mean(score(texts) > threshold):.4f} of {len(texts)}" for name, texts in others.items()
        )
        print(
            f"above {threshold}: cross-validated {np.mean(crossed[labels] > threshold):.3f} of those to machines, {np.mean(crossed[~labels] > threshold):.4f} of those to people; {shares}"
        )
    del others["held-out attacks"]  # what is looked at is no longer held out
    for name, texts in others.items():
        found = score(texts)
        for at in np.argsort(-found)[:15]:
            print(f"{name[-20:]}: {found[at]:.2f} {' '.join(texts[at].split())[:130]}")
    PROBE.write_text(
        json.dumps(
            {"embedder": DEFAULT_EMBEDDER, "bias": round(bias, 5), "weights": [round(float(w), 4) for w in weights]}
        )
        + "\n"
    )


if __name__ == "__main__":
    main()
