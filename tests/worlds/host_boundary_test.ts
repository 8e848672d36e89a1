/** A world on the host is a boundary: a loss that hopes for gradients through it is told so, one that learns from it is not. */

import assert from "node:assert/strict";
import {
  Adam,
  compile,
  Generator,
  HostPendulum,
  HostRandom,
  MLP,
  noGrad,
  Normal,
  ones,
  type PlumblineError,
  PPOTrainer,
  Simulations,
  stopGradient,
  type Tensor,
  tensor,
} from "../../mod.ts";
import { onEngine } from "../engines.ts";
import { small } from "../rl/point_world.ts";

interface Setting {
  readonly simulations: Simulations;
  readonly pi: MLP;
  readonly v: MLP;
  readonly keys: Generator;
  /** One optimiser for both networks. */
  readonly optimizer: Adam;
}

async function within(body: (setting: Setting) => Promise<void>): Promise<void> {
  const simulations = await Simulations.start(new HostPendulum(), 4, 0);
  const random = new HostRandom(1);
  const [pi, v] = [new MLP([3, 8, 1], random), new MLP([3, 8, 1], random)];
  const optimizer = new Adam([...pi.parameters(), ...v.parameters()], { lr: 1e-2 });
  try {
    await body({ simulations, pi, v, keys: new Generator(7), optimizer });
  } finally {
    simulations.dispose();
  }
}

const policyOf = (pi: MLP, seen: Tensor): Normal => new Normal(pi.forward(seen), ones([4, 1, 1]));

/** Losses that would learn through the world. */
const hoping: Readonly<Record<string, (setting: Setting) => Promise<Tensor>>> = {
  "the reward itself": async ({ simulations, pi }) => {
    const { reward } = await simulations.step(pi.forward(simulations.observation).tanh());
    return reward.mean().neg();
  },
  "a distance after the step, beside a penalty that does learn": async ({ simulations, pi }) => {
    const action = pi.forward(simulations.observation).tanh();
    const { nextObservation } = await simulations.step(action);
    const distance = nextObservation.sub(tensor([1, 0, 0])).square().mean();
    return distance.add(action.square().mean().mul(0.01)).mul(10);
  },
  "rewards of several steps": async ({ simulations, pi }) => {
    let sum = tensor(0);
    for (let t = 0; t < 3; t++) {
      const { reward } = await simulations.step(pi.forward(simulations.observation).tanh());
      sum = sum.sub(reward.mean());
    }
    return sum;
  },
  "the reward of actions of a compiled policy": async ({ simulations, pi }) => {
    const act = compile((seen: Tensor) => pi.forward(seen).tanh(), { state: pi });
    const { reward } = await simulations.step(await act(simulations.observation));
    return reward.mean().neg();
  },
};

for (const [name, lossOf] of Object.entries(hoping)) {
  onEngine(
    "cpu",
    `a loss that hopes for a gradient through the world is refused by its name: ${name}`,
    () =>
      within(async (setting) => {
        const loss = await lossOf(setting);
        assert.throws(() => loss.backward(), (error: PlumblineError) => {
          assert.equal(error.code, "G108");
          assert.match(error.message, /of `pi` cannot learn through it/);
          assert.match(error.message, /the world `pendulum` is stepped on the host: no gradient passes it/);
          assert.match(error.message, /help: learn from what it gives by the log-probability of what was done/);
          assert.match(error.message, /help: or write its step in tensors: an Environment has gradients/);
          assert.match(String(error.sites[0]), /host_boundary_test\.ts/);
          assert.match(error.sites[0]!.text!, /simulations\.step\(/);
          return true;
        });
      }),
  );
}

/** A loss of values that were computed without gradient, and the value function that it was for. */
const blind: Readonly<Record<string, (setting: Setting) => Promise<Tensor>>> = {
  "values beside returns, alone": async ({ simulations, pi, v, keys }) => {
    const seen = simulations.observation;
    const { reward } = await simulations.step(policyOf(pi, seen).sample(keys.next()));
    const values = noGrad(() => v.forward(seen).squeeze(-1));
    return values.sub(reward).square().mean();
  },
  "values beside returns, in one loss with the policy's": async ({ simulations, pi, v, keys }) => {
    const seen = simulations.observation;
    const policy = policyOf(pi, seen);
    const action = policy.sample(keys.next());
    const { reward } = await simulations.step(action);
    const values = noGrad(() => v.forward(seen).squeeze(-1));
    const advantage = reward.sub(values);
    const loss = policy.logProb(action).squeeze(-1).mul(advantage).mean().neg();
    return loss.add(values.sub(reward).square().mean().mul(0.5));
  },
};

for (const [name, lossOf] of Object.entries(blind)) {
  onEngine(
    "cpu",
    `a value function under noGrad() is what is told, not the world that its loss hears of: ${name}`,
    () =>
      within(async (setting) => {
        const loss = await lossOf(setting);
        assert.throws(() => loss.backward(), (error: PlumblineError) => {
          assert.equal(error.code, "G101");
          assert.match(error.message, /gradient cut: 4 parameters of `v` cannot learn from the loss/);
          assert.match(error.sites[0]!.text!, /const values = noGrad\(/);
          assert.match(error.message, /audit: v\.\* cut 4\/4\. backward\(\) refused/);
          // Where nothing else learns, declaring the stop is no way out.
          assert.equal(/if intended/.test(error.message), name.endsWith("policy's"));
          return true;
        });
      }),
  );
}

onEngine(
  "cpu",
  "a loss that hopes for the world is told so, beside a stop with a reason and a sample of the policy",
  () =>
    within(async ({ simulations, pi, v, keys }) => {
      const action = policyOf(pi, simulations.observation).sample(keys.next());
      const { nextObservation } = await simulations.step(action);
      const distance = nextObservation.slice(-1, 0, 1).sub(action).square().mean();
      const values = stopGradient(v.forward(nextObservation), "a target").mean();
      const penalty = pi.forward(simulations.observation).square().mean();
      assert.throws(() => distance.add(values).add(penalty).backward(), { code: "G108" });
    }),
);

/** Losses that learn from what the world gives. */
const sound: Readonly<Record<string, (setting: Setting) => Promise<Tensor>>> = {
  "the log-probability weighed by the reward": async ({ simulations, pi, keys }) => {
    const policy = policyOf(pi, simulations.observation);
    const action = policy.sample(keys.next());
    const { reward } = await simulations.step(action);
    return policy.logProb(action).squeeze(-1).mul(reward).mean().neg();
  },
  "actor and critic in one loss": async ({ simulations, pi, v, keys }) => {
    const seen = simulations.observation;
    const policy = policyOf(pi, seen);
    const action = policy.sample(keys.next());
    const { reward, nextObservation } = await simulations.step(action);
    const target = reward.add(stopGradient(v.forward(nextObservation), "a target").squeeze(-1).mul(0.9));
    const value = v.forward(seen).squeeze(-1);
    const advantage = target.sub(value.detach("advantages are data"));
    const actor = policy.logProb(action).squeeze(-1).mul(advantage).mean().neg();
    return actor.add(target.sub(value).square().mean().mul(0.5));
  },
  "the critic alone, whose observations the policy brought about": async ({ simulations, pi, v }) => {
    await simulations.step(pi.forward(simulations.observation).tanh());
    const seen = simulations.observation;
    const { reward } = await simulations.step(pi.forward(seen).tanh());
    return v.forward(seen).squeeze(-1).sub(reward).square().mean();
  },
  "a term that is there for the log, and says so": async ({ simulations, pi, keys }) => {
    const policy = policyOf(pi, simulations.observation);
    const action = policy.sample(keys.next());
    const { reward } = await simulations.step(action);
    const loss = policy.logProb(action).squeeze(-1).mul(reward).mean().neg();
    return loss.add(stopGradient(reward.mean(), "the log shows both"));
  },
};

for (const [name, lossOf] of Object.entries(sound)) {
  onEngine("cpu", `a loss that learns from the world is not refused: ${name}`, () =>
    within(async (setting) => {
      for (let i = 0; i < 3; i++) {
        const loss = await lossOf(setting);
        setting.optimizer.zeroGrad();
        loss.backward();
        await setting.optimizer.step();
      }
    }));
}

onEngine("cpu", "what a rollout of a world on the host holds says where it comes from", async () => {
  const trainer = await PPOTrainer.create(new HostPendulum({ maxSteps: 5 }), { ...small, framesPerBatch: 20 });
  try {
    const { reward, observation, choice } = await trainer.collect();
    assert.throws(() => reward.mean().neg().backward(), (error: PlumblineError) => {
      assert.equal(error.code, "G108");
      assert.match(error.message, /await trainer\.collect\(\);\n.*\^+ the world `pendulum` is stepped on the host/);
      return true;
    });
    const { policy } = trainer;
    policy.logProb(policy.output(observation), choice).mul(reward).mean().neg().backward();
  } finally {
    trainer.dispose();
  }
});
