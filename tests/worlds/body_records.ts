/** Records of VMAS itself, one environment each; `tests/fixtures/make_vmas_bodies.py` says what is in them. */

import { compile, type Environment, scan, type Tensor, tensor, type Tree, zeros } from "../../mod.ts";
import { actionsIn, optionsIn } from "./records.ts";

/** One step: rows are agents, or bodies: position, velocity, angle, angular velocity. */
export interface RecordedStep {
  readonly action: number[][];
  readonly bodies: number[][];
  readonly observation: number[][];
  readonly reward: number[];
  readonly done: boolean;
}

/** One environment. */
export interface BodyRecord {
  readonly options: Record<string, unknown>;
  readonly goal: number[][];
  readonly bodies: number[][];
  readonly observation: number[][];
  readonly steps: readonly RecordedStep[];
}

/** The state of a world with bodies, as its scenarios have it. */
export type BodyState = {
  position: Tensor;
  velocity: Tensor;
  angle?: Tensor;
  spin?: Tensor;
  goal?: Tensor;
  steps: Tensor;
};

/** The records of a scenario, with options under the names that they have here. */
export function bodyRecords(scenario: string): BodyRecord[] {
  return ["", "_options"].flatMap((kind) => {
    const text = Deno.readTextFileSync(new URL(`../fixtures/vmas_${scenario}${kind}.jsonl`, import.meta.url));
    return text.trim().split("\n").map((line) => {
      const record = JSON.parse(line);
      return { ...record, options: optionsIn(record.options) };
    });
  });
}

/** A batch of environments in which the bodies are as given; what a world's states do not have is left out. */
export function stateOf(like: BodyState, envs: readonly { bodies: number[][]; goal: number[][] }[]): BodyState {
  const columns = (from: number, to: number): Tensor =>
    tensor(envs.map((env) => env.bodies.map((row) => row.slice(from, to))));
  return {
    position: columns(0, 2),
    velocity: columns(2, 4),
    ...(like.angle && { angle: columns(4, 5).squeeze(2), spin: columns(5, 6).squeeze(2) }),
    ...(like.goal && { goal: tensor(envs.map((env) => env.goal)) }),
    steps: zeros([envs.length], { dtype: "int32" }),
  };
}

function rows({ position, velocity, angle, spin }: BodyState): Tensor[] {
  const turn = angle && spin ? [angle.unsqueeze(2), spin.unsqueeze(2)] : [];
  return [position, velocity, ...turn];
}

/** A recorded step with the state that was recorded before it. */
export interface SingleStep extends RecordedStep {
  readonly goal: number[][];
  readonly before: { readonly bodies: number[][]; readonly observation: number[][] };
}

/** The steps of the records, those with the same options together. */
export function singleStepsOf(records: readonly BodyRecord[]): Map<string, SingleStep[]> {
  const groups = new Map<string, SingleStep[]>();
  for (const record of records) {
    const steps = record.steps.map((x, i) => ({
      ...x,
      goal: record.goal,
      before: i === 0 ? record : record.steps[i - 1]!,
    }));
    // What has no part in a step needs no world of its own: continuous actions are what a world has if nothing is said.
    const { randomStartAngle: _, continuousActions, ...options } = record.options;
    const key = JSON.stringify({ ...options, ...(continuousActions === false && { continuousActions }) });
    groups.set(key, [...groups.get(key) ?? [], ...steps]);
  }
  return groups;
}

/** Steps in one batch, each from the state that was recorded before it. */
export async function takeSteps(world: Environment<BodyState & Tree>, steps: readonly SingleStep[], like: BodyState) {
  const step = compile((state: BodyState & Tree, action: Tensor) => {
    const { state: next, reward, terminated } = world.step(state, action);
    return {
      bodies: rows(next),
      seen: world.observe(state),
      observation: world.observe(next),
      reward,
      terminated,
    };
  });
  const state = stateOf(like, steps.map(({ goal, before }) => ({ goal, bodies: before.bodies }))) as BodyState & Tree;
  const found = await step(state, actionsIn(world.actionKind, steps.map((x) => x.action), steps.length));
  step.dispose();
  return found;
}

/** The record's actions from its first state, in a scan. */
export async function trajectory(world: Environment<BodyState & Tree>, record: BodyRecord, like: BodyState) {
  const run = compile((start: BodyState & Tree, actions: Tensor) =>
    scan(
      (state: BodyState & Tree, action: Tensor) => {
        const { state: next, reward, terminated } = world.step(state, action);
        return [next, { bodies: rows(next), observation: world.observe(next), reward, terminated }];
      },
      start,
      actions,
    )[1]
  );
  const start = stateOf(like, [record]) as BodyState & Tree;
  const found = await run(
    start,
    actionsIn(world.actionKind, record.steps.map((x) => x.action), record.steps.length, 1),
  );
  run.dispose();
  return found;
}
