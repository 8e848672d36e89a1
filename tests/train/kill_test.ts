/**
 * Kill -9 of real runs at random moments. KILLS=20 KILL_SEED=7 deno test -A tests/train/kill_test.ts for more of them, and
 * others; each is told then.
 */

import { HostRandom } from "../../lib/tensor/host_random.ts";
import { assertSurvives } from "./kills.ts";
import { withFolder } from "./harness.ts";

const wanted = Deno.env.get("KILLS");
const seed = Number(Deno.env.get("KILL_SEED") ?? 0);

const navigation =
  "--device cpu --frames-per-batch 130 --max-steps 10 --num-epochs 2 --minibatch-size 50 --save-every 2 --eval-every 3";
/** In workers, whose memory a kill takes too. */
const body = (name: string): string =>
  `--device cpu --scenario-name ${name} --algorithm trpo --max-steps 30 --envs 4 --workers 2 --frames-per-batch 80 ` +
  "--minibatch-size 40 --n-critic-updates 2 --hidden-size 8 --save-every 2";

/** By scenario: flags, kills, and iterations for each of them. */
const runs: Readonly<Record<string, readonly [flags: string, kills: number, iterations: number]>> = {
  navigation: [navigation, 3, 10],
  hopper: [`${body("hopper")} --eval-every 5`, 1, 6],
  humanoid3d: [`${body("humanoid3d")} --motion walk`, 1, 6],
};

for (const [scenario, [flags, usual, iterations]] of Object.entries(runs)) {
  const kills = Number(wanted ?? usual);
  const title =
    `a real run of ${scenario} that is killed ${kills} times ends as the undisturbed run, bit for bit, and ` +
    "damages nothing";
  Deno.test(title, () =>
    withFolder((base) => {
      const tell = wanted === undefined ? undefined : (what: string) => console.log(`${scenario}: ${what}`);
      const random = new HostRandom(seed);
      return assertSurvives(base, { scenario, flags, kills, random, iterations, ...tell && { tell } });
    }));
}
