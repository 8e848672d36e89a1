/** Losses and advantages check the shapes that they document. */

import assert from "node:assert/strict";
import { generalisedAdvantages, ppoLoss, smoothL1, tensor, zeros } from "../../mod.ts";

const [rows, agents] = [6, 2];
const each = zeros([rows, agents]);
const batch = { logProb: each, advantage: each, returns: each, weight: zeros([rows]).add(1) };
const now = { logProb: each, entropy: each, value: each };
const options = { clipEpsilon: 0.2, entropyEps: 0.01 };

type Call = readonly [name: string, call: () => unknown, message: RegExp];

const losses: readonly Call[] = [
  [
    "a column of advantages",
    () => ppoLoss({ ...batch, advantage: zeros([rows, agents, 1]) }, now, options),
    /ppoLoss\(\) takes `advantage` as \[row 6, agent 2\]; it was given float32 \[6, 2, 1\].*one axis is too many: squeeze\(-1\)/s,
  ],
  [
    "values of one agent",
    () => ppoLoss(batch, { ...now, value: zeros([rows]) }, options),
    /takes `now.value` as \[row 6, agent 2\].*the axis `agent` is missing/s,
  ],
  [
    "log-probabilities without agents",
    () => ppoLoss({ ...batch, logProb: zeros([rows]) }, now, options),
    /takes `logProb` as \[row, agent\]; it was given float32 \[6\].*the axis `agent` is missing/s,
  ],
  [
    "a weight for each agent",
    () => ppoLoss({ ...batch, weight: each }, now, options),
    /takes `weight` as \[row 6\]; it was given float32 \[6, 2\]/,
  ],
  [
    "returns of another minibatch",
    () => ppoLoss({ ...batch, returns: zeros([3, agents]) }, now, options),
    /takes `returns` as \[row 6, agent 2\]; it was given float32 \[3, 2\]/,
  ],
  [
    "an option that there is not",
    () => ppoLoss(batch, now, { ...options, clip: 0.1 } as typeof options),
    /ppoLoss\(\) has no option `clip`; it has clipEpsilon, entropyEps, clipValue/,
  ],
  [
    "a prediction and a target",
    () => (smoothL1 as (...args: unknown[]) => unknown)(each, each),
    /smoothL1\(\) takes 1 at most.*smoothL1\(prediction\.sub\(target\)\)\.mean\(\)/s,
  ],
];

const [time, envs] = [5, 3];
const steps = zeros([time, envs, agents]);
const flags = zeros([time, envs], { dtype: "bool" });
const trajectory = { reward: steps, value: steps, nextValue: steps, terminated: flags, done: flags };
type Trajectory = typeof trajectory;
const advantagesOf = (other: Partial<Record<keyof Trajectory, unknown>>) => () =>
  generalisedAdvantages({ ...trajectory, ...other } as Trajectory, 0.9, 0.9);
const ends = tensor(Array.from({ length: time }, (_, t) => [false, t === 2, false]));

const advantages: readonly Call[] = [
  [
    "no done",
    () => {
      const { done: _, ...rest } = trajectory;
      return generalisedAdvantages(rest as Trajectory, 0.9, 0.9);
    },
    /generalisedAdvantages\(\) needs `trajectory\.done`, a tensor.*done is true where a trajectory ends: terminated\.or\(truncated\)/s,
  ],
  [
    "rewards without agents",
    advantagesOf({ reward: zeros([time, envs]) }),
    /takes `reward` as \[time, env, agent\]; it was given float32 \[5, 3\].*the axis `agent` is missing/s,
  ],
  [
    "flags without environments",
    advantagesOf({ done: zeros([time], { dtype: "bool" }) }),
    /takes `done` as \[time 5, env 3\]; it was given bool \[5\].*the axis `env` is missing/s,
  ],
  [
    "flags of each agent",
    advantagesOf({ terminated: zeros([time, envs, agents], { dtype: "bool" }) }),
    /takes `terminated` as \[time 5, env 3\]; it was given bool \[5, 3, 2\]/,
  ],
  [
    "flags that are numbers",
    advantagesOf({ done: zeros([time, envs]) }),
    /takes `done` as bool or int32; it was given float32 \[5, 3\].*done\.cast\("bool"\)/s,
  ],
  [
    "a step that is terminated and not done",
    advantagesOf({ terminated: ends }),
    /a step that is terminated but not done: time 2, env 1.*terminated\.or\(truncated\)/s,
  ],
  [
    "a discount above 1",
    () => generalisedAdvantages(trajectory, 1.1, 0.9),
    /takes a number from 0 to 1 as `gamma`, not the number 1\.1/,
  ],
];

for (const [name, call, message] of [...losses, ...advantages]) {
  Deno.test(`ppoLoss(), smoothL1() and generalisedAdvantages() refuse ${name}`, () => {
    assert.throws(call, { name: "PlumblineError", message });
  });
}

Deno.test("generalisedAdvantages() takes a trajectory that is done, terminated or not", () => {
  generalisedAdvantages({ ...trajectory, terminated: ends, done: ends }, 1, 0);
  generalisedAdvantages({ ...trajectory, done: ends.cast("int32") }, 0, 1);
});
