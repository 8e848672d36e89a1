/** A policy as an ONNX file: one step of it, with what it remembers as inputs and outputs. */

import { signature } from "../graph/arguments.ts";
import { exportOnnx, type ExportOptions } from "../compile/export.ts";
import { PlumblineError } from "../graph/error.ts";
import { zeros } from "../tensor/creation.ts";
import { leavesLike, namedLeaves, rebuildTree } from "../tensor/tree.ts";
import { instance } from "../graph/kinds.ts";
import { Policy } from "./policy.ts";

/** The environments: as many as whoever runs the file has. */
const free = { 0: "env" };

const takesPolicy = signature("policyOnnx()", { policy: instance("a Policy", Policy) });

/**
 * The deterministic policy: `observation` [env, agent, feature] to `action` [env, agent, actionSize], or [env, agent] where
 * actions are discrete, for as many environments as are given; for one alone if a network of one's own is another program for
 * each number of them. A policy that remembers takes also what it remembered, `memory.hidden` [env, agent, hidden] and others by
 * the keys of {@linkcode Policy.initialMemory}, and gives what it remembers from then on, `nextMemory.hidden` and so on. An
 * episode starts from `policy.initialMemory(envs)`: zeros for an LSTM or a GRU.
 *
 * @example
 * ```ts
 * import { GaussianPolicy, HostRandom, policyOnnx } from "@plumbline/plumbline";
 *
 * const sizes = { agents: 3, observationSize: 18, actionSize: 2, hiddenSize: 32 };
 * const policy = new GaussianPolicy({ ...sizes, recurrent: "gru" }, new HostRandom(0));
 * await Deno.writeFile(await Deno.makeTempFile(), await policyOnnx(policy));
 * ```
 */
export async function policyOnnx(policy: Policy): Promise<Uint8Array> {
  takesPolicy(arguments);
  const { agents, observationSize } = policy.options;
  const memory = policy.initialMemory(1);
  const names = namedLeaves(memory, "");
  const inputs = {
    observation: zeros([1, agents, observationSize]),
    ...Object.fromEntries(names.map(([path, x]) => [`memory${path}`, x])),
  };
  const write = (options: ExportOptions): Promise<Uint8Array> =>
    exportOnnx(
      (observation, ...remembered) => {
        const [action, next] = policy.decide(observation!, rebuildTree(memory, remembered.values()));
        const after = leavesLike(memory, next).map((x, i) => [`nextMemory${names[i]![0]}`, x] as const);
        return { action, ...Object.fromEntries(after) };
      },
      inputs,
      options,
    );
  try {
    return await write({ dynamicAxes: Object.fromEntries(Object.keys(inputs).map((x) => [x, free])) });
  } catch (error) {
    if (!(error instanceof PlumblineError)) throw error;
    // For one environment it may be a program all the same; if not, that says what is wrong.
    return await write({});
  }
}
