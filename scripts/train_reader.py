"""Train the reader: python scripts/train_reader.py DATA OUT [--steps N]

DATA holds `rank/` and `support/`, files of public questions with the passages that answer them and those that do not, and of
claims with their evidence (a row of `rank` is a question `q`, passages `pos` and `neg`, an `answer` in their words). The
embedding model learns where in a passage the answer begins and ends, the first token standing for "not here". Hard negatives
are what the embedding model itself finds for a question and what does not have the answer. Beside it, from the claims, it
learns whether a passage says a sentence, which is not used (docs/experiments.md tells why).

What is held out (`scripts/reader_data.py`) is measured at the end. OUT gets the checkpoint, from which training goes on when it
was stopped, and what stands in `rag/weights/`, in eight bits. Two cores take three quarters of an hour for 1,650 steps.
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
from sentence_transformers import SentenceTransformer
from torch import Tensor, nn
from transformers import AutoModel

from eval.metrics import auroc
from rag.config import DEFAULT_EMBEDDER
from rag.models import locate
from scripts.reader_data import Data, Example

BATCH, TOKENS, ASKED = 32, 192, 400
RATE, HEAD_RATE, WARMUP = 1.2e-4, 4.8e-4, 0.06
_FAR = -1e4


class Network(nn.Module):
    """The embedding model's encoder with two heads: where an answer begins and ends, and whether a claim is said."""

    def __init__(self, folder: Path, **config: Any) -> None:
        super().__init__()
        self.base = AutoModel.from_pretrained(
            folder, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, **config
        )
        self.span = nn.Linear(self.base.config.hidden_size, 2)
        self.says = nn.Linear(self.base.config.hidden_size, 1)

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Logits of shape (batch, tokens) for start and end, and of shape (batch,) for a claim."""
        made = self.base(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
        spans = self.span(made.last_hidden_state)
        return spans[..., 0], spans[..., 1], self.says(made.last_hidden_state[:, 0])[:, 0]


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
        [e.first[:ASKED] for e in examples], [e.passage for e in examples], truncation="only_second", max_length=TOKENS,
        padding=True, return_offsets_mapping=True, return_tensors="pt",
    )  # fmt: skip
    offsets = read.pop("offset_mapping").numpy()
    own = np.array([[s == 1 for s in read.sequence_ids(n)] for n in range(len(examples))])
    starts, ends = torch.zeros(own.shape), torch.zeros(own.shape)
    for n, example in enumerate(examples):
        for a, b in example.spans or ():
            first = np.flatnonzero(own[n] & (offsets[n, :, 0] <= a) & (offsets[n, :, 1] > a))
            last = np.flatnonzero(own[n] & (offsets[n, :, 0] < b) & (offsets[n, :, 1] >= b))
            if len(first) and len(last):
                starts[n, first[0]] = ends[n, last[0]] = 1
        if not starts[n].any():
            starts[n, 0] = ends[n, 0] = 1
    may_be = torch.tensor(own)
    may_be[:, 0] = True
    return Batch(dict(read), may_be, starts, ends, offsets)


def loss_of(network: nn.Module, batch: Batch, examples: Sequence[Example]) -> Tensor:
    """Cross-entropy: of an answer's first and last token, wherever it stands, and of the claims."""
    with torch.autocast("cpu", torch.bfloat16):
        start, end, says = network(**batch.fed)
    asked = torch.tensor([e.spans is not None for e in examples])
    total = torch.zeros(())
    for logits, right in ((start, batch.starts), (end, batch.ends)):
        likely = logits.float().masked_fill(~batch.may_be, _FAR).log_softmax(-1)
        total = total - likely.masked_fill(right == 0, _FAR).logsumexp(-1)[asked].sum() / 2
    said = torch.tensor([e.said for e in examples])
    total = total + nn.functional.binary_cross_entropy_with_logits(says.float()[~asked], said[~asked], reduction="sum")
    return total / len(examples)


def batches(examples: Sequence[Example]) -> Iterator[list[Example]]:
    """Random batches of examples of like length, again and again."""
    draw = random.Random(1)
    while True:
        order = draw.sample(examples, len(examples))
        for start in range(0, len(order), BATCH * 40):
            pool = sorted(order[start : start + BATCH * 40], key=lambda e: len(e.first) + len(e.passage))
            split = [pool[n : n + BATCH] for n in range(0, len(pool), BATCH)]
            yield from draw.sample(split, len(split))


def train(network: Network, tokenizer: Any, data: Data, steps: int, checkpoint: Path) -> None:
    """Train for so many steps, from the checkpoint where there is one."""
    network.base.embeddings.word_embeddings.weight.requires_grad_(False)
    body = [p for p in network.base.parameters() if p.requires_grad]
    heads = [*network.span.parameters(), *network.says.parameters()]
    optimiser = torch.optim.AdamW([{"params": body}, {"params": heads, "lr": HEAD_RATE}], lr=RATE)
    rate = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda n: min(1.0, (n + 1) / (WARMUP * steps)) * max(0.01, 1 - n / steps)
    )
    done = 0
    if checkpoint.exists():
        kept = torch.load(checkpoint)
        network.load_state_dict(kept["network"])
        optimiser.load_state_dict(kept["optimiser"])
        rate.load_state_dict(kept["rate"])
        done = kept["step"]
    began, lost = time.monotonic(), 0.0
    for step, examples in enumerate(batches(data.learned), 1):
        if step <= done:
            continue
        if step > steps:
            break
        loss = loss_of(network, encode(tokenizer, examples), examples)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        rate.step()
        optimiser.zero_grad()
        lost += float(loss.detach())
        if step % 50 == 0 or step == steps:
            print(f"step {step} of {steps}: loss {lost / 50:.3f}, {time.monotonic() - began:.0f} s", flush=True)
            kept = {"network": network.state_dict(), "optimiser": optimiser.state_dict(), "rate": rate.state_dict()}
            torch.save(kept | {"step": step}, checkpoint)
            lost = 0.0


def export(network: Network, folder: Path, tokenizer: Any) -> Path:
    """Write the network as `reader.onnx`, its weights in eight bits, and its tokenizer beside it."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    names, whole = ["input_ids", "attention_mask", "token_type_ids"], folder / "whole.onnx"
    given = torch.ones(2, 16, dtype=torch.long)
    axes = {name: {0: "batch", 1: "tokens"} for name in [*names, "start", "end"]} | {"says": {0: "batch"}}
    torch.onnx.export(
        network.eval(), (given, given, torch.zeros_like(given)), str(whole), input_names=names,
        output_names=["start", "end", "says"], dynamic_axes=axes, opset_version=17, dynamo=False,
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
        if example.spans is not None:
            groups[example.of].append(example)
    for name, group in sorted(groups.items()):
        found = [reader.read(e.first, [e.passage])[0] for e in group]
        has = [bool(e.spans) for e in group]
        shares = [
            max(overlap(f.text, e.passage[a:b]) for a, b in e.spans)
            for f, e in zip(found, group, strict=True)
            if e.spans
        ]
        told = f"AUROC {auroc([f.odds for f in found], has):.3f}" if not all(has) else ""
        print(f"{name:12} {len(group):5} passages, {sum(has)} with an answer: F1 {np.mean(shares):.3f} {told}")


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
    parser.add_argument("--steps", type=int, default=1650)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    folder = locate(DEFAULT_EMBEDDER, "embedder")
    embedder = SentenceTransformer(str(folder), device="cpu")
    data, tokenizer = Data(args.data, embedder), embedder.tokenizer
    print(f"{len(data.learned)} examples to learn from, {len(data.held)} held out", flush=True)
    network = Network(folder, attn_implementation="sdpa")
    train(network, tokenizer, data, args.steps, args.out / "checkpoint.pt")
    plain = Network(folder, attn_implementation="eager")
    plain.load_state_dict(network.state_dict())
    measure(export(plain, args.out, tokenizer), data.held)
    return 0


if __name__ == "__main__":
    sys.exit(main())
