"""Small operations in PyTorch, eager: a chain of them, drives through physics and back, an LSTM through time."""

import re

import physics
import torch

STEPS, UNITS = 1000, 64


def operations(size):
    x = torch.linspace(-0.9, 0.9, size)
    floor = torch.tensor(-0.25)
    return lambda: physics.operations(torch, x, floor)


def drive(name, envs):
    start, step = physics.DRIVES[name]
    controls = [(0.1 * torch.randn(STEPS, envs)).requires_grad_() for _ in range(2)]

    def run():
        state, total = start(torch, envs), 0.0
        for asked in zip(*(c.unbind() for c in controls)):
            state, cost = step(torch, state, *asked)
            total = total + cost
        torch.autograd.grad(total / STEPS, controls)

    return run


def lstm(batch):
    net = torch.nn.LSTM(UNITS, UNITS)
    x = torch.randn(100, batch, UNITS)

    def run():
        torch.autograd.grad(net(x)[0].square().mean(), list(net.parameters()))

    return run


def gru(batch):
    net = torch.nn.GRU(UNITS, UNITS)
    x = torch.randn(100, batch, UNITS)
    return lambda: torch.autograd.grad(net(x)[0].square().mean(), list(net.parameters()))


def convolutions():
    nn = torch.nn
    net = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 32, 3, padding=1))
    x = torch.randn(64, 3, 32, 32)
    return lambda: torch.autograd.grad(net(x).square().mean(), list(net.parameters()))


class Block(torch.nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        nn = torch.nn
        self.heads, self.qkv, self.out = heads, nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        batch, time, width = x.shape
        parts = self.qkv(self.norm1(x)).view(batch, time, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        seen = torch.nn.functional.scaled_dot_product_attention(*parts, is_causal=True)
        x = x + self.out(seen.transpose(1, 2).reshape(batch, time, width))
        return x + self.mlp(self.norm2(x))


class GPT(torch.nn.Module):
    def __init__(self, symbols=65, width=128, context=256, blocks=4):
        super().__init__()
        nn = torch.nn
        self.tokens, self.positions = nn.Embedding(symbols, width), nn.Embedding(context, width)
        self.blocks = nn.Sequential(*[Block(width, 4) for _ in range(blocks)])
        self.norm = nn.LayerNorm(width)

    def forward(self, x):
        return self.norm(self.blocks(self.tokens(x) + self.positions.weight)) @ self.tokens.weight.T


def gpt():
    net = GPT()
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-4)
    x, y = torch.randint(65, (16, 256)), torch.randint(65, (16, 256))

    def run():
        loss = torch.nn.functional.cross_entropy(net(x).view(-1, 65), y.view(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()

    return run


def prepare(name):
    """The case `name`; None if it is another's."""
    if found := re.fullmatch(r"operations 300 x (\d+)", name):
        return operations(int(found[1]))
    if found := re.fullmatch(r"(car|point mass) (\d+) x 1000", name):
        return drive(found[1], int(found[2]))
    if found := re.fullmatch(r"lstm 64 x 100 x (\d+)", name):
        return lstm(int(found[1]))
    if found := re.fullmatch(r"gru 64 x 100 x (\d+)", name):
        return gru(int(found[1]))
    if name == "convolution 64 x 3-16-32":
        return convolutions()
    return gpt() if name == "gpt 128 x 4 x 256 x 16" else None
