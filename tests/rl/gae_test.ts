import assert from "node:assert/strict";
import { generalisedAdvantages, HostRandom, tensor } from "../../mod.ts";
import { onEachEngine } from "../engines.ts";

const [time, env, agents] = [7, 3, 2];
const [gamma, lmbda] = [0.97, 0.9];

/** Equation 16 written out: the sum of discounted residuals up to the end of the trajectory. */
function direct(reward: number[], value: number[], next: number[], terminated: boolean[], done: boolean[]): number[] {
  return reward.map((_, start) => {
    let [sum, weight] = [0, 1];
    for (let t = start; t < time; t++) {
      sum += weight * (reward[t]! + (terminated[t] ? 0 : gamma * next[t]!) - value[t]!);
      if (done[t]) break;
      weight *= gamma * lmbda;
    }
    return sum;
  });
}

onEachEngine(
  "generalisedAdvantages() bootstraps at truncations, not at terminations, and repeats done over agents",
  async () => {
    const random = new HostRandom(3);
    const shape = [time, env, agents];
    const draw = () => random.uniform(time * env * agents, -1, 1);
    const [reward, value, nextValue] = [draw(), draw(), draw()];
    const terminated = Array.from({ length: time * env }, (_, i) => i % 5 === 2);
    const done = terminated.map((x, i) => x || i % 7 === 3);
    const flags = (list: boolean[]) => tensor(Uint8Array.from(list, Number), { shape: [time, env], dtype: "bool" });
    const { advantage, returns } = generalisedAdvantages(
      {
        reward: tensor(reward, { shape }),
        value: tensor(value, { shape }),
        nextValue: tensor(nextValue, { shape }),
        terminated: flags(terminated),
        done: flags(done),
      },
      gamma,
      lmbda,
    );
    const [found, targets] = [await advantage.data(), await returns.data()];
    for (let e = 0; e < env; e++) {
      for (let a = 0; a < agents; a++) {
        const along = <T>(list: ArrayLike<T>, width: number, at: number): T[] =>
          Array.from({ length: time }, (_, t) => list[t * width + at]!);
        const [i, width] = [e * agents + a, env * agents];
        const expected = direct(
          along(reward, width, i),
          along(value, width, i),
          along(nextValue, width, i),
          along(terminated, env, e),
          along(done, env, e),
        );
        expected.forEach((x, t) => {
          assert.ok(
            Math.abs(found[t * width + i]! - x) < 1e-5,
            `advantage ${t} ${e} ${a}: ${found[t * width + i]} for ${x}`,
          );
          assert.ok(Math.abs(targets[t * width + i]! - x - value[t * width + i]!) < 1e-5);
        });
      }
    }
  },
);
