"""The wheel, installed into a folder of its own and used from another one, is the whole product."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from rag import models

ROOT = Path(__file__).parents[2]
PARTS = ("pyproject.toml", "README.md", "LICENSE", "index", "rag", "ui", "eval", "seeds")


@dataclass
class Copy:
    """An installed copy: where it lies, where it is used from, and what it runs with."""

    folder: Path
    elsewhere: Path
    env: dict[str, str]

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-P", *arguments],
            cwd=self.elsewhere, env=self.env, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip

    def rag(self, *arguments: str) -> str:
        done = self.python("-m", "rag.cli", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    # Built from a copy: `pip wheel` leaves a build/ folder, and whatever lies in one goes into the next wheel.
    base = tmp_path_factory.mktemp("wheel")
    source, folder, elsewhere, home = (base / name for name in ("source", "installed", "elsewhere", "home"))
    for made in (source, elsewhere, home):
        made.mkdir()
    for part in PARTS:
        whole = ROOT / part
        if whole.is_dir():
            shutil.copytree(whole, source / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(whole, source)
    pip = [sys.executable, "-m", "pip", "--quiet"]
    wheel = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(base)]
    subprocess.run([*pip, *wheel, str(source)], check=True, cwd=base)
    (built,) = base.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", str(folder), str(built)], check=True, cwd=base)
    (home / "models").symlink_to(models.store())  # nothing is fetched twice
    env = os.environ | {"PYTHONPATH": str(folder), "RAG_HOME": str(home), "NO_COLOR": "1"}
    return Copy(folder, elsewhere, env)


@pytest.fixture(scope="module")
def indexed(copy: Copy) -> Copy:
    said = copy.rag("index")
    assert "5 articles" in said, said
    return copy


def test_it_is_the_installed_copy_that_runs(copy: Copy) -> None:
    code = "import index, rag, ui, eval; print(*(m.__file__ for m in (index, rag, ui, eval)), sep='\\n')"
    done = copy.python("-c", code)
    assert done.returncode == 0, done.stderr
    places = done.stdout.splitlines()
    assert len(places) == 4 and all(Path(place).is_relative_to(copy.folder) for place in places), places


def test_the_wheel_has_every_file_that_is_not_code(copy: Copy) -> None:
    for room in ("index", "rag", "ui", "eval", "seeds"):
        tracked = subprocess.run(["git", "ls-files", room], cwd=ROOT, capture_output=True, text=True, check=True)
        lines = tracked.stdout.splitlines()
        wanted = {line for line in lines if not line.startswith("eval/peers/") and line != "eval/README.md"}
        assert wanted and {line for line in wanted if not (copy.folder / line).is_file()} == set()


def test_version(copy: Copy) -> None:
    stated = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text("utf-8"), re.M)
    assert stated and copy.rag("--version").strip() == f"rag {stated[1]}"


def test_ask(indexed: Copy) -> None:
    said = indexed.rag("ask", "--model", "none", "Who is Russia's chief negotiator?")
    assert "Medinsky" in said and "[1]" in said


def test_eval(indexed: Copy) -> None:
    assert "2" in indexed.rag("eval", "--sample", "2", "--model", "none", "--out", str(indexed.elsewhere / "run"))
    assert any((indexed.elsewhere / "run").iterdir())


def test_setup_again_says_that_everything_is_there(copy: Copy) -> None:
    said = copy.rag("setup")
    assert "Building" not in said and said.splitlines()[-1].startswith("Ready: "), said


@pytest.fixture(scope="module")
def page(indexed: Copy) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-P", "-m", "rag.cli", "chat", "--model", "none", "--port", str(port)]
    said = indexed.elsewhere / "chat.log"
    with said.open("w") as log:
        server = subprocess.Popen(command, cwd=indexed.elsewhere, env=indexed.env, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}/"
            for _ in range(240):
                assert server.poll() is None, said.read_text()
                try:
                    httpx.get(url, timeout=2)
                    break
                except httpx.TransportError:
                    time.sleep(0.5)
            yield url
        finally:
            server.terminate()
            server.wait(20)


def test_the_chat_and_all_that_its_page_loads(page: str, copy: Copy) -> None:
    with httpx.Client(timeout=30) as client:
        html = client.get(page).text
        config = client.get(urljoin(page, "config")).text
        links = {urljoin(page, found) for found in re.findall(r'(?:src|href)="([^"#]+)"', html)}
        links = {link for link in links if link.startswith(page)}
        modules = set()
        for link in links:
            got = client.get(link)
            assert got.status_code == 200, link
            if got.headers["content-type"].startswith(("text/javascript", "application/javascript")):
                found = re.findall(r"""["'`](\./[\w-][\w.-]*\.(?:js|css))["'`]""", got.text)
                modules |= {urljoin(link, name) for name in found}
        named = re.search(r"chat-static/app\.css\?\w+", html + config)  # the page's script puts it into the head
        assert named
        style = client.get(urljoin(page, named[0]))
        fonts = {urljoin(str(style.url), name) for name in re.findall(r"url\((fonts/[^)]+)\)", style.text)}
        assert len(links) > 3 and modules and len(fonts) == 7
        modules |= fonts
        for link in modules:
            assert client.get(link).status_code == 200, link
    script = json.dumps((copy.folder / "ui" / "static" / "app.js").read_text("utf-8"), ensure_ascii=False)
    assert script in config, "the page's own script is not in it"


def test_a_type_checker_knows_what_rag_is(copy: Copy) -> None:
    good, bad = copy.elsewhere / "good.py", copy.elsewhere / "bad.py"
    lines = "from rag import Rag\nr = Rag.open(model='none')\ntext: {} = r.answer('Who?').text\n"
    good.write_text(lines.format("str"))
    bad.write_text(lines.format("int"))
    # This project's settings, so that the large packages it uses are not checked too (over a minute).
    done = copy.python("-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), str(good), str(bad))
    assert "bad.py:3: error: Incompatible types" in done.stdout and "good.py" not in done.stdout, (
        done.stdout + done.stderr
    )
