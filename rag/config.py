"""Settings: one frozen object, and where files live."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from rag import calibration

DEFAULT_MODEL = "qwen2.5-coder-1.5b"
DEFAULT_EMBEDDER = "all-MiniLM-L6-v2"
NO_MODEL = "none"
Caution = Literal["strict", "normal", "lenient"]
_NOT_SHAPING = frozenset({"lookahead", "threads", "gpu_layers", "milvus", "worker", "llm_url"})


def data_home() -> Path:
    """The folder for models and indexes: `RAG_HOME`, or the user's own data folder."""
    import platformdirs

    home = os.environ.get("RAG_HOME")
    return Path(home).expanduser().absolute() if home else Path(platformdirs.user_data_dir("rag-articles"))


def default_index() -> Path:
    """The folder of the index that is used when none is named."""
    return data_home() / "indexes" / "default"


def folder_index(folder: Path) -> Path:
    """The folder of the index that belongs to a folder given to `rag ask` or `rag chat`: one for each path."""
    path = folder.expanduser().resolve()
    readable = re.sub(r"[^\w.-]+", "-", path.name).strip("-.")[:40] or "folder"
    return data_home() / "indexes" / f"{readable}-{hashlib.sha256(str(path).encode()).hexdigest()[:10]}"


def seeds() -> Path:
    """The five articles that come with the project."""
    return Path(__file__).parent.parent / "seeds"


@dataclass(frozen=True)
class Config:
    """What shapes an answer, and where and how it is made.

    Attributes:
        model: the language model: a name from `rag models`, a path to a GGUF file, or "none".
        embedder: the embedding model; where None, the one that the index was made with.
        candidates: chunks that retrieval hands to the choice of evidence.
        reader: whether a small encoder also says how likely each passage answers (`rag.reader`).
        read: passages the model is asked about: fewer where the first ones give a sure answer, half as many again where none does.
        stop_early: stop reading at a sure answer, and read on where there is none.
        lookahead: tokens guessed from the passage while writing and checked together (prompt lookup); 0 for none.
            The text is the same; it only arrives sooner.
        prompt_tokens: how many tokens of passages may be read for one question, counted as if none had
            been read before; at least one passage always is.
        tries: the most passages an answer is drafted from, each time that some were read.
        answer_tokens: tokens written, at most.
        caution: how likely an answer must be to be given: "strict", "normal" or "lenient".
        context: tokens that the language model holds at once.
        threads: threads of the language model; where None, as measured by `rag doctor --tune`.
        gpu_layers: layers of it on a GPU; all where -1 and there is one.
        milvus: the address of an index in Milvus, instead of a folder.
        worker: the language model runs in a process of its own, whose crash this one survives.
        llm_url: a server that runs the language model (OpenAI-compatible); this machine where None.
    """

    model: str = DEFAULT_MODEL
    embedder: str | None = None
    candidates: int = 30
    reader: bool = True
    read: int = 8
    stop_early: bool = True
    lookahead: int = 6
    prompt_tokens: int = 4000
    tries: int = 2
    answer_tokens: int = 140
    caution: Caution = "normal"
    context: int = 4096
    threads: int | None = None
    gpu_layers: int = -1
    milvus: str | None = None
    worker: bool = False
    llm_url: str | None = None

    @property
    def id(self) -> str:
        """A short fingerprint of all that shapes an answer, equal where the settings are equal.

        Where and how fast it is made (threads, GPU, addresses, processes) is left out.
        """
        shaping: dict[str, object] = {name: value for name, value in asdict(self).items() if name not in _NOT_SHAPING}
        shaping["calibration"] = calibration.fingerprint()
        return hashlib.sha256(json.dumps(shaping, sort_keys=True).encode()).hexdigest()[:10]
