"""The programs of tests/forensics/programs/broken in PyTorch, as far as they can be written there, and what PyTorch says.

    python tests/forensics/pytorch/programs.py > tests/forensics/pytorch/outcomes.json

A program takes no arguments; the guilty line ends in "# guilty". Recorded is whether it raises or warns, and whether the line
that the traceback or the warning names is the guilty one. Not needed by the tests, which read outcomes.json.
"""

import inspect
import json
import math
import sys
import traceback
import warnings

import torch
from torch import nn
from torch.distributions import Categorical, Normal
from torch.nn.functional import log_softmax, one_hot, relu, sigmoid, softmax, softplus
from torch.utils.checkpoint import checkpoint

PROGRAMS = {}


def program(fn):
    PROGRAMS[fn.__name__] = fn
    return fn


def mlp(*sizes, activation=nn.Tanh):
    layers = []
    for a, b in zip(sizes, sizes[1:]):
        layers += [nn.Linear(a, b), activation()]
    return nn.Sequential(*layers[:-1])


def adam(*modules, lr=1e-3, **settings):
    return torch.optim.Adam([p for m in modules for p in m.parameters()], lr=lr, **settings)


def update(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


@program
def trust_item_fusion():
    trust_net, position_net = mlp(2, 8, 1), mlp(4, 16, 2)
    optimizer = adam(trust_net, position_net)
    for _ in range(3):
        gps, imu = torch.randn(1, 2), torch.randn(1, 4)
        trust = sigmoid(trust_net(gps)).item()  # guilty
        loss = (gps * trust + position_net(imu) * (1 - trust) - 0.9 * gps).square().mean()
        update(optimizer, loss)


@program
def sparsity_through_host_arithmetic():
    encoder, classifier = mlp(6, 12, 3), nn.Linear(6, 2)
    optimizer = adam(encoder, classifier)
    x = torch.randn(10, 6)
    for _ in range(3):
        activity = encoder(x).abs().mean().item()  # guilty
        loss = classifier(x).square().mean() + 0.1 * (3 * activity + 1)
        update(optimizer, loss)


@program
def attention_map_in_javascript():
    query, key, value = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)
    optimizer = adam(query, key, value)
    tokens, target = torch.randn(5, 4), torch.randn(5, 4)
    for _ in range(3):
        scores = query(tokens) @ key(tokens).T / 2
        numbers = scores.tolist()  # guilty
        loss = (torch.tensor(numbers).softmax(-1) @ value(tokens) - target).square().mean()
        update(optimizer, loss)


@program
def features_as_json():
    encoder, head = mlp(3, 8, 4), nn.Linear(4, 1)
    optimizer = adam(encoder, head)
    rows = torch.randn(8, 3)
    for _ in range(3):
        text = json.dumps(encoder(rows).tolist())  # guilty
        loss = (head(torch.tensor(json.loads(text))) - rows[:, :1]).square().mean()
        update(optimizer, loss)


@program
def sorted_returns():
    model = mlp(5, 16, 1)
    optimizer = adam(model)
    for _ in range(3):
        returns = sorted(model(torch.randn(32, 5)).squeeze(-1).tolist())  # guilty
        loss = -torch.tensor(returns[:8]).mean()
        update(optimizer, loss)


@program
def running_baseline_of_critic():
    policy, baseline = mlp(4, 16, 3), mlp(4, 16, 1)
    optimizer = adam(policy, baseline)
    for _ in range(3):
        states = torch.randn(16, 4)
        actions = Categorical(logits=policy(states)).sample()
        values = baseline(states).squeeze(-1).detach().numpy()  # guilty
        advantage = torch.tensor((actions == 1).numpy() - values)
        loss = -(Categorical(logits=policy(states)).log_prob(actions) * advantage).mean()
        update(optimizer, loss)


@program
def standardised_copy():
    tower, classifier = mlp(4, 8, 4), nn.Linear(4, 2)
    optimizer = adam(tower, classifier)
    x, y = torch.randn(16, 4), torch.randn(16, 2)
    for _ in range(3):
        raw = tower(x).detach().numpy()  # guilty
        embedding = torch.tensor((raw - raw.mean()) / raw.std())
        update(optimizer, (classifier(embedding) - y).square().mean())


@program
def host_simulator():
    controller = mlp(2, 16, 1)
    optimizer = adam(controller)
    for _ in range(3):
        x, v, costs = 1.0, 0.0, []
        for _ in range(10):
            force = torch.tanh(controller(torch.tensor([[x, v]]))).item()  # guilty
            v += 0.1 * (force - 0.1 * v)
            x += 0.1 * v
            costs.append(x * x)
        update(optimizer, torch.tensor(costs).mean())


@program
def argmax_routing():
    gate, experts = mlp(3, 8, 3), nn.ModuleList(mlp(3, 8, 1) for _ in range(3))
    optimizer = adam(gate, experts)
    x = torch.randn(20, 3)
    for _ in range(3):
        outputs = torch.cat([e(x) for e in experts], 1)
        chosen = gate(x).argmax(-1)  # guilty
        loss = ((outputs * one_hot(chosen, 3)).sum(1) - x[:, 0]).square().mean()
        update(optimizer, loss)


@program
def hard_threshold():
    score, estimate = mlp(8, 16, 1), nn.Linear(8, 1)
    optimizer = adam(score, estimate)
    for _ in range(3):
        signal = torch.randn(4, 8)
        alarm = sigmoid(score(signal)) > 0.5  # guilty
        loss = torch.where(alarm, 0.0, estimate(signal)).sub(1).square().mean()
        update(optimizer, loss)


@program
def detached_encoder():
    encoder, decoder = mlp(10, 16, 2), mlp(2, 16, 10)
    optimizer = adam(encoder, decoder)
    x = torch.rand(12, 10)
    for _ in range(3):
        decoded = decoder(encoder(x).detach())  # guilty
        update(optimizer, (decoded - x).square().mean())


@program
def no_grad_value_function():
    value = mlp(6, 32, 1)
    optimizer = adam(value)
    x, returns = torch.randn(16, 6), torch.randn(16, 1)
    for _ in range(3):
        with torch.no_grad():  # guilty
            values = value(x)
        update(optimizer, (values - returns).square().mean())


@program
def no_grad_features():
    backbone, head = mlp(5, 16, 8), nn.Linear(8, 3)
    optimizer = adam(backbone, head)
    x, y = torch.randn(8, 5), torch.tensor([0, 1, 2, 0, 1, 2, 0, 1])
    for _ in range(3):
        with torch.no_grad():  # guilty
            features = backbone(x)
        update(optimizer, nn.functional.cross_entropy(head(relu(features)), y))


@program
def quantised_code():
    analysis, synthesis = mlp(8, 16, 4), mlp(4, 16, 8)
    optimizer = adam(analysis, synthesis)
    x = torch.randn(10, 8)
    for _ in range(3):
        symbols = (analysis(x) * 4).int()  # guilty
        update(optimizer, (synthesis(symbols.float() / 4) - x).square().mean())


@program
def sample_without_reparameterisation():
    trunk, mean, log_std, decoder = mlp(6, 16, 8), nn.Linear(8, 2), nn.Linear(8, 2), mlp(2, 16, 6)
    optimizer = adam(trunk, mean, log_std, decoder)
    x = torch.rand(10, 6)
    for _ in range(3):
        h = torch.tanh(trunk(x))
        z = Normal(mean(h), log_std(h).exp()).sample()  # guilty
        update(optimizer, (decoder(z) - x).square().sum(1).mean())


@program
def samples_read_before_the_other_step():
    g, d = mlp(2, 8, 1), mlp(1, 8, 1)
    og, od = adam(g), adam(d)
    for _ in range(3):
        fake = torch.tensor(2 * g(torch.randn(6, 2)).detach().numpy())  # guilty
        update(od, softplus(d(fake)).mean() + softplus(-d(torch.randn(6, 1))).mean())
        update(og, softplus(-d(fake)).mean())


@program
def detach_in_a_loop():
    cell, head = nn.Linear(3, 3), nn.Linear(3, 1)
    optimizer = adam(cell, head)
    h = torch.zeros(2, 3)
    for x in torch.randn(4, 2, 3):
        h = torch.tanh(cell(h + x)).detach()  # guilty
    update(optimizer, head(h).square().mean())


@program
def detached_divergence():
    policy = mlp(3, 8, 2)
    probs = softmax(policy(torch.randn(5, 3)), -1).detach()  # guilty
    kl = (probs * (probs.log() - probs.log())).sum(-1).mean()
    torch.autograd.grad(kl, policy.parameters(), create_graph=True)


@program
def forgotten_layer():
    layers = nn.ModuleDict({k: nn.Linear(16, 16) for k in ("block1", "block2")})  # guilty
    layers["input"], layers["output"] = nn.Linear(4, 16), nn.Linear(16, 1)
    optimizer = adam(layers)
    for _ in range(3):
        h = layers["input"](torch.randn(12, 4))
        h = h + layers["block1"](torch.tanh(h))
        h = h + layers["block1"](torch.tanh(h))
        update(optimizer, layers["output"](h).square().mean())


@program
def critic_never_trained():
    agent = nn.ModuleDict({"actor": mlp(3, 16, 2), "critic": mlp(3, 16, 1)})  # guilty
    optimizer = torch.optim.AdamW(agent.parameters(), lr=1e-3)
    for _ in range(3):
        x, a = torch.randn(8, 3), torch.randn(8, 2)
        update(optimizer, -Normal(agent["actor"](x), 0.3).log_prob(a).sum(-1).mean())


@program
def value_loss_left_out():
    actor, critic = mlp(4, 32, 2), mlp(4, 32, 1)
    optimizer = adam(actor, critic)
    for _ in range(3):
        x = torch.randn(10, 4)
        policy = Categorical(logits=actor(x))
        action = policy.sample()
        value_loss = (critic(x).squeeze(-1) - action).square().mean()
        value_loss.item()  # guilty
        update(optimizer, -(policy.log_prob(action) * (action - 0.5)).mean())


@program
def optimiser_of_the_wrong_network():
    q, target = mlp(4, 32, 3), mlp(4, 32, 3)
    optimizer = adam(target)  # guilty
    for _ in range(3):
        with torch.no_grad():
            goal = target(torch.randn(8, 4)).max(1).values
        update(optimizer, (q(torch.randn(8, 4)).max(1).values - goal).square().mean())


@program
def optimiser_of_the_teacher():
    teacher, student = mlp(3, 16, 3), mlp(3, 4, 3)
    optimizer = adam(teacher)  # guilty
    for _ in range(3):
        x = torch.randn(8, 3)
        update(optimizer, -(softmax(teacher(x), -1).detach() * log_softmax(student(x), -1)).sum(-1).mean())


@program
def head_without_optimiser():
    trunk, position, heading = mlp(3, 16, 8), nn.Linear(8, 2), nn.Linear(8, 1)
    optimizer = adam(trunk, position)  # guilty
    for _ in range(3):
        h = relu(trunk(torch.randn(10, 3)))
        update(optimizer, position(h).square().mean() + heading(h).square().mean())


@program
def private_layer():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.gate = [nn.Linear(3, 3)]
            self.out = nn.Linear(3, 1)

        def forward(self, x):
            return self.out(torch.tanh(self.gate[0](x)))

    net = Net()
    optimizer = adam(net)  # guilty
    for _ in range(3):
        update(optimizer, net(torch.randn(4, 3)).square().mean())


@program
def unfrozen_too_late():
    base, head = nn.Linear(3, 3).requires_grad_(False), nn.Linear(3, 1)
    optimizer = torch.optim.Adam([p for m in (base, head) for p in m.parameters() if p.requires_grad])  # guilty
    for i in range(4):
        if i == 2:
            base.requires_grad_(True)
        update(optimizer, head(torch.tanh(base(torch.randn(4, 3)))).square().mean())


@program
def zero_grad_after_backward():
    model = nn.Linear(2, 1)
    optimizer = adam(model)
    for _ in range(3):
        loss = model(torch.randn(3, 2)).square().mean()
        loss.backward()
        optimizer.zero_grad()
        optimizer.step()  # guilty


@program
def two_owners():
    encoder, actor, critic = mlp(4, 16, 8), mlp(8, 8, 2), mlp(8, 8, 1)
    first = adam(encoder, actor)
    second = adam(encoder, critic)  # guilty
    for net, optimizer in ((actor, first), (critic, second)):
        update(optimizer, net(encoder(torch.randn(2, 4))).square().mean())


@program
def ratio_with_itself():
    policy = mlp(3, 16, 2)
    optimizer = adam(policy)
    for _ in range(3):
        x = torch.randn(12, 3)
        distribution = Normal(policy(x), 1.0)
        action = distribution.sample()
        log_prob = distribution.log_prob(action).sum(1)
        ratio = (log_prob - distribution.log_prob(action).sum(1)).exp()  # guilty
        update(optimizer, -(ratio * torch.randn(12)).mean())


@program
def ratio_of_two_passes():
    policy = mlp(3, 8, 2)
    optimizer = adam(policy)
    for _ in range(3):
        x, a = torch.randn(6, 3), torch.randn(6, 2)
        old = Normal(policy(x), 1.0).log_prob(a).sum(1)
        ratio = Normal(policy(x), 1.0).log_prob(a).sum(1) / old  # guilty
        update(optimizer, -(ratio * torch.randn(6)).mean())


@program
def saturated_clamp():
    net = mlp(2, 16, 1)
    optimizer = adam(net)
    for _ in range(3):
        safe = (net(torch.randn(10, 2)) + 1500).clamp(-5, 5)  # guilty
        update(optimizer, safe.abs().mean())


@program
def bounds_by_minimum_and_maximum():
    net = mlp(2, 8, 1)
    optimizer = adam(net)
    for _ in range(3):
        speed = torch.minimum(torch.maximum(net(torch.randn(6, 2)) + 50, torch.tensor(0.0)), torch.tensor(10.0))  # guilty
        update(optimizer, (speed - 3).square().mean())


@program
def dead_relu():
    features, depth = mlp(4, 16, 16), nn.Linear(16, 1)
    depth.bias.data.sub_(20)
    optimizer = adam(features, depth)
    for _ in range(3):
        predicted = relu(depth(features(torch.randn(16, 4))))  # guilty
        update(optimizer, (predicted - 3).square().mean())


@program
def softmax_of_one():
    score, project = nn.Linear(6, 1), nn.Linear(6, 2)
    optimizer = adam(score, project)
    for _ in range(3):
        x = torch.randn(4, 5, 6)
        weights = softmax(score(x), -1)  # guilty
        update(optimizer, project((x * weights).sum(1)).square().mean())


@program
def choice_among_one():
    policy = mlp(3, 8, 1)
    optimizer = adam(policy)
    for _ in range(3):
        distribution = Categorical(logits=policy(torch.randn(6, 3)))  # guilty
        update(optimizer, -(distribution.log_prob(torch.zeros(6)) * torch.randn(6)).mean())


@program
def saturated_sigmoid():
    gate, output = nn.Linear(4, 8, bias=False), nn.Linear(8, 1)
    optimizer = adam(gate, output)
    for _ in range(3):
        opened = sigmoid(gate(torch.rand(10, 4) * 255).abs() + 200)  # guilty
        update(optimizer, output(opened).square().mean())


@program
def step_between_forward_and_backward():
    shared, classify, regress = mlp(5, 16, 8), nn.Linear(8, 3), nn.Linear(8, 1)
    optimizer = adam(shared, classify, regress)
    h = relu(shared(torch.randn(10, 5)))
    first = classify(h).logsumexp(-1).mean() + regress(h).mean().square()
    second = (regress(h) - 1).square().mean()  # guilty
    optimizer.zero_grad()
    first.backward()
    optimizer.step()
    second.backward()


@program
def stale_in_a_compiled_step():
    model = mlp(3, 8, 1)
    optimizer = adam(model)
    y = model(torch.randn(4, 3))
    first = y.square().mean()
    second = y.abs().mean()  # guilty
    first.backward(retain_graph=True)
    optimizer.step()
    second.backward()
    optimizer.step()


@program
def actor_loss_after_critic_step():
    encoder, actor, critic = mlp(4, 16, 8), mlp(8, 8, 1), mlp(8, 8, 1)
    of_critic, of_actor = adam(encoder, critic), adam(actor)
    latent = torch.tanh(encoder(torch.randn(6, 4)))
    critic_loss = (critic(latent) - 1).square().mean()
    actor_loss = -(actor(latent) * critic(latent).detach()).mean()  # guilty
    update(of_critic, critic_loss)
    update(of_actor, actor_loss)


@program
def buffer_of_fused_states():
    fusion = mlp(6, 16, 2)
    optimizer = adam(fusion)
    buffer = []
    for step in range(8):
        sensors = torch.randn(6)
        buffer.append((fusion(sensors), sensors[:2]))  # guilty
        if step >= 4:
            fused, real = map(torch.stack, zip(*buffer[-4:]))
            update(optimizer, (fused - real).square().mean())


@program
def rollout_buffer_of_log_probs():
    policy = mlp(4, 16, 3)
    optimizer = adam(policy)
    rows = []
    for _ in range(8):
        x = torch.randn(4)
        distribution = Categorical(logits=policy(x))
        action = distribution.sample()
        rows.append((x, action, distribution.log_prob(action)))  # guilty
    x, action, old = map(torch.stack, zip(*rows))
    for _ in range(3):
        update(optimizer, -(Categorical(logits=policy(x)).log_prob(action) - old).exp().mean())


@program
def replay_of_targets():
    q = mlp(3, 8, 2)
    optimizer = adam(q)
    replay = []
    for _ in range(5):
        s, s2 = torch.randn(1, 3), torch.randn(1, 3)
        replay.append((s, q(s2).max(1).values * 0.9 + 1))  # guilty
        x, y = map(torch.cat, zip(*replay[-3:]))
        update(optimizer, (q(x).max(1).values - y).square().mean())


@program
def features_before_the_loop():
    encoder, head = mlp(3, 8, 4), nn.Linear(4, 1)
    optimizer = adam(encoder, head)
    h = torch.tanh(encoder(torch.randn(10, 3)))  # guilty
    for _ in range(3):
        update(optimizer, head(h).square().mean())


@program
def lstm_state_carried_over():
    lstm, readout = nn.LSTM(2, 8), nn.Linear(8, 1)
    optimizer = adam(lstm, readout)
    state = (torch.zeros(1, 3, 8), torch.zeros(1, 3, 8))
    for _ in range(3):
        outputs, state = lstm(torch.randn(5, 3, 2), state)  # guilty
        update(optimizer, readout(outputs).square().mean())


@program
def moving_average_of_features():
    student = mlp(4, 16, 8)
    optimizer = adam(student)
    centre = torch.zeros(8)
    for _ in range(4):
        output = student(torch.randn(10, 4))
        loss = (output - centre).square().mean()
        centre = 0.9 * centre + 0.1 * output.mean(0)  # guilty
        update(optimizer, loss)


@program
def metric_summed_for_ever():
    model = mlp(3, 8, 1)
    optimizer = adam(model)
    total = 0
    for _ in range(6):
        loss = model(torch.randn(4, 3)).square().mean()
        update(optimizer, loss)
        total = total + loss  # guilty


@program
def value_against_reward():
    critic = mlp(4, 16, 1)
    optimizer = adam(critic)
    for _ in range(3):
        advantage = torch.rand(10) - critic(torch.randn(10, 4))  # guilty
        update(optimizer, advantage.square().mean())


@program
def done_against_reward():
    critic = mlp(5, 8, 1)
    optimizer = adam(critic)
    x, reward, done = torch.randn(4, 4, 4, 5), torch.rand(4, 4, 4, 1), torch.zeros(4, 4, 1)
    target = reward + 0.99 * critic(x).detach() * (1 - done)  # guilty
    update(optimizer, (critic(x) - target).square().mean())


@program
def done_of_another_rank():
    reward, done = torch.rand(6, 4, 3, 1), torch.zeros(6, 4, 1)
    (reward * (1 - done)).mean()  # guilty


@program
def loss_not_reduced():
    model = mlp(3, 8, 2)
    loss = model(torch.randn(10, 3)).square().mean(1)  # guilty
    loss.backward()


@program
def policy_step_on_all_parameters():
    policy, value = mlp(6, 16, 3), mlp(6, 16, 1)
    every = torch.cat([p.detach().flatten() for m in (policy, value) for p in m.parameters()])
    step = torch.cat([p.detach().flatten() for p in policy.parameters()])
    every + 0.01 * step  # guilty


@program
def mean_logged_as_sum():
    reward = -mlp(3, 8, 1)(torch.randn(5, 4, 3)).squeeze(-1).square()
    print("episode reward", reward.mean(0).mean().item(), file=sys.stderr)  # guilty


def train(model, loss_of, steps=3, lr=1e-3, **settings):
    optimizer = adam(model, lr=lr, **settings)
    for i in range(steps):
        update(optimizer, loss_of(i))


@program
def log_of_zero():
    model = nn.Linear(2, 3)

    def loss(i):
        p = softmax(model(torch.randn(4, 2) * 10.0 ** (2 * i)), -1)
        return -p.log()[:, 0].mean()  # guilty

    train(model, loss)


@program
def distance_at_zero():
    embed = mlp(3, 8, 2)

    def loss(i):
        left = torch.randn(5, 3)
        right = left if i == 1 else torch.randn(5, 3)
        return (embed(left) - embed(right)).square().sum(1).sqrt().mean()  # guilty

    train(embed, loss)


@program
def where_hides_nan():
    rate = mlp(2, 8, 1)
    count = torch.zeros(3)

    def loss(_):
        intensity = relu(rate(torch.randn(3, 2))).squeeze(-1) * count
        logs = intensity.log()  # guilty
        return -torch.where(count > 0, logs, 0.0).mean()

    train(rate, loss)


@program
def zero_over_zero():
    lstm = nn.LSTM(2, 4)
    mask = torch.tensor([[1.0, 1, 0]]).repeat(5, 1)

    def loss(_):
        hidden = lstm(torch.randn(5, 3, 2))[0].mean(-1)
        return ((hidden * mask).sum(0) / mask.sum(0)).square().mean()  # guilty

    train(lstm, loss)


@program
def exp_overflow():
    log_scale = nn.Parameter(torch.tensor(0.0))
    optimizer = torch.optim.SGD([log_scale], lr=60)
    for _ in range(10):
        scale = log_scale.exp()  # guilty
        update(optimizer, -scale * torch.rand(()))


@program
def tanh_edge():
    policy = mlp(3, 16, 2)

    def loss(i):
        action = torch.tanh(torch.randn(8, 2) * 30.0**i)
        before = torch.atanh(action)  # guilty
        return -Normal(policy(torch.randn(8, 3)), 1.0).log_prob(before).mean()

    train(policy, loss)


@program
def zero_spread():
    policy = mlp(2, 8, 2)

    def loss(i):
        reward = torch.ones(6) if i == 1 else torch.rand(6)
        advantage = (reward - reward.mean()) / reward.std()  # guilty
        return -(Categorical(logits=policy(torch.randn(6, 2))).log_prob(torch.ones(6)) * advantage).mean()

    train(policy, loss)


@program
def all_masked_attention():
    scores = nn.Linear(4, 3)

    def loss(i):
        mask = torch.tensor([[i < 1, False, False], [True, True, False], [True, True, True]])
        weights = softmax(scores(torch.randn(3, 4)).masked_fill(~mask, float("-inf")), -1)  # guilty
        return weights.square().mean()

    train(scores, loss)


@program
def negative_variance():
    model = mlp(1, 16, 2)

    def loss(_):
        mean, variance = model(torch.randn(64, 1)).split(1, 1)
        nll = variance.log() + mean.square() / variance  # guilty
        return nll.mean()

    train(model, loss)


@program
def negative_scale():
    policy = mlp(3, 8, 2)

    def loss(_):
        loc, scale = policy(torch.randn(64, 3)).split(1, 1)
        return -Normal(loc, scale).log_prob(torch.randn(64, 1)).mean()  # guilty

    train(policy, loss)


@program
def power_at_zero():
    model = nn.Linear(2, 1, bias=False)
    model.weight.data.zero_()

    def loss(_):
        error = (model(torch.randn(2, 2)) - torch.tensor([[0.0], [1.0]])).abs()
        return error.pow(0.7).mean()  # guilty

    train(model, loss)


@program
def adam_without_eps():
    model = mlp(3, 8, 1, activation=nn.ReLU)
    optimizer = adam(model, eps=0)
    for _ in range(3):
        loss = model(torch.randn(1, 3)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()  # guilty


@program
def bad_sensor():
    model = mlp(2, 8, 1)

    def loss(i):
        x = torch.randn(4, 2)
        if i == 1:
            x[1, 1] = float("nan")
        return model(x).square().mean()  # guilty

    train(model, loss)


@program
def advantage_keeps_its_graph():
    critic = mlp(3, 16, 1)
    optimizer = adam(critic)
    target = torch.randn(10, 1) + 0.99 * critic(torch.randn(10, 3)).detach()
    value = critic(torch.randn(10, 3)).detach()  # guilty
    update(optimizer, (value - target).square().mean())


@program
def actions_from_the_replay_buffer():
    actor, critic = mlp(2, 8, 1), mlp(3, 8, 1)
    optimizer, _ = adam(actor), adam(critic)
    replay = []
    for _ in range(6):
        state = torch.randn(2)
        replay.append((state, actor(state).tanh().tolist()))  # guilty
    states, actions = torch.stack([s for s, _ in replay[:4]]), torch.tensor([a for _, a in replay[:4]])
    update(optimizer, -critic(torch.cat([states, actions], 1)).mean())


@program
def advantage_of_nothing():
    policy, critic = mlp(3, 8, 2), mlp(3, 8, 1)
    optimizer = adam(policy)
    for _ in range(3):
        states = torch.randn(8, 3)
        advantage = critic(states).squeeze(-1).detach() - critic(states).squeeze(-1).detach()  # guilty
        update(optimizer, -(log_softmax(policy(states), -1)[:, 0] * advantage).mean())


@program
def all_zero_weights():
    model = mlp(4, 8, 2)
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    optimizer = adam(model)
    for _ in range(3):
        update(optimizer, (model(torch.randn(8, 4)) - 1).square().mean())  # guilty


@program
def bins_of_a_value():
    encoder, table, head = mlp(3, 8, 1), nn.Embedding(10, 4), nn.Linear(4, 1)
    optimizer = adam(encoder, table, head)
    for _ in range(2):
        value = sigmoid(encoder(torch.randn(6, 3))).squeeze(-1)
        index = (value * 9.99).floor().int()  # guilty
        update(optimizer, head(table(index)).square().mean())


@program
def dead_relu_in_a_scan():
    layer, head = nn.Linear(2, 2), nn.Linear(2, 1)
    nn.init.constant_(layer.bias, -50)
    optimizer = adam(layer, head)
    for _ in range(3):
        h = torch.randn(3, 2)
        for x in torch.randn(4, 3, 2):
            h = relu(layer(h + x))  # guilty
        update(optimizer, (head(h) - 1).square().mean())


@program
def detach_in_a_checkpoint():
    first, second = nn.Linear(4, 8), nn.Linear(8, 1)
    optimizer = adam(first, second)

    def block(x):
        h = first(x).tanh()
        return second(h.detach())  # guilty

    for _ in range(2):
        update(optimizer, checkpoint(block, torch.randn(5, 4), use_reentrant=False).square().mean())


@program
def detach_in_a_loop_of_loops():
    cell, outer = nn.Linear(3, 3), nn.Linear(3, 3)
    optimizer = adam(cell, outer)
    h = torch.zeros(2, 3)
    for x in torch.randn(4, 2, 3):
        for _ in range(3):
            h = cell(h).tanh().detach()  # guilty
        h = outer(h + x).tanh()
    update(optimizer, h.square().mean())


@program
def done_chooses_among_values():
    critic = mlp(3, 8, 1)
    optimizer = adam(critic)
    done = torch.tensor([False, True, False, True, False, False])
    following = torch.where(done, torch.tensor(0.0), critic(torch.randn(6, 3)))  # guilty
    update(optimizer, following.mean())


@program
def gravity_in_a_loop():
    thrust = mlp(2, 8, 1)
    optimizer = adam(thrust, lr=1e-2)
    for _ in range(2):
        x, v, cost = torch.tensor([0.5, 0.7, 0.9]), torch.zeros(3), 0
        for _ in range(30):
            force = 1 / x.clamp(min=0).square()  # guilty
            v = v - 0.1 * force + 0.1 * thrust(torch.stack([x, v], 1)).squeeze(1)
            cost = cost + x.square().mean() / 30
            x = x + 0.1 * v
        update(optimizer, cost)


@program
def head_replaced():
    backbone, head = mlp(4, 16, 8), nn.Linear(8, 10)
    model = nn.Sequential(backbone, nn.Tanh(), head)
    optimizer = adam(model)  # guilty
    model[2] = nn.Linear(8, 2)
    for _ in range(2):
        update(optimizer, model(torch.randn(4, 4)).square().mean())


@program
def log_between_read_and_loss():
    gate, model = mlp(3, 8, 4), mlp(3, 8, 4)
    optimizer = adam(gate, model)
    for _ in range(2):
        x = torch.randn(1, 3)
        is_open = [1 / (1 + math.exp(-v)) for v in gate(x).flatten().tolist()]  # guilty
        gate(x).mean().item()
        update(optimizer, (model(x) * torch.tensor(is_open)).square().mean())


@program
def mean_of_centred_values():
    model = mlp(4, 8, 1)
    optimizer = adam(model)
    for _ in range(2):
        value = model(torch.randn(8, 4)).squeeze(-1)
        update(optimizer, (value - value.mean()).mean())  # guilty


@program
def mean_of_normalised_values():
    layer = nn.Linear(3, 8)
    optimizer = adam(layer)
    for _ in range(3):
        h = layer(torch.randn(8, 3))
        normal = (h - h.mean(-1, True)) / (h.std(-1, keepdim=True) + 1e-5)  # guilty
        update(optimizer, normal.mean())


@program
def probabilities_sum_to_one():
    policy = mlp(4, 8, 3)
    optimizer = adam(policy)
    for _ in range(2):
        p = policy(torch.randn(8, 4)).softmax(-1)  # guilty
        update(optimizer, -p.sum(-1).log().mean())


@program
def queue_of_embeddings():
    query, key = mlp(4, 8, 3), mlp(4, 8, 3)
    optimizer = adam(query, key)
    queue = torch.zeros(8, 3)
    for i in range(3):
        x = torch.randn(4, 4)
        queue.data[4 * (i % 2) : 4 * (i % 2) + 4] = key(x).data  # guilty
        update(optimizer, -log_softmax(query(x) @ queue.clone().T, -1)[:, 0].mean())


@program
def ratio_overflows():
    policy = mlp(3, 8, 2)
    optimizer = adam(policy)
    for _ in range(3):
        log_prob = Normal(policy(torch.randn(4, 3)), 1).log_prob(torch.zeros(4, 2)).sum(-1)
        ratio = (log_prob - torch.tensor([-200.0, -1, -1, -1])).exp()  # guilty
        update(optimizer, -torch.minimum(ratio, ratio.clamp(0.8, 1.2)).mean())


@program
def root_hidden_by_where():
    layer = nn.Linear(1, 1)
    nn.init.ones_(layer.weight)
    nn.init.zeros_(layer.bias)
    optimizer = adam(layer)
    for i in range(6):
        y = layer(torch.tensor([[1.0], [-1.0 if i == 4 else 2.0]]))
        root = y.sqrt()  # guilty
        update(optimizer, torch.where(y > 0, root, 0 * y).mean())


@program
def scale_as_text():
    model, scale = mlp(3, 8, 1), nn.Parameter(torch.tensor(0.7312))
    optimizer = torch.optim.Adam([*model.parameters(), scale], lr=1e-3)
    for _ in range(2):
        s = float(f"{scale.item():.2f}")  # guilty
        update(optimizer, (model(torch.randn(4, 3)) * s - 1).square().mean())


@program
def smaller_of_two_critics():
    first, second, actor = mlp(3, 8, 1), mlp(3, 8, 1), mlp(2, 8, 1)
    optimizer = adam(actor)
    states = torch.randn(4, 2)
    x = torch.cat([states, actor(states).tanh()], 1)
    smaller = min(first(x).mean().item(), second(x).mean().item())  # guilty
    update(optimizer, torch.tensor(-smaller))


@program
def speed_limit_in_physics():
    pilot = mlp(1, 8, 1)
    optimizer = adam(pilot, lr=1e-2)
    for _ in range(3):
        x = torch.randn(4, 1)
        for _ in range(8):
            v = (100 * pilot(x) + 1000).clamp(-1, 1)  # guilty
            x = x + 0.1 * v
        update(optimizer, (x - 1).square().mean())


@program
def straight_through_cancels():
    encoder, decoder = mlp(3, 8, 4), nn.Linear(4, 3)
    optimizer = adam(encoder, decoder)
    for _ in range(2):
        x = torch.randn(8, 3)
        soft = softmax(encoder(x), -1)
        hard = one_hot(soft.argmax(-1), 4).float()
        code = hard - soft + soft  # guilty
        update(optimizer, (decoder(code) - x).square().mean())


@program
def swapped_optimisers():
    actor, critic = mlp(4, 8, 2), mlp(4, 8, 1)
    actor_optimizer = adam(critic)  # guilty
    critic_optimizer = adam(actor)
    for _ in range(2):
        states = torch.randn(6, 4)
        update(actor_optimizer, -log_softmax(actor(states), -1)[:, 0].mean())
        update(critic_optimizer, (critic(states) - 1).square().mean())


@program
def target_network_is_the_network():
    tower = mlp(4, 8, 3)
    slow = tower
    optimizer = adam(tower)
    for _ in range(3):
        x = torch.randn(8, 4)
        target = slow(x).detach()
        update(optimizer, (tower(x) - target).square().mean())  # guilty


@program
def world_model_imagines_from_data():
    encoder, dynamics, reward = mlp(6, 16, 4), mlp(4, 16, 4), nn.Linear(4, 1)
    optimizer = adam(encoder, dynamics, reward)
    for _ in range(2):
        latent = encoder(torch.randn(4, 6)).tanh().data.clone()  # guilty
        gain = 0
        for _ in range(5):
            latent = latent + 0.1 * dynamics(latent).tanh()
            gain = gain + reward(latent).mean()
        update(optimizer, -gain)


@program
def read_in_a_helper():
    def number(t):
        return t.item()  # guilty

    gate, net = mlp(3, 8, 1), mlp(3, 8, 1)
    optimizer = adam(gate, net)
    for _ in range(3):
        x = torch.randn(4, 3)
        loss = (net(x) * number(sigmoid(gate(x)).mean()) - 1).square().mean()
        update(optimizer, loss)
        number(loss)


@program
def gru_written_by_hand():
    reset, renew, candidate = nn.Linear(5, 3), nn.Linear(5, 3), nn.Linear(5, 3)
    optimizer = adam(reset, renew, candidate)

    def step(h, x):
        both = torch.cat([h, x], 1)
        r = sigmoid(reset(both)).detach()  # guilty
        z = sigmoid(renew(both))
        return h * z + candidate(torch.cat([h * r, x], 1)).tanh() * (1 - z)

    for _ in range(3):
        h = torch.zeros(4, 3)
        for x in torch.randn(6, 4, 2):
            h = step(h, x)
        update(optimizer, (h - 1).square().mean())


@program
def sample_into_an_unfrozen_critic():
    actor, critic = mlp(4, 16, 2), mlp(2, 16, 1)
    optimizer = adam(actor)
    for _ in range(3):
        policy = Normal(actor(torch.randn(8, 4)), 0.2)
        action = policy.sample()  # guilty
        update(optimizer, -critic(action.tanh()).mean())


@program
def parameter_of_features():
    encoder = mlp(3, 8, 4)
    optimizer = adam(encoder)
    for _ in range(3):
        h = encoder(torch.randn(6, 3))
        features = nn.Parameter(torch.tensor(h.tolist()))  # guilty
        update(optimizer, features.square().mean())


@program
def assigned_and_differentiated():
    net, head = mlp(3, 8, 2), nn.Linear(2, 1)
    optimizer = adam(net, head)
    memory = torch.zeros(4, 2)
    for _ in range(3):
        memory.data = net(torch.randn(4, 3)).tanh().data  # guilty
        update(optimizer, (head(memory) - 1).square().mean())


@program
def simulator_behind_a_method():
    class Pendulum:
        angle, speed, torque = 0.3, 0.0, 0.0

        def set_torque(self, torque):
            self.torque = torque[0]

        def step(self):
            self.speed += 0.05 * (self.torque - math.sin(self.angle))
            self.angle += 0.05 * self.speed

    policy = mlp(2, 8, 1)
    optimizer = adam(policy)
    for _ in range(2):
        pendulum, costs = Pendulum(), []
        for _ in range(5):
            torque = policy(torch.tensor([[pendulum.angle, pendulum.speed]])).tanh()[0]
            pendulum.set_torque(torque.tolist())  # guilty
            pendulum.step()
            costs.append(torch.tensor([pendulum.angle, pendulum.speed]).square().sum())
        update(optimizer, torch.stack(costs).mean())


@program
def indefinite_matrix():
    w = nn.Parameter(torch.ones(2))
    matrix = torch.tensor([[1.0, 0.0], [0.0, -1.0]])

    def solve(b):
        x, left, along = torch.zeros(2), b, b
        for _ in range(10):
            image = matrix @ along
            by = left @ left / (along @ image)
            x, rest = x + by * along, left - by * image
            along, left = rest + (rest @ rest) / (left @ left) * along, rest
        return x

    (slope,) = torch.autograd.grad(w.sum(), w)
    direction = solve(slope)  # guilty
    w.data += direction


@program
def deviation_of_one_sample():
    critic = mlp(3, 8, 1)
    optimizer = adam(critic)
    for _ in range(2):
        value = critic(torch.randn(1, 3)).squeeze(-1)
        spread = value.std(0)  # guilty
        update(optimizer, ((value - value.mean()) / (spread + 1e-8)).square().mean())


@program
def two_experiments():
    critic = mlp(3, 8, 1)
    critic_optimizer = adam(critic)
    for _ in range(3):
        loss = (critic(torch.randn(8, 3)) - 1).square().mean()
        update(critic_optimizer, loss)
        loss.item()
    value = mlp(3, 8, 1)
    optimizer = adam(value)
    numbers = value(torch.randn(8, 3)).tolist()  # guilty
    update(optimizer, torch.tensor([(x - 1) ** 2 for (x,) in numbers]).mean())


@program
def agents_in_an_array():
    class Agent:
        def __init__(self, greedy):
            self.greedy, self.policy = greedy, mlp(3, 8, 1)
            self.optimizer = adam(self.policy)

        def loss(self, x):
            y = self.policy(x)
            return ((y.detach() if self.greedy else y) - 1).square().mean()  # guilty

    agents = [Agent(greedy) for greedy in (False, False, True)]
    for _ in range(2):
        for agent in agents:
            update(agent.optimizer, agent.loss(torch.randn(5, 3)))


@program
def block_never_reached():
    blocks, output = nn.ModuleList(nn.Linear(4, 4) for _ in range(3)), nn.Linear(4, 1)  # guilty
    optimizer = adam(blocks, output, lr=1e-2)
    for _ in range(12):
        x = h = torch.randn(8, 4)
        for block in blocks[:-1]:
            h = block(h).tanh()
        update(optimizer, (output(h) - x.sum(1, True)).square().mean())


@program
def critic_of_its_own_never_trained():
    actor, critic = mlp(4, 8, 2), mlp(4, 8, 1)
    actor_optimizer = adam(actor)
    critic_optimizer = adam(critic)  # guilty
    for _ in range(3):
        policy = Categorical(logits=actor(torch.randn(6, 4)))
        action = policy.sample()
        actor_optimizer.zero_grad()
        critic_optimizer.zero_grad()
        (-policy.log_prob(action) * (action - 0.5)).mean().backward()
        actor_optimizer.step()
        critic_optimizer.step()


@program
def backward_forgotten():
    net = mlp(2, 8, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(3):
        x = torch.randn(8, 2)
        loss = (net(x) - x.sum(1, True)).square().mean()
        optimizer.zero_grad()
        optimizer.step()  # guilty
        loss.item()


@program
def trust_report():
    net = mlp(4, 32, 2, activation=nn.ReLU)
    optimizer = adam(net)
    for _ in range(3):
        fused, real, now, before = [], [], [], []
        for t in range(5):
            trust = sigmoid(net(torch.tensor([0.1 * t, 0.2, 0.3, 0.4])))
            trust_gps = trust[0].item()  # guilty
            trust_visual = trust[1].item()
            gps, true = torch.tensor([1.0, 2.0]), torch.tensor([1.1, 2.1])
            fused.append(gps * trust_gps + true * trust_visual)
            real.append(true)
            now.append(trust)
            before.append(torch.tensor([0.5, 0.5]))
        fusion = (torch.stack(fused) - torch.stack(real)).square().mean()
        smooth = (torch.stack(now) - torch.stack(before)).square().mean()
        update(optimizer, fusion + 0.1 * smooth)


@program
def prediction_copied_into_a_tensor():
    net = mlp(2, 8, 1)
    optimizer = adam(net)
    for _ in range(3):
        x = torch.randn(8, 2)
        out = net(x)
        prediction = torch.tensor(out.detach().numpy())  # guilty
        update(optimizer, (prediction - x.sum(1, True)).square().mean() + 0.01 * out.square().mean())


@program
def code_copied_for_the_decoder():
    encoder, decoder = mlp(4, 8, 2), mlp(2, 8, 4)
    optimizer = adam(encoder, decoder)
    for _ in range(3):
        x = torch.randn(8, 4)
        code = encoder(x)
        copy = torch.tensor(code.tolist())  # guilty
        update(optimizer, (decoder(copy) - x).square().mean() + 0.01 * code.square().mean())


@program
def penalty_times_a_weight():
    net = mlp(2, 8, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    for _ in range(3):
        x = torch.randn(8, 2)
        out = net(x)
        penalty = out.abs().mean().item()  # guilty
        update(optimizer, (out - x.sum(1, True)).square().mean() + 0.1 * penalty)


@program
def backward_twice():
    net = mlp(2, 8, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    x = torch.randn(8, 2)
    loss = (net(x) - x.sum(1, True)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    loss.backward()  # guilty
    optimizer.step()


@program
def zero_grad_forgotten():
    net = mlp(2, 8, 1)
    optimizer = adam(net)
    for _ in range(4):
        x = torch.randn(8, 2)
        (net(x) - x.sum(1, True)).square().mean().backward()
        optimizer.step()  # guilty


@program
def clip_before_the_last_micro_batch():
    net = mlp(2, 8, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    for _ in range(3):
        optimizer.zero_grad()
        for k in range(2):
            x = torch.randn(8, 2)
            if k == 1:
                torch.nn.utils.clip_grad_norm_(net.parameters(), 0.5)  # guilty
            (net(x) - x.sum(1, True)).square().mean().backward()
        optimizer.step()


@program
def clip_after_the_step():
    net = mlp(2, 8, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    for _ in range(3):
        x = torch.randn(8, 2)
        update(optimizer, (net(x) - x.sum(1, True)).square().mean())
        torch.nn.utils.clip_grad_norm_(net.parameters(), 0.5)  # guilty


@program
def ignored_labels():
    net = mlp(2, 8, 3)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    labels = torch.tensor([0, -1, 2, 1])
    update(optimizer, -Categorical(logits=net(torch.randn(4, 2))).log_prob(labels).mean())  # guilty


@program
def row_out_of_the_table():
    table, head = nn.Embedding(5, 4), nn.Linear(4, 1)
    optimizer = torch.optim.SGD([*table.parameters(), *head.parameters()], lr=0.01)
    for i in range(3):
        loss = head(table(torch.tensor([1, 2, 3 + i]))).square().mean()  # guilty
        update(optimizer, loss)


@program
def divergence_from_itself():
    policy = mlp(3, 4, 2)
    parameters = list(policy.parameters())
    now = Normal(policy(torch.randn(10, 3)), torch.ones(10, 2))
    kl = torch.distributions.kl_divergence(now, now).sum(1).mean()  # guilty
    slope = torch.autograd.grad(kl, parameters, create_graph=True)
    vector = [torch.ones_like(x) for x in parameters]
    product = torch.autograd.grad(sum((g * v).sum() for g, v in zip(slope, vector)), parameters, allow_unused=True)
    curvature = sum((g * v).sum() for g, v in zip(product, vector) if g is not None)
    1 / curvature


@program
def head_of_no_phase():
    trunk, a, b, c = mlp(2, 8, 4), nn.Linear(4, 1), nn.Linear(4, 1), nn.Linear(4, 1)
    optimizer = adam(trunk, a, b, c)
    for _ in range(3):
        for head in (a, b):
            update(optimizer, head(trunk(torch.randn(8, 2))).square().mean())  # guilty


class Car:
    """Two kinematic cars at 8 m/s whose physics have a gradient: qpos is x, y, heading, steering angle."""

    def __init__(self, y=(1.0, -0.5)):
        self.qpos = torch.tensor([[0.0, aside, 0.0, 0.0] for aside in y])

    def step(self, target):
        x, y, heading, angle = self.qpos.unbind(1)
        angle = angle + 0.8 * (target - angle)
        heading = heading + 0.2 * 8 / 2.6 * torch.tan(angle)
        x, y = x + 0.2 * 8 * torch.cos(heading), y + 0.2 * 8 * torch.sin(heading)
        self.qpos = torch.stack([x, y, heading, angle], 1)


@program
def car_converted_once():
    planner = mlp(2, 16, 3)
    optimizer = adam(planner)
    wanted = torch.tensor([1.0, 0.2])
    for _ in range(2):
        car = Car(y=(0.0,))
        plan = 0.3 * torch.tanh(planner(wanted))
        commands = plan.tolist()  # guilty
        for command in commands:
            car.step(torch.tensor([command]))
        update(optimizer, (car.qpos[0, 1:3] - wanted).square().sum())


@program
def car_converted_in_helpers():
    controller = mlp(4, 16, 1)
    optimizer = adam(controller)

    def to_numbers(x):
        return x.detach().numpy()  # guilty

    def to_simulator(x):
        return torch.tensor(to_numbers(x.squeeze(1)))

    for _ in range(2):
        car = Car()
        for _ in range(3):
            car.step(to_simulator(0.3 * torch.tanh(controller(car.qpos))))
        update(optimizer, car.qpos[:, 1].square().mean())


@program
def car_converted_at_the_end():
    controller = mlp(4, 16, 1)
    optimizer = adam(controller)
    for _ in range(2):
        car, effort = Car(), 0
        for _ in range(3):
            command = 0.3 * torch.tanh(controller(car.qpos)).squeeze(1)
            effort = effort + command.square().mean()
            car.step(command)
        qpos = torch.tensor(car.qpos.tolist())  # guilty
        update(optimizer, qpos[:, 1].square().mean() + 0.01 * effort)


@program
def car_errors_in_tensors():
    controller = mlp(3, 16, 1)
    optimizer = adam(controller)

    def errors(qpos, speed):
        return torch.stack([qpos[:, 1], qpos[:, 2], speed - 8], 1)

    for _ in range(2):
        car, losses = Car(), []
        seen = errors(car.qpos, torch.full((2,), 8.0))
        for _ in range(3):
            car.step(0.3 * torch.tanh(controller(seen)).squeeze(1))
            qpos = torch.tensor(car.qpos.tolist())  # guilty
            seen = errors(qpos, torch.full((2,), 8.0))
            losses.append(seen.square().mean())
        update(optimizer, torch.stack(losses).mean())


def run(fn):
    torch.manual_seed(0)
    lines, start = inspect.getsourcelines(fn)
    guilty = {start + i for i, text in enumerate(lines) if text.rstrip().endswith("# guilty")}
    assert len(guilty) == 1, fn.__name__
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            fn()
        except Exception as error:
            frames = [x.lineno for x in traceback.extract_tb(error.__traceback__) if x.filename == __file__]
            return {"says": "raises", "names": bool(guilty & set(frames[1:])), "message": str(error).split("\n")[0][:120]}
    mine = [x for x in caught if x.filename == __file__]
    if mine:
        return {"says": "warns", "names": mine[0].lineno in guilty, "message": str(mine[0].message).split("\n")[0][:120]}
    return {"says": "silent", "names": False, "message": ""}


if __name__ == "__main__":
    outcomes = {name: run(fn) for name, fn in sorted(PROGRAMS.items())}
    json.dump({"version": torch.__version__, "outcomes": outcomes}, sys.stdout, indent=2)
    print()
