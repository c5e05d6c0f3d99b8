"""A language model behind an OpenAI-compatible server: vLLM, llama.cpp's own, llama-cpp-python's.

Yes or no is decided by the probabilities of the first token, which most such servers give
("logprobs"). Where one gives none, its plain yes or no counts as a fixed degree, and the
answer's data say so.
"""

from __future__ import annotations

import copy
import json
import math
import os
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

import httpx

from index.errors import EngineCrashed, InputError
from rag.engine.base import Piece, Prompt, Usage

KEY = "RAG_LLM_KEY"  # the environment variable that holds the server's key
_AT_ONCE = 8  # questions put to the server side by side
_TRIES = 3
_PLAIN = 2.0  # log-odds that a yes without a probability counts for
_ALTERNATIVES = 20  # tokens whose probabilities are asked for, beside the one chosen
_NOWHERE = -12.0  # log-probability of a word that is not among them
_LETTERS = 4  # a token, about


def check_url(url: str) -> SplitResult:
    """The parts of a server's address.

    Raises:
        InputError: this is no address.
    """
    wrong = InputError("--llm-url is no http address.", "Write it as http://127.0.0.1:8000/v1.")
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        httpx.URL(url)
    except (ValueError, httpx.InvalidURL):
        raise wrong from None  # and not its words: there may be a password in them
    if not known:
        raise wrong
    if "@" in f"{parts.path}{parts.query}{parts.fragment}":
        # Else a part of the password would stand where the host is, and be shown.
        raise InputError("--llm-url has an @ behind its host.", "Write /, ? and # in a password as %2F, %3F and %23.")
    return parts


class RemoteModel:
    """A model that a server runs. It may be asked by several threads at once.

    Args:
        url: where the server's API begins, as "http://127.0.0.1:8000/v1".
        name: of the model there; the first one the server has where it does not know this one.
        seconds: how long one call may take.

    Raises:
        InputError: this is no address.
        EngineCrashed: the server does not answer.
    """

    def __init__(self, url: str, name: str = "", seconds: float = 120.0) -> None:
        parts = check_url(url)
        key = os.environ.get(KEY, "").strip()
        if not key.isascii() or not key.isprintable():
            raise InputError(f"{KEY} holds characters that no key has.", "Set it again.")
        self._where = parts.netloc.rpartition("@")[2]
        login = (unquote(parts.username or ""), unquote(parts.password or "")) if "@" in parts.netloc else None
        self._web = httpx.Client(
            # Without name and password: an address is shown and logged, those are not.
            base_url=urlunsplit(parts._replace(netloc=self._where)).rstrip("/") + "/",
            auth=login,
            timeout=httpx.Timeout(seconds, connect=10.0),
            headers={"Authorization": f"Bearer {key}"} if key else {},
        )
        self.usage = Usage()
        self._counting = threading.Lock()
        self._probabilities = True
        listed = [str(m.get("id")) for m in self._get("models").get("data", [])]
        self.name = name if name in listed or not listed else listed[0]

    @property
    def label(self) -> str:
        """The model's name, the server, and whether it gives probabilities."""
        return f"{self.name} at {self._where}{'' if self._probabilities else ', without token probabilities'}"

    def for_question(self) -> RemoteModel:
        """The same server with a counter of its own: several questions may be answered at once."""
        mine = copy.copy(self)
        mine.usage = Usage()
        return mine

    def chat(self, system: str, passage: str, question: str) -> Prompt:
        """A one-turn chat: `passage` then `question` as the user."""
        return Prompt((Piece(system),), (Piece(passage),), (Piece(question),))

    def count(self, text: str) -> int:
        """About how many tokens are in a text: the server counts with a tokeniser of its own."""
        return math.ceil(len(text) / _LETTERS)

    def score(self, prompts: Sequence[Prompt]) -> list[float]:
        """For each prompt, log P(yes) - log P(no) of the next token.

        Raises:
            EngineCrashed: the server does not answer, or not as it should.
        """
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(self._score, prompts))

    def write(self, prompt: Prompt, limit: int = 160, *, sure: list[float] | None = None) -> Iterator[str]:
        """The continuation, piece by piece; see `rag.engine.base.LanguageModel`. Closing it ends the call.

        Raises:
            EngineCrashed: the server does not answer, or not as it should.
        """
        body = self._body(prompt, limit) | {"stream": True}
        if self._probabilities:
            body |= {"logprobs": True, "top_logprobs": 1}
        for data in self._stream(body):
            choice = (data.get("choices") or [{}])[0]
            for token in (choice.get("logprobs") or {}).get("content") or []:
                if sure is not None:
                    sure.append(float(token["logprob"]))
            piece = (choice.get("delta") or {}).get("content")
            if piece:
                self._count(0, 1)
                yield piece
        self._count(self.count(_text(prompt.kept) + _text(prompt.tail)), 0)

    def keep(self, prompt: Prompt) -> bool:
        """Nothing: what a server keeps of a prompt is its own affair."""
        return False

    def close(self) -> None:
        """Close the connections."""
        self._web.close()

    def _score(self, prompt: Prompt) -> float:
        if self._probabilities:
            asked = self._body(prompt, 1) | {"logprobs": True, "top_logprobs": _ALTERNATIVES}
            answer = self._post(asked, may_refuse=True)
            logprobs = answer and answer["choices"][0].get("logprobs")
            if logprobs:
                content = logprobs.get("content") or [{"token": "", "logprob": _NOWHERE}]
                first = [*(content[0].get("top_logprobs") or []), content[0]]
                return _sum_of(first, "yes") - _sum_of(first, "no")
            self._probabilities = False
        answer = self._post(self._body(prompt, 3))
        said = str(answer["choices"][0]["message"].get("content") or "").strip().lower() if answer else ""
        return _PLAIN if said.startswith("yes") else -_PLAIN if said.startswith("no") else 0.0

    def _count(self, read: int, written: int) -> None:
        with self._counting:
            self.usage.prompt += read
            self.usage.generated += written

    def _body(self, prompt: Prompt, limit: int) -> dict[str, Any]:
        messages = [
            {"role": "system", "content": _text(prompt.head)},
            {"role": "user", "content": _text(prompt.kept) + _text(prompt.tail)},
        ]
        return {"model": self.name, "messages": messages, "max_tokens": limit, "temperature": 0}

    def _get(self, path: str) -> dict[str, Any]:
        return self._json(self._tried(lambda: self._web.get(path)))

    def _post(self, body: dict[str, Any], may_refuse: bool = False) -> dict[str, Any] | None:
        """The server's answer; None where it refuses the request and `may_refuse`."""
        raw = self._tried(lambda: self._web.post("chat/completions", json=body), (400, 422) if may_refuse else ())
        if raw.status_code >= 400:
            return None
        answer = self._json(raw)
        if not answer.get("choices"):
            raise self._failed("its answer has no choices")
        used = answer.get("usage") or {}
        self._count(int(used.get("prompt_tokens") or 0), int(used.get("completion_tokens") or 0))
        return answer

    def _stream(self, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        try:
            with self._web.stream("POST", "chat/completions", json=body) as answer:
                if answer.status_code != 200:
                    answer.read()
                    raise self._failed(f"it answered {answer.status_code}")
                for line in answer.iter_lines():
                    if line.startswith("data:") and (text := line[5:].strip()) != "[DONE]":
                        data = json.loads(text)
                        if data.get("error"):
                            raise self._failed("it broke off")
                        yield data
        except (httpx.HTTPError, ValueError, AttributeError) as error:
            raise self._failed(type(error).__name__) from None

    def _tried(self, call: Any, allowed: Sequence[int] = ()) -> httpx.Response:
        """An answer of the server; asked again where it is busy or the connection fails."""
        for left in range(_TRIES - 1, -1, -1):
            try:
                answer: httpx.Response = call()
                if answer.status_code < 400 or answer.status_code in allowed:
                    return answer
                why = f"it answered {answer.status_code}"
                if answer.status_code < 500 and answer.status_code != 429:
                    break
            except httpx.HTTPError as error:
                why = type(error).__name__  # its words may have the key in them
            if left:
                time.sleep(0.5 * (_TRIES - left))
        raise self._failed(why)

    def _json(self, answer: httpx.Response) -> dict[str, Any]:
        try:
            data = answer.json()
        except ValueError:
            data = None
        if not isinstance(data, dict):
            raise self._failed("its answer is not JSON")
        return data

    def _failed(self, why: str) -> EngineCrashed:
        return EngineCrashed(
            f"The language model at {self._where} did not answer: {why}.",
            f"Check --llm-url and {KEY}, or leave --llm-url out to use a model on this machine.",
        )


def _text(pieces: Sequence[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def _sum_of(tokens: Sequence[dict[str, Any]], word: str) -> float:
    """The log-probability of a word among the first tokens, however it is spelt."""
    found = {t["token"]: float(t["logprob"]) for t in tokens if str(t["token"]).strip().lower() == word}
    return max(_NOWHERE, math.log(sum(math.exp(max(_NOWHERE, p)) for p in found.values()))) if found else _NOWHERE
