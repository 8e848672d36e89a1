/**
 * The networks of a learner: those that its options describe, or one's own. What is one's own is tried before anything is
 * learned, so that what does not fit is said of the network and not of a step that failed.
 */

import { locateNonFinite } from "../audit/nonfinite_search.ts";
import { allNodes } from "../forensics/flow/edges.ts";
import { PlumblineError } from "../graph/error.ts";
import { aval, describe, type DType, type Shape, unnamed } from "../graph/types.ts";
import { Module } from "../nn/module.ts";
import { Recurrent } from "../nn/recurrent.ts";
import { concat } from "../tensor/functions.ts";
import type { HostRandom } from "../tensor/host_random.ts";
import { normal, randomKey } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { formOf, leaves, mapTree, namedLeaves, type Tree } from "../tensor/tree.ts";
import { Variable } from "../tensor/variable.ts";
import type { Environment } from "../worlds/environment.ts";
import { criticFor } from "./networks.ts";
import type { OnPolicyOptions } from "./on_policy_options.ts";
import { policyFor } from "./policies.ts";
import { type Act, Policy } from "./policy.ts";

/** What a network is told of a world. */
type Spaces = Pick<Environment<Tree>, "agents" | "observationSize" | "actionKind" | "actionSize">;

/** A policy and a value function, see {@linkcode OnPolicyOptions.critic}. */
export interface Networks {
  readonly policy: Policy;
  readonly critic: Module;
}

/** What an algorithm wants of its networks. */
export interface Wanted {
  /** How sentences call it: "PPO". */
  readonly algorithm: string;
  /** Whether the critic of an agent sees all agents. */
  readonly centralisedCritic: boolean;
  /** Whether it asks a policy for its KL divergence. */
  readonly needsKl?: boolean;
}

/** Makes both, the policy first. Throws a sentence about what does not fit. */
export function makeNetworks(
  environment: Spaces,
  options: OnPolicyOptions,
  { algorithm, centralisedCritic, needsKl = false }: Wanted,
  random: HostRandom,
): Networks {
  const { agents, observationSize, actionKind, actionSize } = environment;
  const { centralisedPolicy, shareParameters, hiddenSize, recurrent, normalizeObservations, distribution } = options;
  const { orthogonalInit } = options;
  const shared = { agents, observationSize, shareParameters, hiddenSize, recurrent, orthogonalInit };
  const ofPolicy = {
    ...shared,
    centralised: centralisedPolicy,
    normalizeObservations,
    distribution,
    actionKind,
    actionSize,
  };
  const ofCritic = { ...shared, centralised: centralisedCritic };
  const policy = options.policy ? options.policy(ofPolicy, random) : policyFor(ofPolicy, ofPolicy, random);
  if (!(policy instanceof Policy)) {
    throw new TypeError(
      `${algorithm}: \`policy\` makes a Policy, such as new GaussianPolicy({ ...spaces, network }, random); it made something else.`,
    );
  }
  const critic = options.critic ? options.critic(ofCritic, random) : criticFor(ofCritic, random);
  if (!(critic instanceof Module)) {
    throw new TypeError(`${algorithm}: \`critic\` makes a Module, with its layers in fields; it made something else.`);
  }
  if (options.policy) checkPolicy(environment, policy, needsKl);
  if (options.critic) checkCritic(environment, policy, critic);
  return { policy, critic };
}

/** Environments in which networks are tried. */
const envs = 3;

/** Observations as far apart as standard normal numbers. */
function observations({ agents, observationSize }: Spaces): Tensor {
  return normal(randomKey(1), [envs, agents, observationSize]);
}

/** What a policy says and does in a first step. */
interface Said extends Act {
  readonly logProb: Tensor;
  readonly entropy: Tensor;
}

function saidBy(policy: Policy, observation: Tensor): Said {
  const rows = observation.shape.slice(0, 2);
  const act = policy.act(observation, policy.initialMemory(rows[0]!), policy.noise(randomKey(2), rows));
  const { output, choice } = act;
  const { entropyNoiseSize } = policy;
  const luck = entropyNoiseSize > 0 ? normal(randomKey(3), [...rows, entropyNoiseSize]) : undefined;
  return { ...act, logProb: policy.logProb(output, choice), entropy: policy.entropy(output, luck) };
}

/** The value that a critic gives in a first step, and what it remembers then. */
function saidByCritic(critic: Module, observation: Tensor): { value: Tensor; memory: Tree } {
  if (!(critic instanceof Recurrent)) return { value: critic.forward(observation), memory: {} };
  const [value, memory] = critic.step(observation, critic.initialState(...observation.shape.slice(0, -1)));
  return { value, memory };
}

function checkPolicy(environment: Spaces, policy: Policy, needsKl: boolean): void {
  const { agents, actionKind, actionSize } = environment;
  const name = policy.constructor.name;
  if (policy.parameters().length === 0) {
    throw new PlumblineError({
      code: "G502",
      message: `${name}, the policy, has no parameters: nothing would be learned.`,
      help: "keep layers in fields that can be seen from outside, or in arrays in them; fields with # can't be.",
    });
  }
  const { action, ...said } = saidBy(policy, observations(environment));
  const discrete = actionKind === "discrete";
  checkIs(
    action,
    discrete ? "int32" : "float32",
    discrete ? [envs, agents] : [envs, agents, actionSize],
    `the action of ${name}`,
    `[env, agent${discrete ? "" : ", actionSize"}], as this world with its ${actionKind} actions takes it`,
  );
  const { choice, logProb, entropy, memory, output } = said;
  checkIs(choice, "float32", [envs, agents, policy.choiceSize], `the choice of ${name}`, "[env, agent, choiceSize]");
  checkIs(logProb, "float32", [envs, agents], `logProb() of ${name}`, "[env, agent]: one number for all that it chose");
  checkIs(
    entropy,
    "float32",
    [envs, agents],
    `entropy() of ${name}`,
    "[env, agent]: one number for all that it chooses",
  );
  if (needsKl) {
    const why = "[env, agent]: one number for all that an agent chooses, so sum over the numbers of an action";
    checkIs(policy.kl(output, output), "float32", [envs, agents], `kl() of ${name}`, why);
  }
  checkMemory(policy.initialMemory(envs), memory, name);
  checkListed(policy, { ...said }, "policy");
}

function checkCritic(environment: Spaces, policy: Policy, critic: Module): void {
  const name = critic.constructor.name;
  const said = saidByCritic(critic, policy.normalize(observations(environment)));
  checkIs(
    said.value,
    "float32",
    [envs, environment.agents],
    `the value of ${name}, the critic,`,
    "[row, agent]: one for each agent",
  );
  if (critic instanceof Recurrent) checkMemory(critic.initialState(envs, environment.agents), said.memory, name);
  checkListed(critic, { value: said.value }, "critic");
}

/** Throws unless `x` is of this dtype and shape. */
function checkIs(x: Tensor, dtype: DType, shape: Shape, what: string, why: string): void {
  if (x.dtype === dtype && x.rank === shape.length && shape.every((size, i) => size === x.shape[i])) return;
  throw new PlumblineError({
    code: "G301",
    message: `${what} is ${describe(x.node)} for ${envs} environments; it has to be ` +
      `${describe(aval(dtype, shape))}, ${why}.`,
    sites: [x.node.site],
  });
}

/** Throws unless what is remembered after a step can be handed to the next, and be kept in rows. */
function checkMemory(before: Tree, after: Tree, name: string): void {
  const plain = (tree: Tree): string => formOf(mapTree(tree, (x) => x.named(...unnamed(x.rank))));
  const [initial, next] = [plain(before), plain(after)];
  if (initial !== next) {
    throw new PlumblineError({
      code: "G304",
      message: `${name} remembers ${initial} before a step and ${next} after it; both have to be the same.`,
      help: "let step() give a state of the keys, shapes and dtypes of initialState().",
    });
  }
  for (const [path, x] of namedLeaves(before, "state")) {
    if (x.dtype === "float32" && x.shape[0] === envs) continue;
    throw new PlumblineError({
      code: "G301",
      message: `${name} remembers \`${path}\` as ${describe(x.node)} for ${envs} environments; it has to be float32 ` +
        `with the leading axis env.`,
      sites: [x.node.site],
    });
  }
}

/** Throws unless all that `said` comes of is among the variables of `module`. */
function checkListed(module: Module, said: Tree, role: "policy" | "critic"): void {
  const known = new Set(module.variables());
  const unknown = allNodes(leaves(said).map((x) => x.node)).map((node) => node.owner)
    .find((x): x is Variable => x instanceof Variable && !known.has(x));
  if (!unknown) return;
  throw new PlumblineError({
    code: "G503",
    message: `${module.constructor.name}, the ${role}, is computed with \`${unknown.label}\`, which is not among its ` +
      "variables: it would never learn.",
    sites: [{ site: unknown.madeAt, note: "made here" }],
    help:
      "keep it, or its module, in a field that can be seen from outside, or in an array in one; fields with # can't be.",
  });
}

/**
 * Tries networks of one's own on numbers: everything is finite, and what is said of one environment does not depend on those
 * beside it. Throws a sentence otherwise.
 */
export async function tryNetworks(
  environment: Spaces,
  { policy, critic }: Networks,
  options: Pick<OnPolicyOptions, "policy" | "critic">,
): Promise<void> {
  const observation = observations(environment);
  const last = (x: Tensor): Tensor => x.slice(0, envs - 1);
  if (options.policy) {
    const { output, action: _, ...said } = saidBy(policy, observation);
    const alone = saidBy(policy, last(observation));
    // Logits may be -Infinity: an action that is never taken. Noise differs by place: what follows from it cannot be the same.
    await tryOne(
      `${policy.constructor.name}, the policy,`,
      said,
      { output, memory: said.memory },
      { output: alone.output, memory: alone.memory },
    );
  }
  if (options.critic) {
    const normalized = policy.normalize(observation);
    const said = saidByCritic(critic, normalized);
    await tryOne(`${critic.constructor.name}, the critic,`, said, said, saidByCritic(critic, last(normalized)));
  }
}

/** Throws unless all that is `said` is finite, and the last environment of `together` is as it is `alone`. */
async function tryOne(
  name: string,
  said: { readonly [name: string]: Tree },
  together: Tree,
  alone: Tree,
): Promise<void> {
  const lists = [leaves(said), leaves(together).map((x) => x.slice(0, envs - 1)), leaves(alone)];
  // As one tensor, so that it takes one program.
  const numbers = await concat(lists.flat().map((x) => x.cast("float32").flatten()), 0).data();
  let end = 0;
  const [finite, some, one] = lists.map((list) => list.map(({ size }) => numbers.subarray(end, end += size)));
  if (!finite!.every((x) => x.every(Number.isFinite))) throw await notFinite(said, name);
  const apart = (a: number, b: number): boolean => a !== b && !(Math.abs(a - b) <= 1e-3 * (1 + Math.abs(b)));
  const mixed = some!.findIndex((x, i) => x.some((a, k) => apart(a, one![i]![k]!)));
  if (mixed < 0) return;
  throw new PlumblineError({
    code: "G301",
    message:
      `what ${name} says of one environment depends on the environments beside it; the leading axis of what it is ` +
      "given is that of separate worlds.",
    sites: [leaves(together)[mixed]!.node.site],
    help: "mix along the axes agent and feature only. A layer that takes the first axis for time (LSTM.forward()) " +
      "belongs in a Recurrent module, whose step() sees one moment.",
  });
}

/** The error of what is not finite. */
async function notFinite(said: { readonly [name: string]: Tree }, name: string): Promise<PlumblineError> {
  for (const [path, x] of Object.entries(said).flatMap(([key, tree]) => namedLeaves(tree, key))) {
    const origin = await locateNonFinite(x);
    if (origin === null) continue;
    return new PlumblineError({
      code: "G401",
      message:
        `${name} gives ${origin.output.statistics.nan > 0 ? "NaN" : "infinity"} in \`${path}\` for observations ` +
        "that are standard normal numbers.",
      sites: [{ site: origin.site, note: `${origin.op}() made it` }],
    });
  }
  return new PlumblineError({ code: "G401", message: `${name} gives numbers that are not finite.` });
}
