/** A policy as an ONNX file: one step of it, with what it remembers as inputs and outputs. */

import { signature } from "../graph/arguments.ts";
import { exportOnnx } from "../compile/export.ts";
import { zeros } from "../tensor/creation.ts";
import { leavesLike, namedLeaves, rebuildTree } from "../tensor/tree.ts";
import { instance } from "../graph/kinds.ts";
import { Policy } from "./policy.ts";

const takesPolicy = signature("policyOnnx()", { policy: instance("a Policy", Policy) });

/**
 * The deterministic policy: `observation` [1, agent, feature] to `action` [1, agent, actionSize], or [1, agent] where actions
 * are discrete. A policy that remembers takes also what it remembered, `memory.hidden` [1, agent, hidden] and others by the
 * keys of {@linkcode Policy.initialMemory}, and gives what it remembers from then on, `nextMemory.hidden` and so on. An episode
 * starts from `policy.initialMemory(1)`: zeros for an LSTM or a GRU.
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
export function policyOnnx(policy: Policy): Promise<Uint8Array> {
  takesPolicy(arguments);
  const { agents, observationSize } = policy.options;
  const memory = policy.initialMemory(1);
  const names = namedLeaves(memory, "");
  return exportOnnx((observation, ...remembered) => {
    const [action, next] = policy.decide(observation!, rebuildTree(memory, remembered.values()));
    const after = leavesLike(memory, next).map((x, i) => [`nextMemory${names[i]![0]}`, x] as const);
    return { action, ...Object.fromEntries(after) };
  }, {
    observation: zeros([1, agents, observationSize]),
    ...Object.fromEntries(names.map(([path, x]) => [`memory${path}`, x])),
  });
}
