"""The peer of the swarm's world: its definition in numpy, batched and in float32, under random actions, with positions by GPS.

It answers requests, one JSON object a line, so that another program can alternate it with its own cases:
    {"case": "world spoofed_swarm x 1000", "repeats": 2}  ->  {"ms": [51.2, ...], "details": [...]}  or  {"why": "a sentence"}

A repetition is 50 steps of all environments, with observations and rewards. Episodes end together, and begin anew then. Half of the
receivers are spoofed by a drift, and one agent lies.
"""

import json
import re
import sys
import time

try:
    import numpy as np
except ImportError as error:
    np, missing = None, error

STEPS, EPISODE, AGENTS, RANGE, SPOOFED = 50, 48, 8, 10, 4


def length(x):
    return np.sqrt(np.square(x).sum(-1))


def shortened(x):
    return x / np.maximum(length(x), 1)[..., None]


class Swarm:
    def __init__(self, envs):
        self.envs, self.random = envs, np.random.default_rng(0)
        self.own = np.eye(AGENTS, dtype=bool)
        self.begin()

    def normal(self, deviation, *shape):
        return self.random.standard_normal((self.envs, *shape), dtype=np.float32) * np.float32(deviation)

    def uniform(self, low, high, *shape):
        return self.random.random((self.envs, *shape), dtype=np.float32) * np.float32(high - low) + np.float32(low)

    def direction(self):
        angle = self.uniform(0, 2 * np.pi, 1)
        return np.stack([np.cos(angle), np.sin(angle)], -1)

    def begin(self):
        self.steps = 0
        self.position = self.uniform(0, 14, AGENTS, 2)
        self.goal = self.position + 24 * self.direction() + self.uniform(-6, 6, AGENTS, 2)
        self.bias = self.normal(0.06, AGENTS, 2)
        self.estimate = self.position + self.normal(0.2, AGENTS, 2)
        order = np.argsort(length(self.position - self.uniform(0, 14, 1, 2)), -1)
        place = np.argsort(order, -1)
        self.spoofed = (place < SPOOFED).astype(np.float32)[..., None]
        lies = np.argmax(self.uniform(0, 1, AGENTS) - 2 * self.spoofed[..., 0], -1)
        self.liar = (np.arange(AGENTS) == lies[:, None]).astype(np.float32)[..., None]
        self.way, self.rate = self.direction(), self.uniform(0.08, 0.2, 1, 1)
        self.begins = self.random.integers(4, 21, (self.envs, 1, 1))

    def step(self, action):
        self.steps += 1
        meant = shortened(action)
        before = length(self.position - self.goal)
        self.position = self.position + meant + self.bias + self.normal(0.1, AGENTS, 2)
        offset = np.maximum(self.steps - self.begins, 0).astype(np.float32) * self.rate * self.way
        read = self.position + self.normal(0.4, AGENTS, 2) + offset * self.spoofed
        claim = read + offset * self.liar
        apart = self.position[:, None] - self.position[:, :, None]
        distance = length(apart)
        sigma = np.float32(0.1) + np.float32(0.05) * distance
        seen = apart + sigma[..., None] * self.normal(1, AGENTS, AGENTS, 2)
        word = np.where(self.own[..., None], read[:, :, None], claim[:, None] - seen)
        heard = distance <= RANGE
        spread = np.float32(0.1) + np.float32(0.05) * length(seen)
        variance = np.float32(0.16) + np.where(self.own, np.float32(0), np.square(spread))
        self.estimate = read
        after = length(self.position - self.goal)
        reward = (before - after + np.exp(-np.square(after))) / 10
        return self.observed(meant, word, heard), reward, variance

    def observed(self, meant, word, heard):
        others = (heard & ~self.own).astype(np.float32)
        count = others.sum(-1, keepdims=True)
        told = (word * others[..., None]).sum(2) / np.maximum(count, 1)
        way, near, one = self.goal - self.estimate, (count > 0).astype(np.float32), np.ones_like(count)
        off = lambda x, flag: np.clip((x - self.estimate) / 3, -2, 2) * flag
        gps = word[:, np.arange(AGENTS), np.arange(AGENTS)]
        return np.concatenate([way / 24, shortened(way), meant, off(gps, one), one, off(told, near), near], -1)

    def measure(self, repeats):
        times, details = [], []
        for _ in range(repeats):
            start = time.perf_counter()
            for _ in range(STEPS):
                self.step(self.uniform(-1, 1, AGENTS, 2))
                if self.steps == EPISODE:
                    self.begin()
            seconds = time.perf_counter() - start
            times.append(1e3 * seconds)
            details.append({"env steps/s": self.envs * STEPS / seconds})
        return {"ms": times, "details": details}


def answer(swarms, name, repeats):
    match = re.fullmatch(r"world spoofed_swarm x (\d+)", name)
    if not match:
        return {"why": f"the swarm in numpy has no case '{name}'."}
    if np is None:
        return {"why": f"Python cannot import numpy ({missing}): install it with `pip install numpy`."}
    if name not in swarms:
        swarms[name] = Swarm(int(match[1]))
    return swarms[name].measure(repeats)


if __name__ == "__main__":
    swarms = {}
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(answer(swarms, request["case"], request["repeats"])), flush=True)
