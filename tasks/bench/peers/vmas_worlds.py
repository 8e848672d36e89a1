"""The peer of the worlds: VMAS in PyTorch under random actions, with the number of threads that is fastest.

It answers requests, one JSON object a line, so that another program can alternate it with its own cases:
    {"case": "world wheel x 60", "repeats": 2}  ->  {"ms": [51.2, ...], "details": [...]}  or  {"why": "a sentence"}

A repetition is 50 steps of all environments. Those that end are put back to their start one by one, as VMAS's interface
(and TorchRL's wrapper of it) has it; all of them at once where all end.
"""

import json
import re
import sys
import time

import torch

STEPS = 50
# Options of VMAS, and the agents, of each scenario.
SCENARIOS = {
    "navigation": (dict(n_agents=3, max_steps=100), 3),
    "reverse_transport": (dict(n_agents=3, max_steps=500), 3),
    "wheel": (dict(n_agents=4, max_steps=100), 4),
    "buzz_wire": (dict(max_steps=150), 2),
}
THREADS = (1, 2)


class World:
    def __init__(self, scenario, envs):
        import vmas

        options, self.agents = SCENARIOS[scenario]
        self.envs = envs
        self.env = vmas.make_env(scenario, num_envs=envs, device="cpu", continuous_actions=True, seed=0, **options)
        self.threads = min(THREADS, key=self.trial)

    def trial(self, threads):
        """Seconds that ten steps take; the first ones are left out."""
        torch.set_num_threads(threads)
        self.play(2)
        start = time.perf_counter()
        self.play(10)
        return time.perf_counter() - start

    @torch.no_grad()
    def play(self, steps):
        for _ in range(steps):
            actions = [torch.rand(self.envs, 2) * 2 - 1 for _ in range(self.agents)]
            _, _, done, _ = self.env.step(actions)
            if done.all():
                self.env.reset()
            elif done.any():
                for index in done.nonzero().flatten().tolist():
                    self.env.reset_at(index, return_observations=False)
                self.env.get_from_scenario(get_observations=True, get_rewards=False, get_infos=False, get_dones=False)

    def measure(self, repeats):
        torch.set_num_threads(self.threads)
        times, details = [], []
        for _ in range(repeats):
            start = time.perf_counter()
            self.play(STEPS)
            seconds = time.perf_counter() - start
            times.append(1e3 * seconds)
            details.append({"env steps/s": self.envs * STEPS / seconds, "threads": self.threads})
        return {"ms": times, "details": details}


def answer(worlds, name, repeats):
    match = re.fullmatch(r"world (\w+) x (\d+)", name)
    if not match or match[1] not in SCENARIOS:
        return {"why": f"VMAS has no case '{name}'."}
    try:
        if name not in worlds:
            worlds[name] = World(match[1], int(match[2]))
    except ImportError as error:
        return {"why": f"Python cannot import VMAS ({error}): install it with `pip install vmas`."}
    return worlds[name].measure(repeats)


if __name__ == "__main__":
    worlds = {}
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(answer(worlds, request["case"], request["repeats"])), flush=True)
