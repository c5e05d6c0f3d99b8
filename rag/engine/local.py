"""The language model on llama.cpp's batch interface: write greedily, and score yes against no.

Three things are done here that `llama_cpp.Llama` does not: a prompt's fixed head is read
once and shared by everything that starts with it; several tails are read side by side as
parallel sequences of one batch; and drafted tokens are verified with logits asked for only
where they are needed. Text that comes from articles or people is never tokenised as control
tokens: see `Piece`.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from index.errors import EngineCrashed, InputError, ModelError
from rag.engine.base import Piece, Prompt, Usage, in_template
from rag.engine.gguf import check_gguf
from rag.engine.kv_cache import KVCache
from rag.engine.logits import best, logsumexp
from rag.engine.lookup import lookup
from rag.engine.quiet import quiet
from rag.engine.tuning import Tuning, remembered
from rag.engine.vocabulary import Vocabulary, chat_template

MAX_PARALLEL = 16  # sequences read side by side
_HEADS = 6  # fixed heads kept in the cache
_BATCH = 1024
_ASKED = 64  # tokens of a tail, counted from its end, whose likelihood is taken: each is a row of all words' logits
_CACHE_IN_MEMORY = 120_000_000  # bytes; about 3 MB a passage with the default model
_CACHE_ON_DISK = 1_000_000_000


class _Job(NamedTuple):
    """A token to read at a position of a sequence, and whether its logits are wanted."""

    token: int
    position: int
    sequence: int
    wanted: bool


class LocalModel:
    """A GGUF model in this process; one call at a time, others wait.

    Raises:
        ModelMissing: there is no file at `path`.
        ModelError: the file is not a GGUF model this engine can load.
    """

    def __init__(
        self,
        path: Path,
        name: str = "",
        context: int = 4096,
        threads: int | None = None,
        gpu_layers: int = -1,
        cache: Path | None = None,
        lookahead: int = 6,
        tuning: Tuning | None = None,
    ) -> None:
        check_gguf(path)
        import llama_cpp

        self._c = llama_cpp
        self.name = name or path.stem
        self.usage = Usage()
        # No RLock: a writing generator may be closed by another thread than the one that began it.
        self._lock = threading.Lock()
        quiet(llama_cpp)
        llama_cpp.llama_backend_init()
        model_params = llama_cpp.llama_model_default_params()
        self._on_gpu = gpu_layers != 0 and bool(llama_cpp.llama_supports_gpu_offload())
        model_params.n_gpu_layers = gpu_layers if gpu_layers >= 0 else 999
        model = llama_cpp.llama_model_load_from_file(str(path).encode(), model_params)
        if not model:
            raise ModelError(
                f"{path} could not be loaded as a GGUF model.",
                "Fetch it again with `rag models fetch`, or name another file.",
            )
        self._model = model
        tuned = tuning or remembered(self.name)
        params = llama_cpp.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch = context, _BATCH, tuned.batch
        params.n_seq_max = _HEADS + MAX_PARALLEL
        params.kv_unified = True
        params.n_threads, params.n_threads_batch = threads or tuned.writing, threads or tuned.reading
        params.no_perf = True
        self._ctx = llama_cpp.llama_init_from_model(model, params)
        if not self._ctx:
            raise ModelError(
                f"{path} loaded, but a context of {context} tokens did not fit in memory.",
                "Close other programs or choose a smaller model.",
            )
        self.context = context
        self.lookahead = lookahead
        self._memory = llama_cpp.llama_get_memory(self._ctx)
        self.vocabulary = Vocabulary(llama_cpp, model)
        self._batch = llama_cpp.llama_batch_init(_BATCH, 0, 1)
        self._heads: dict[tuple[int, ...], int] = {}
        stat = path.stat()
        identity = f"{llama_cpp.__version__}:{path.name}:{stat.st_size}:{stat.st_mtime_ns}"
        self._cache = KVCache(cache, identity, _CACHE_IN_MEMORY, _CACHE_ON_DISK)
        self.template = chat_template(llama_cpp, model)

    @property
    def label(self) -> str:
        """Its name, and whether the GPU runs it."""
        return f"{self.name}, on the GPU" if self._on_gpu else self.name

    def for_question(self) -> LocalModel:
        """Itself: it answers one question at a time."""
        return self

    # ---- prompts ---------------------------------------------------------------

    def chat(self, system: str, passage: str, question: str) -> Prompt:
        """A one-turn chat in the model's own template: `passage` then `question` as the user."""
        return in_template(self.template, system, passage, question)

    def tokens(self, pieces: Sequence[Piece]) -> list[int]:
        """Token ids of the pieces, one after the other."""
        return self.vocabulary.tokens(pieces)

    def count(self, text: str) -> int:
        """Tokens in a text."""
        return self.vocabulary.count(text)

    # ---- the two things it does ------------------------------------------------

    def score(self, prompts: Sequence[Prompt]) -> list[float]:
        """For each prompt, log P(yes) - log P(no) of the next token.

        The prompts should share their head: it is read once, and the rest is read as
        parallel sequences.

        Raises:
            EngineCrashed: the engine could not read the batch.
        """
        scores: list[float] = []
        with self._lock:
            for part in self._side_by_side(prompts):
                scores += self._score(part)
        return scores

    def likely(self, prompts: Sequence[Prompt]) -> list[float]:
        """For each prompt, the mean log-probability of its tail's text: of the last 63 tokens that follow another one.

        Raises:
            EngineCrashed: the engine could not read the batch.
        """
        with self._lock:
            return [value for part in self._side_by_side(prompts) for value in self._likely(part)]

    def write(
        self, prompt: Prompt, limit: int = 160, *, draft: int | None = None, sure: list[float] | None = None
    ) -> Generator[str, None, None]:
        """The model's continuation, piece by piece, always the most likely token.

        The log-probability of each token is appended to `sure` where a list is given.

        Up to `draft` tokens (`lookahead` where None) are guessed ahead and verified together (prompt lookup), which
        changes the speed and not the text. Closing the iterator frees the engine at once.

        Raises:
            InputError: the prompt does not fit the context.
            EngineCrashed: the engine could not read or write.
        """
        with self._lock:
            yield from self._write(
                prompt, limit, self.lookahead if draft is None else draft, [] if sure is None else sure
            )

    def keep(self, prompt: Prompt) -> bool:
        """Read a prompt's head and kept part ahead of any question; False if it is already kept.

        Raises:
            InputError: they do not fit the context.
            EngineCrashed: the engine could not read.
        """
        ids = [*self.tokens(prompt.head), *self.tokens(prompt.kept)]
        with self._lock:
            name = self._cache.name(ids)
            if self._cache.has(name):
                return False
            self._fits(len(ids))
            self._cache.put(name, self._read(prompt, _HEADS))
        return True

    # ---- inside ----------------------------------------------------------------

    def _side_by_side(self, prompts: Sequence[Prompt]) -> Iterator[list[Prompt]]:
        """Groups of prompts that fit the context together; one too long for it is a group by itself."""
        room = self.context - sum(len(h) for h in self._heads)
        part: list[Prompt] = []
        used = 0
        for prompt in prompts:
            size = sum(len(self.tokens(p)) for p in (prompt.head, prompt.kept, prompt.tail))
            if part and (len(part) == MAX_PARALLEL or used + size > room - len(self.tokens(prompt.head))):
                yield part
                part, used = [], 0
            part.append(prompt)
            used += size
        if part:
            yield part

    def _score(self, prompts: Sequence[Prompt]) -> list[float]:
        yes, no = self.vocabulary.yes, self.vocabulary.no
        rows = self._after(prompts, [self.tokens(prompt.tail) for prompt in prompts], 1)
        return [logsumexp(row[yes]) - logsumexp(row[no]) for (row,) in rows]

    def _likely(self, prompts: Sequence[Prompt]) -> list[float]:
        texts = [self.tokens(prompt.tail[:1]) for prompt in prompts]
        means = list[float]()
        for ids, rows in zip(texts, self._after(prompts, texts, _ASKED), strict=True):
            found = [
                float(row[token]) - logsumexp(row)
                for row, token in zip(rows, ids[len(ids) - len(rows) + 1 :], strict=False)
            ]
            means.append(sum(found) / len(found) if found else 0.0)
        return means

    def _after(
        self, prompts: Sequence[Prompt], tails: Sequence[Sequence[int]], last: int
    ) -> Iterator[list[np.ndarray]]:
        """The logits after each of the last tokens of these tails, each tail behind its prompt's head."""
        lanes = range(_HEADS, _HEADS + len(prompts))
        self._clear()
        jobs = list[_Job]()
        for ids, position, seq in zip(tails, self._prepare(prompts, lanes), lanes, strict=True):
            jobs += self._jobs(ids, position, seq, last)
        rows = iter(self._decode(jobs))
        self._clear()
        for ids in tails:
            yield list(islice(rows, min(last, len(ids))))

    def _write(self, prompt: Prompt, limit: int, lookahead: int, sure: list[float]) -> Iterator[str]:
        seq = _HEADS
        self._clear()
        position = self._prepare([prompt], [seq])[0]
        ids = self.tokens(prompt.tail)
        self._fits(position + len(ids) + limit)
        seen = [*self.tokens(prompt.kept), *ids]
        token, likely = best(self._decode(self._jobs(ids, position, seq))[-1])
        position += len(ids)
        raw, shown, written = b"", 0, 0
        try:
            while written < limit and not self.vocabulary.ends(token):
                draft = lookup(seen, token, lookahead)[: min(lookahead, limit - written - 1)]
                guessed = [_Job(t, position + i, seq, True) for i, t in enumerate([token, *draft])]
                rows = self._decode(guessed, read=False)
                accepted = [token]
                sure.append(likely)
                following, likely = best(rows[0])
                for guess, row in zip(draft, rows[1:], strict=True):
                    if guess != following or self.vocabulary.ends(guess):
                        break
                    accepted.append(guess)
                    sure.append(likely)
                    following, likely = best(row)
                position += len(accepted)
                self._c.llama_memory_seq_rm(self._memory, seq, position, -1)
                for accept in accepted:
                    seen.append(accept)
                    written += 1
                    self.usage.generated += 1
                    raw += self.vocabulary.piece(accept)
                    text = raw.decode("utf-8", "ignore")
                    if len(text) > shown:
                        yield text[shown:]
                        shown = len(text)
                token = following
        finally:
            self._clear()

    def _prepare(self, prompts: Sequence[Prompt], lanes: Sequence[int]) -> list[int]:
        """Make each lane begin with its prompt's head and kept part; the tokens in each.

        A passage is always read alone and always restored from its kept state, also right
        after it was read: an answer must not depend on what was asked before.
        """
        keys = [[*self.tokens(p.head), *self.tokens(p.kept)] for p in prompts]
        self._fits(sum(map(len, keys)) + sum(len(self.tokens(p.tail)) for p in prompts))
        states = []
        for prompt, ids in zip(prompts, keys, strict=True):
            name = self._cache.name(ids)
            state = self._cache.get(name)
            if state is None:
                state = self._read(prompt, lanes[0])
                self._cache.put(name, state)
            states.append(state)
        for state, seq in zip(states, lanes, strict=True):
            buffer = (ctypes.c_uint8 * len(state)).from_buffer_copy(state)
            if not self._c.llama_state_seq_set_data(self._ctx, buffer, len(state), seq):
                raise EngineCrashed("The engine could not restore what it had read.", "Ask again.")
        return [len(ids) for ids in keys]

    def _read(self, prompt: Prompt, seq: int) -> bytes:
        """The engine's state after a prompt's head and kept part."""
        self._clear()
        head, kept = self.tokens(prompt.head), self.tokens(prompt.kept)
        self._share_head(tuple(head), seq)
        self._decode(self._jobs(kept, len(head), seq, last=0))
        size = self._c.llama_state_seq_get_size(self._ctx, seq)
        buffer = (ctypes.c_uint8 * size)()
        self._c.llama_state_seq_get_data(self._ctx, buffer, size, seq)
        self._clear()
        return bytes(buffer)

    def _share_head(self, head: tuple[int, ...], seq: int) -> None:
        """Make `seq` begin with the head, reading it only if it is new."""
        if not head:
            return
        lane = self._heads.get(head)
        if lane is None:
            if len(self._heads) >= _HEADS:
                oldest = next(iter(self._heads))
                lane = self._heads.pop(oldest)
                self._c.llama_memory_seq_rm(self._memory, lane, -1, -1)
            else:
                lane = len(self._heads)
            self._decode(self._jobs(head, 0, lane, last=0))
            self._heads[head] = lane
        self._c.llama_memory_seq_cp(self._memory, lane, seq, 0, len(head))

    @staticmethod
    def _jobs(ids: Sequence[int], position: int, seq: int, last: int = 1) -> list[_Job]:
        """Tokens to read one after the other, with the logits of the last ones."""
        return [_Job(token, position + i, seq, i >= len(ids) - last) for i, token in enumerate(ids)]

    def _decode(self, jobs: Sequence[_Job], read: bool = True) -> list[np.ndarray]:
        """Put tokens into their sequences; the logits asked for, in order.

        Args:
            read: they are of a prompt, and count as read; not those that are being written.
        """
        rows: list[np.ndarray] = []
        started = time.perf_counter()
        for start in range(0, len(jobs), _BATCH):
            part = jobs[start : start + _BATCH]
            batch = self._batch
            batch.n_tokens = len(part)
            for i, job in enumerate(part):
                batch.token[i] = job.token
                batch.pos[i] = job.position
                batch.n_seq_id[i] = 1
                batch.seq_id[i][0] = job.sequence
                batch.logits[i] = job.wanted
            status = self._c.llama_decode(self._ctx, batch)
            if status != 0:
                self._forget()
                raise EngineCrashed(
                    f"The engine could not read {len(part)} tokens (status {status}).",
                    "Ask a shorter question, or run `rag doctor`.",
                )
            self.usage.prompt += len(part) if read else 0
            for i, job in enumerate(part):
                if job.wanted:
                    pointer = self._c.llama_get_logits_ith(self._ctx, i)
                    rows.append(np.ctypeslib.as_array(pointer, (self.vocabulary.size,)).copy())
        self.usage.seconds += time.perf_counter() - started
        return rows

    def _fits(self, tokens: int) -> None:
        room = self.context - sum(len(h) for h in self._heads)
        if tokens > room:
            raise InputError(
                f"The prompt needs {tokens} tokens and the model has room for {room}.",
                "Ask a shorter question.",
            )

    def _clear(self) -> None:
        for seq in range(_HEADS, _HEADS + MAX_PARALLEL):
            self._c.llama_memory_seq_rm(self._memory, seq, -1, -1)

    def _forget(self) -> None:
        self._c.llama_memory_clear(self._memory, True)
        self._heads.clear()

    def close(self) -> None:
        """Free the memory."""
        with self._lock:
            if self._ctx:
                self._c.llama_batch_free(self._batch)
                self._c.llama_free(self._ctx)
                self._c.llama_model_free(self._model)
                self._ctx = None
