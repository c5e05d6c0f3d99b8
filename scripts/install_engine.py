"""Build and install llama-cpp-python in the way that works on this machine.

GCC 12 builds an AMX kernel that crashes at the first prompt (llama.cpp issue 20824). So: on
a CPU with AMX, clang where it is installed, otherwise GCC without AMX; on any other CPU
clang where it is installed (faster), otherwise the compiler that is there. The wheel is
kept, so that a second environment does not compile again, and each build is tried in a
process of its own before it counts.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ENGINE = "llama-cpp-python"
VERSION = "0.3.36"
NO_AMX = "-mno-amx-tile -mno-amx-int8 -mno-amx-bf16"


def main() -> int:
    """Install the engine; 0 when a build loads, 1 with a sentence when none does."""
    try:
        if version(ENGINE) == VERSION and not does_not_load():
            return 0
    except PackageNotFoundError:
        pass
    failures = []
    for name, flags in plans():
        folder = wheel_folder(name, flags)
        wheels = list(folder.glob("*.whl"))
        if not wheels:
            print(f"Building {ENGINE} {VERSION} with {name}: 4 to 7 minutes on two cores, once.", flush=True)
            if not build(folder, flags):
                failures.append(f"{name}: the build failed, see {folder / 'build.log'}")
                continue
            wheels = list(folder.glob("*.whl"))
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--force-reinstall", str(wheels[0])],
            check=True,
        )
        if why := does_not_load():
            failures.append(f"{name}: it was built and does not load: {why}")
            continue
        return 0
    print(
        f"No build of {ENGINE} works here ({'; '.join(failures)}). "
        "Install a C++ compiler (Debian: apt-get install g++, or clang-16 libomp-16-dev) and run make again.",
        file=sys.stderr,
    )
    return 1


def plans() -> list[tuple[str, dict[str, str]]]:
    """The builds to try, best first: a name, and what is set in the environment."""
    has_amx = "amx_" in cpu_flags()
    found: list[tuple[str, dict[str, str]]] = []
    for suffix in ("-19", "-18", "-17", "-16", ""):
        cc, cxx = shutil.which(f"clang{suffix}"), shutil.which(f"clang++{suffix}")
        if cc and cxx:
            found.append((f"clang{suffix}", {"CC": cc, "CXX": cxx}))
            break
    if has_amx:
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


def build(folder: Path, flags: dict[str, str]) -> bool:
    """Build the wheel into the folder, showing that it goes on."""
    folder.mkdir(parents=True, exist_ok=True)
    staging = folder / "part"
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-cache-dir",
        "--wheel-dir",
        str(staging),
        f"{ENGINE}=={VERSION}",
    ]
    started = time.monotonic()
    with (folder / "build.log").open("w") as log:
        process = subprocess.Popen(command, env=os.environ | flags, stdout=log, stderr=subprocess.STDOUT)
        while process.poll() is None:
            time.sleep(1)
            took = int(time.monotonic() - started)
            line = f"  compiling … {took // 60}:{took % 60:02d}"
            if sys.stdout.isatty():
                print(f"\r{line}", end="", flush=True)
            elif took % 60 == 0:
                print(line, flush=True)
    print(flush=True)
    if process.returncode != 0:
        return False
    for wheel in staging.glob("*.whl"):
        wheel.replace(folder / wheel.name)
    shutil.rmtree(staging)
    return True


def does_not_load() -> str:
    """Why the engine's native code cannot be loaded, asked in a process of its own; "" where it can."""
    code = "import llama_cpp; llama_cpp.llama_backend_init()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f"it ended with {done.returncode}"


def cpu_flags() -> str:
    """The CPU's feature flags where the system tells (Linux), else its name."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("flags"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor()


if __name__ == "__main__":
    sys.exit(main())
