"""No data become code: nothing is unpickled, evaluated or imported because a file says so."""

from __future__ import annotations

import ast
import json
import shutil
from pathlib import Path

import pytest

from index.embedder import SentenceTransformerEmbedder
from index.errors import ModelError
from rag.config import DEFAULT_EMBEDDER
from rag.models import locate

ROOT = Path(__file__).parents[2]
MODULES = {"pickle", "cPickle", "marshal", "shelve", "joblib", "dill", "cloudpickle", "jsonpickle"}
CALLS = {"eval", "exec", "compile", "__import__"}


def loads_code(source: str) -> list[str]:
    """The places of a module that could run what they read."""
    found = []
    for node in ast.walk(ast.parse(source)):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        found += [name for name in names if name.split(".")[0] in MODULES]
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
        if called in CALLS or called in ("torch.load", "yaml.load", "yaml.unsafe_load", "yaml.full_load"):
            found.append(called)
        if given.get("allow_pickle", "False") != "False" or given.get("trust_remote_code", "False") != "False":
            found.append(called)
    return found


@pytest.mark.parametrize(
    "source",
    ["import pickle", "from marshal import loads", "eval('1')", "exec(x)", "torch.load(f)", "np.load(f, allow_pickle=True)",
     "import yaml; yaml.load(f)", "A(x, trust_remote_code=True)", "def f():\n import joblib.numpy_pickle"],
)  # fmt: skip
def test_what_loads_code_is_seen(source: str) -> None:
    assert loads_code(source)
    assert not loads_code("np.load(f, allow_pickle=False); re.compile('x'); model.eval(); json.load(f)")


@pytest.mark.parametrize("room", ["index", "rag", "ui", "eval", "scripts"])
def test_nothing_here_loads_code_from_data(room: str) -> None:
    paths = sorted((ROOT / room).rglob("*.py"))
    assert paths
    assert {str(p.relative_to(ROOT)): found for p in paths if (found := loads_code(p.read_text("utf-8")))} == {}


def test_an_embedder_of_pickled_weights_is_refused(tmp_path: Path) -> None:
    """Its weights would run what stands in them, were they loaded."""
    folder, ran = tmp_path / "model", tmp_path / "ran"
    shutil.copytree(locate(DEFAULT_EMBEDDER, "embedder"), folder)
    assert [p.unlink() for p in folder.rglob("*.safetensors")]
    (folder / "pytorch_model.bin").write_bytes(f"cos\nsystem\n(S'touch {ran}'\ntR.".encode())
    with pytest.raises(ModelError, match="could not be loaded"):
        SentenceTransformerEmbedder(folder, "pickled").query("Who?")
    assert not ran.exists()


def test_an_embedder_that_brings_code_of_its_own_does_not_run_it(tmp_path: Path) -> None:
    folder, ran = tmp_path / "model", tmp_path / "ran"
    shutil.copytree(locate(DEFAULT_EMBEDDER, "embedder"), folder)
    (folder / "own.py").write_text(f"open({str(ran)!r}, 'w').close()\nclass Own: pass\n")
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {"AutoConfig": "own.Own", "AutoModel": "own.Own"}
    (folder / "config.json").write_text(json.dumps(config))
    modules = json.loads((folder / "modules.json").read_text())
    modules[0]["type"] = "own.Own"
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(ModelError):
        SentenceTransformerEmbedder(folder, "own code").query("Who?")
    assert not ran.exists()
