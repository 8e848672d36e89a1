"""The peer in PyTorch: eager MAPPO on VMAS navigation, and the parts of it, timed.

Alone it runs every case once and prints one JSON object. With --serve it answers requests, one JSON object a line, so
that another program can alternate it with its own cases:
    {"case": "mlp 18-256-256-4 x 400", "repeats": 20}  ->  {"ms": [1.4, ...]}  or  {"why": "a sentence"}

The settings are those of the navigation run that the project is measured by: 60 environments of 3 agents for 100 steps,
30 epochs of 15 minibatches of 400 frames, a policy 18-256-256-4 that the agents share, a critic 54-256-256-3 that sees
them all, tanh, Adam 3e-4, gradient norm 1, clip 0.2, entropy 1e-4, gamma 0.99, lambda 0.9.
"""

import argparse
import json
import math
import statistics
import sys
import time

import pytorch_small
import pytorch_trpo
import torch
from torch import nn
from torch.nn import functional

ENVS, STEPS, AGENTS, OBSERVATION, ACTION = 60, 100, 3, 18, 2
EPOCHS, MINIBATCH = 30, 400
GAMMA, LAMBDA, CLIP, ENTROPY, LEARNING_RATE, MAX_NORM = 0.99, 0.9, 0.2, 1e-4, 3e-4, 1.0
SCALE_BIAS = math.log(math.expm1(0.99))  # softplus(0 + bias) + 0.01 = 1


def mlp(inputs, outputs, device):
    return nn.Sequential(
        nn.Linear(inputs, 256), nn.Tanh(), nn.Linear(256, 256), nn.Tanh(), nn.Linear(256, outputs)
    ).to(device)


class Policy:
    """A tanh-squashed normal. Actions are kept before the squash, so no inverse of tanh is needed."""

    def __init__(self, device):
        self.net = mlp(OBSERVATION, 2 * ACTION, device)

    def parameters_of(self, observation):
        loc, raw = self.net(observation).chunk(2, -1)
        return loc, functional.softplus(raw + SCALE_BIAS) + 0.01

    @staticmethod
    def log_prob(loc, scale, before_squash):
        normal = -0.5 * ((before_squash - loc) / scale) ** 2 - scale.log() - 0.5 * math.log(2 * math.pi)
        squash = 2 * (math.log(2) - before_squash - functional.softplus(-2 * before_squash))
        return (normal - squash).sum(-1)


class Learner:
    def __init__(self, device, fused):
        self.policy = Policy(device)
        self.critic = mlp(AGENTS * OBSERVATION, AGENTS, device)
        self.parameters = [*self.policy.net.parameters(), *self.critic.parameters()]
        self.optimizer = torch.optim.Adam(self.parameters, lr=LEARNING_RATE, fused=fused)

    def step(self, observation, action, old_log_prob, advantage, target):
        """One minibatch. Frames x agents (x features); returns the loss."""
        loc, scale = self.policy.parameters_of(observation)
        ratio = (self.policy.log_prob(loc, scale, action) - old_log_prob).exp()
        gain = torch.min(ratio * advantage, ratio.clamp(1 - CLIP, 1 + CLIP) * advantage).mean()
        sample = loc + scale * torch.randn_like(loc)
        entropy = -self.policy.log_prob(loc, scale, sample).mean()
        value = self.critic(observation.flatten(-2))
        loss = functional.smooth_l1_loss(value, target) - gain - ENTROPY * entropy
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.parameters, MAX_NORM)
        self.optimizer.step()
        return loss.detach()

    def epochs(self, frames):
        count = len(frames[0])
        for _ in range(EPOCHS):
            order = torch.randperm(count, device=frames[0].device)
            for start in range(0, count, MINIBATCH):
                chosen = order[start : start + MINIBATCH]
                self.step(*(x[chosen] for x in frames))


@torch.no_grad()
def frames_of(learner, batch):
    """Generalised advantages, then every frame in one axis. The done flag of an environment holds for all its agents."""
    value = learner.critic(batch["observation"].flatten(-2))
    after = learner.critic(batch["next_observation"].flatten(-2))
    ended = (batch["terminated"] | batch["truncated"]).unsqueeze(-1).float()
    alive = 1 - batch["terminated"].unsqueeze(-1).float()
    delta = batch["reward"] + GAMMA * after * alive - value
    advantage, running = torch.empty_like(delta), torch.zeros_like(delta[0])
    for t in reversed(range(len(delta))):
        running = delta[t] + GAMMA * LAMBDA * (1 - ended[t]) * running
        advantage[t] = running
    fields = (batch["observation"], batch["action"], batch["log_prob"], advantage, advantage + value)
    return [x.flatten(0, 1) for x in fields]


class Collector:
    """VMAS, with environments that ended put back to their start one by one, as its interface has it."""

    def __init__(self, device, seed):
        import vmas

        self.env = vmas.make_env(
            "navigation", num_envs=ENVS, device=device, continuous_actions=True, max_steps=STEPS, seed=seed,
            terminated_truncated=True, n_agents=AGENTS,
        )
        self.observation = torch.stack(self.env.reset(), 1)
        self.episode = torch.zeros(ENVS, device=device)

    def restart(self, ended):
        if ended.all():
            return torch.stack(self.env.reset(), 1)
        for index in ended.nonzero().flatten().tolist():
            self.env.reset_at(index, return_observations=False)
        now = self.env.get_from_scenario(get_observations=True, get_rewards=False, get_infos=False, get_dones=False)
        return torch.stack(now[0], 1)

    @torch.no_grad()
    def collect(self, policy):
        """6000 frames, and the mean summed reward of the episodes that ended among them."""
        rows, sums = [], []
        for _ in range(STEPS):
            loc, scale = policy.parameters_of(self.observation)
            action = loc + scale * torch.randn_like(loc)
            observation, reward, terminated, truncated, _ = self.env.step(list(action.tanh().unbind(1)))
            row = {
                "observation": self.observation, "action": action, "log_prob": policy.log_prob(loc, scale, action),
                "next_observation": torch.stack(observation, 1), "reward": torch.stack(reward, 1),
                "terminated": terminated, "truncated": truncated,
            }
            rows.append(row)
            self.observation = row["next_observation"]
            self.episode += row["reward"].mean(1)
            ended = terminated | truncated
            if ended.any():
                sums += self.episode[ended].tolist()
                self.episode[ended] = 0
                self.observation = self.restart(ended)
        batch = {name: torch.stack([row[name] for row in rows]) for name in rows[0]}
        return batch, sum(sums) / max(1, len(sums))


class Cases:
    """What can be timed, by name. Each returns a function that does it once."""

    def __init__(self, options):
        self.options = options
        self.rewards = []

    def names(self):
        shapes = [f"mlp {sizes} x {batch}" for sizes in ("18-256-256-4", "64-256-256-4") for batch in (400, 1200, 4096)]
        small = [f"operations 300 x {size}" for size in (64, 360, 3600)]
        small += ["point mass 64 x 1000", "car 64 x 1000", *[f"lstm 64 x 100 x {batch}" for batch in (1, 16)]]
        small += ["gru 64 x 100 x 16", "convolution 64 x 3-16-32", "gpt 128 x 4 x 256 x 16"]
        return [*shapes, *small, "ppo step", "trpo step", "update", "rollout", "iteration"]

    def prepare(self, name):
        torch.manual_seed(self.options.seed)
        if name.startswith("mlp "):
            return self.mlp_step(name)
        if name == "trpo step":
            return pytorch_trpo.case(self.options.device)
        if small := pytorch_small.prepare(name):
            return small
        if name in ("ppo step", "update"):
            return self.update(name)
        return self.navigation(name)

    def mlp_step(self, name):
        sizes, _, batch = name.removeprefix("mlp ").split(" ")
        inputs, outputs = int(sizes.split("-")[0]), int(sizes.split("-")[-1])
        device = self.options.device
        net = mlp(inputs, outputs, device)
        optimizer = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE, fused=self.options.fused)
        x, y = torch.randn(int(batch), inputs, device=device), torch.randn(int(batch), outputs, device=device)

        def step():
            optimizer.zero_grad()
            functional.mse_loss(net(x), y).backward()
            optimizer.step()

        return step

    def update(self, name):
        learner = Learner(self.options.device, self.options.fused)
        count = ENVS * STEPS
        shapes = ((count, AGENTS, OBSERVATION), (count, AGENTS, ACTION), *[(count, AGENTS)] * 3)
        frames = [torch.randn(*shape, device=self.options.device) for shape in shapes]
        part = [x[:MINIBATCH] for x in frames]
        return (lambda: learner.step(*part)) if name == "ppo step" else (lambda: learner.epochs(frames))

    def navigation(self, name):
        collector = Collector(self.options.device, self.options.seed)
        learner = Learner(self.options.device, self.options.fused)
        collect = self.with_threads(self.options.collect_threads, lambda: collector.collect(learner.policy))
        if name == "rollout":
            return collect

        def iteration():
            start = time.perf_counter()
            batch, reward = collect()
            middle = time.perf_counter()
            learner.epochs(frames_of(learner, batch))
            self.rewards.append(reward)
            return {"collect ms": 1e3 * (middle - start), "update ms": 1e3 * (time.perf_counter() - middle)}

        return iteration

    def with_threads(self, count, function):
        def run():
            torch.set_num_threads(count)
            try:
                return function()
            finally:
                torch.set_num_threads(self.options.threads)

        return run


class Timer:
    """Keeps what has been prepared, so that a case that is asked for again goes on where it was."""

    def __init__(self, cases, device):
        self.cases, self.device, self.ready = cases, device, {}

    def wait(self):
        if self.device.startswith("cuda"):
            torch.cuda.synchronize()

    def measure(self, name, repeats):
        if name not in self.cases.names():
            return {"why": f"PyTorch has no case '{name}'."}
        try:
            if name not in self.ready:
                self.ready[name] = self.cases.prepare(name)
        except ImportError as error:
            return {"why": f"Python cannot import VMAS ({error}): install it with `pip install vmas`."}
        run, times, details = self.ready[name], [], []
        for _ in range(repeats):
            self.wait()
            start = time.perf_counter()
            detail = run()
            self.wait()
            times.append(1e3 * (time.perf_counter() - start))
            if name == "iteration":
                details.append(detail)
        return {"ms": times, **({"details": details} if details else {})}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--serve", action="store_true", help="answer requests on standard input")
    parser.add_argument("--case", action="append", help="only this case; may be repeated")
    parser.add_argument("--iterations", type=int, default=3, help="iterations of the whole run, after one to warm up")
    parser.add_argument("--repeats", type=int, default=30, help="repetitions of the small cases")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--collect-threads", type=int, default=1, help="VMAS's small tensors are fastest with one")
    parser.add_argument("--fused", action="store_true", help="Adam as one fused kernel, which is not PyTorch's default")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def serve(timer):
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(timer.measure(request["case"], request["repeats"])), flush=True)


def report(timer, options):
    result = {"peer": f"PyTorch {torch.__version__}", "threads": options.threads, "cases": {}}
    for name in options.case or timer.cases.names():
        large = name in ("update", "rollout", "iteration")
        answer = timer.measure(name, 1 if large else 5)
        if "ms" in answer:
            answer = timer.measure(name, options.iterations if large else options.repeats)
            answer = {"median_ms": statistics.median(answer["ms"]), **answer}
        if name == "iteration":
            answer["episode_reward_sum"] = timer.cases.rewards
        result["cases"][name] = answer
    print(json.dumps(result, indent=1))


def main():
    options = arguments()
    torch.set_num_threads(options.threads)
    timer = Timer(Cases(options), options.device)
    serve(timer) if options.serve else report(timer, options)


if __name__ == "__main__":
    main()
