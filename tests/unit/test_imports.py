"""What a question imports: seconds, if it is more than it needs."""

from __future__ import annotations

import subprocess
import sys

from conftest import ROOT


def test_the_parser_does_without_torch_and_torch_can_still_be_imported() -> None:
    code = (
        "import sys\n"
        "from index.text.grammar import parsed\n"
        "assert [w.tag_ for w in parsed('The port closed.')] == ['DT', 'NN', 'VBD', '.']\n"
        "assert 'torch' not in sys.modules\n"
        "from index.imports import without\n"
        "with without('json.tool'):\n"
        "    try:\n"
        "        import json.tool\n"
        "    except ImportError:\n"
        "        print('hidden')\n"
        "import json.tool, torch\n"
        "with without('torch'):\n"
        "    import torch\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "hidden\n"), done.stderr
