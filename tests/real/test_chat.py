"""What the chat keeps of answers, what it offers to begin with, and what it says while its model loads."""

from __future__ import annotations

import errno
import json
import os
import shutil
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from conftest import served

from eval import golden
from index.errors import EngineCrashed
from index.types import Article
from rag.assistant import Rag
from rag.config import DEFAULT_MODEL
from rag.people import quoted
from ui import examples, feedback, history
from ui.conversation import Conversation
from ui.history import Chat, Exchange, History, as_json, as_markdown, new_chat
from ui.loading import Loader


def chat_of(rag: Rag, *questions: str) -> Chat:
    return replace(new_chat(), exchanges=tuple(Exchange(q, rag.answer(q).as_dict()) for q in questions))


def test_a_chat_comes_back_as_it_was_and_only_by_its_id(tmp_path: Path, quick: Rag) -> None:
    kept = History(tmp_path)
    chat = chat_of(quick, "Who is Medinsky?", "What is the capital of Australia?")
    kept.save(chat)
    # through JSON: tuples come back as lists, in an exchange's answer
    assert kept.load(chat.id).exchanges == tuple(Exchange(**e) for e in json.loads(as_json(chat))["exchanges"])
    assert [c.title for c, _ in kept.recent()] == ["Who is Medinsky?"]
    for wrong in ("../" + chat.id, chat.id.upper() + "0", "", None, "../../feedback"):
        assert kept.load(wrong).exchanges == ()
    for person in ("../../other", "a.b", "a_b", "local"):
        assert History(tmp_path, person).load(chat.id).exchanges == ()
    History(tmp_path, "a.b").save(chat)
    assert History(tmp_path, "a_b").load(chat.id).exchanges == ()
    kept.delete(chat.id)
    assert kept.recent() == []


def test_an_answer_is_shown_where_the_chat_cannot_be_saved(
    tmp_path: Path, seeds_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = tmp_path / "ix"
    shutil.copytree(seeds_index, index, ignore=shutil.ignore_patterns("chats"))
    loader = Loader(index, "none")
    loader.start()
    loader.rag()
    conversation, chats = Conversation(loader), index / "chats"
    person: Any = SimpleNamespace(username=None, session_hash="a page")

    def asked(question: str, chat_id: str) -> tuple[str, str, str]:
        waiting, _, _, chat_id = conversation.put(question, chat_id, {}, person)
        *_, (shown, *_) = conversation.look_on(chat_id, person)
        return waiting, shown, chat_id

    chats.write_text("no folder")  # whoever is root may write into any folder, but not into a file
    waiting, shown, first = asked("Who is Medinsky?", "")
    assert "could not be saved (" in waiting and "could not be saved (" in shown
    assert "Medinsky" in shown and "cite" in shown
    event: Any = SimpleNamespace(_data={"chat": first, "kind": "json"})
    assert (
        "Medinsky" in conversation.opened(first, person)[0]
        and "Medinsky" in conversation.exported(event, person)["text"]
    )

    chats.unlink()  # it can be written again: all of it is, with the next question
    assert "could not be saved" not in asked("And Peskov?", first)[1]
    assert [e.question for e in History(index).load(first).exchanges] == ["Who is Medinsky?", "And Peskov?"]
    assert history._unsaved == {}

    written = Path.write_text

    def full(path: Path, text: str, *rest: Any) -> int:
        if path.suffix == ".part" and json.loads(text)["exchanges"][-1]["answer"]:
            written(path, text[:40])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return written(path, text, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)  # the disk fills while it is answered
        waiting, shown, first = asked("Who is Slutsky?", first)
        assert "could not be saved" not in waiting and "could not be saved (No space left on device)" in shown
        assert "Slutsky" in shown and not list(chats.glob("**/*.part"))
        conversation.deleted(first, event, person)
        assert history._unsaved == {} and "thread" not in conversation.opened(first, person)[0]

    (index / "feedback.jsonl").mkdir()
    made = History(index).save(replace(new_chat(), exchanges=(Exchange("q", {"text": "a", "citations": []}),)))
    thumb: Any = SimpleNamespace(_data={"turn": "0", "liked": "yes"})
    with pytest.raises(gr.Error, match="thumb could not be kept"):
        conversation.liked(made.id, thumb, person)
    loader.close()


def test_markdown_numbers_footnotes_through_the_chat_and_escapes(quick: Rag) -> None:
    chat = chat_of(quick, "Who is Medinsky?", "Who is Vereshchuk?")
    chat = replace(
        chat, exchanges=(replace(chat.exchanges[0], question="Who is [x](http://a) *M*?"), *chat.exchanges[1:])
    )
    text = as_markdown(chat)
    count = sum(len(e.answer["citations"]) for e in chat.exchanges if e.answer)
    assert all(f"[^{n}]: “" in text and text.count(f"[^{n}]") >= 2 for n in range(1, count + 1))
    assert r"\[x\](http://a) \*M\*" in text and "\n[x](" not in text


def test_thumbs_become_golden_questions_that_the_evaluation_reads(tmp_path: Path, quick: Rag) -> None:
    chat = chat_of(quick, "Who is Vladimir Medinsky?", "What is the capital of Australia?", "Who is Peskov?")
    thumbs = (True, True, False)
    chat = replace(chat, exchanges=tuple(replace(e, liked=t) for e, t in zip(chat.exchanges, thumbs, strict=True)))
    for number, why in enumerate(("good", "", "wrong person")):
        path = feedback.record(tmp_path, chat, number, why)
    feedback.record(tmp_path, chat, 2, "wrong speaker")
    reviewed = {**json.loads(path.read_text().splitlines()[0]), "reviewed": True, "why": "looked at"}
    path.write_text("\n".join([json.dumps(reviewed), *path.read_text().splitlines()[1:], "no json"]) + "\n")
    withdrawn = replace(chat, exchanges=(replace(chat.exchanges[0], liked=None), *chat.exchanges[1:]))
    feedback.record(tmp_path, withdrawn, 0)
    kept = path.read_text().splitlines()
    assert "no json" in kept and "looked at" in kept[0] and len(kept) == 4, "what a person wrote stays"
    path.write_text("\n".join(line for line in kept if line != "no json").replace("looked at", "liked: good"))
    first, second, third = golden.load(path, {a.id: a for a in quick.articles})
    assert first.refuse == "never" and first.facts and first.quotes and first.reviewed
    assert (second.refuse, second.kind) == ("must", "unanswerable")
    assert (
        third.refuse == "may" and "wrong speaker" in third.why and third.kind == "follow_up" and len(third.history) == 4
    )


def test_what_is_offered_to_begin_with_is_known_to_have_an_answer(quick: Rag, tmp_path: Path) -> None:
    made = examples.questions(quick)
    assert 2 <= len(made) <= 4 and any("Peskov" in question for _, question in made)
    assert not any(quick.answer(question).abstained for _, question in made)
    assert {("Dmitry Peskov", 4), ("Volodymyr Zelensky", 4)} < set(examples.named(quick))
    text = "In Turku, Liisa Virtanen said the ferry sank. The Kremlin said nothing."
    assert [p.name for p in quoted([Article("a", None, None, None, "", None, (), text)])] == ["Liisa Virtanen"]


def test_while_the_language_model_loads_the_articles_own_words_answer(seeds_index: Path, quick: Rag) -> None:
    loader = Loader(seeds_index, DEFAULT_MODEL)
    loader._rag = quick  # as far as the thread gets before the language model is there
    loader._searchable.set()
    person: Any = SimpleNamespace(username=None, session_hash="a page")
    conversation = Conversation(loader)
    thread, working, _, chat_id = conversation.put("Who is Medinsky?", "", {}, person)
    assert "Medinsky" in thread + working
    *_, (shown, working, *_) = conversation.look_on(chat_id, person)
    assert "still loading" in shown and "Medinsky" in shown and not working
    assert conversation.opened(chat_id, person)[-1] == chat_id
    History(seeds_index).delete(chat_id)
    loader.store.close()


def test_a_server_that_is_away_is_tried_again_and_the_articles_answer_meanwhile(seeds_index: Path) -> None:
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Models(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"data": [{"id": "there"}]}')

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is logged."""

    server = HTTPServer(("127.0.0.1", 0), Models)
    port = server.server_port
    server.server_close()
    loader = Loader(seeds_index, DEFAULT_MODEL, f"http://127.0.0.1:{port}/v1")
    loader.start()
    with pytest.raises(EngineCrashed, match="did not answer"):
        loader.rag()
    assert loader.rag_now().answer("Who is Medinsky?").citations and loader.error
    server = HTTPServer(("127.0.0.1", port), Models)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    assert loader.rag().llm is not None and loader.error is None and loader.label.startswith("there at")
    server.shutdown()
    server.server_close()
    loader.close()


def test_another_name_for_this_machine_is_not_answered(seeds_index: Path) -> None:
    import httpx

    with served("--model", "none", "--index", str(seeds_index)) as url, httpx.Client() as web:
        page = web.get(url)
        assert page.status_code == 200
        missing = web.get(url + "gradio_api/file=/etc/passwd")
        refused = web.post(url + "gradio_api/call/ask", content=b"{}", headers={"Origin": "http://evil.example"})
        assert (missing.status_code, refused.status_code) == (403, 403)
        for answer in (page, missing, refused):
            policy = [part.split() for part in answer.headers["content-security-policy"].split(";")]
            allowed = {name: {*sources} for name, *sources in policy}
            assert allowed["default-src"] == allowed["base-uri"] == allowed["form-action"] == {"'self'"}
            assert allowed["script-src"] == {"'self'", "'unsafe-inline'", "'unsafe-eval'", "blob:"}
            assert allowed["connect-src"] == {"'self'", "data:", "blob:"}
            assert allowed["frame-ancestors"] == allowed["object-src"] == {"'none'"}
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["x-frame-options"] == "DENY" and answer.headers["referrer-policy"] == "no-referrer"
            assert answer.headers["cross-origin-opener-policy"] == "same-origin"
            assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert web.get(url, headers={"Host": "evil.example"}).status_code == 400
        assert (
            web.post(url + "gradio_api/call/articles", json={"data": []}, headers={"Host": "evil.example"}).status_code
            == 400
        )
