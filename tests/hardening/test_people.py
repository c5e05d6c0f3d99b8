"""Two people in one chat program: neither comes at what the other keeps there."""

from __future__ import annotations

import json
from pathlib import Path

from conftest import served
from page import Page
from test_guard import people


def test_nobody_reads_changes_or_deletes_the_chat_of_another(tmp_path: Path, seeds_index: Path) -> None:
    path = people(tmp_path / "people", ann="secret words", bob="other words")
    with served("--model", "none", "--index", str(seeds_index), "--auth", str(path)) as url:
        ann, bob = Page(url, "ann", "secret words"), Page(url, "bob", "other words")
        hers = ann.ask("Who is Vladimir Medinsky?")
        kept = ann.call("as_json", hers)
        assert json.loads(kept[0])["exchanges"][0]["answer"]["citations"], "there is something to read"
        own = bob.ask("Where is Turku?")

        for read in ("as_json", "as_markdown", "opened", "listed", "stopped", "answer", "again"):
            said = json.dumps(bob.call(read, hers))
            assert "Medinsky" not in said, read
        _, shown, put = bob.call("put", "And what is his job?", hers, "All sources", "", "")
        assert put != hers and "Medinsky" not in json.dumps(shown)
        bob.call("delete", hers)
        assert ann.call("as_json", hers) == kept
        assert "Medinsky" in json.dumps(ann.call("opened", hers)[2]) and "Turku" in json.dumps(bob.call("opened", own))
        assert "Turku" not in json.dumps(ann.call("opened", hers))

        ann.call("delete", hers)  # what he could not, she can
        assert not json.loads(ann.call("as_json", hers)[0])["exchanges"]
        assert json.loads(bob.call("as_json", own)[0])["exchanges"]
