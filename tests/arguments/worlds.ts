/** The calls of worlds, of reinforcement learning, of pictures and of the command's functions. */

import * as p from "../../mod.ts";
import { pointWorld, small } from "../rl/point_world.ts";
import {
  aFunction,
  aList,
  anObject,
  aShape,
  aTensor,
  type Call,
  calls,
  long,
  makes,
  many,
  maybe,
  method,
  options,
  own,
  words,
} from "./parameters.ts";

const random = new p.HostRandom(0);
const key = p.randomKey(0);
const aKey = own(key, null, 0, 3n, [0, 0], random);
const aRandom = own(random, null, 0, key, Math.random);
const aCount = own(3, null, "3", 0, -1, 2.5, NaN, [3], {});
const aSeed = own(3, null, "3", -1, 2.5, NaN, [3], {}, key);

/** The calls of a world and of its constructor. */
function world(of: Parameters<typeof makes>[0], right: object, ...wrong: object[]): readonly Call[] {
  const made = Reflect.construct(of, [right]) as p.Environment;
  const state = made.reset(key, 2);
  const size = made.actionSize;
  const action = p.zeros([2, made.agents, size]);
  return [
    makes(of, options(right, { agents: "3" }, ...wrong)),
    method(of.name, made, "reset", aKey, aCount),
    method(of.name, made, "observe", anObject(state)),
    method(of.name, made, "step", anObject(state), aTensor(action)),
  ];
}

const navigation = new p.Navigation({ nAgents: 2 });
const aWorld = anObject(pointWorld(10), p.Navigation, { name: "mine" }, { ...pointWorld(10), step: null });
const still = (x: p.Tensor): p.Tensor => x.slice(-1, 0, 1).mul(0);
const body: p.Body = { shape: { kind: "sphere", radius: 0.1 } };
const particles = new p.ParticleWorld([body]);
const motion = { position: p.zeros([2, 1, 2]), velocity: p.zeros([2, 1, 2]) };
const repeated = new p.ActionRepeat(navigation, 2);
const pendulum = new p.HostPendulum({ maxSteps: 2 });
const simulations = await p.Simulations.start(pendulum, 2, 0);
const task = { model: "<mujoco/>", frameSkip: 1, observe: () => [0], reward: () => 0 };
const driving = new p.Vehicle({ maxSteps: 2 });
const flying = new p.SpoofedSwarm({ maxSteps: 2 });
const flown = flying.reset(key, 2);
const luck = {
  ...{ motion: p.zeros([2, 8, 2]), gps: p.zeros([2, 8, 2]), relative: p.zeros([2, 8, 8, 2]), loss: p.ones([2, 8]) },
};
const fusions: readonly Call[] = [
  makes(p.TrustConsensus, aRandom, options({ hiddenSize: 2 }, { hiddenSize: "2" }, { recurrent: 1 }, { world: 3 })),
  makes(p.TrustNetwork, aRandom),
  makes(p.OffsetDetector, aRandom, maybe(own(2, null, "2", 0, 2.5, {}))),
  ...[new p.TrustConsensus(random), new p.TrustNetwork(random), new p.OffsetDetector(random)].flatMap((fusion) => {
    const { name } = fusion.constructor;
    const memory = fusion.initialMemory(2, 8);
    const wrong = Object.keys(memory).length === 0 ? own(memory, null, 3, "x") : anObject(memory);
    return [
      method(name, fusion, "initialMemory", aCount, aCount),
      method(name, fusion, "fuse", anObject(flown.sensed), wrong),
      long(method(name, fusion, "forward", aTensor(p.zeros([2, 2])))),
    ];
  }),
];
const ofSwarm: p.SwarmTrainerOptions = {
  ...{ algorithm: "mappo", framesPerBatch: 4, numEpochs: 1, minibatchSize: 4, hiddenSize: 4, lr: 1e-3, maxGradNorm: 1 },
  ...{ clipEpsilon: 0.2, entropyEps: 0, gamma: 0.9, lmbda: 0.9, seed: 0, flights: 2, trustUpdates: 1, trustEpochs: 1 },
  ...{ trustHorizon: 2, trustLr: 1e-3, trustSteadiness: 0.1, errorCap: 0 },
};
const teacher = await p.SwarmTrainer.create(flying, ofSwarm);
const steered: readonly Call[] = [
  calls(
    "SwarmTrainer.create",
    p.SwarmTrainer.create.bind(p.SwarmTrainer),
    anObject(flying, driving),
    anObject(ofSwarm, { ...ofSwarm, lr: "1" }, { ...ofSwarm, flights: 0 }, { ...ofSwarm, trust_lr: 1 }),
    maybe(anObject(flying, driving)),
  ),
  long(method("SwarmTrainer", teacher, "measure", aSeed)),
  long(method("SwarmTrainer", teacher, "dispose")),
];
const way3 = [[0, 0], [50, 0], [100, 0]];
const car = new p.VehicleModel("st");
const carState = car.start({ speed: p.tensor([10, 12]) });
const someParameters = own(car.parameters, null, 3, "x", [1], { weight: 1 }, { ...car.parameters, mass: "heavy" });
const driven = new p.VehicleScene({ model: "ks", start: { speed: p.tensor([8]) } });
const oneCar = { start: { speed: p.tensor([8]) } };
const probe = new p.HorizonProbe(new p.Pendulum(), (seen) => seen.slice(-1, 0, 1), [], { steps: 2 });
const begun = navigation.reset(key, 2);

const worlds: readonly Call[] = [
  ...world(p.Navigation, { nAgents: 2 }, { nAgents: "2" }, { nAgents: Object.create(null) }, { n_agents: 2 }, {
    nAgents: 0,
  }, { maxSteps: null }),
  method("Navigation", navigation, "start", aTensor(p.zeros([2, navigation.noiseSize]))),
  ...world(p.Wheel, { nAgents: 2 }, { nAgents: "2" }, { n_agents: 2 }),
  ...world(p.ReverseTransport, { nAgents: 2 }, { nAgents: "2" }, { n_agents: 2 }),
  ...world(p.BuzzWire, {}, { maxSteps: "2" }, { max_steps: 2 }),
  ...world(p.Pendulum, { maxSteps: 2 }, { maxSteps: "2" }, { max_steps: 2 }),
  ...world(p.Vehicle, { maxSteps: 2 }, { maxSteps: "2" }, { max_steps: 2 }, { model: "car" }, { track: [] }),
  method("Vehicle", driving, "measure", anObject(driving.reset(key, 2))),
  ...world(p.SpoofedSwarm, { maxSteps: 2 }, { maxSteps: "2" }, { max_steps: 2 }, { attack: "lie" }, { fraction: 2 }),
  method(
    "SpoofedSwarm",
    flying,
    "measure",
    anObject(flown, { ...flown, trust: 3 }, { ...flown, late: [1] }, { ...flown, past: null }, {
      ...flown,
      sensed: {},
    }),
  ),
  method("SpoofedSwarm", flying, "stepWith", anObject(flown), aTensor(p.zeros([2, 8, 2])), anObject(luck)),
  calls("swarmGreedy", p.swarmGreedy, aTensor(flying.observe(flown)), maybe(own(key, null, 3, "x"))),
  calls("fusionOf", p.fusionOf, own("gps", null, 3, "trust", {}, ["gps"]), options({ gpsNoise: 1 }, { liars: 9 })),
  ...fusions,
  ...steered,
  makes(
    p.Track,
    aList(way3, [], [[0, 0]], [[0, 0], [1, 1], "x"]),
    options({ spacing: 1 }, { spacing: 0 }, { width: 3 }),
  ),
  calls(
    "Track.named",
    p.Track.named,
    own("slalom", null, 3, "oval", ["slalom"]),
    maybe(own(1, null, "1", -1, 0.5, [1], {})),
    maybe(own({ spacing: 2 }, null, 3, "x", [1], { spacing: 0 }, { width: 3 })),
  ),
  makes(
    p.VehicleModel,
    own("st", null, 3, "car", ["st"]),
    options({ car: "bmw_320i" }, { car: "beetle" }, { limits: "soft" }, { switchSpeed: 0 }, { switch_speed: 1 }, {
      parameters: { weight: 1 },
    }),
  ),
  method("VehicleModel", car, "derivative", aTensor(carState), aTensor(p.zeros([2, 2])), maybe(someParameters)),
  method(
    "VehicleModel",
    car,
    "start",
    anObject({ speed: p.tensor([1, 2]) }, { speed: 3 }, { velocity: p.tensor([1]) }),
    maybe(someParameters),
  ),
  method(
    "VehicleModel",
    car,
    "step",
    aTensor(carState),
    aTensor(p.zeros([2, 2])),
    own(0.1, null, "1", 0, -1, NaN, [1], {}),
    maybe(own({ substeps: 2 }, null, 3, "x", { substeps: 0 }, { scheme: "rk2" })),
    maybe(someParameters),
  ),
  calls(
    "integrate",
    p.integrate,
    aFunction((x: p.Tensor) => x.neg()),
    aTensor(p.zeros([2])),
    own(0.1, null, "1", 0, -1, NaN, [1], {}),
    maybe(own({ substeps: 2 }, null, 3, "x", { substeps: 0 }, { scheme: "rk2" })),
  ),
  method("VehicleModel", car, "read", aTensor(carState), maybe(someParameters)),
  makes(
    p.VehicleScene,
    anObject(oneCar, { start: {} }, { start: 3 }, { ...oneCar, dt: "1" }, { ...oneCar, model: "tram" }, {
      ...oneCar,
      Kp: 1,
    }),
  ),
  method("VehicleScene", driven, "step"),
  method("VehicleScene", driven, "getState"),
  method("VehicleScene", driven, "reset", anObject(driven.getState(), { car: 3 })),
  method("VehicleEntity", driven.car, "controlDofsPosition", aTensor(p.tensor([0.1]))),
  method("VehicleEntity", driven.car, "controlDofsVelocity", aTensor(p.tensor([8]))),
  method("VehicleEntity", driven.car, "getQpos"),
  method("VehicleEntity", driven.car, "getDofsVelocity"),
  makes(
    p.HorizonProbe,
    anObject(new p.Pendulum(), navigation.scene),
    aFunction((seen: p.Tensor) => seen.slice(-1, 0, 1)),
    aList([], "x", [3]),
    anObject({ steps: 2 }, { steps: 0 }, { steps: 2, envs: 0 }, { horizon: 2 }),
  ),
  method("HorizonProbe", probe, "run", aSeed),
  method("HorizonProbe", probe, "dispose"),
  makes(p.HostPendulum, options({ maxSteps: 2 }, { maxSteps: "2" }, { workers: -1 }, { max_steps: 2 })),
  makes(
    p.MujocoWorld,
    own("hopper", null, 3, "dog", ["hopper"]),
    options({ maxSteps: 2 }, { maxSteps: "2" }, { workers: -1 }, { max_steps: 2 }),
  ),
  calls("motionClip", p.motionClip, own("walk", null, 3, "run", ["walk"])),
  calls("mujocoSimulation", p.mujocoSimulation, anObject(task, { ...task, frame_skip: 1 }, { ...task, frameSkip: 0 })),
  calls("Simulations.start", p.Simulations.start, anObject(pendulum, navigation), aCount, aSeed),
  method("Simulations", simulations, "step", own(p.zeros([2, 1, 1]), null, 3, [0, 0], {}, p.zeros([2]))),
  method("Simulations", simulations, "save"),
  method("Simulations", simulations, "restore", anObject(await simulations.save(), { simulations: [] })),
  long(method("Simulations", simulations, "dispose")),
  calls(
    "recordEpisodes",
    p.recordEpisodes,
    anObject(pendulum, navigation),
    own(p.controllerOf(pendulum, "random"), null, 3, "random", {}),
    aList([]),
    aCount,
    aSeed,
  ),
  makes(p.ActionRepeat, aWorld, own(2, null, "2", 0, 1.5, NaN, [2], {})),
  method("ActionRepeat", repeated, "reset", aKey, aCount),
  method("ActionRepeat", repeated, "observe", anObject(begun)),
  method("ActionRepeat", repeated, "step", anObject(begun), aTensor(p.zeros([2, 2, 2]))),
  makes(
    p.ParticleWorld,
    aList([body], body, ["sphere"], [{ shape: "sphere" }], [{ ...body, weight: 1 }], [{ ...body, mass: "1" }]),
    options({ dt: 0.1 }, { dt: "0.1" }, { gravity: 9.81 }, { gravity: [0] }, { substeps: 0.5 }, { bounds: 1 }),
  ),
  method(
    "ParticleWorld",
    particles,
    "step",
    anObject(motion),
    aTensor(p.zeros([2, 1, 2])),
    maybe(own(null, 3, [0], {})),
  ),
  calls(
    "controllerOf",
    p.controllerOf,
    anObject(navigation, p.Navigation, { name: "mine" }),
    own("random", null, "nobody", 3),
  ),
  calls("resetWhere", p.resetWhere, anObject(navigation), aTensor(p.tensor([true, false])), anObject(begun), aKey),
];

const nothing = own({}, null, 3, "x", [1], key, { h: 1 }, { h: key });
const sizes = { agents: 2, observationSize: 3 };
const observation = p.zeros([2, 2, 3]);
const sequence = p.zeros([5, 2, 2, 3]);
const ends = p.zeros([5, 2], { dtype: "bool" });
const critic = new p.Critic(sizes, random);
const remembering = new p.RecurrentCritic({ ...sizes, recurrent: "lstm" }, random);
const memory = remembering.initialState(2, 2);
const badSizes = [{ agents: 2 }, { ...sizes, agents: "2" }, { ...sizes, hidden_size: 2 }, { ...sizes, hiddenSize: 0 }];
const gaussian = new p.GaussianPolicy({ ...sizes, actionSize: 2 }, random);
const categorical = new p.CategoricalPolicy({ ...sizes, actionSize: 3 }, random);
const badPolicy = [...badSizes, sizes, { ...sizes, actionSize: 2, network: 3 }, {
  ...sizes,
  actionSize: 2,
  recurrent: true,
}];
const output = gaussian.output(observation);
const clipped = new p.ClippedGaussianPolicy({ ...sizes, actionSize: 2 }, random);
const noise = p.zeros([2, 2, 2]);

/** The calls of a policy that differ by its distribution. */
const policy = (of: p.Policy, output: object, choice: p.Tensor, noise: p.Tensor): readonly Call[] => {
  const name = of.constructor.name;
  return [
    method(name, of, "noise", aKey, aShape([2, 2])),
    method(name, of, "choose", anObject(output), aTensor(noise)),
    method(name, of, "action", aTensor(choice)),
    method(name, of, "logProb", anObject(output), aTensor(choice)),
    method(name, of, "entropy", anObject(output), maybe(own(noise, null, 3, [1], {}))),
    method(name, of, "kl", anObject(output), anObject(output)),
    method(name, of, "mode", anObject(output)),
  ];
};

const flat = p.zeros([6, 2]);
const rows = p.zeros([6]);
const batch = { logProb: flat, advantage: flat, returns: flat, weight: rows };
const now = { logProb: flat, entropy: flat, value: flat };
const values = p.zeros([5, 2, 2]);
const trajectory = { reward: values, value: values, nextValue: values, terminated: ends, done: ends };
const scale = new p.RunningScale([3]);
const generator = new p.Generator(0);
const collector = new p.Collector(pointWorld(10), 2, key);
const actor = new p.GaussianPolicy({ agents: 2, observationSize: 2, actionSize: 1, hiddenSize: 4 }, random);
const evaluator = new p.Evaluator(pointWorld(3), still);
const trainer = await p.PPOTrainer.create(pointWorld(3), small);
const wrongPPO = [
  { ...small, learningRate: 1 },
  { ...small, lr: "1" },
  { ...small, gamma: 2 },
  { ...small, numEpochs: 0.5 },
  { ...small, algorithm: "ppo" },
];

const {
  algorithm: _algorithm,
  numEpochs: _epochs,
  maxGradNorm: _norm,
  clipEpsilon: _clip,
  entropyEps: _entropy,
  ...both
} = small;
const ofTRPO = { ...both, nCriticUpdates: 1 };
const wrongTRPO = [{ ...ofTRPO, lr: "1" }, { ...ofTRPO, max_kl: 1 }, small, { ...ofTRPO, targetKl: 0 }];
const ofBPTT = { envs: 2, horizon: 2, hiddenSize: 4, lr: 1e-3, maxGradNorm: 1, seed: 0 };
const ofSHAC = { ...ofBPTT, gamma: 0.9, lmbda: 0.9 };
const no = p.zeros([2, 2], { dtype: "bool" });
const shortWindow = { reward: p.zeros([2, 2, 1]), nextValue: p.zeros([2, 2, 1]), terminated: no, done: no };
const aDrive = { actions: [[0, 0], [0.1, 0]], seen: { speed: [9, 9, 9] }, noise: { speed: 0.1 } };
const climber = await p.BPTTTrainer.create(pointWorld(3), ofBPTT);
const step = new p.Parameter(p.zeros([2]), "step");
const stepped = new p.ParameterGroup("step", [step]);
const old = new p.Normal(p.zeros([2]), p.ones([2]));
const region = { surrogate: () => step.sum(), kl: () => old.kl(new p.Normal(step, p.ones([2]))).sum() };

const learning: readonly Call[] = [
  makes(p.Critic, anObject(sizes, ...badSizes), aRandom),
  method("Critic", critic, "forward", aTensor(observation)),
  makes(p.RecurrentCritic, anObject({ ...sizes, recurrent: "gru" }, ...badSizes), aRandom),
  many(method("RecurrentCritic", remembering, "initialState", maybe(own(2, null, "2", 0.5, -1)))),
  method("RecurrentCritic", remembering, "step", aTensor(observation), anObject(memory)),
  method(
    "RecurrentCritic",
    remembering,
    "run",
    aTensor(sequence),
    maybe(anObject(memory)),
    maybe(own(ends, null, 0, [0])),
  ),
  makes(p.GaussianPolicy, anObject({ ...sizes, actionSize: 2 }, ...badPolicy), aRandom),
  makes(p.CategoricalPolicy, anObject({ ...sizes, actionSize: 2 }, ...badPolicy), aRandom),
  makes(p.ClippedGaussianPolicy, anObject({ ...sizes, actionSize: 2 }, ...badPolicy), aRandom),
  ...policy(gaussian, output, noise, noise),
  ...policy(clipped, clipped.output(observation), noise, noise),
  ...policy(categorical, categorical.output(observation), p.zeros([2, 2, 1]), categorical.noise(key, [2, 2])),
  method("Policy", gaussian, "initialMemory", aCount),
  ...["normalize", "output", "forward"].map((name) => method("Policy", gaussian, name, aTensor(observation))),
  method("Policy", gaussian, "head", aTensor(observation)),
  method("Policy", gaussian, "step", aTensor(observation), nothing),
  method("Policy", gaussian, "decide", aTensor(observation), nothing),
  method(
    "Policy",
    gaussian,
    "act",
    aTensor(observation),
    nothing,
    aTensor(noise),
    maybe(own(p.tensor([true, false]), 3)),
  ),
  method("Policy", gaussian, "kl", anObject(output), anObject(output)),
  method("Policy", gaussian, "along", aTensor(sequence), nothing, aTensor(ends)),
  calls(
    "policyFor",
    p.policyFor,
    anObject(pointWorld(10), { agents: 2 }),
    own({ hiddenSize: 4 }, null, 3, "x", [1], key, { hidden_size: 4 }, { hiddenSize: 0 }, { hiddenSize: "4" }, {
      recurrent: "rnn",
    }),
    aRandom,
  ),
  calls("policyOnnx", p.policyOnnx, anObject(gaussian, critic)),
  calls("smoothL1", p.smoothL1, aTensor(flat)),
  calls(
    "ppoLoss",
    p.ppoLoss,
    anObject(batch, { ...batch, weight: 1 }, { logProb: flat }, { ...batch, advantage: rows }),
    anObject(now, { ...now, value: null }, { logProb: flat }, { ...now, logProb: p.zeros([1]) }),
    anObject(
      { clipEpsilon: 0.2, entropyEps: 0 },
      { clipEpsilon: 0.2 },
      { clipEpsilon: "0.2", entropyEps: 0 },
      { clipEpsilon: 0.2, entropyEps: 0, clip: 1 },
    ),
  ),
  calls(
    "generalisedAdvantages",
    p.generalisedAdvantages,
    anObject(
      trajectory,
      { ...trajectory, done: undefined },
      { ...trajectory, reward: p.zeros([5, 2]) },
      { ...trajectory, done: p.zeros([5, 2, 2], { dtype: "bool" }) },
      { ...trajectory, done: p.zeros([5, 2]) },
    ),
    own(0.9, null, "0.9", 1.5, -0.1, NaN, {}, flat),
    own(0.9, null, "0.9", 1.5, -0.1, NaN, {}, flat),
  ),
  makes(p.RunningScale, aShape([3]), options({ keep: 1 }, { keep: 0 }, { keep: 1.5 })),
  method("RunningScale", scale, "deviation"),
  ...["add", "forward", "inverse"].map((name) => method("RunningScale", scale, name, aTensor(observation))),
  makes(p.Collector, aWorld, aCount, aKey, maybe(anObject(actor, critic))),
  method(
    "Collector",
    collector,
    "collect",
    anObject(actor, critic),
    own(generator, null, 0, key, random),
    aCount,
    maybe(own(undefined, null, "3", {})),
  ),
  method(
    "Collector",
    collector,
    "drive",
    anObject(actor, critic),
    own(generator, null, 0, key, random),
    aCount,
  ),
  method("Collector", collector, "variables"),
  makes(p.Evaluator, aWorld, own(still, null, 3, "random", {}, critic), maybe(aList([actor], actor))),
  method("Evaluator", evaluator, "run", own(2, null, "2", 0, 1.5, {}), aSeed),
  long(method("Evaluator", evaluator, "dispose")),
  calls(
    "play",
    p.play,
    aWorld,
    own(still, null, 3, "random", {}),
    aKey,
    aCount,
    aFunction(({ reward }: { reward: p.Tensor }) => reward),
  ),
  calls(
    "trpoStep",
    p.trpoStep,
    own(stepped, null, 3, [step], step),
    anObject(region, { kl: region.kl }, { surrogate: 1, kl: region.kl }),
    maybe(own({ targetKl: 0.1 }, null, 3, "x", { max_kl: 0.1 }, { targetKl: "0.1" }, { cgMaxSteps: 0.5 })),
  ),
  calls("TRPOTrainer.create", p.TRPOTrainer.create.bind(p.TRPOTrainer), aWorld, anObject(ofTRPO, ...wrongTRPO)),
  calls(
    "BPTTTrainer.create",
    p.BPTTTrainer.create.bind(p.BPTTTrainer),
    aWorld,
    anObject(ofBPTT, { ...ofBPTT, lr: "1" }, { ...ofBPTT, horizon: 0 }, { ...ofBPTT, max_norm: 1 }, small),
  ),
  calls(
    "SHACTrainer.create",
    p.SHACTrainer.create.bind(p.SHACTrainer),
    aWorld,
    anObject(ofSHAC, { ...ofSHAC, lr: "1" }, { ...ofSHAC, gamma: 2 }, { ...ofSHAC, tau: -1 }, ofBPTT, small),
  ),
  calls(
    "shortHorizonReturn",
    p.shortHorizonReturn,
    anObject(shortWindow, { ...shortWindow, done: 1 }, { reward: shortWindow.reward }),
    own(0.9, null, "0.9", -1, 2, NaN, [0.9]),
  ),
  calls(
    "vehicleControllers",
    p.vehicleControllers,
    own("bmw_320i", null, 3, "tram", {}),
    maybe(own({ stanley: 2 }, null, 3, "x", [1], { pid: 1 }, { stanley: "2" }, { lqr: [1] }, { ilqr: 1 })),
  ),
  calls(
    "simulateDrive",
    p.simulateDrive,
    own([[0, 0]], null, 3, "x", {}, [], [[0]], [["a", 0]]),
    own({ speed: 10 }, null, 3, "x", { height: 1 }, { speed: "10" }),
    maybe(own({ mass: 1000 }, null, 3, "x", { weight: 1 }, { mass: "1" }, { mass: -1 })),
    maybe(own("bmw_320i", null, 3, "tram", {})),
  ),
  calls(
    "identifyVehicle",
    p.identifyVehicle,
    anObject(aDrive, { ...aDrive, noise: {} }, { ...aDrive, seen: {} }, { ...aDrive, seen: { speed: [1] } }),
    maybe(own("bmw_320i", null, 3, "tram", {})),
  ),
  long(method("BPTTTrainer", climber, "iterate", maybe(own(() => {}, null, 3, "x")))),
  long(method("BPTTTrainer", climber, "evaluate", own(2, null, "2", 0, 1.5), aSeed)),
  long(method("BPTTTrainer", climber, "measure", aSeed)),
  long(method("BPTTTrainer", climber, "restore", own({}, null, 3, "x", []))),
  long(method("BPTTTrainer", climber, "replay", words("window"), own({}, null, 3, "x", []))),
  ...["gradients", "state", "policyOnnx", "files", "weights", "dispose"].map((name) =>
    long(method("BPTTTrainer", climber, name))
  ),
  calls("PPOTrainer.create", p.PPOTrainer.create.bind(p.PPOTrainer), aWorld, anObject(small, ...wrongPPO)),
  long(method("PPOTrainer", trainer, "learn", anObject({}, [3]), maybe(aFunction(() => {})))),
  long(method("PPOTrainer", trainer, "iterate", maybe(own(() => {}, null, 3, "x")))),
  long(method("PPOTrainer", trainer, "evaluate", own(2, null, "2", 0, 1.5), aSeed)),
  long(method("PPOTrainer", trainer, "measure", aSeed)),
  long(method("PPOTrainer", trainer, "restore", own({}, null, 3, "x", []))),
  long(method("PPOTrainer", trainer, "replay", words("learn"), own({}, null, 3, "x", []))),
  ...["collect", "gradients", "state", "policyOnnx", "files", "weights", "dispose"].map((name) =>
    long(method("PPOTrainer", trainer, name))
  ),
];

const curve = { name: "a", points: [{ iteration: 1, value: 2 }] };
const way = { name: "a", lines: [[[0, 0], [1, 1]]] };
const episodes = await p.film(
  { environment: new p.Wheel({ maxSteps: 2 }), controller: p.controllerOf(new p.Wheel(), "random"), state: [] },
  1,
  0,
);
const titles = anObject({ title: "a", subtitle: "b" }, { title: "a" }, { title: 3, subtitle: "b" });
const chart = p.rewardCurve([curve]);
const live = new p.LiveChart();
const summary = p.summarise([1, 2, 3]);
const cast = { environment: navigation, controller: still, state: [] };

const looks: readonly Call[] = [
  calls(
    "rewardCurve",
    p.rewardCurve,
    aList([curve], curve, [1, 2], [{ name: "a" }], [{ name: "a", points: [[1, 2]] }], [{ name: 3, points: [] }]),
    options({ title: "a" }, { log: 1 }, { width: "3" }, { x: "time" }, { xlabel: "a" }),
  ),
  calls(
    "paths",
    p.paths,
    aList([way], way, [{ name: "a" }], [{ name: "a", lines: [[1, 2]] }], [{ name: "a", lines: [[["0", 1]]] }]),
    options({ title: "a" }, { width: "3" }, { height: 3 }),
  ),
  calls(
    "gradientCurve",
    p.gradientCurve,
    aList([{ name: "a", norms: [1, 2] }], { name: "a", norms: [1] }, [1], [{ name: "a" }], [{ name: "a", norms: "1" }]),
    options({ title: "a" }, { width: "3" }, { log: true }),
  ),
  calls(
    "overTime",
    p.overTime,
    aList([{ title: "a", lines: [{ name: "b", values: [1, 2] }] }], [1], [{ title: "a" }], [{
      title: "a",
      lines: [{ name: "b" }],
    }]),
    options({ seconds: 2 }, { seconds: "2" }, { xTitle: "t" }),
  ),
  ...[["parallelAxes", p.parallelAxes] as const, ["axisPanels", p.axisPanels] as const].map(([name, of]) =>
    calls(
      name,
      of,
      aList([{ at: { lr: 0.1 }, value: 1 }], { at: {}, value: 1 }, [1], [{ at: {} }], [{ value: 1 }], [{
        at: {},
        value: "1",
      }]),
      options({ title: "a" }, { better: "more" }, { width: "3" }, { xTitle: "a" }),
    )
  ),
  calls("drawStill", p.drawStill, aList(episodes, episodes[0]), titles),
  calls("drawAnimation", p.drawAnimation, aList(episodes, episodes[0]), titles),
  calls("display", p.display, anObject(chart, { title: "a" })),
  makes(p.LiveChart),
  long(method("LiveChart", live, "update", anObject(chart))),
  long(method("LiveChart", live, "finish")),
  calls("summarise", p.summarise, own([1, 2, 3], null, 3, "x", {}, [1, "2"], [null], flat)),
  calls("interval95", p.interval95, anObject(summary, { mean: 1 })),
  calls("checkEnvironment", p.checkEnvironment, aWorld),
  long(calls("createTrainer", p.createTrainer, anObject({ scenarioName: "navigation" }, { scenario: "navigation" }))),
  long(calls("loadTrainer", p.loadTrainer, words("no/such/run"), options({}, { env: navigation }, { environment: 3 }))),
  long(calls(
    "trainRun",
    p.trainRun,
    own({ scenarioName: "navigation", nIters: 0 }, null, 3, "x", [1], flat, { scenarioName: 3 }, {
      scenarioName: "nowhere",
    }, {
      lr: "fast",
    }),
    maybe(own("nowhere", null, 3, true, [1], { output: "x" }, { out: 3 }, { chart: "yes" }, { onIteration: 3 })),
  )),
  long(
    calls("film", p.film, anObject(cast, navigation, { environment: navigation }), own(1, null, "1", 0, 1.5), aSeed),
  ),
  long(calls("readStep", p.readStep, words("no/such/file"))),
  calls("differences", p.differences, own({}, null, 3, "x", [1], flat)),
  calls("surroundings", p.surroundings),
  long(calls("loadSafetensors", p.loadSafetensors, words("no/such.safetensors"))),
  long(
    calls(
      "saveSafetensors",
      p.saveSafetensors,
      words("no/such/folder/x.safetensors"),
      own({ x: p.zeros([2]) }, null, 3, "x", [p.zeros([2])], p.zeros([2]), { x: 3 }),
    ),
  ),
  long(calls("readRuns", p.readRuns, own(["no/such/folder"], null, 3, "x", [3], {}))),
  long(calls("readSweep", p.readSweep, words("no/such/folder"))),
  calls("runCurves", p.runCurves, own([], null, 3, "x", [3], [{}], {}), maybe(words("eval/reward"))),
];

export const programs: readonly Call[] = [...worlds, ...learning, ...looks];
