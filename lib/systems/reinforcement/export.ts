/** What was learned, as a file for others: the policy as ONNX, checked as it is made, or all weights. */

import { compile } from "../../compile/compile.ts";
import { play } from "../../rl/evaluation.ts";
import { type HostMoment, HostPlayer } from "../../rl/host_episodes.ts";
import type { Policy } from "../../rl/policy.ts";
import { tensor } from "../../tensor/creation.ts";
import { stack } from "../../tensor/functions.ts";
import { randomKey } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { leaves, namedLeaves, rebuildTree, type Tree } from "../../tensor/tree.ts";
import { type HostWorld, isHostWorld } from "../../worlds/host/world.ts";
import { choice } from "../option.ts";
import type { Config } from "../settings.ts";
import { type Exported, type Look, look } from "../system.ts";
import type { Agent } from "./algorithm.ts";

const options = {
  format: choice(["onnx", "safetensors"], "onnx", "the policy as a program, or all weights"),
};

/** `deno task export`. */
export const exportLook: Look<Exported> = look({
  options,
  notes: [
    "onnx: the deterministic policy, from observation [1, agent, feature] to action [1, agent, action] (discrete actions:",
    "[1, agent]). One that remembers takes what it remembered (memory.hidden and others, zeros where an episode begins) and",
    "gives what it remembers from then on (nextMemory.hidden). The file is run by ONNX Runtime on observations of whole",
    "episodes, and the largest difference is printed.",
    "safetensors: the weights of policy and critic, with their names and shapes.",
  ],
  async run(subject, { format }) {
    const trainer = await subject.trainer() as Agent;
    try {
      return format === "onnx" ? await exportPolicy(trainer) : await exportWeights(trainer, subject.config);
    } finally {
      trainer.dispose();
    }
  },
});

/** What two ways of rounding may differ by; more is a fault of the file. */
const tolerance = 1e-4;
/** Episodes from which the file is judged, and how many observations of them at most. */
const episodes = 4;
const mostObservations = 400;

async function exportPolicy(trainer: Agent): Promise<Exported> {
  const content = await trainer.policyOnnx();
  const { count, difference } = await compareOnnx(content, trainer);
  if (!(difference <= tolerance)) {
    throw new Error(
      `ONNX Runtime gives actions that differ by ${difference} from those of the policy, more than ${tolerance}: ` +
        "nothing was written.",
    );
  }
  const line = `ONNX Runtime agrees with the policy on ${count} observations of ${episodes} episodes: ` +
    `the largest difference of an action is ${difference === 0 ? "0" : difference.toExponential(1)}.`;
  return { file: "policy.onnx", content, lines: [line] };
}

/** Whole episodes as the policy plays them. */
interface Watched {
  readonly [key: string]: Tree;
  /** `[frame, env, agent, feature]`. */
  readonly observation: Tensor;
  /** `[frame, env, agent, ..]`. */
  readonly action: Tensor;
  /** What was remembered before each frame, if anything. */
  readonly memory: Tree;
  /** `[env]`. */
  readonly length: Tensor;
}

async function watch({ environment, policy }: Agent): Promise<Watched> {
  if (isHostWorld(environment)) return await watchOnHost(environment, policy);
  const program = compile((key: Tensor) => {
    const { seen, length } = play(
      environment,
      policy,
      key,
      episodes,
      ({ observation, action, memory }) => ({ observation, action, memory }),
    );
    return { ...seen, length };
    // Past the end of an episode there is nothing to be judged.
  }, { state: [policy, ...environment.learned ?? []], name: "watch", checkNumerics: false });
  try {
    return await program(randomKey(2 ** 32));
  } finally {
    program.dispose();
  }
}

async function watchOnHost(world: HostWorld, policy: Policy): Promise<Watched> {
  const player = new HostPlayer(world, policy, [policy]);
  try {
    const seen: HostMoment[] = [];
    const { length } = await player.play(episodes, [1, 0], (_, step) => {
      if (step) seen.push(step);
    });
    const memory = policy.initialMemory(episodes);
    const memories = seen.map((x) => leaves(x.memory));
    return {
      observation: stack(seen.map((x) => x.observation)),
      action: stack(seen.map((x) => x.action)),
      memory: rebuildTree(memory, leaves(memory).map((_, i) => stack(memories.map((x) => x[i]!))).values()),
      length: tensor(length),
    };
  } finally {
    player.dispose();
  }
}

/** How far the actions of an ONNX `file` are from those of the policy, at most. */
export async function compareOnnx(
  file: Uint8Array,
  trainer: Agent,
): Promise<{ readonly count: number; readonly difference: number }> {
  const { maxSteps, framesPerStep = 1 } = trainer.environment;
  const watched = await watch(trainer);
  const given = await framesOf([["observation", watched.observation], ...namedLeaves(watched.memory, "memory")]);
  const expected = await framesOf([["action", watched.action]]);
  const length = await watched.length.data();
  const frames = Array.from({ length: maxSteps * episodes }, (_, i) => i)
    .filter((i) => Math.floor(i / episodes) < length[i % episodes]! / framesPerStep);
  const stride = Math.ceil(frames.length / mostObservations);
  const judged = frames.filter((_, i) => i % stride === 0);
  const onNext = new Set(frames);
  // Only here: who reads about runs needs no native library.
  const { InferenceSession, Tensor: OnnxTensor } = await import("../../engine/onnx/runtime.ts");
  const session = await InferenceSession.create(file);
  let difference = 0;
  try {
    for (const i of judged) {
      const inputs = given.map(({ name, shape, at }) =>
        [name, new OnnxTensor("float32", at(i), [1, ...shape])] as const
      );
      const outputs = await session.run(Object.fromEntries(inputs));
      // What is remembered after a frame is what is given to the next one of the episode.
      const next = given.slice(1).map((x) =>
        [`next${x.name[0]!.toUpperCase()}${x.name.slice(1)}`, x, i + episodes] as const
      );
      for (const [name, { at }, frame] of [...expected.map((x) => [x.name, x, i] as const), ...next]) {
        if (frame !== i && !onNext.has(frame)) continue;
        difference = Math.max(difference, furthest(outputs[name]!.data as ArrayLike<number>, at(frame)));
      }
    }
  } finally {
    await session.release();
  }
  return { count: judged.length, difference };
}

/** Numbers `[frame, env, ..]` by their names, of one frame of one environment at a time. */
interface Frames {
  readonly name: string;
  readonly shape: readonly number[];
  readonly at: (i: number) => Float32Array;
}

function framesOf(named: readonly (readonly [name: string, x: Tensor])[]): Promise<Frames[]> {
  return Promise.all(named.map(async ([name, x]) => {
    const numbers = Float32Array.from(await x.data());
    const shape = x.shape.slice(2);
    const size = shape.reduce((n, length) => n * length, 1);
    return { name, shape, at: (i) => numbers.slice(i * size, (i + 1) * size) };
  }));
}

/** The largest difference of two lists of numbers. */
function furthest(found: ArrayLike<number>, expected: Float32Array): number {
  const apart = Array.from(expected, (x, k) => Math.abs(found[k]! - x));
  // A comparison with NaN is false: it would go unseen.
  return apart.some(Number.isNaN) ? Infinity : Math.max(...apart);
}

async function exportWeights(trainer: Agent, config: Config): Promise<Exported> {
  const tensors = await trainer.weights();
  const width = Math.max(...Object.keys(tensors).map((name) => name.length));
  return {
    file: "weights.safetensors",
    content: {
      tensors,
      metadata: {
        format: "plumbline weights 1",
        iteration: String(trainer.iteration),
        config: JSON.stringify(config),
      },
    },
    lines: Object.entries(tensors).map(([name, { dtype, shape }]) =>
      `  ${name.padEnd(width)}  ${dtype} [${shape.join(", ")}]`
    ),
  };
}
