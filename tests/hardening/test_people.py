"""Two people in one chat program: neither comes at what the other keeps there."""

from __future__ import annotations

import json
from pathlib import Path

from conftest import served
from page import Page
from test_access import people


def test_nobody_reads_changes_or_deletes_the_chat_of_another(tmp_path: Path, seeds_index: Path) -> None:
    path = people(tmp_path / "people", ann="secret words", bob="other words")
    with served("--model", "none", "--index", str(seeds_index), "--auth", str(path)) as url:
        ann, bob = Page(url, "ann", "secret words"), Page(url, "bob", "other words")
        hers = ann.ask("Who is Vladimir Medinsky?")
        kept = ann.kept(hers)
        assert kept["exchanges"][0]["answer"]["citations"], "there is something to read"
        own = bob.ask("Where is Turku?")

        about = {"chat": hers, "kind": "md", "name": "Mine", "words": "Medinsky", "turn": "0", "liked": "yes"}
        for does, data in (
            ("exported", []), ("opened", [hers]), ("picked", []), ("look_on", [None]), ("again", [None]), ("found", [None]),
            ("renamed", [None]), ("liked", [None]), ("deleted", [None]), ("brought_back", []), ("stop", [None]),
        ):  # fmt: skip
            said = json.dumps(bob.call(does, *data, event=about))
            assert "negotiator" not in said and "Medinsky?" not in said, does
        assert ann.kept(hers) == kept and bob.ask("And what is his job?", hers) != hers
        assert "Medinsky" in ann.call("opened", hers)[0] and "Turku" in bob.call("opened", own)[0]
        assert "Turku" not in json.dumps(ann.call("opened", hers))

        ann.call("deleted", None, event={"chat": hers})  # what he could not, she can
        assert not ann.kept(hers)["exchanges"] and bob.kept(own)["exchanges"]
        ann.call("brought_back", event={"chat": hers})
        assert ann.kept(hers) == kept
