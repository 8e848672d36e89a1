import assert from "node:assert/strict";
import {
  BuzzWire,
  checkEnvironment,
  type Environment,
  Navigation,
  ReverseTransport,
  type Tensor,
  tensor,
  UsageError,
  useDevice,
  Wheel,
  zeros,
} from "../../mod.ts";
import { onEachEngine } from "../engines.ts";
import { pointWorld } from "../rl/point_world.ts";

onEachEngine("checkEnvironment() is content with worlds that fit", async () => {
  await checkEnvironment(pointWorld(10));
  await checkEnvironment(pointWorld(10, "discrete", 1));
});

for (const world of [new Navigation(), new Wheel(), new ReverseTransport({ maxSteps: 20 }), new BuzzWire()]) {
  Deno.test(`checkEnvironment() is content with ${world.name}`, async () => {
    await useDevice("cpu");
    await checkEnvironment(world as unknown as Environment);
  });
}

type Loose = Record<string, unknown>;
const single = pointWorld(10, "continuous", 1);
type State = { position: Tensor; step: Tensor };
let drawn = 0;

const misfits: readonly (readonly [string, unknown, string])[] = [
  ["no world", 3, "the world: a world is an object with reset(), observe() and step(), not 3."],
  [
    "a Gymnasium world",
    { name: "gym", observation_space: {} },
    "gym: it has observation_space, as Gymnasium's worlds do: here a world says observationSize, actionKind, actionSize, " +
    "agents and maxSteps, and reset(key, envs), observe(state) and step(state, action) are functions of tensors.",
  ],
  [
    "what is missing",
    { name: "", agents: 1.5, observationSize: 2, actionKind: "both", actionSize: 1, maxSteps: 10, reset: 3 },
    'the world: name is a text, not "".\nthe world: actionKind is "continuous" or "discrete", not "both".\nthe world: agents ' +
    "is a whole number of at least 1, not 1.5.\nthe world: reset() is missing: it is a method, not 3.\nthe world: observe() is " +
    "missing: it is a method, not nothing.\nthe world: step() is missing: it is a method, not nothing.",
  ],
  [
    "an async reset",
    { reset: (key: Tensor, envs: number) => Promise.resolve(single.reset(key, envs)) },
    "point: reset() is async: a world is traced, not awaited. Return tensors; what needs the host for each step is a world " +
    "on the host.",
  ],
  [
    "Gymnasium's pair",
    { reset: (key: Tensor, envs: number) => [single.reset(key, envs), {}] },
    "point: reset() gives an array of 2, as Gymnasium's [observation, info]: give the state alone.",
  ],
  [
    "a state of numbers",
    { reset: () => ({ position: new Float32Array(7) }) },
    "point: position of the state that reset() gives is a Float32Array: a state is a tensor, or objects and arrays of " +
    "tensors.",
  ],
  [
    "a reset that does nothing",
    { reset: () => {} },
    "point: reset() gives nothing: a state is a tensor, or objects and arrays of tensors.",
  ],
  [
    "a state of one environment",
    { reset: () => ({ position: zeros([1]), step: zeros([1]) }) },
    "point: position of the state that reset() gives is float32 [1]: the leading axis is env, of 7 here, where 7 " +
    "environments were asked for.",
  ],
  [
    "a missing agent axis",
    { observe: (state: State) => single.observe(state as never).squeeze(1) },
    "point: observe() gives float32 [7, 2], not float32 [env 7, agent 1, feature 2]: the agent axis is missing, add " +
    ".unsqueeze(1).",
  ],
  [
    "integers that are seen",
    { observe: (state: State) => single.observe(state as never).cast("int32") },
    "point: observe() gives int32 [7, 1, 2], not float32 [env 7, agent 1, feature 2].",
  ],
  [
    "NaN that is seen",
    { observe: (state: State) => single.observe(state as never).mul(NaN) },
    "point: observe() gives NaN or infinity, in float32 [7, 1, 2].",
  ],
  [
    "an async step",
    { step: (state: State, action: Tensor) => Promise.resolve(single.step(state as never, action)) },
    "point: step() is async: a world is traced, not awaited. Return tensors; what needs the host for each step is a world " +
    "on the host.",
  ],
  [
    "Gymnasium's tuple",
    { step: (state: State) => [state, 0, false, false, {}] },
    "point: step() gives an array of 5, as Gymnasium's worlds do: give { state, reward, terminated, truncated }.",
  ],
  [
    "done alone",
    { step: (state: State) => ({ state, reward: zeros([7, 1]), done: zeros([7], { dtype: "bool" }) }) },
    "point: step() gives no terminated, truncated. `done` does not say whether the task ended (terminated) or the time was " +
    "up (truncated).",
  ],
  [
    "a reward for each environment",
    { step: changed((transition) => ({ ...transition, reward: zeros([7]) })) },
    "point: reward of a step is float32 [7], not float32 [env 7, agent 1]: the agent axis is missing, add .unsqueeze(1).",
  ],
  [
    "flags that are numbers",
    { step: changed((transition) => ({ ...transition, terminated: zeros([7]) })) },
    "point: terminated of a step is float32 [7], not bool [env 7].",
  ],
  [
    "a state that changes its form",
    { step: changed(({ state, ...rest }) => ({ ...rest, state: { ...state as State, more: zeros([7]) } })) },
    "point: step() gives the state {position: float32 [7, 1], step: int32 [7], more: float32 [7]}, but was given {position: " +
    "float32 [7, 1], step: int32 [7]}: a step keeps keys, dtypes, shapes and axis names.",
  ],
  [
    "randomness of the host",
    {
      step: changed(({ state, ...rest }) => ({
        ...rest,
        state: { ...state as State, position: moved(state as State) },
      })),
    },
    "point: step() gives other numbers for the same state and action, in float32 [7, 1]: it keeps something in itself, or " +
    "draws from Math.random(), a clock or a HostRandom, which a traced program freezes. What changes belongs into the state, " +
    "randomness into its key.",
  ],
  [
    "an episode without an end",
    { step: changed((transition) => ({ ...transition, truncated: zeros([7], { dtype: "bool" }) })) },
    "point: an episode goes on after maxSteps, 10 steps: truncated has to be true where the time is up.",
  ],
  [
    "an end that is both",
    { step: changed((transition) => ({ ...transition, terminated: transition.truncated })) },
    "point: a step is terminated and truncated at once: truncated is for a task that did not end. Give truncated: " +
    "truncated.and(terminated.not()).",
  ],
  [
    "a read",
    { step: (state: State, action: Tensor) => single.step(state as never, action.mul(Number(state.position))) },
    "point: it could not be tried, in 7 environments: ",
  ],
];

function changed(change: (transition: Loose) => Loose) {
  return (state: State, action: Tensor) => change(single.step(state as never, action) as unknown as Loose);
}

function moved({ position }: State): Tensor {
  return position.add(tensor(++drawn));
}

for (const [name, changes, sentence] of misfits) {
  Deno.test(`checkEnvironment() says in sentences what is wrong: ${name}`, async () => {
    const whole = typeof changes === "object" && !("name" in (changes as Loose));
    const world = whole ? { ...single, ...changes as Loose } : changes;
    await assert.rejects(checkEnvironment(world as Environment), (error) => {
      assert.ok(error instanceof UsageError);
      if (name === "a read") assert.ok(error.message.startsWith(sentence), error.message);
      else assert.equal(error.message, sentence);
      return true;
    });
  });
}

Deno.test("checkEnvironment() finds a world that keeps its state in itself", async () => {
  let position = zeros([7, 1]);
  const world = {
    ...single,
    reset: () => ({ position, step: zeros([7], { dtype: "int32" }) }),
    step: (state: State, action: Tensor) => {
      position = position.add(1);
      return single.step(state as never, action);
    },
  };
  await assert.rejects(
    checkEnvironment(world as unknown as Environment),
    /^UsageError: point: reset\(\) gives other numbers for the same key, in float32 \[7, 1\]/,
  );
});
