"""A model's tokens and its chat template: text becomes ids and comes back, and only the template's own words control the model."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

from index.errors import EngineCrashed, ModelError
from rag.engine.base import Piece


class Vocabulary:
    """The tokens of a loaded model.

    Args:
        library: the module `llama_cpp`.
        model: its pointer to the model, which must stay loaded.
    """

    def __init__(self, library: Any, model: Any) -> None:
        self._c = library
        self._vocab: Any = library.llama_model_get_vocab(model)
        self.size: int = library.llama_vocab_n_tokens(self._vocab)
        self.yes = self._first_tokens(("Yes", "yes", " Yes", " yes", "YES"))
        self.no = self._first_tokens(("No", "no", " No", " no", "NO"))

    def tokens(self, pieces: Sequence[Piece]) -> list[int]:
        """Token ids of the pieces, one after the other.

        Raises:
            EngineCrashed: the engine could not tokenise them.
        """
        ids: list[int] = []
        for piece in pieces:
            if piece.text:
                ids += self._tokenize(piece.text, piece.control)
        return ids

    def count(self, text: str) -> int:
        """Tokens in a text."""
        return len(self._tokenize(text, False)) if text else 0

    def ends(self, token: int) -> bool:
        """Whether the token says that the model has finished."""
        return bool(self._c.llama_vocab_is_eog(self._vocab, token))

    def controls(self) -> dict[int, str]:
        """The control tokens: their ids, and how each is written."""
        return {
            token: self._c.llama_vocab_get_text(self._vocab, token).decode()
            for token in range(self.size)
            if self._c.llama_vocab_is_control(self._vocab, token)
        }

    def piece(self, token: int) -> bytes:
        """The bytes of a token; a letter may begin in one and end in the next."""
        buffer = ctypes.create_string_buffer(256)
        size = self._c.llama_token_to_piece(self._vocab, token, buffer, 256, 0, False)
        return bytes(buffer.raw[:size]) if size > 0 else b""

    def _tokenize(self, text: str, special: bool) -> list[int]:
        data = text.encode("utf-8", "replace")
        room = len(data) + 8
        buffer = (self._c.llama_token * room)()
        count = self._c.llama_tokenize(self._vocab, data, len(data), buffer, room, False, special)
        if count < 0:
            raise EngineCrashed("The engine could not tokenise the text.", "Run `rag doctor`.")
        return list(buffer[:count])

    def _first_tokens(self, words: Sequence[str]) -> list[int]:
        return sorted({self._tokenize(word, False)[0] for word in words})


def chat_template(library: Any, model: Any) -> tuple[str, str, str]:
    """The model's own template, as what stands before, between and after two messages.

    Raises:
        ModelError: it has no place for a system message and a user's.
    """
    template = library.llama_model_chat_template(model, None)
    marks = (b"\x01SYSTEM\x01", b"\x01USER\x01")
    messages = (library.llama_chat_message * 2)(
        library.llama_chat_message(b"system", marks[0]), library.llama_chat_message(b"user", marks[1])
    )
    buffer = ctypes.create_string_buffer(8192)
    size = library.llama_chat_apply_template(template or b"chatml", messages, 2, True, buffer, 8192)
    if size <= 0:
        size = library.llama_chat_apply_template(b"chatml", messages, 2, True, buffer, 8192)
    text = buffer.raw[:size]
    if marks[0] not in text or marks[1] not in text:
        raise ModelError(
            "The model's chat template has no place for a system and a user message.",
            "Use an instruction-tuned model.",
        )
    before, rest = text.split(marks[0], 1)
    between, after = rest.split(marks[1], 1)
    return before.decode(), between.decode(), after.decode()
