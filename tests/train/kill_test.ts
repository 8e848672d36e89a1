/**
 * Kill -9 of real runs at random moments, a few in the suite. KILLS=14 KILL_SEED=7 deno test -A tests/train/kill_test.ts for so many of
 * each system and algorithm, and others; each is told then. KILL_SIGNAL=SIGTERM sends another signal.
 */

import { join } from "node:path";
import { HostRandom } from "../../lib/tensor/host_random.ts";
import { assertSurvives } from "./kills.ts";
import { withFolder } from "./harness.ts";

const wanted = Deno.env.get("KILLS");
const seed = Number(Deno.env.get("KILL_SEED") ?? 0);
const signal = (Deno.env.get("KILL_SIGNAL") ?? "SIGKILL") as Deno.Signal;

const acting = "--device cpu --hidden-size 8 --save-every 2 --eval-every 5 --lr-schedule constant";
const ppo = "--minibatch-size 20 --num-epochs 1";
/** In workers, whose memory a kill takes too. */
const body = `${acting} --max-steps 30 --envs 4 --workers 2 --frames-per-batch 80`;
const trpo = "--algorithm trpo --minibatch-size 40 --n-critic-updates 2";
const car = `${acting} --envs 4 --max-steps 10 --track random --track-count 2 --spread 0.2`;
const windows = "--horizon 5 --windows 2";
const swarm = `${acting} ${ppo} --frames-per-batch 40 --envs 4 --max-steps 10 --n-agents 4`;
const trust = "--flights 4 --trust-updates 1 --trust-horizon 5";
const sums = "--device cpu --d-model 8 --num-layers 3 --num-heads 2 --batch-size 4 --batches-per-iteration 2 " +
  "--predictions 2 --save-every 2 --eval-every 5";
const text = `${sums} --context-length 16`;
const wholeNavigation =
  "--device cpu --frames-per-batch 130 --max-steps 10 --num-epochs 2 --minibatch-size 50 --save-every 2 --eval-every 3";

/** Scenario and algorithm, flags, kills in the suite, and iterations for each kill. */
const runs: readonly (readonly [name: string, flags: string, kills: number, iterations: number])[] = [
  ["navigation", wholeNavigation, 2, 10],
  [
    "wheel with a memory",
    `${acting} ${ppo} --entropy-schedule constant --frames-per-batch 80 --max-steps 8 --recurrent gru --sequence-length 2`,
    0,
    6,
  ],
  ["pendulum", `${acting} ${ppo} --envs 4 --frames-per-batch 40 --max-steps 15`, 0, 6],
  ["hopper", `${body} ${ppo}`, 0, 6],
  ["hopper by TRPO", `${body} ${trpo}`, 0, 6],
  ["half_cheetah", `${body} ${ppo}`, 0, 6],
  ["walker2d by TRPO", `${body} ${trpo}`, 0, 6],
  ["ant", `${body} ${ppo}`, 0, 6],
  ["ant by TRPO", `${body} ${trpo}`, 0, 6],
  ["humanoid", `${body} ${ppo}`, 0, 6],
  ["humanoid by TRPO", `${body} ${trpo}`, 0, 6],
  ["humanoid3d on its feet", `${body} ${trpo}`, 0, 6],
  ["humanoid3d that stands as shown", `${body} ${ppo} --algorithm ppo --motion stand`, 0, 6],
  ["humanoid3d", `${body} ${ppo} --algorithm ppo --motion walk`, 0, 6],
  ["humanoid3d by TRPO", `${body} ${trpo} --motion walk`, 1, 6],
  ["vehicle", `${car} ${ppo} --frames-per-batch 40`, 0, 6],
  ["vehicle by SHAC", `${car} ${windows} --algorithm shac --n-critic-updates 1`, 0, 6],
  ["vehicle by BPTT", `${car} ${windows} --algorithm bptt`, 0, 6],
  ["spoofed_swarm", `${swarm} ${trust} --trust-hidden-size 4`, 0, 6],
  ["spoofed_swarm by two weights", `${swarm} ${trust} --algorithm trust-mappo`, 0, 6],
  ["spoofed_swarm with a detector", `${swarm} ${trust} --algorithm lstm-detector-mappo`, 0, 6],
  ["spoofed_swarm with an LSTM", `${swarm} --algorithm lstm-mappo`, 0, 6],
  ["spoofed_swarm without trust", `${swarm} --algorithm vanilla-mappo`, 0, 6],
  ["stories", `${text} --algorithm mtp`, 0, 60],
  ["stories by the next byte", text.replace(/--predictions \d+ /, "") + " --algorithm ntp", 0, 60],
  ["stories by a reference", `${text} --algorithm rho1-wmtp --pretrain-share 0.3 --stage1-share 0.3`, 0, 60],
  ["stories without what is easy", `${text} --algorithm rho1-tokenskip --pretrain-share 0.3 --stage1-share 0.3`, 0, 60],
  ["sums", `${sums} --algorithm mtp`, 0, 60],
  ["sums by a critic", `${sums} --algorithm critic-wmtp --pretrain-share 0.3 --stage1-share 0.3`, 0, 60],
  ["code", `${text} --algorithm mtp`, 0, 60],
  ["code by a critic", `${text} --algorithm critic-wmtp --pretrain-share 0.3 --stage1-share 0.3`, 0, 60],
  ["text of a file", `${text} --algorithm mtp --data ${join(import.meta.dirname!, "../../LICENSE")}`, 0, 60],
  ["stories by a critic", `${text} --algorithm critic-wmtp --pretrain-share 0.3 --stage1-share 0.3`, 1, 12],
];

for (const [name, flags, usual, iterations] of runs) {
  const kills = Number(wanted ?? usual);
  const title = `a real run of ${name} that is killed ${kills} times ends as the undisturbed run, bit for bit, and ` +
    "damages nothing";
  const fn = () =>
    withFolder((base) => {
      const tell = wanted === undefined ? undefined : (what: string) => console.log(`${name}: ${what}`);
      const [scenario] = name.split(" ") as [string];
      const random = new HostRandom(seed);
      return assertSurvives(base, { scenario, flags, kills, random, signal, iterations, ...tell && { tell } });
    });
  if (kills > 0) Deno.test(title, fn);
}
