"""The command line: the only place that prints and sets exit codes."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import IndexMissing, InputError, RagError
from rag.config import DEFAULT_EMBEDDER, DEFAULT_MODEL, default_index, seeds
from rag.progress import bar

if TYPE_CHECKING:
    from index.types import IndexReport
    from rag.assistant import Rag
    from rag.types import Answer, Turn


_MESSAGE = 700  # characters of a message


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; 0 when done, 1 when it could not be, 2 for wrong arguments, 130 when stopped."""
    parser = _parser()
    args = parser.parse_args(argv)
    try:
        if (getattr(args, "store", "sqlite") == "milvus") != bool(getattr(args, "uri", None)):
            raise InputError("--store milvus and --uri go together.", "Give both, or neither.")
        return int(args.run(args) or 0)
    except RagError as error:
        print(f"rag: {_short(str(error))}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("rag: stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except OSError as error:
        print(
            f"rag: {error.strerror or error}{f': {_short(str(error.filename))}' if error.filename else ''}. "
            "Check the path, its permissions and the free disk space.",
            file=sys.stderr,
        )
        return 1


def _short(text: str) -> str:
    """A sentence that a terminal can show, whatever was put into it."""
    return text if len(text) <= _MESSAGE else f"{text[: _MESSAGE // 2]} … {text[-_MESSAGE // 2 :]}"


def ask(args: argparse.Namespace) -> int:
    """Print an answer and its sources; without a question, hold a conversation."""
    from rag.assistant import check_question

    as_of, after, before = _day(args.as_of, "--as-of"), _day(args.after, "--after"), _day(args.before, "--before")
    if args.question is not None:
        check_question(args.question)
    elif not sys.stdin.isatty() and args.json:
        raise InputError("--json needs a question.", 'Run rag ask --json "…".')
    rag = _open(args)
    if args.question is not None:
        answer = rag.answer(args.question, (), as_of, args.source, after, before)
        print(json.dumps(answer.as_dict(), ensure_ascii=False, indent=2) if args.json else _shown(answer))
        return 0
    print(f"{rag.store.meta['articles']} articles. Ask; an empty line ends.")
    history: list[Turn] = []
    while True:
        try:
            question = input("\n> ").strip()
        except EOFError:
            break
        if not question:
            break
        try:
            answer = rag.answer(question, history, as_of, args.source, after, before)
        except InputError as error:
            print(error, file=sys.stderr)
            continue
        print(_shown(answer))
        history += [{"role": "user", "content": question}, {"role": "assistant", "content": answer.text}]
    return 0


def index_folders(args: argparse.Namespace) -> int:
    """Make the index hold the articles of the folders."""
    from index.build import build
    from index.store.sqlite import Store, is_there
    from rag import models

    if args.uri:
        if args.rebuild or args.if_missing or args.repair:
            raise InputError("--rebuild, --repair and --if-missing are for an index in a folder.", "Leave them out.")
        return _index_milvus(args)
    target = _index(args)
    if args.repair:
        return _repair(args, target)
    if args.if_missing and is_there(target):
        return 0
    folders = [Path(folder) for folder in args.folder]
    if not folders and is_there(target):
        try:
            folders = [Path(f) for f in json.loads(Store(target, vectors=False).meta["folders"])]
        except IndexMissing:  # a first build that was interrupted
            folders = []
        except RagError as error:
            if not args.rebuild:
                raise
            raise InputError(error.what, "Name the folders to make it anew from: rag index --rebuild FOLDER") from error
    folders = folders or [seeds()]
    embedder = _embedder(args.embedder, models)
    with bar("embedding") as tick:
        report = build(target, folders, embedder, args.rebuild, tick)
    _say_report(report, folders)
    return 0


def _repair(args: argparse.Namespace, target: Path) -> int:
    from index.store.repair import repair
    from index.store.sqlite import is_there
    from rag import models

    if not is_there(target):
        raise IndexMissing(f"There is no index in {target}.", "Build one: rag index FOLDER")
    with bar("embedding") as tick:
        done = repair(target, _embedder(args.embedder, models), [Path(folder) for folder in args.folder], tick)
    print(
        f"{done.articles} articles: {done.kept} were whole, {done.articles - done.kept} were read from their files again; "
        f"{done.embedded} chunks embedded."
    )
    return 0


def _say_report(report: IndexReport, folders: Sequence[Path]) -> None:
    names = ", ".join(str(folder) for folder in folders)
    print(
        f"{report.articles} articles, {report.chunks} chunks from {names}: {report.added} new, {report.updated} changed, "
        f"{report.unchanged} unchanged, {report.dropped} dropped; {report.embedded} chunks embedded."
    )
    for skipped in report.skipped:
        print(f"  skipped {skipped.path}: {skipped.why}")


def _index_milvus(args: argparse.Namespace) -> int:
    """The same, kept by Milvus."""
    from index.build import gather
    from index.store.milvus import MilvusStore
    from rag import models

    store = MilvusStore(args.uri, _embedder(args.embedder, models), create=True)
    folders = [Path(folder) for folder in args.folder] or [Path(f) for f in json.loads(store.meta.get("folders", "[]"))]
    articles, skipped = gather(folders or [seeds()])
    with bar("embedding") as tick:
        report = store.write(articles, skipped, [str(f.resolve()) for f in folders], tick)
    _say_report(report, folders or [seeds()])
    store.close()
    return 0


def search_index(args: argparse.Namespace) -> int:
    """Print the best chunks for a query."""
    from index.search import search
    from index.store.milvus import MilvusStore
    from index.store.sqlite import Store
    from rag import models

    after, before = _day(args.after, "--after"), _day(args.before, "--before")
    embedder = _embedder(args.embedder, models)
    store = MilvusStore(args.uri, embedder) if args.uri else Store(_index(args), embedder)
    hits = search(store, embedder, args.query, args.k, args.source, after, before)
    if args.json:
        print(
            json.dumps(
                [
                    {
                        "chunk_id": h.chunk.id,
                        "article_id": h.article.id,
                        "title": h.article.title,
                        "source": h.article.source,
                        "date": h.article.published and h.article.published.isoformat(),
                        "start": h.chunk.start,
                        "end": h.chunk.end,
                        "text": h.chunk.text,
                        "score": h.score,
                        "cosine": h.cosine,
                        "bm25": h.bm25,
                        "also_in": [a.id for _, a in h.copies],
                    }
                    for h in hits
                ],
                ensure_ascii=False,
                indent=2,
            )
        )
        return 0
    for h in hits:
        copies = f"  (also in {', '.join(a.id for _, a in h.copies)})" if h.copies else ""
        print(
            f"{h.rank:2}. {h.score:.2f}  {h.chunk.id}  {h.article.source or '?'}, {h.article.published or 'undated'}{copies}"
        )
        print("      " + " ".join(h.chunk.text.split())[:200])
    if not hits:
        print("Nothing found.")
    return 0


def articles(args: argparse.Namespace) -> int:
    """List the articles, show one (its text, or what was removed from it), add some, remove one that was added."""
    from index.reading.metadata import encodable
    from index.store.sqlite import Store

    if args.action != "add":  # those are files, and no text
        args.id = [encodable(name) for name in args.id]
    if args.action in ("add", "remove"):
        return _change_articles(args)
    args.id = args.id[0] if args.id else None
    store = Store(_index(args))
    if args.action == "show":
        if not args.id:
            raise InputError("No article is named.", "Run rag articles show ID.")
        try:
            article = store.article(args.id)
        except KeyError:
            raise InputError(f"There is no article {args.id!r} in the index.", "`rag articles` lists them.") from None
        if args.removed:
            for r in article.removed:
                print(f"{r.line:4}  {r.why:42}  {r.text}")
            print(f"{len(article.removed)} lines removed.")
        else:
            print(
                f"{article.label}\n{article.source or 'source not known'}, {article.published or 'undated'} "
                f"({article.published_how or 'no date found'})\n{article.url or ''}\n\n{article.text}"
            )
        return 0
    for a in store.articles():
        day = a.published.isoformat() if a.published else "undated"
        print(f"{day:10}  {a.id}  {a.source or 'source not known'}: {a.label}")
    for s in json.loads(store.meta["skipped"]):
        print(f"  skipped {s['path']}: {s['why']}")
    return 0


def _change_articles(args: argparse.Namespace) -> int:
    from index import additions
    from rag import models

    if not args.id:
        raise InputError(
            f"Nothing to {args.action} is named.",
            f"Run rag articles {args.action} {'FILE …' if args.action == 'add' else 'ID'}.",
        )
    target, embedder = _index(args), _embedder(DEFAULT_EMBEDDER, models)
    if args.action == "remove":
        for name in args.id:
            report = additions.remove(target, name, embedder)
            print(f"{name} removed; {report.articles} articles are left.")
        return 0
    with bar("embedding") as tick:
        report = additions.add(target, [Path(name) for name in args.id], embedder, tick)
    print(f"{report.added} added; {report.articles} articles now.")
    for skipped in report.skipped:
        print(f"  skipped {skipped.path}: {skipped.why}")
    return 0 if report.added else 1


def models_command(args: argparse.Namespace) -> int:
    """List the models, or fetch some."""
    from rag import models

    if args.action == "fetch":
        if not args.name:
            raise InputError("No model is named.", f"Known: {', '.join(models.registry())}.")
        for name in args.name:
            known = models.registry().get(name)
            if known and known.present:
                print(f"{name}: already here, verified.")
                continue
            with bar(name) as tick:
                path = models.fetch(name, lambda stage, done, total: tick(done, total, stage))
            print(f"{name}: {path}")
        return 0
    for m in models.registry().values():
        state = "here" if m.present else "not fetched"
        print(f"{m.name:22} {m.kind:9} {m.bytes / 1e6:7.0f} MB  {m.licence:11} {state:12} {m.about}")
    return 0


def doctor(args: argparse.Namespace) -> int:
    """Say whether everything this needs works here; the engine is tried in its own process."""
    from rag import doctor as checks

    if args.speed:
        read, written = checks.speed(args.model)
        print(f"{args.model}: reads {read:.0f} tokens a second, writes {written:.1f}")
        return 0
    if args.tune:
        from rag import models
        from rag.engine.tuning import tune

        chosen = tune(models.locate(args.model, "llm"), args.model, print)
        print(f"Remembered for {args.model}: {chosen}")
        return 0
    failed = 0
    found = checks.engine(args.model) if args.engine else checks.run(args.model, _index(args))
    for name, ok, says in found:
        print(f"{'ok  ' if ok else 'FAIL'}  {name}: {says}")
        failed += not ok
    return 1 if failed else 0


def chat(args: argparse.Namespace) -> int:
    """Open the chat in the browser's reach."""
    from rag.engine.remote import check_url
    from ui.app import launch

    auth = Path(args.auth) if args.auth else None
    if not 0 <= args.port < 65536:
        raise InputError(f"--port is {args.port}.", "Give a number from 1024 to 65535; 0 takes any that is free.")
    if args.llm_url:
        check_url(args.llm_url)
    if args.read_ahead < 0:
        raise InputError(f"--read-ahead is {args.read_ahead}.", "Give a number of passages; 0 for none.")
    return launch(_index(args), args.model, args.host, args.port, args.mcp, auth, args.llm_url, args.read_ahead)


def password(args: argparse.Namespace) -> int:
    """Print the line that lets somebody into a chat with --auth; the password is asked for, not an argument."""
    from getpass import getpass

    from ui.security.auth import entry

    given = getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    print(entry(args.name, given))
    return 0


def _eval(args: argparse.Namespace) -> int:
    from eval.cli import main as run_eval

    return run_eval(args)


def _bench(args: argparse.Namespace) -> int:
    from eval.bench import main as run_bench

    return run_bench(args)


def _open(args: argparse.Namespace) -> Rag:
    from rag.assistant import Rag
    from rag.config import Config

    read = {"read": args.k} if args.k else {}
    config = Config(embedder=args.embedder, gpu_layers=args.gpu_layers, llm_url=args.llm_url, milvus=args.uri, **read)
    if args.k is not None and args.k < 1:
        raise InputError(f"--k is {args.k}.", "Give a number from 1.")
    return Rag.open(_index(args), args.model, config)


def _embedder(name: str, models: Any) -> Any:
    from index.embedder import SentenceTransformerEmbedder

    known = models.registry().get(name)
    return SentenceTransformerEmbedder(models.locate(name, "embedder"), name, known.dim if known else None)


def _index(args: argparse.Namespace) -> Path:
    target = Path(args.index).expanduser() if args.index else default_index()
    if args.index and args.run is not index_folders and not target.exists():
        raise IndexMissing(f"There is no index in {target}.", f"Build one: rag index FOLDER --index {target}")
    return target


def _day(text: str | None, option: str) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{option} is {text!r}, not a day.", "Write it as 2022-03-31.") from None


def _shown(answer: Answer) -> str:
    lines = [answer.text]
    if any(not sentence.supported for sentence in answer.sentences):
        lines.append("(Weakly supported: compare the quoted words.)")
    for c in answer.citations:
        day = c.date.isoformat() if c.date else "undated"
        lines.append(
            f"\n  [{c.marker}] {c.source or 'source not known'}, {day} ({c.article_id}){f': {c.title}' if c.title else ''}"
        )
        lines.append("      “" + " ".join(c.quote.split()) + "”")
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rag", description="Ask a folder of articles; every sentence cites the words that support it."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int], about: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=about, description=about)
        sub.set_defaults(run=run)
        sub.add_argument("--index", metavar="DIR", help="the index's folder (default: the default index)")
        return sub

    def model(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--model", default=DEFAULT_MODEL, help="a name from `rag models`, a GGUF file, or none")
        sub.add_argument(
            "--gpu-layers", type=int, default=-1, metavar="N", help="layers on a GPU (default: all, where there is one)"
        )

    def server(sub: argparse.ArgumentParser) -> None:
        sub.add_argument(
            "--llm-url", metavar="URL", help="a server that runs the model (OpenAI-compatible; its key in RAG_LLM_KEY)"
        )

    def embedder(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--embedder", default=DEFAULT_EMBEDDER, help="an embedding model, by name or folder")

    def milvus(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--store", choices=["sqlite", "milvus"], default="sqlite", help="what keeps the index")
        sub.add_argument("--uri", metavar="URI", help="where Milvus is: a path that ends in .db, or http://HOST:19530")

    def limits(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--source", help="only articles of this source")
        sub.add_argument("--after", metavar="DAY", help="only articles published on or after this day")
        sub.add_argument("--before", metavar="DAY", help="only articles published on or before this day")

    sub = command("ask", ask, "ask a question; without one, hold a conversation")
    sub.add_argument("question", nargs="?")
    sub.add_argument("--json", action="store_true", help="print the whole answer as JSON")
    sub.add_argument("--as-of", metavar="DAY", help="the day it is asked on; nothing later is used")
    sub.add_argument(
        "--k",
        type=int,
        help="passages to read (default: 8; fewer where the first are clear, twice as many where none is)",
    )
    model(sub)
    server(sub)
    milvus(sub)
    embedder(sub)
    limits(sub)

    sub = command("index", index_folders, "index the articles of folders (default: those indexed before, or seeds/)")
    milvus(sub)
    sub.add_argument("folder", nargs="*")
    sub.add_argument("--rebuild", action="store_true", help="start anew, also over a damaged index")
    sub.add_argument("--repair", action="store_true", help="make a damaged index whole from what is still good in it")
    sub.add_argument("--if-missing", action="store_true", help="do nothing where there is an index")
    embedder(sub)

    sub = command("search", search_index, "search without a language model")
    milvus(sub)
    sub.add_argument("query")
    sub.add_argument("--k", type=int, default=10)
    sub.add_argument("--json", action="store_true")
    embedder(sub)
    limits(sub)

    sub = command("articles", articles, "list the articles, show one, add files, remove one that was added")
    sub.add_argument("action", nargs="?", choices=["list", "show", "add", "remove"], default="list")
    sub.add_argument("id", nargs="*", metavar="ID_OR_FILE")
    sub.add_argument("--removed", action="store_true", help="show what was removed as site furniture")

    sub = command("models", models_command, "list the models, or fetch some")
    sub.add_argument("action", nargs="?", choices=["list", "fetch"], default="list")
    sub.add_argument("name", nargs="*")

    sub = command("chat", chat, "open the chat")
    sub.add_argument("--host", default="127.0.0.1")
    sub.add_argument("--port", type=int, default=7860)
    sub.add_argument(
        "--auth", metavar="FILE", help="who may enter: lines that `rag password` prints (needed beyond this machine)"
    )
    sub.add_argument("--share", choices=["never"], default="never", help="the chat is never put on the internet")
    sub.add_argument("--mcp", action="store_true", help="offer ask, search and articles as MCP tools")
    sub.add_argument(
        "--read-ahead", type=int, default=300, metavar="N",
        help="passages of the newest articles that the model reads while nobody asks (default: 300; 0 for none)",
    )  # fmt: skip
    model(sub)
    server(sub)

    sub = command("password", password, "print the line that lets somebody into a chat with --auth")
    sub.add_argument("name")

    sub = command("doctor", doctor, "check that everything works on this machine")
    sub.add_argument("--engine", action="store_true", help="check the engine alone")
    sub.add_argument("--speed", action="store_true", help="measure the model instead: tokens read and written a second")
    sub.add_argument(
        "--tune", action="store_true", help="measure which thread and batch settings are fastest; keep them"
    )
    model(sub)

    sub = command("eval", _eval, "measure answers against golden questions")
    model(sub)
    server(sub)
    embedder(sub)
    from eval.options import add_bench_options, add_options

    add_options(sub)

    sub = command("bench", _bench, "measure what answers, indexing and growth cost on this machine")
    model(sub)
    add_bench_options(sub)
    return parser


if __name__ == "__main__":
    sys.exit(main())
