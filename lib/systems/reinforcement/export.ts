/** What was learned, as a file for others: the policy as ONNX, checked as it is made, or all weights. */

import { InferenceSession, Tensor as OnnxTensor } from "npm:onnxruntime-node@1.30.0";
import { compile } from "../../compile/compile.ts";
import { play } from "../../rl/evaluation.ts";
import { randomKey } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { choice, type ChoiceOption } from "../option.ts";
import type { Config } from "../settings.ts";
import { type Exported, type Look, look } from "../system.ts";
import type { Agent } from "./algorithm.ts";

const options = {
  format: choice(["onnx", "safetensors"], "onnx", "the policy as a program, or all weights") as ChoiceOption<
    "onnx" | "safetensors"
  >,
};

/** `deno task export`. */
export const exportLook: Look<Exported> = look({
  options,
  notes: [
    "onnx: the deterministic policy, from observation [1, agent, feature] to action [1, agent, action] (discrete actions:",
    "[1, agent]). It is run by ONNX Runtime on observations of whole episodes, and the largest difference is printed.",
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

/** Observations of whole episodes, and what the policy does on them: `[frame, env, agent, ..]`. */
async function watch({ environment, policy }: Agent): Promise<{ observation: Tensor; action: Tensor; length: Tensor }> {
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
  trainer: Agent,
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
