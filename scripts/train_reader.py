"""Train the reader: python scripts/train_reader.py DATA OUT [--steps N]

DATA holds `rank/`: files of public questions with the passages that answer them and those that do not (a row is a question `q`,
passages `pos` and `neg`, and an `answer` in their words). The embedding model learns where in a passage the answer begins and
ends, the first token standing for "not here". Hard negatives are what the embedding model itself finds for a question and what
does not have the answer.

What is held out (`scripts/reader_data.py`) is measured at the end. OUT gets the checkpoint, from which training goes on when it
was stopped or when more steps are asked for, and what stands in `rag/weights/`, in eight bits. Two cores take about two
hours for 4,050 steps.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from torch import Tensor, nn
from transformers import AutoModel

from eval.metrics import auroc
from rag.config import DEFAULT_EMBEDDER
from rag.models import locate
from scripts.reader_data import Data, Example

BATCH, TOKENS, ASKED = 32, 192, 400
RATE, HEAD_RATE, WARMUP = 1.2e-4, 4.8e-4, 100
_FAR = -1e4


class Network(nn.Module):
    """The embedding model's encoder with a head: where an answer begins and ends."""

    def __init__(self, folder: Path, **config: Any) -> None:
        super().__init__()
        self.base = AutoModel.from_pretrained(
            folder, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, **config
        )
        self.span = nn.Linear(self.base.config.hidden_size, 2)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of shape (batch, tokens) for start and end."""
        made = self.base(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
        spans = self.span(made.last_hidden_state)
        return spans[..., 0], spans[..., 1]


@dataclass(frozen=True)
class Batch:
    """Tokens of some examples, which of them may be an answer's (the first: none), and which begin and end one."""

    fed: dict[str, Tensor]
    may_be: Tensor
    starts: Tensor
    ends: Tensor
    offsets: np.ndarray


def encode(tokenizer: Any, examples: Sequence[Example]) -> Batch:
    """The tokens of some examples, padded to the longest."""
    read = tokenizer(
        [e.question[:ASKED] for e in examples], [e.passage for e in examples], truncation="only_second", max_length=TOKENS,
        padding=True, return_offsets_mapping=True, return_tensors="pt",
    )  # fmt: skip
    offsets = read.pop("offset_mapping").numpy()
    own = np.array([[s == 1 for s in read.sequence_ids(n)] for n in range(len(examples))])
    starts, ends = torch.zeros(own.shape), torch.zeros(own.shape)
    for n, example in enumerate(examples):
        for a, b in example.spans:
            if example.loose:
                inside = own[n] & (offsets[n, :, 0] >= a) & (offsets[n, :, 1] <= b)
                starts[n, inside] = ends[n, inside] = 1
                continue
            first = np.flatnonzero(own[n] & (offsets[n, :, 0] <= a) & (offsets[n, :, 1] > a))
            last = np.flatnonzero(own[n] & (offsets[n, :, 0] < b) & (offsets[n, :, 1] >= b))
            if len(first) and len(last):
                starts[n, first[0]] = ends[n, last[0]] = 1
        if not starts[n].any():
            starts[n, 0] = ends[n, 0] = 1
    may_be = torch.tensor(own)
    may_be[:, 0] = True
    return Batch(dict(read), may_be, starts, ends, offsets)


def loss_of(network: nn.Module, batch: Batch) -> Tensor:
    """Cross-entropy of an answer's first and last token, wherever it stands."""
    with torch.autocast("cpu", torch.bfloat16):
        start, end = network(**batch.fed)
    total = torch.zeros(())
    for logits, right in ((start, batch.starts), (end, batch.ends)):
        likely = logits.float().masked_fill(~batch.may_be, _FAR).log_softmax(-1)
        total = total - likely.masked_fill(right == 0, _FAR).logsumexp(-1).mean() / 2
    return total


def batches(examples: Sequence[Example]) -> Iterator[list[Example]]:
    """Random batches of examples of like length, again and again."""
    draw = random.Random(1)
    while True:
        order = draw.sample(examples, len(examples))
        for start in range(0, len(order), BATCH * 40):
            pool = sorted(order[start : start + BATCH * 40], key=lambda e: len(e.question) + len(e.passage))
            split = [pool[n : n + BATCH] for n in range(0, len(pool), BATCH)]
            yield from draw.sample(split, len(split))


def train(network: Network, tokenizer: Any, data: Data, steps: int, checkpoint: Path) -> None:
    """Train for so many steps, from the checkpoint where there is one; its step is kept in its metadata."""
    network.base.embeddings.word_embeddings.weight.requires_grad_(False)
    body = [p for p in network.base.parameters() if p.requires_grad]
    done = 0
    if checkpoint.exists():
        network.load_state_dict(load_file(checkpoint))
        with safe_open(checkpoint, "pt") as kept:
            done = int(kept.metadata()["step"])
    # The optimiser's moments are not kept: they are found again while the rate rises anew.
    optimiser = torch.optim.AdamW([{"params": body}, {"params": network.span.parameters(), "lr": HEAD_RATE}], lr=RATE)
    rate = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda n: min(1.0, (n + 1) / WARMUP) * max(0.01, 1 - (done + n) / steps)
    )
    began, lost = time.monotonic(), 0.0
    for step, examples in enumerate(batches(data.learned), 1):
        if step <= done:
            continue
        if step > steps:
            break
        loss = loss_of(network, encode(tokenizer, examples))
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        rate.step()
        optimiser.zero_grad()
        lost += float(loss.detach())
        if step % 50 == 0 or step == steps:
            print(f"step {step} of {steps}: loss {lost / 50:.3f}, {time.monotonic() - began:.0f} s", flush=True)
            save_file(network.state_dict(), checkpoint, {"step": str(step)})
            lost = 0.0


def export(network: Network, folder: Path, tokenizer: Any) -> Path:
    """Write the network as `reader.onnx`, its weights in eight bits, and its tokenizer beside it."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    names, whole = ["input_ids", "attention_mask", "token_type_ids"], folder / "whole.onnx"
    given = torch.ones(2, 16, dtype=torch.long)
    axes = {name: {0: "batch", 1: "tokens"} for name in [*names, "start", "end"]}
    torch.onnx.export(
        network.eval(), (given, given, torch.zeros_like(given)), str(whole), input_names=names,
        output_names=["start", "end"], dynamic_axes=axes, opset_version=17, dynamo=False,
    )  # fmt: skip
    quantize_dynamic(whole, folder / "reader.onnx", weight_type=QuantType.QInt8, per_channel=True)
    whole.unlink()
    tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    return folder / "reader.onnx"


def measure(file: Path, examples: Iterable[Example]) -> None:
    """Print, for each file: F1 of the answers' words, and how well the odds tell passages with an answer (AUROC)."""
    from rag.reader import Reader

    reader, groups = Reader(file), defaultdict[str, list[Example]](list)
    for example in examples:
        groups[example.of].append(example)
    for name, group in sorted(groups.items()):
        found = [reader.read(e.question, [e.passage])[0] for e in group]
        has = [bool(e.spans) for e in group]
        shares = [
            max(overlap(f.text, e.passage[a:b]) for a, b in e.spans)
            for f, e in zip(found, group, strict=True)
            if e.spans and not e.loose
        ]
        told = [f"F1 {np.mean(shares):.3f}"] if shares else []
        told += [] if all(has) else [f"AUROC {auroc([f.odds for f in found], has):.3f}"]
        print(f"{name:12} {len(group):5} passages, {sum(has)} with an answer: {', '.join(told)}")


def overlap(one: str, other: str) -> float:
    """F1 of the words of two answers (Rajpurkar et al., "SQuAD", 2016)."""
    a, b = (Counter(re.findall(r"\w+", re.sub(r"\b(?:a|an|the)\b", " ", text.lower()))) for text in (one, other))
    both = (a & b).total()
    return 2 * both / (a.total() + b.total()) if both else 0.0


def main() -> int:
    """Train, export and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=4050)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    folder = locate(DEFAULT_EMBEDDER, "embedder")
    embedder = SentenceTransformer(str(folder), device="cpu")
    data, tokenizer = Data(args.data, embedder), embedder.tokenizer
    print(f"{len(data.learned)} examples to learn from, {len(data.held)} held out", flush=True)
    network = Network(folder, attn_implementation="sdpa")
    train(network, tokenizer, data, args.steps, args.out / "checkpoint.safetensors")
    plain = Network(folder, attn_implementation="eager")
    plain.load_state_dict(network.state_dict())
    measure(export(plain, args.out, tokenizer), data.held)
    return 0


if __name__ == "__main__":
    sys.exit(main())
