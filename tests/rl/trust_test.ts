/** Fusions that learn: what they see and what they do not, that their gradient reaches every parameter, and that they get better. */

import assert from "node:assert/strict";
import {
  gradients,
  HostRandom,
  type LearnedFusion,
  leaves,
  mapTree,
  OffsetDetector,
  randomKey,
  type Sensed,
  SpoofedSwarm,
  SwarmTrainer,
  type SwarmTrainerOptions,
  type Tensor,
  tensor,
  TrustConsensus,
  TrustNetwork,
  zeros,
} from "../../mod.ts";
import { onCpu, onEachEngine } from "../engines.ts";

const [envs, agents] = [2, 5];

/** What is sensed after a step of other seeds. */
function aStep(seed = 0): Sensed {
  const world = new SpoofedSwarm({ nAgents: agents, fraction: 0.4, range: 8 });
  return world.step(world.reset(randomKey(seed), envs), zeros([envs, agents, 2])).state.sensed;
}

const fusions = (): readonly LearnedFusion[] => [
  new TrustConsensus(new HostRandom(0), { hiddenSize: 6 }),
  new TrustConsensus(new HostRandom(0), { hiddenSize: 6, recurrent: false }),
  new TrustNetwork(new HostRandom(1)),
  new OffsetDetector(new HostRandom(2), 6),
];

/** Where agents think that they are after two steps. */
function twice(fusion: LearnedFusion, [first, second]: readonly Sensed[]): Tensor {
  const { estimate, memory } = fusion.fuse(first!, fusion.initialMemory(envs, first!.word.shape[1]!));
  return fusion.fuse({ ...second!, before: estimate }, memory).estimate;
}

async function assertClose(found: Tensor, expected: Tensor, what: string): Promise<void> {
  const [x, y] = [await found.data(), await expected.data()];
  assert.deepEqual(found.shape, expected.shape, what);
  x.forEach((value, i) => assert.ok(Math.abs(Number(value) - Number(y[i])) < 1e-5, `${what} ${i}: ${value}, ${y[i]}`));
}

onCpu("agents in another order trust alike in that order", async () => {
  const order = tensor([2, 0, 3, 1, 4], { dtype: "int32" });
  const turned = (sensed: Sensed): Sensed =>
    mapTree(sensed, (x) => {
      const rows = x.take(order, 1);
      return x.shape[2] === agents ? rows.take(order, 2) : rows;
    });
  const steps = [aStep(0), aStep(1)];
  for (const fusion of fusions()) {
    await assertClose(twice(fusion, steps.map(turned)), twice(fusion, steps).take(order, 1), fusion.name);
  }
});

onCpu("what was not heard moves nothing, and where nothing is heard the own steps are all there is", async () => {
  const steps = [aStep(0), aStep(1)];
  for (const fusion of fusions()) {
    const noisy = steps.map((x) => {
      const deaf = x.heard.mul(-1).add(1).unsqueeze(-1);
      return { ...x, word: x.word.mul(x.heard.unsqueeze(-1)).add(deaf.mul(1e3)) };
    });
    const plain = steps.map((x) => ({ ...x, word: x.word.mul(x.heard.unsqueeze(-1)) }));
    await assertClose(twice(fusion, noisy), twice(fusion, plain), fusion.name);
    const silent = steps.map((x) => ({ ...x, heard: x.heard.mul(0) }));
    const [{ before, action }, second] = silent as [Sensed, Sensed];
    await assertClose(twice(fusion, silent), before.add(action).add(second.action), `${fusion.name}, nothing heard`);
  }
});

/** Whether two steps end elsewhere with another first step. */
async function minds(fusion: LearnedFusion, change: (sensed: Sensed) => Sensed): Promise<boolean> {
  const steps = [aStep(0), aStep(1)];
  const [a, b] = [await twice(fusion, steps).data(), await twice(fusion, steps.map(change)).data()];
  return a.some((x, i) => Math.abs(Number(x) - Number(b[i])) > 1e-6);
}

onCpu("each part of trust and consensus is what it is called: without it nothing of it is seen", async () => {
  const own = tensor(
    Array.from({ length: agents }, (_, i) => Array.from({ length: agents }, (_, j) => Number(i === j))),
  );
  const others = own.mul(-1).add(1).unsqueeze(0);
  const changes = {
    declared: (x: Sensed) => ({ ...x, declared: x.declared.mul(0.3) }),
    neighbours: (x: Sensed) => ({ ...x, word: x.word.add(others.unsqueeze(-1)) }),
  };
  for (const [part, change] of Object.entries(changes)) {
    assert.ok(await minds(new TrustConsensus(new HostRandom(0)), change), part);
    assert.ok(!await minds(new TrustConsensus(new HostRandom(0), { [part]: false }), change), `no ${part}`);
  }
  // Where it remembers nothing of sources, the order of what was heard before changes the place it starts from only.
  const seen = (recurrent: boolean) => {
    const fusion = new TrustConsensus(new HostRandom(0), { recurrent });
    const { memory } = fusion.fuse(aStep(0), fusion.initialMemory(envs, agents));
    const fresh = fusion.initialMemory(envs, agents);
    const mixed = { ...fresh, hidden: (memory as typeof fresh).hidden };
    return [fresh, mixed].map((x) => fusion.fuse(aStep(1), x).trust);
  };
  const heard = aStep(1).heard;
  const apart = async (recurrent: boolean) => {
    const [a, b] = seen(recurrent) as [Tensor, Tensor];
    // Of a source that is out of sight what was known is kept, whatever it is.
    return Number(await a.sub(b).abs().mul(heard).max().item());
  };
  assert.ok(await apart(true) > 1e-4);
  assert.ok(await apart(false) < 1e-6);
});

onCpu(
  "two equal weights of the report's network are the middle between GPS and the mean of what neighbours say",
  async () => {
    const net = new TrustNetwork(new HostRandom(0));
    for (const parameter of net.parameters()) parameter.assign(parameter.mul(0));
    const word = tensor([[[[2, 0], [4, 2], [0, 4]], [[1, 1], [5, 5], [0, 0]], [[0, 0], [0, 0], [9, 9]]]]);
    const heard = tensor([[[1, 1, 1], [0, 1, 0], [1, 0, 0]]]);
    const sensed = {
      ...{ before: zeros([1, 3, 2]), action: zeros([1, 3, 2]), word, heard },
      ...{ variance: heard.mul(0).add(0.1), declared: heard },
    };
    const { estimate, trust } = net.fuse(sensed, {});
    // The second hears only its own GPS, the third only what the first says of it.
    await assertClose(estimate, tensor([[[2, 1.5], [5, 5], [0, 0]]]), "estimate");
    await assertClose(trust, heard, "trust");
  },
);

onEachEngine(
  "the gradient of a fused position reaches every parameter, and is that of finite differences",
  async () => {
    const sensed = aStep(2);
    const fusion = new TrustConsensus(new HostRandom(0), { hiddenSize: 3 });
    // What was remembered is data here: what is told of a step before enters without a gradient.
    const memory = mapTree(
      fusion.fuse(aStep(3), fusion.initialMemory(envs, agents)).memory,
      (x) => x.detach("a start"),
    );
    await Promise.all(leaves(memory).map((x) => x.data()));
    const loss = () => fusion.fuse(sensed, memory as never).estimate.sub(sensed.before).square().mean();
    const named = fusion.namedParameters();
    const found = gradients(loss(), named.map(([, x]) => x));
    for (const [i, [name, parameter]] of named.entries()) {
      const values = await parameter.data() as Float32Array;
      const direction = (await found[i]!.data() as Float32Array).slice();
      const norm = Math.hypot(...direction);
      assert.ok(norm > 0, `${name} is not reached`);
      if (norm < 1e-3) continue;
      const at = async (step: number): Promise<number> => {
        parameter.assign(tensor(values.map((x, k) => x + step * direction[k]! / norm)).reshape(...parameter.shape));
        return Number(await loss().item());
      };
      const slope = (await at(1e-2) - await at(-1e-2)) / 2e-2;
      await at(0);
      assert.ok(Math.abs(slope - norm) < 0.03 * norm + 2e-4, `${name}: ${slope}, ${norm}`);
    }
  },
);

const options: SwarmTrainerOptions = {
  ...{ algorithm: "mappo", framesPerBatch: 96, envs: 8, numEpochs: 1, minibatchSize: 96, hiddenSize: 8, lr: 1e-3 },
  ...{ maxGradNorm: 10, clipEpsilon: 0.2, entropyEps: 0, gamma: 0.95, lmbda: 0.95, seed: 0 },
  ...{
    flights: 16,
    trustUpdates: 5,
    trustEpochs: 2,
    trustHorizon: 12,
    trustLr: 1e-2,
    trustSteadiness: 0.1,
    errorCap: 0,
  },
};
const short = { maxSteps: 24, earliest: 2, latest: 6, slowest: 0.2, fastest: 0.3 };

onCpu("a trust network learns to do better than the GPS that it is given", async () => {
  const world = new SpoofedSwarm(short, new TrustNetwork(new HostRandom(0)));
  const trainer = await SwarmTrainer.create(world, options);
  const errors: number[] = [];
  for (let i = 0; i < 6; i++) errors.push((await trainer.iterate())["train/position_error"]!);
  trainer.dispose();
  const gps = await SwarmTrainer.create(new SpoofedSwarm(short), options);
  const { "eval/error_attacked": ofGps } = await gps.measure(0);
  gps.dispose();
  assert.ok(errors.at(-1)! < 0.9 * errors[0]! && errors.at(-1)! < ofGps!, `${errors}, GPS ${ofGps}`);
});

onCpu("a swarm that is put back learns on bit for bit, its trust too", async () => {
  const made = async () => {
    const fusion = new TrustConsensus(new HostRandom(0), { hiddenSize: 4 });
    const world = new SpoofedSwarm({ ...short, nAgents: 4 }, fusion);
    return await SwarmTrainer.create(world, { ...options, flights: 4, trustUpdates: 1 });
  };
  const [first, second] = [await made(), await made()];
  await first.iterate();
  await second.restore(await first.state());
  assert.deepEqual(await first.iterate(), await second.iterate());
  assert.deepEqual(await first.state(), await second.state());
  assert.ok(Object.keys(await first.weights()).includes("fusion.encoder.weight"));
  first.dispose();
  second.dispose();
});

onCpu("what a swarm's trainer cannot be told is refused in a sentence", async () => {
  const refused = (options: SwarmTrainerOptions, message: string) =>
    assert.rejects(() => SwarmTrainer.create(new SpoofedSwarm(), options), { message });
  await refused({ ...options, flights: 0 }, "SwarmTrainer: flights is a whole number of at least 1, not 0.");
  await refused({ ...options, trustLr: -1 }, "SwarmTrainer: trustLr is a number of at least 0, not -1.");
  const fusion = new TrustConsensus(new HostRandom(0));
  assert.throws(() => fusion.forward(zeros([2])), {
    message: "TrustConsensus takes what agents sense in a step, and what it remembers: fuse(sensed, memory).",
  });
});
