/** The spoofed swarm against records of its definition in numpy, and what no agent may see. */

import assert from "node:assert/strict";
import {
  type AttackKind,
  compile,
  Evaluator,
  type Fusion,
  fusionNames,
  fusionOf,
  HostRandom,
  mapTree,
  onesLike,
  randomKey,
  scan,
  type Sensed,
  SpoofedSwarm,
  swarmGreedy,
  type SwarmState,
  type Tensor,
  tensor,
  TrustConsensus,
  zeros,
} from "../../mod.ts";
import { onCpu, onEngine } from "../engines.ts";

type Numbers = number | readonly Numbers[];

interface Flight {
  readonly first: {
    readonly position: number[][];
    readonly bias: number[][];
    readonly estimate: number[][];
    readonly attack: Readonly<Record<"spoofed" | "liar" | "direction" | "rate" | "begins" | "period", Numbers>>;
  };
  readonly steps: readonly Readonly<
    Record<"motion" | "gps" | "relative" | "action" | "position" | "word" | "heard", number[][]>
  >[];
  readonly variance: number[][];
  readonly fused: Readonly<Record<string, number[][][]>>;
}

const records: readonly { readonly kind: AttackKind; readonly envs: readonly Flight[] }[] = Deno.readTextFileSync(
  new URL("../fixtures/spoofed_swarm.jsonl", import.meta.url),
).trim().split("\n").map((line) => JSON.parse(line));
const [agents, steps] = [5, records[0]!.envs[0]!.steps.length];

/** Of all flights, as the world has it: [env, ..]. */
const together = (envs: readonly Flight[], of: (flight: Flight) => Numbers): Tensor => tensor(envs.map(of) as number[]);
/** Of all steps of all flights, [time, env, ..]. */
const along = (envs: readonly Flight[], name: keyof Flight["steps"][number]): Tensor =>
  tensor(Array.from({ length: steps }, (_, t) => envs.map((flight) => flight.steps[t]![name])));

/** What a fusion and the world make of recorded flights: after every step. */
async function flown(kind: AttackKind, envs: readonly Flight[], fusion?: Fusion) {
  const world = new SpoofedSwarm({ nAgents: agents, attack: kind, range: 7, maxSteps: steps, liars: 0 }, fusion);
  const fly = compile(() => {
    const start = world.reset(randomKey(0), envs.length);
    const attack = Object.keys(start.attack).map((name) => [
      name,
      together(envs, ({ first }) => first.attack[name as keyof Flight["first"]["attack"]]),
    ]);
    const position = together(envs, ({ first }) => first.position);
    const state: SwarmState = {
      ...start,
      position,
      past: position.unsqueeze(1).expand(...start.past.shape),
      bias: together(envs, ({ first }) => first.bias),
      estimate: together(envs, ({ first }) => first.estimate),
      attack: Object.fromEntries(attack),
    };
    const xs = { motion: along(envs, "motion"), gps: along(envs, "gps"), relative: along(envs, "relative") };
    const [, seen] = scan(
      (now: SwarmState, { action, ...luck }: typeof xs & { action: Tensor }) => {
        const { state } = world.stepWith(now, action, { ...luck, loss: onesLike(luck.gps.select(2, 0)) });
        const { position, estimate, sensed: { word, heard, variance } } = state;
        return [state, { position, estimate, word, heard, variance }];
      },
      state,
      { ...xs, action: along(envs, "action") },
    );
    return seen;
  });
  return await fly();
}

async function assertClose(found: Tensor, expected: Tensor, what: string): Promise<void> {
  const [x, y] = [await found.data(), await expected.data()];
  assert.deepEqual(found.shape, expected.shape, what);
  x.forEach((value, i) => assert.ok(Math.abs(Number(value) - Number(y[i])) < 1e-5, `${what} ${i}: ${value}, ${y[i]}`));
}

async function assertRecorded(kind: AttackKind, envs: readonly Flight[]): Promise<void> {
  const { position, word, heard, variance } = await flown(kind, envs);
  const isHeard = heard.unsqueeze(-1);
  await assertClose(position, along(envs, "position"), `${kind}: position`);
  await assertClose(heard, along(envs, "heard"), `${kind}: heard`);
  await assertClose(word.mul(isHeard), along(envs, "word"), `${kind}: word`);
  await assertClose(variance.select(0, -1), together(envs, (flight) => flight.variance), `${kind}: variance`);
}

onCpu("flights under every kind of attack are those of the definition in numpy, to 1e-5", async () => {
  for (const { kind, envs } of records) await assertRecorded(kind, envs);
});

onEngine("webgpu", "flights under a drift are those of the definition in numpy, to 1e-5", async () => {
  await assertRecorded("drift", records[0]!.envs);
});

onCpu("scripted fusions make of the same words what a few lines of numpy make of them, to 1e-5", async () => {
  const { envs } = records[0]!;
  const names = Object.keys(envs[0]!.fused) as (typeof fusionNames[number])[];
  assert.equal(names.length, 9);
  for (const name of names) {
    const { estimate } = await flown("drift", envs, fusionOf(name));
    const expected = tensor(Array.from({ length: steps }, (_, t) => envs.map(({ fused }) => fused[name]![t]!)));
    await assertClose(estimate, expected, name);
  }
});

onCpu("filters are as certain of steps and starts as the noise of their world lets them be", async () => {
  const options = { nAgents: 1, fraction: 0, liars: 0, startNoise: 0.5, biasNoise: 0.2, motionNoise: 0.3 };
  const sensed: Sensed = {
    ...{ before: tensor([[[1, 2]]]), action: tensor([[[0.5, 0]]]), word: tensor([[[[1.6, 2]]]]) },
    ...{ heard: tensor([[[1]]]), variance: tensor([[[0.16]]]), declared: tensor([[[1]]]) },
  };
  for (const fusion of [fusionOf("kalman", options), new TrustConsensus(new HostRandom(0), { world: options })]) {
    const { estimate, trust } = fusion.fuse(sensed, fusion.initialMemory(1, 1) as never);
    const information = Number(await trust.item()) / 0.16;
    // Kalman's gain of the first word: the variance of where the step led is that of start, bias and motion.
    const before = 0.5 ** 2 + 0.2 ** 2 + 0.3 ** 2;
    const gain = before * information / (1 + before * information);
    await assertClose(estimate, tensor([[[1.5 + 0.1 * gain, 2]]]), fusion.name);
  }
});

const half = (x: Tensor): Tensor => x.mul(0.5).add(0.1);

onCpu("observations do not move with where agents are, nor with who is deceived", async () => {
  for (const name of fusionNames.filter((name) => name !== "truth" && name !== "oracle")) {
    const world = new SpoofedSwarm({ maxSteps: 3 }, fusionOf(name));
    const { state } = world.step(world.reset(randomKey(0), 2), zeros([2, 8, 2]));
    const other = {
      ...state,
      position: half(state.position),
      bias: half(state.bias),
      attack: mapTree(state.attack, half),
    };
    await assertClose(world.observe(other), world.observe(state), name);
    const again = world.fusion.fuse(state.sensed, state.memory);
    assert.ok((await again.estimate.data()).every(Number.isFinite), name);
  }
});

onCpu("another attack seed deceives others on the same flights", async () => {
  const state = (attackSeed: number) => new SpoofedSwarm({ attackSeed }).reset(randomKey(3), 16);
  const [a, b] = [state(0), state(1)];
  for (const name of ["position", "goal", "bias", "estimate"] as const) await assertClose(a[name], b[name], name);
  await assertClose(a.sensed.before, a.estimate, "before the first step");
  assert.notDeepEqual(await a.attack.spoofed.toList(), await b.attack.spoofed.toList());
});

onCpu("a spoofer deceives the receivers nearest to a point, and liars are none of them", async () => {
  const { position, attack: { spoofed, liar } } = new SpoofedSwarm({ liars: 2 }).reset(randomKey(1), 64);
  const [at, is, lies] = [position, spoofed, liar].map((x) => x.toList()) as [
    Promise<number[][][]>,
    Promise<number[][]>,
    Promise<number[][]>,
  ];
  const [points, flags, liars] = [await at, await is, await lies];
  points.forEach((swarm, env) => {
    assert.equal(flags[env]!.reduce((a, b) => a + b), 4);
    assert.equal(liars[env]!.reduce((a, b) => a + b), 2);
    assert.ok(flags[env]!.every((x, i) => x * liars[env]![i]! === 0));
    // Some point of the box has these four nearer than the others.
    const grid = Array.from({ length: 57 * 57 }, (_, k) => [k % 57 / 4, Math.floor(k / 57) / 4]);
    const margin = Math.max(...grid.map(([x, y]) => {
      const far = swarm.map((p) => Math.hypot(p[0]! - x!, p[1]! - y!));
      const [inside, outside] = [1, 0].map((f) => far.filter((_, i) => flags[env]![i] === f));
      return Math.min(...outside!) - Math.max(...inside!);
    }));
    assert.ok(margin > -0.3, `${env}: ${margin}`);
  });
});

onCpu("a picture links agents as they trust the words that they hear, and nobody with itself", async () => {
  const world = new SpoofedSwarm({ nAgents: 4, fraction: 0.25, range: 8 }, fusionOf("soft"));
  const { state } = world.step(world.reset(randomKey(4), 2), zeros([2, 4, 2]));
  const [links, trust, heard] = await Promise.all(
    [world.scene.links!(state), state.trust, state.sensed.heard].map((x) => x.data()),
  ) as [Float32Array, Float32Array, Float32Array];
  links.forEach((link, k) => assert.equal(link, k % 16 % 5 === 0 || heard[k] === 0 ? 0 : trust[k], `${k}`));
  assert.ok(links.some((x) => x > 0.5) && heard.some((x) => x === 0));
});

/** Words of a step with a seed, heard by all. */
function aStep(agents: number, seed = 0): Sensed {
  const world = new SpoofedSwarm({ nAgents: agents, liars: 0 });
  return world.step(world.reset(randomKey(seed), 2), zeros([2, agents, 2])).state.sensed;
}

onCpu("a word that is no number counts as one that was not heard, and nothing heard leaves the own steps", async () => {
  const sensed = aStep(4);
  const own = tensor([[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]).unsqueeze(0);
  const silent = { ...sensed, heard: sensed.heard.mul(own.mul(-1).add(1)) };
  for (const name of fusionNames.filter((name) => name !== "truth" && name !== "oracle")) {
    const fusion = fusionOf(name);
    const fuse = (x: Sensed) => fusion.fuse(x, fusion.initialMemory(2, 4)).estimate;
    const broken = { ...silent, word: sensed.word.add(own.unsqueeze(-1).mul(1e6)) };
    await assertClose(fuse(broken), fuse(silent), name);
    const nothing = { ...sensed, heard: sensed.heard.mul(0) };
    await assertClose(fuse(nothing), sensed.before.add(sensed.action), `${name}, nothing heard`);
  }
});

onCpu("GPS that is not a number, or lost for good, leaves everything finite", async () => {
  const world = new SpoofedSwarm({ gpsLoss: 1, maxSteps: 4 }, fusionOf("soft_declared"));
  const { state } = world.step(world.reset(randomKey(0), 2), zeros([2, 8, 2]));
  assert.equal(await state.sensed.heard.sum().item(), 0);
  const luck = { motion: zeros([2, 8, 2]), gps: tensor(NaN).expand(2, 8, 2), relative: zeros([2, 8, 8, 2]) };
  const deaf = new SpoofedSwarm({ maxSteps: 4 }, fusionOf("soft_declared"));
  const after = deaf.stepWith(deaf.reset(randomKey(0), 2), zeros([2, 8, 2]), { ...luck, loss: zeros([2, 8]) }).state;
  assert.ok((await deaf.observe(after).data()).every(Number.isFinite));
  assert.equal(await after.sensed.heard.sum().item(), 0);
});

onCpu("a neighbour that is seen nowhere is not heard, and leaves everything finite", async () => {
  const nowhere = tensor(NaN).expand(2, 8, 8, 2);
  const luck = { motion: zeros([2, 8, 2]), gps: zeros([2, 8, 2]), relative: nowhere, loss: zeros([2, 8]) };
  for (const fusion of [fusionOf("soft_declared"), new TrustConsensus(new HostRandom(0))]) {
    const world = new SpoofedSwarm({ maxSteps: 4 }, fusion);
    const { state } = world.stepWith(world.reset(randomKey(0), 2), zeros([2, 8, 2]), luck);
    assert.equal(await state.sensed.heard.sum().item(), 16, fusion.name);
    assert.ok((await state.estimate.data()).every(Number.isFinite), fusion.name);
  }
});

onCpu("rules that listen to GPS alone trust no neighbour, and GPS only while it is kept", async () => {
  const sensed = aStep(3);
  // The second's GPS is off, and its neighbours say the same; the others' neighbours contradict a GPS that is right.
  const off = tensor([[[0, 9, 9], [9, 9, 9], [9, 9, 0]]]).unsqueeze(-1);
  const word = sensed.before.add(sensed.action).unsqueeze(2).add(off);
  for (
    const [name, diagonal] of [
      ["gps", [1, 1, 1]],
      ["gate", [1, 0, 1]],
      ["vote", [0, 1, 0]],
      ["dead_reckoning", [0, 0, 0]],
    ] as const
  ) {
    const { trust } = fusionOf(name).fuse({ ...sensed, word, heard: onesLike(sensed.heard) }, {});
    const expected = diagonal.map((x, i) => diagonal.map((_, j) => i === j ? x : 0));
    await assertClose(trust, tensor([expected, expected]), name);
  }
});

onCpu("agents in another order think the same in that order", async () => {
  const sensed = aStep(4, 5);
  const order = tensor([2, 0, 3, 1], { dtype: "int32" });
  const turned = mapTree(sensed, (x) => {
    const rows = x.take(order, 1);
    return x.rank > 2 && x.shape[2] === 4 ? rows.take(order, 2) : rows;
  });
  for (const name of fusionNames.filter((name) => name !== "truth" && name !== "oracle")) {
    const fusion = fusionOf(name);
    const fuse = (x: Sensed) => fusion.fuse(x, fusion.initialMemory(2, 4)).estimate;
    await assertClose(fuse(turned), fuse(sensed).take(order, 1), name);
  }
});

onCpu("one agent, 64 agents, agents out of sight and a swarm of liars fly", async () => {
  for (
    const options of [
      { nAgents: 1, fraction: 0, liars: 0 },
      { nAgents: 64 },
      { range: 1e-6 },
      { nAgents: 4, fraction: 0.25, liars: 3, collude: false },
    ]
  ) {
    const world = new SpoofedSwarm({ ...options, maxSteps: 3 }, fusionOf("kalman"));
    const { reward, metrics } = await new Evaluator(world, swarmGreedy).run(2, 0);
    assert.ok(reward.every(Number.isFinite) && metrics!.error_clean!.every(Number.isFinite), JSON.stringify(options));
  }
});

onCpu("what the swarm of 2,000 flights came to in numpy it comes to here", async () => {
  const share = async (name: typeof fusionNames[number], metric: string): Promise<number> => {
    const evaluator = new Evaluator(new SpoofedSwarm({}, fusionOf(name)), swarmGreedy);
    const { metrics } = await evaluator.run(256, 0);
    evaluator.dispose();
    return 100 * metrics![metric]!.reduce((a, b) => a + b) / 256;
  };
  // 2.5 standard errors of 256 flights around the published share.
  for (
    const [name, metric, expected, within] of [
      ["oracle", "success_attacked", 89.9, 4],
      ["gps", "success_clean", 100, 0.5],
      ["dead_reckoning", "success_attacked", 6, 3],
      ["vote", "success_clean", 67, 5.5],
      ["kalman", "success_attacked", 11, 4],
    ] as const
  ) {
    const found = await share(name, metric);
    assert.ok(Math.abs(found - expected) <= within, `${name}, ${metric}: ${found}`);
  }
});

Deno.test("what a swarm cannot be is told in sentences", () => {
  const refused = (make: () => unknown, text: string): void =>
    assert.throws(make, (error: Error) => error instanceof RangeError && error.message === text);
  refused(
    () => new SpoofedSwarm({ liars: 5 }),
    "spoofed_swarm: 5 liars and 4 spoofed receivers are more than the 8 agents: liars are not spoofed. Give fewer liars, or a " +
      "smaller fraction.",
  );
  refused(
    () => new SpoofedSwarm({ slowest: 0.3 }),
    "spoofed_swarm: slowest is at most fastest, which is 0.2, not 0.3.",
  );
  refused(() => new SpoofedSwarm({ earliest: 30 }), "spoofed_swarm: earliest is at most latest, which is 20, not 30.");
  refused(
    () => new SpoofedSwarm({ fraction: [0.5, 2] }),
    "spoofed_swarm: fraction is a number from 0 to 1, or a list of such, not [0.5,2].",
  );
  refused(
    () => fusionOf("trust" as never),
    `there is no fusion \`trust\`; there are ${fusionNames.join(", ")}.`,
  );
});

onEngine("cpu", "what a swarm shows over time has a gap where there is nobody to speak of", async () => {
  const world = new SpoofedSwarm({ nAgents: 3, fraction: 0, liars: 0 }, fusionOf("kalman"));
  const [numbers] = await world.scene.errors!.values(world.reset(randomKey(0), 1)).toList() as number[][];
  const [ofSpoofed, ofOthers, inBad, inGood] = numbers!;
  // Nobody is spoofed, and before the first step nothing is heard.
  assert.ok([ofSpoofed, inBad, inGood].every(Number.isNaN) && ofOthers! >= 0, `${numbers}`);
});
