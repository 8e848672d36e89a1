/** checkEnvironment(): a world of one's own is tried before it is trained, and what does not fit is said in sentences. */

import { signature } from "../graph/arguments.ts";
import { anything } from "../graph/kinds.ts";
import { compile } from "../compile/compile.ts";
import { PlumblineError } from "../graph/error.ts";
import type { TypedArray } from "../graph/types.ts";
import { zeros } from "../tensor/creation.ts";
import { randomBits, randomInt, randomKey, splitKey, uniform } from "../tensor/random.ts";
import { scan } from "../tensor/scan.ts";
import { Tensor } from "../tensor/tensor.ts";
import { formOf, leaves, type Tree } from "../tensor/tree.ts";
import type { Environment, Transition } from "../worlds/environment.ts";
import { UsageError } from "./usage.ts";

/** Environments that are tried side by side: a number that no axis of a world is likely to have. */
const envs = 7;
/** Episodes that are longer are not played to their ends. */
const longest = 2000;

const takesWorld = signature("checkEnvironment()", { environment: anything });

/**
 * Tries a world: what it says of itself, a start, what is seen there, a step, the same again with the same numbers, and a whole
 * episode of random actions. Nothing is trained; the engine of the process is used.
 *
 * @example
 * ```ts
 * import { checkEnvironment, Navigation } from "@plumbline/plumbline";
 *
 * await checkEnvironment(new Navigation()); // throws nothing: it fits
 * ```
 * @throws UsageError with a sentence for each thing that does not fit.
 */
export async function checkEnvironment<S extends Tree>(environment: Environment<S>): Promise<void> {
  takesWorld(arguments);
  const world = environment as unknown as Environment;
  const problems = factsOf(world);
  if (problems.length === 0) problems.push(...await tried(world));
  if (problems.length === 0) return;
  const name = typeof world?.name === "string" && world.name !== "" ? world.name : "the world";
  throw new UsageError(problems.map((problem) => `${name}: ${problem}`).join("\n"));
}

/** What is wrong with what a world says of itself. */
function factsOf(world: Environment): string[] {
  if (typeof world !== "object" || world === null) {
    return [`a world is an object with reset(), observe() and step(), not ${what(world)}.`];
  }
  const gym = ["observation_space", "action_space", "observationSpace", "actionSpace"].find((name) => name in world);
  if (gym !== undefined) {
    return [
      `it has ${gym}, as Gymnasium's worlds do: here a world says observationSize, actionKind, actionSize, agents and ` +
      "maxSteps, and reset(key, envs), observe(state) and step(state, action) are functions of tensors.",
    ];
  }
  const counts = (["agents", "observationSize", "actionSize", "maxSteps"] as const).flatMap((name) => {
    const fits = Number.isInteger(world[name]) && world[name] >= 1;
    return fits ? [] : [`${name} is a whole number of at least 1, not ${what(world[name])}.`];
  });
  const methods = (["reset", "observe", "step"] as const).flatMap((name) =>
    typeof world[name] === "function" ? [] : [`${name}() is missing: it is a method, not ${what(world[name])}.`]
  );
  return [
    ...typeof world.name === "string" && world.name !== "" ? [] : [`name is a text, not ${what(world.name)}.`],
    ...["continuous", "discrete"].includes(world.actionKind)
      ? []
      : [`actionKind is "continuous" or "discrete", not ${what(world.actionKind)}.`],
    ...counts,
    ...methods,
  ];
}

/** What is wrong with what a world does. Where one thing fails, what builds on it is not tried. */
async function tried(world: Environment): Promise<string[]> {
  try {
    const first = await numbersOf(world);
    for (const [part, numbers] of Object.entries(first)) refuseBadNumbers(part as Part, numbers);
    const again = await numbersOf(world);
    for (const [part, numbers] of Object.entries(first)) refuseOther(part as Part, numbers, again[part as Part]);
    await playOut(world);
    return [];
  } catch (error) {
    if (error instanceof Misfit) return [error.message];
    if (!(error instanceof PlumblineError)) throw error;
    return [`it could not be tried, in ${envs} environments: ${error.message}`];
  }
}

type Part = "start" | "observation" | "next" | "reward";
type Numbers = readonly { readonly form: string; readonly data: TypedArray }[];

/** A start, what is seen there and a step, made anew each time: what the host would freeze in a trace is another number then. */
async function numbersOf(world: Environment): Promise<Record<Part, Numbers>> {
  const key = randomKey(0);
  const start = startOf(world, key);
  const observation = observationOf(world, start);
  const { state: next, reward } = transitionOf(world, start, actionOf(world, splitKey(key)[1]!));
  const read = async (tree: Tree): Promise<Numbers> =>
    await Promise.all(leaves(tree).map(async (x) => ({ form: formOf(x), data: await x.data() })));
  return {
    start: await read(start),
    observation: await read(observation),
    next: await read(next),
    reward: await read(reward),
  };
}

/** A sentence for the user. */
class Misfit extends Error {}

function what(x: unknown): string {
  if (x instanceof Tensor) return `a tensor, ${formOf(x)}`;
  if (x === undefined) return "nothing";
  if (x === null || typeof x === "number" || typeof x === "boolean") return String(x);
  if (typeof x === "string") return JSON.stringify(x);
  if (typeof x === "function") return "a function";
  if (Array.isArray(x)) return `an array of ${x.length}`;
  return x.constructor?.name && x.constructor.name !== "Object" ? `a ${x.constructor.name}` : "an object";
}

function refusePromise(x: unknown, method: string): void {
  if (!(x instanceof Promise)) return;
  x.catch(() => {});
  throw new Misfit(
    `${method}() is async: a world is traced, not awaited. Return tensors; what needs the host for each step is a world ` +
      "on the host.",
  );
}

/** Throws unless every leaf is a tensor with a leading axis of environments. */
function checkState(state: unknown, method: string): asserts state is Tree {
  refusePromise(state, method);
  if (Array.isArray(state) && state.length === 2 && !(state[1] instanceof Tensor)) {
    throw new Misfit(`${method}() gives an array of 2, as Gymnasium's [observation, info]: give the state alone.`);
  }
  const visit = (x: unknown, path: string): void => {
    if (x instanceof Tensor) {
      if (x.shape[0] === envs) return;
      throw new Misfit(
        `${path} of the state that ${method}() gives is ${
          formOf(x)
        }: the leading axis is env, of ${envs} here, where ` +
          `${envs} environments were asked for.`,
      );
    }
    const tree = typeof x === "object" && x !== null &&
      (Array.isArray(x) || Object.getPrototypeOf(x) === Object.prototype);
    if (!tree) {
      const place = path === "" ? `${method}() gives` : `${path} of the state that ${method}() gives is`;
      throw new Misfit(`${place} ${what(x)}: a state is a tensor, or objects and arrays of tensors.`);
    }
    for (const [key, value] of Object.entries(x)) visit(value, path === "" ? key : `${path}.${key}`);
  };
  visit(state, "");
  if (leaves(state as Tree).length === 0) throw new Misfit(`the state that ${method}() gives holds no tensor.`);
}

function startOf(world: Environment, key: Tensor): Tree {
  const state: unknown = world.reset(key, envs);
  checkState(state, "reset");
  return state;
}

function observationOf(world: Environment, state: Tree): Tensor {
  const observation: unknown = world.observe(state);
  refusePromise(observation, "observe");
  const { agents, observationSize } = world;
  const takes = `float32 [env ${envs}, agent ${agents}, feature ${observationSize}]`;
  if (!(observation instanceof Tensor)) throw new Misfit(`observe() gives ${what(observation)}, not ${takes}.`);
  const { dtype, shape } = observation;
  if (dtype === "float32" && `${shape}` === `${[envs, agents, observationSize]}`) return observation;
  const lacks = agents === 1 && `${shape}` === `${[envs, observationSize]}`;
  throw new Misfit(
    `observe() gives ${formOf(observation)}, not ${takes}${
      lacks ? ": the agent axis is missing, add .unsqueeze(1)" : ""
    }.`,
  );
}

function actionOf({ actionKind, actionSize, agents }: Environment, key: Tensor): Tensor {
  return actionKind === "discrete"
    ? randomInt(key, [envs, agents], 0, actionSize)
    : uniform(key, [envs, agents, actionSize], -1, 1);
}

const parts = ["state", "reward", "terminated", "truncated"] as const;

function transitionOf(world: Environment, state: Tree, action: Tensor): Transition {
  const given: unknown = world.step(state, action);
  refusePromise(given, "step");
  if (Array.isArray(given)) {
    throw new Misfit(
      `step() gives an array of ${given.length}, as Gymnasium's worlds do: give { state, reward, terminated, truncated }.`,
    );
  }
  const transition = given as Transition;
  const missing = parts.filter((name) => (transition as Partial<Transition> | undefined)?.[name] === undefined);
  if (missing.length > 0) {
    const done = typeof given === "object" && given !== null && "done" in given
      ? " `done` does not say whether the task ended (terminated) or the time was up (truncated)."
      : "";
    throw new Misfit(`step() gives no ${missing.join(", ")}.${done}`);
  }
  checkState(transition.state, "step");
  if (formOf(transition.state) !== formOf(state)) {
    throw new Misfit(
      `step() gives the state ${formOf(transition.state)}, but was given ${
        formOf(state)
      }: a step keeps keys, dtypes, ` +
        "shapes and axis names.",
    );
  }
  checkPart("reward", transition.reward, "float32", [envs, world.agents]);
  checkPart("terminated", transition.terminated, "bool", [envs]);
  checkPart("truncated", transition.truncated, "bool", [envs]);
  if (transition.frames !== undefined) checkPart("frames", transition.frames, "float32", [envs]);
  return transition;
}

const axes = ["env", "agent"];

function checkPart(name: string, x: unknown, dtype: string, shape: readonly number[]): void {
  const takes = `${dtype} [${shape.map((n, i) => `${axes[i]} ${n}`).join(", ")}]`;
  if (!(x instanceof Tensor)) throw new Misfit(`${name} of a step is ${what(x)}, not ${takes}.`);
  if (x.dtype === dtype && `${x.shape}` === `${shape}`) return;
  const lacks = name === "reward" && shape[1] === 1 && `${x.shape}` === `${[envs]}`;
  throw new Misfit(
    `${name} of a step is ${formOf(x)}, not ${takes}${lacks ? ": the agent axis is missing, add .unsqueeze(1)" : ""}.`,
  );
}

const methods: Readonly<Record<Part, string>> = {
  start: "reset()",
  observation: "observe()",
  next: "step()",
  reward: "step()",
};

function refuseBadNumbers(part: Part, numbers: Numbers): void {
  const bad = numbers.find(({ data }) => !data.every(Number.isFinite));
  if (bad) throw new Misfit(`${methods[part]} gives NaN or infinity, in ${bad.form}.`);
}

/** Throws unless the numbers are the same when the world is traced again. */
function refuseOther(part: Part, first: Numbers, again: Numbers): void {
  const other = first.find(({ data }, i) => !data.every((x, k) => Object.is(x, again[i]!.data[k])));
  if (!other) return;
  const same = part === "start" ? "key" : "state and action";
  throw new Misfit(
    `${
      methods[part]
    } gives other numbers for the same ${same}, in ${other.form}: it keeps something in itself, or draws ` +
      "from Math.random(), a clock or a HostRandom, which a traced program freezes. What changes belongs into the state, " +
      "randomness into its key.",
  );
}

/** Plays a whole episode of random actions, which has to end. */
async function playOut(world: Environment): Promise<void> {
  const { maxSteps } = world;
  if (maxSteps > longest) return;
  const play = compile((key: Tensor) => {
    const [start, luck] = splitKey(key) as [Tensor, Tensor];
    const none = zeros([envs]);
    const [{ over, both }] = scan(
      (now: { state: Tree; over: Tensor; both: Tensor }, key: Tensor) => {
        const { state, terminated, truncated } = world.step(now.state, actionOf(world, key));
        const next = {
          state,
          over: now.over.maximum(terminated.or(truncated).cast("float32")),
          both: now.both.maximum(terminated.and(truncated).cast("float32")),
        };
        return [next, []];
      },
      { state: world.reset(start, envs), over: none, both: none },
      randomBits(luck, [maxSteps, 2]),
    );
    return { over, both };
    // What a world does past the end of an episode is nobody's business.
  }, { name: "checkEnvironment", checkNumerics: false });
  try {
    const { over, both } = await play(randomKey(2));
    if (!(await over.data()).every(Boolean)) {
      throw new Misfit(
        `an episode goes on after maxSteps, ${maxSteps} steps: truncated has to be true where the time is up.`,
      );
    }
    if ((await both.data()).some(Boolean)) {
      throw new Misfit(
        "a step is terminated and truncated at once: truncated is for a task that did not end. Give " +
          "truncated: truncated.and(terminated.not()).",
      );
    }
  } finally {
    play.dispose();
  }
}
