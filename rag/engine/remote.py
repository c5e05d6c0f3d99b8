"""A language model behind an OpenAI-compatible server: vLLM, llama.cpp's own, llama-cpp-python's.

The `openai` package calls it. Yes or no is decided by the probabilities of the first token, which most such servers
give ("logprobs"). If a server gives none, its plain yes or no counts as a fixed value, and the answer's data say so.
"""

from __future__ import annotations

import copy
import math
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

import httpx

from index.errors import EngineCrashed, InputError
from rag.calibration import CALIBRATION
from rag.engine.base import Piece, Prompt, Usage

KEY = "RAG_LLM_KEY"  # the environment variable that holds the server's key
PACKAGE = "openai>=3,<4"
_AT_ONCE = 8  # questions put to the server side by side
_ALTERNATIVES = 20  # tokens whose probabilities are asked for, beside the one chosen
_LETTERS = 4  # a token, about


def check_url(url: str) -> SplitResult:
    """The parts of a server's address.

    Raises:
        InputError: this is no address, or the package that calls servers is not installed.
    """
    wrong = InputError("--llm-url is not an http address.", "Write it as http://127.0.0.1:8000/v1.")
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
    if find_spec("openai") is None:
        raise InputError(
            "--llm-url needs the openai package, which is not installed.", f'Install it: pip install "{PACKAGE}"'
        )
    return parts


class RemoteModel:
    """A model that a server runs. It may be asked by several threads at once.

    Args:
        url: where the server's API begins, as "http://127.0.0.1:8000/v1".
        name: of the model there; if the server does not know it, its first model is used.
        seconds: how long the server may be silent.

    Raises:
        InputError: this is no address, or the package that calls servers is not installed.
        EngineCrashed: the server does not answer.
    """

    def __init__(self, url: str, name: str = "", seconds: float = 120.0) -> None:
        parts = check_url(url)
        import openai

        key = os.environ.get(KEY, "").strip()
        if not key.isascii() or not key.isprintable():
            raise InputError(f"{KEY} contains characters that no key has.", "Set it again.")
        self._where = parts.netloc.rpartition("@")[2]
        login = (unquote(parts.username or ""), unquote(parts.password or "")) if "@" in parts.netloc else None
        self._web = openai.OpenAI(
            # Without name and password: an address is shown and logged, those are not.
            base_url=urlunsplit(parts._replace(netloc=self._where)),
            timeout=openai.Timeout(seconds, connect=10.0),
            api_key="none",  # else the client takes the environment's for OpenAI
            http_client=openai.DefaultHttpxClient(auth=login, follow_redirects=False),  # only where it was told to go
        )
        self._headers = {
            "Authorization": f"Bearer {key}" if key else openai.Omit(),
            "OpenAI-Organization": openai.Omit(),
            "OpenAI-Project": openai.Omit(),
        }
        self.usage = Usage()
        self._counting = threading.Lock()
        self._probabilities = True
        with self._asking():
            listed = [str(model.id) for model in self._web.models.list(extra_headers=self._headers).data or []]
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

    def likely(self, prompts: Sequence[Prompt]) -> list[float]:
        """Nothing: such a server gives probabilities of what it writes, and none of what it reads."""
        return []

    def write(self, prompt: Prompt, limit: int = 160, *, sure: list[float] | None = None) -> Iterator[str]:
        """The continuation, piece by piece; see `rag.engine.base.LanguageModel`. Closing it ends the call.

        Raises:
            EngineCrashed: the server does not answer, or not as it should.
        """
        wanted = {"logprobs": True, "top_logprobs": 1} if self._probabilities else {}
        heard = False
        with self._asking(), self._create(prompt, limit, stream=True, **wanted) as answer:
            for chunk in answer:
                heard = True
                for choice in chunk.choices[:1]:
                    if sure is not None and choice.logprobs:
                        sure += [float(token.logprob) for token in choice.logprobs.content or []]
                    if choice.delta.content:
                        self._count(0, 1)
                        yield choice.delta.content
            if not heard:  # a page of a proxy, say
                raise ValueError("no event in it")
        self._count(self.count(_text(prompt.kept) + _text(prompt.tail)), 0)

    def keep(self, prompt: Prompt) -> bool:
        """Does nothing: what a server keeps of a prompt is up to the server."""
        return False

    def close(self) -> None:
        """Close the connections."""
        self._web.close()

    def _score(self, prompt: Prompt) -> float:
        if self._probabilities:
            if (first := self._first_tokens(prompt)) is not None:
                return _sum_of(first, "yes") - _sum_of(first, "no")
            self._probabilities = False
        with self._asking():
            answer = self._counted(self._create(prompt, 3))
            said = str(answer.choices[0].message.content or "").strip().lower()
        return CALIBRATION.plain_yes * (said.startswith("yes") - said.startswith("no"))

    def _first_tokens(self, prompt: Prompt) -> dict[str, float] | None:
        """The log-probabilities of what the answer may begin with; None where the server gives none."""
        import openai

        with self._asking():
            try:
                answer = self._counted(self._create(prompt, 1, logprobs=True, top_logprobs=_ALTERNATIVES))
            except (openai.BadRequestError, openai.UnprocessableEntityError):
                return None  # it refuses to be asked for them
            given = answer.choices[0].logprobs
            if not given or given.content is None:
                return None
            return {
                t.token: float(t.logprob) for first in given.content[:1] for t in [*(first.top_logprobs or []), first]
            }

    def _create(self, prompt: Prompt, limit: int, **more: Any) -> Any:
        messages = [
            {"role": "system", "content": _text(prompt.head)},
            {"role": "user", "content": _text(prompt.kept) + _text(prompt.tail)},
        ]
        return self._web.chat.completions.create(
            model=self.name, messages=messages, max_tokens=limit, temperature=0, extra_headers=self._headers, **more
        )

    def _counted(self, answer: Any) -> Any:
        if used := answer.usage:
            self._count(int(used.prompt_tokens or 0), int(used.completion_tokens or 0))
        return answer

    def _count(self, read: int, written: int) -> None:
        with self._counting:
            self.usage.prompt += read
            self.usage.generated += written

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Errors are reported without their own words, which may contain the key."""
        import openai

        why = ""
        try:
            yield
        except openai.APIStatusError as error:
            why = f"it answered {error.status_code}"
        except openai.OpenAIError as error:
            why = type(error).__name__
        except (AttributeError, IndexError, TypeError, ValueError):  # the client takes an answer as it comes
            why = "its answer does not follow the API"
        if why:
            raise EngineCrashed(
                f"The language model at {self._where} did not answer: {why}.",
                f"Check --llm-url and {KEY}, or leave --llm-url out to use a model on this machine.",
            ) from None


def _text(pieces: Sequence[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def _sum_of(tokens: Mapping[str, float], word: str) -> float:
    """The log-probability of a word among the first tokens, in any spelling."""
    found = [p for token, p in tokens.items() if token.strip().lower() == word]
    least = CALIBRATION.not_offered
    return max(least, math.log(sum(math.exp(max(least, p)) for p in found))) if found else least
