"""The language model in PyTorch, eager or with --compile: a training step, and bytes written with a cache. Answers requests."""

import json
import sys
import time

import torch
from torch.nn import functional

ROWS, TIME, WIDTH, ATTENTION, LAYERS, HEADS, SYMBOLS = 16, 256, 128, 4, 5, 4, 256
EACH = WIDTH // ATTENTION
angles = torch.outer(torch.arange(TIME), 10000.0 ** (-torch.arange(0, EACH, 2) / EACH))
COS, SIN = angles.cos(), angles.sin()


def turned(x, cos, sin):
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], -1)


class Layer(torch.nn.Module):
    def __init__(self):
        super().__init__()
        nn = torch.nn
        self.norm1, self.norm2 = nn.RMSNorm(WIDTH, 1e-5), nn.RMSNorm(WIDTH, 1e-5)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH, bias=False), nn.Linear(WIDTH, WIDTH, bias=False)
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH, bias=False), nn.Linear(4 * WIDTH, WIDTH, bias=False)

    def forward(self, x, at=0, cache=None):
        rows, length, _ = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(rows, length, 3, ATTENTION, EACH).permute(2, 0, 3, 1, 4)
        cos, sin = COS[at : at + length], SIN[at : at + length]
        q, k = turned(q, cos, sin), turned(k, cos, sin)
        if cache is not None:
            cache[0][:, :, at : at + length], cache[1][:, :, at : at + length] = k, v
            k, v = cache[0][:, :, : at + length], cache[1][:, :, : at + length]
        seen = functional.scaled_dot_product_attention(q, k, v, is_causal=length > 1)
        x = x + self.out(seen.transpose(1, 2).reshape(rows, length, WIDTH))
        return x + self.down(functional.gelu(self.up(self.norm2(x))))


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        nn = torch.nn
        self.embedding = nn.Embedding(SYMBOLS, WIDTH)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.trunk = nn.ModuleList(Layer() for _ in range(LAYERS - HEADS))
        self.heads = nn.ModuleList(Layer() for _ in range(HEADS))
        self.norm = nn.RMSNorm(WIDTH, 1e-5)

    def unembed(self, x):
        return self.norm(x) @ self.embedding.weight.T

    def forward(self, tokens):
        """The mean over positions of the mean over the heads that have a byte to say."""
        hidden = self.embedding(tokens)
        for layer in self.trunk:
            hidden = layer(hidden)
        losses = torch.zeros(ROWS, TIME)
        for k, head in enumerate(self.heads):
            logits = self.unembed(head(hidden))[:, : TIME - k - 1].reshape(-1, SYMBOLS)
            loss = functional.cross_entropy(logits, tokens[:, k + 1 :].reshape(-1), reduction="none")
            losses = losses + functional.pad(loss.view(ROWS, -1), (0, k + 1))
        count = (TIME - 1 - torch.arange(TIME)).clamp(0, HEADS)
        return (losses[:, :-1] / count[:-1]).mean()


def step(compiled):
    model = Model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1)
    tokens = torch.randint(SYMBOLS, (ROWS, TIME))
    loss_of = torch.compile(model) if compiled else model

    def run():
        optimizer.zero_grad()
        loss = loss_of(tokens)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        loss.item()

    return run


def text():
    model = Model()
    layers = [*model.trunk, model.heads[0]]
    caches = [torch.zeros(2, 1, ATTENTION, TIME, EACH) for _ in layers]

    def read(tokens, at):
        x = model.embedding(tokens)
        for layer, cache in zip(layers, caches):
            x = layer(x, at, cache)
        return model.unembed(x[:, -1]).argmax(-1, keepdim=True)

    @torch.no_grad()
    def run():
        token = read(torch.arange(65, 85)[None], 0)
        for at in range(20, 219):
            token = read(token, at)
        token.item()

    return run


def prepare(name, compiled):
    if name == "language step 16 x 256":
        return step(compiled)
    return text() if name == "language text 200" and not compiled else None


def main():
    torch.set_num_threads(2)
    compiled, ready = "--compile" in sys.argv, {}
    for line in sys.stdin:
        request = json.loads(line)
        name, times = request["case"], []
        run = ready.get(name) or prepare(name, compiled)
        if run is None:
            print(json.dumps({"why": f"this peer has no case '{name}'."}), flush=True)
            continue
        ready[name] = run
        for _ in range(request["repeats"]):
            start = time.perf_counter()
            run()
            times.append(1e3 * (time.perf_counter() - start))
        print(json.dumps({"ms": times}), flush=True)


if __name__ == "__main__":
    main()
