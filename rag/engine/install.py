"""Build and install llama-cpp-python in the way that works on this machine.

GCC 12 builds an AMX kernel that crashes at the first prompt (llama.cpp issue 20824). So on a
CPU with AMX it is built with clang where clang is installed, otherwise with GCC and without AMX;
on any other CPU with clang where it is installed (it is faster), otherwise with the default
compiler. The wheel is kept, so that a second environment does not compile again, and a build
only counts once it has passed the caller's check.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import invalidate_caches
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from index.errors import RagError

ENGINE = "llama-cpp-python"
VERSION = "0.3.36"  # the same as in the extra `engine` of pyproject.toml; a test compares them
NO_AMX = "-mno-amx-tile -mno-amx-int8 -mno-amx-bf16"

Check = Callable[[], tuple[bool, str]]  # whether the installed engine works, and what was found
Tell = Callable[[str], None]


def install(works: Check, tell: Tell) -> str:
    """Install an engine that passes the check, building one if needed; returns what the check found.

    Raises:
        RagError: no build works here.
    """
    failures = []
    if installed() == VERSION:
        good, found = works()
        if good:
            return found
        failures.append(f"the installed build: {found}")
    for name, flags in plans():
        folder = wheel_folder(name, flags)
        wheel = kept(folder)
        if wheel is None:
            tell(f"Building {ENGINE} {VERSION} with {name}: 4 to 7 minutes on two cores, once.")
            wheel = build(folder, flags, tell)
        if wheel is None:
            failures.append(f"{name}: the build failed, see {folder / 'build.log'}")
            continue
        tell(f"Installing the engine that was built with {name}.")
        _pip("install", "--quiet", "--no-deps", "--force-reinstall", str(wheel))
        good, found = works()
        if good:
            return found
        failures.append(f"{name}: {found}")
    raise RagError(
        f"No build of {ENGINE} works here ({'; '.join(failures)}).",
        "Install a C++ compiler (Debian: apt-get install g++, or clang libomp-dev) and run `rag setup` again.",
    )


def installed() -> str:
    """The version of the engine in this environment; "" where there is none."""
    invalidate_caches()
    try:
        return version(ENGINE)
    except PackageNotFoundError:
        return ""


def plans() -> list[tuple[str, dict[str, str]]]:
    """The builds to try, best first: a name, and the environment variables to set."""
    found: list[tuple[str, dict[str, str]]] = []
    for suffix in ("-19", "-18", "-17", "-16", ""):
        cc, cxx = shutil.which(f"clang{suffix}"), shutil.which(f"clang++{suffix}")
        if cc and cxx:
            found.append((f"clang{suffix}", {"CC": cc, "CXX": cxx}))
            break
    if "amx_" in cpu_flags():
        found.append(("the default compiler, AMX off", {"CFLAGS": NO_AMX, "CXXFLAGS": NO_AMX}))
    else:
        found.append(("the default compiler", {}))
    return found


def wheel_folder(name: str, flags: dict[str, str]) -> Path:
    """Where the wheel of this build is kept: by version, Python, CPU and flags."""
    base = Path(os.environ.get("RAG_HOME") or Path.home() / ".cache" / "rag-articles").expanduser()
    parts = [VERSION, sys.version[:40], platform.machine(), cpu_flags(), name, *sorted(flags.values())]
    key = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
    return base / "wheels" / f"{ENGINE}-{VERSION}-{key}"


def kept(folder: Path) -> Path | None:
    """The wheel of an earlier build."""
    return next(iter(sorted(folder.glob("*.whl"))), None)


def build(folder: Path, flags: dict[str, str], tell: Tell) -> Path | None:
    """Build the wheel into the folder, reporting progress every minute; None if it fails."""
    folder.mkdir(parents=True, exist_ok=True)
    staging = folder / "part"
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-cache-dir"]
    command += ["--wheel-dir", str(staging), f"{ENGINE}=={VERSION}"]
    started = time.monotonic()
    with (folder / "build.log").open("w") as log:
        process = subprocess.Popen(command, env=os.environ | flags, stdout=log, stderr=subprocess.STDOUT)
        try:
            while True:
                try:
                    process.wait(30)
                    break
                except subprocess.TimeoutExpired:
                    took = int(time.monotonic() - started)
                    tell(f"  compiling: {took // 60}:{took % 60:02d} so far")
        finally:
            process.kill()  # does nothing to one that has ended; a compiler must not outlive Ctrl-C
    if process.returncode != 0:
        return None
    for wheel in staging.glob("*.whl"):
        wheel.replace(folder / wheel.name)
    shutil.rmtree(staging)
    return kept(folder)


def cpu_flags() -> str:
    """The CPU's feature flags where the system lists them (Linux), else its name."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("flags"):
                return line.split(":", 1)[1].strip()
    except OSError:
        return platform.processor()  # no such file on macOS and Windows
    return platform.processor()


def _pip(*arguments: str) -> None:
    done = subprocess.run([sys.executable, "-m", "pip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RagError(
            f"pip could not install the engine: {done.stderr.strip()[-300:]}",
            "Check the free disk space and that the environment can be written to, then run `rag setup` again.",
        )
