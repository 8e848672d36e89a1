"""Small operations in PyTorch, eager: a chain of them, drives through physics and back, an LSTM through time, orders."""

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


def orders(kind, rows, count):
    x = torch.randn(rows, count)
    return lambda: torch.topk(x, 50) if kind == "topk" else torch.sort(x)


def prepare(name):
    """The case `name`; None if it is another's."""
    if found := re.fullmatch(r"operations 300 x (\d+)", name):
        return operations(int(found[1]))
    if found := re.fullmatch(r"(car|point mass) (\d+) x 1000", name):
        return drive(found[1], int(found[2]))
    if found := re.fullmatch(r"lstm 64 x 100 x (\d+)", name):
        return lstm(int(found[1]))
    if found := re.fullmatch(r"(topk|sort) (\d+) x (\d+)", name):
        return orders(found[1], int(found[2]), int(found[3]))
    return None
