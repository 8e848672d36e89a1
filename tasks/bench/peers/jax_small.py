"""The peer in JAX: small operations, drives through physics and back, an LSTM through time; jit, scan and grad.

Answers requests on standard input, one JSON object a line, as tasks/bench/protocol.ts describes.
"""

import json
import re
import sys
import time

import jax
import physics
from jax import numpy as jnp

STEPS, UNITS = 1000, 64


def operations(size):
    x = jnp.linspace(-0.9, 0.9, size)
    run = jax.jit(lambda x: physics.operations(jnp, x, -0.25))
    return lambda: run(x)


def drive(name, envs):
    start, step = physics.DRIVES[name]
    controls = 0.1 * jax.random.normal(jax.random.key(0), (2, STEPS, envs))

    def loss(controls):
        one = lambda state, asked: step(jnp, state, asked[0], asked[1])
        _, costs = jax.lax.scan(one, start(jnp, envs), controls.swapaxes(0, 1))
        return costs.mean()

    run = jax.jit(jax.value_and_grad(loss))
    return lambda: run(controls)


def lstm(batch):
    keys = jax.random.split(jax.random.key(0), 4)
    bound = UNITS**-0.5
    weights = [jax.random.uniform(key, (4 * UNITS, UNITS), minval=-bound, maxval=bound) for key in keys[:2]]
    biases = [jax.random.uniform(key, (4 * UNITS,), minval=-bound, maxval=bound) for key in keys[2:]]
    x = jax.random.normal(jax.random.key(1), (100, batch, UNITS))

    def loss(weights, biases):
        def step(state, share):
            hidden, cell = state
            i, f, g, o = jnp.split(share + hidden @ weights[1].T, 4, axis=-1)
            cell = jax.nn.sigmoid(f) * cell + jax.nn.sigmoid(i) * jnp.tanh(g)
            hidden = jax.nn.sigmoid(o) * jnp.tanh(cell)
            return (hidden, cell), hidden

        zero = jnp.zeros((batch, UNITS))
        return (jax.lax.scan(step, (zero, zero), x @ weights[0].T + biases[0] + biases[1])[1] ** 2).mean()

    run = jax.jit(jax.value_and_grad(loss, (0, 1)))
    return lambda: run(weights, biases)


def scan_compile(is_differentiated):
    """As tasks/bench/cases/scan_compile.ts: another program each time."""
    x = jax.random.normal(jax.random.key(0), (64,))
    us = jax.random.normal(jax.random.key(1), (10, 64))
    seeds = iter(range(10**9))

    def run():
        seed = next(seeds)

        def step(state, u):
            a, b, c = state
            for i in range(100):
                t = a * b + u
                w = (c - t) * (0.1 + 1e-3 * i + 1e-5 * seed)
                a, b, c = b, c + w, jnp.sin(t) if i % 10 == 9 else t
            return (a * 0.1, b * 0.1, c * 0.1), a.sum()

        def loss(x, us):
            last, _ = jax.lax.scan(step, (x, x, x), us)
            return (sum(last) ** 2).sum()

        return jax.jit(jax.value_and_grad(loss, (0, 1)) if is_differentiated else loss)(x, us)

    return run


def prepare(name):
    if found := re.fullmatch(r"operations 300 x (\d+)", name):
        return operations(int(found[1]))
    if found := re.fullmatch(r"(car|point mass) (\d+) x 1000", name):
        return drive(found[1], int(found[2]))
    if found := re.fullmatch(r"lstm 64 x 100 x (\d+)", name):
        return lstm(int(found[1]))
    if name.startswith("compile scan 500"):
        return scan_compile(name.endswith("gradient"))
    return None


def main():
    ready = {}
    for line in sys.stdin:
        request = json.loads(line)
        name, times = request["case"], []
        run = ready.get(name) or prepare(name)
        if run is None:
            print(json.dumps({"why": f"JAX has no case '{name}'."}), flush=True)
            continue
        ready[name] = run
        for _ in range(request["repeats"]):
            start = time.perf_counter()
            jax.block_until_ready(run())
            times.append(1e3 * (time.perf_counter() - start))
        print(json.dumps({"ms": times}), flush=True)


if __name__ == "__main__":
    main()
