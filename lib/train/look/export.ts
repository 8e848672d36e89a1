/** `deno task export`: what a run has learned, as a file for others: ONNX, checked as it is written, or safetensors. */

import { join } from "node:path";
import { InferenceSession, Tensor as OnnxTensor } from "onnxruntime-node";
import { compile } from "../../compile/compile.ts";
import type { SavedTensor } from "../../graph/types.ts";
import { play } from "../../rl/evaluation.ts";
import type { PPOTrainer } from "../../rl/ppo_trainer.ts";
import { randomKey } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { choice, type ChoiceOption, type Config, path, running } from "../command/options.ts";
import { encodeSafetensors } from "../files/safetensors.ts";
import { findTarget, openTrainer } from "./target.ts";
import { checkPlace, type Tool } from "../command/tool.ts";

const options = {
  format: choice(["onnx", "safetensors"], "onnx", "the policy as a program, or all weights") as ChoiceOption<
    "onnx" | "safetensors"
  >,
  out: path(null, "the file; by default policy.onnx or weights.safetensors in the run's folder"),
  device: running.device,
};

/** `deno task export`. */
export const exportTool: Tool<typeof options> = {
  name: "export",
  summary: "Writes what a run has learned as one file.",
  usage: "RUN | CHECKPOINT [flags]",
  positionals: [1, 1],
  options,
  notes: [
    "onnx: the deterministic policy, from observation [1, agent, feature] to action [1, agent, action] (discrete actions:",
    "[1, agent]). It is run by ONNX Runtime on observations of whole episodes, and the largest difference is printed.",
    "safetensors: the weights of policy and critic, with their names and shapes.",
  ],
  examples: [
    "output/navigation/2030-01-31_12-00-00",
    "output/navigation/2030-01-31_12-00-00 --format safetensors --out weights.safetensors",
  ],
  run: async ({ positionals: [text], values: { format, out }, given }) => {
    const target = findTarget(text!, given as Partial<Config>);
    const trainer = await openTrainer(target);
    try {
      const name = format === "onnx" ? "policy.onnx" : "weights.safetensors";
      const path = out ?? join(target.run!.folder, name);
      checkPlace("out", path);
      return format === "onnx" ? await writeOnnx(path, trainer) : await writeWeights(path, trainer, target.config);
    } finally {
      trainer.dispose();
    }
  },
};

/** What two ways of rounding may differ by; more is a fault of the file. */
const tolerance = 1e-4;
/** Episodes from which the file is judged, and how many observations of them at most. */
const episodes = 4;
const mostObservations = 400;

async function writeOnnx(path: string, trainer: PPOTrainer): Promise<string> {
  const file = await trainer.policyOnnx();
  const { count, difference } = await compareOnnx(file, trainer);
  if (!(difference <= tolerance)) {
    throw new Error(
      `ONNX Runtime gives actions that differ by ${difference} from those of the policy, more than ${tolerance}: ` +
        `${path} was not written.`,
    );
  }
  writeFileAtomic(path, file);
  return [
    `${path} (${Math.ceil(file.length / 1000)} kB)`,
    `ONNX Runtime agrees with the policy on ${count} observations of ${episodes} episodes: ` +
    `the largest difference of an action is ${difference === 0 ? "0" : difference.toExponential(1)}.`,
  ].join("\n");
}

/** Observations of whole episodes, and what the policy does on them: `[frame, env, agent, ..]`. */
async function watch(
  { environment, policy }: PPOTrainer,
): Promise<{ observation: Tensor; action: Tensor; length: Tensor }> {
  const program = compile((key: Tensor) => {
    const { seen, length } = play(
      environment,
      (observation) => policy.forward(observation),
      key,
      episodes,
      ({ observation, action }) => ({ observation, action }),
    );
    return { ...seen, length };
    // Past the end of an episode there is nothing to be judged.
  }, { state: [policy], name: "watch", checkNumerics: false });
  try {
    return await program(randomKey(2 ** 32));
  } finally {
    program.dispose();
  }
}

/** How far the actions of an ONNX `file` are from those of the policy, at most. */
export async function compareOnnx(
  file: Uint8Array,
  trainer: PPOTrainer,
): Promise<{ readonly count: number; readonly difference: number }> {
  const { agents, observationSize, maxSteps, framesPerStep = 1 } = trainer.environment;
  const watched = await watch(trainer);
  const [observation, action, length] = await Promise.all([
    watched.observation.data(),
    watched.action.data(),
    watched.length.data(),
  ]);
  const [wide, narrow] = [agents * observationSize, action.length / (maxSteps * episodes)];
  const frames = Array.from({ length: maxSteps * episodes }, (_, i) => i)
    .filter((i) => Math.floor(i / episodes) < length[i % episodes]! / framesPerStep);
  const stride = Math.ceil(frames.length / mostObservations);
  const judged = frames.filter((_, i) => i % stride === 0);
  const session = await InferenceSession.create(file);
  let difference = 0;
  try {
    for (const i of judged) {
      const input = Float32Array.from(observation.subarray(i * wide, (i + 1) * wide));
      const given = await session.run({ observation: new OnnxTensor("float32", input, [1, agents, observationSize]) });
      const numbers = given["action"]!.data as ArrayLike<number>;
      for (let k = 0; k < narrow; k++) {
        const off = Math.abs(numbers[k]! - action[i * narrow + k]!);
        // A comparison with NaN is false: it would go unseen.
        difference = Number.isNaN(off) ? Infinity : Math.max(difference, off);
      }
    }
  } finally {
    await session.release();
  }
  return { count: judged.length, difference };
}

async function writeWeights(path: string, trainer: PPOTrainer, config: Config): Promise<string> {
  const named = Object.entries({ policy: trainer.policy, critic: trainer.critic }).flatMap(([owner, module]) =>
    module.namedVariables(`${owner}.`)
  );
  const tensors: Record<string, SavedTensor> = {};
  for (const [name, x] of named) tensors[name] = { dtype: x.dtype, shape: x.shape, data: await x.data() };
  const metadata = {
    format: "plumbline weights 1",
    iteration: String(trainer.iteration),
    config: JSON.stringify(config),
  };
  const file = encodeSafetensors({ tensors, metadata });
  writeFileAtomic(path, file);
  const width = Math.max(...named.map(([name]) => name.length));
  const rows = named.map(([name, { dtype, shape }]) => `  ${name.padEnd(width)}  ${dtype} [${shape.join(", ")}]`);
  return [`${path} (${Math.ceil(file.length / 1000)} kB)`, ...rows].join("\n");
}
