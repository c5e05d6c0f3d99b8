"""Indexes in children of its own, so that each may be killed, or have its writes fail: a line of JSON each, in and out.

    python tests/indexer.py EMBEDDER_FOLDER

In: {"index": DIR, "folder": DIR, "rebuild": bool, "add": [title, text], "remove": id, "kill": SECONDS or null,
"fail": nth write or 0, "lasting": bool, "batch": chunks embedded at once}. Out: how the child ended, and what it
said. The embedding model is loaded once, here.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time
from pathlib import Path


def main() -> None:
    import torch

    torch.set_num_threads(1)  # a child of a process with a pool of threads would wait for threads that it has not got
    import faiss  # noqa: F401 - loaded before any child is made

    from index.embedder import SentenceTransformerEmbedder

    embedder = SentenceTransformerEmbedder(Path(sys.argv[1]), "all-MiniLM-L6-v2", 384)
    embedder._load()  # by sentence-transformers: ONNX Runtime's threads do not live on in a child
    embedder.query("loaded")
    print("ready", flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.close(reading)
            _index(job, embedder, writing)
        os.close(writing)
        started = time.monotonic()
        if job.get("kill") is not None:
            time.sleep(job["kill"])
            os.kill(child, signal.SIGKILL)
        said = b""
        while part := os.read(reading, 65536):
            said += part
        os.close(reading)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        answer = json.loads(said) if said else {}
        print(json.dumps({"code": code, "took": time.monotonic() - started, **answer}), flush=True)


def _index(job: dict, embedder: object, writing: int) -> None:  # type: ignore[type-arg]
    from index import additions
    from index.build import build
    from index.errors import RagError
    from index.store import writer as module

    module._AT_ONCE = job.get("batch") or module._AT_ONCE
    index = Path(job["index"])
    answer: dict[str, object] = {}
    faults = None
    if job.get("fail"):
        faults = ctypes.CDLL(None)
        faults.faults_arm(str(job["index"]).encode(), ctypes.c_long(job["fail"]), int(job["lasting"]))
    try:
        if job.get("add"):
            title, text = job["add"]
            report = additions.add_text(index, text, embedder, title=title)  # type: ignore[arg-type]
        elif job.get("remove"):
            report = additions.remove(index, job["remove"], embedder)  # type: ignore[arg-type]
        else:
            report = build(index, [Path(job["folder"])], embedder, bool(job.get("rebuild")))  # type: ignore[arg-type]
        answer = {"articles": report.articles, "chunks": report.chunks, "embedded": report.embedded}
    except (RagError, OSError) as error:
        answer = {"error": str(error), "kind": type(error).__name__}
    except BaseException as error:  # noqa: BLE001 - the test is told, whatever it is
        answer = {"error": repr(error), "kind": "unexpected"}
    if faults:
        answer["fired"] = faults.faults_fired()
        faults.faults_arm(b"", ctypes.c_long(-1), 0)
    os.write(writing, json.dumps(answer).encode())
    os._exit(0)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))
    main()
