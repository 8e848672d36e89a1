"""The policy step of TRPO in PyTorch, eager: the humanoid of the report, 2,048 rows, Fisher's matrix of every fifth."""

import torch
from torch import nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

ROWS, OBSERVATION, ACTION, HIDDEN, EVERY = 2048, 56, 28, 100, 5
MAX_KL, CG_STEPS, DAMPING, SHRINK, TRIES = 0.01, 10, 0.1, 0.8, 10


class Policy(nn.Module):
    """Means by a network; the deviations are parameters of their own."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(OBSERVATION, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, ACTION)
        )
        nn.init.normal_(self.net[-1].weight, std=0.01)
        self.log_std = nn.Parameter(torch.zeros(ACTION))

    def log_prob(self, loc, log_std, choice):
        """But for a constant."""
        return -(0.5 * ((choice - loc) * (-log_std).exp()) ** 2 + log_std).sum(-1)

    def kl(self, old_loc, old_log_std, loc):
        ratio = (2 * (old_log_std - self.log_std)).exp()
        shift = ((old_loc - loc) * (-self.log_std).exp()) ** 2
        return 0.5 * (ratio + shift - 1 - 2 * (old_log_std - self.log_std)).sum(-1).mean()


def flat(gradients):
    return torch.cat([x.reshape(-1) for x in gradients])


def conjugate_gradient(product, b):
    x, left, along = torch.zeros_like(b), b.clone(), b.clone()
    size = left.dot(left)
    goal = 1e-10 * size
    for _ in range(CG_STEPS):
        image = product(along)
        by = size / along.dot(image)
        x += by * along
        left -= by * image
        now = left.dot(left)
        if now < goal:
            break
        along = left + (now / size) * along
        size = now
    return x


def case(device):
    """What does the step once. Each repetition begins at the same policy."""
    policy = Policy().to(device)
    parameters = list(policy.parameters())
    start = parameters_to_vector(parameters).detach().clone()
    observation, choice = torch.randn(ROWS, OBSERVATION, device=device), torch.randn(ROWS, ACTION, device=device)
    advantage, part = torch.randn(ROWS, device=device), observation[::EVERY].contiguous()

    def step():
        vector_to_parameters(start, parameters)
        loc = policy.net(observation)
        old_loc, old_log_std = loc.detach(), policy.log_std.detach().clone()
        old_log_prob = policy.log_prob(old_loc, old_log_std, choice)
        surrogate = ((policy.log_prob(loc, policy.log_std, choice) - old_log_prob).exp() * advantage).mean()
        gradient = flat(torch.autograd.grad(surrogate, parameters))
        some = policy.net(part)
        kl = policy.kl(some.detach(), old_log_std, some)
        slope = flat(torch.autograd.grad(kl, parameters, create_graph=True))

        def product(v):
            return flat(torch.autograd.grad(slope.dot(v), parameters, retain_graph=True)) + DAMPING * v

        direction = conjugate_gradient(product, gradient)
        longest = direction * (2 * MAX_KL / direction.dot(product(direction))).sqrt()
        before = surrogate.item()
        with torch.no_grad():
            for i in range(TRIES):
                vector_to_parameters(start + SHRINK**i * longest, parameters)
                loc = policy.net(observation)
                moved = policy.kl(old_loc, old_log_std, loc).item()
                gain = ((policy.log_prob(loc, policy.log_std, choice) - old_log_prob).exp() * advantage).mean().item()
                if moved < MAX_KL and gain >= before:
                    return
            vector_to_parameters(start, parameters)

    return step
