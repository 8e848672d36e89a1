/**
 * Looks for the gains of the classical drivers, by the same random search for each: as many draws, on the same drives of random tracks with
 * cars that differ by 20%, each gain evenly on a logarithmic scale; the least lateral error (settled) wins. Those that iLQR has were not
 * found so, but set by hand.
 * `deno run -A tasks/tune_drivers.ts [draws] [names..]`
 */

import { type ControllerGains, Evaluator, HostRandom, Vehicle, vehicleControllers } from "../mod.ts";

type Name = "stanley" | "pure_pursuit" | "lqr" | "ilqr";

/** From where to where each gain is drawn; of the points ahead the first is 1 here, which has a logarithm. */
const ranges: Readonly<Record<Name, Readonly<Record<string, readonly [number, number]>>>> = {
  stanley: { stanley: [0.5, 10], softening: [0.1, 10] },
  pure_pursuit: { pursued: [1, 7] },
  lqr: { lateral: [0.01, 10], lateralRate: [1e-4, 0.1], heading: [0.01, 10], headingRate: [1e-4, 0.1] },
  ilqr: { lateral: [0.1, 100], heading: [1e-3, 10], speed: [0.01, 1], turning: [0.1, 10], pushing: [1e-4, 0.01] },
};

/** The gains that a draw stands for; those of the other drivers do not matter. */
function gainsOf(name: Name, x: Readonly<Record<string, number>>): Partial<ControllerGains> {
  if (name === "stanley") return { stanley: x.stanley!, softening: x.softening! };
  if (name === "pure_pursuit") return { pursued: Math.floor(x.pursued!) - 1 };
  if (name === "lqr") return { lqr: [x.lateral!, x.lateralRate!, x.heading!, x.headingRate!] };
  return { ilqr: x as unknown as ControllerGains["ilqr"] };
}

const draws = Number(Deno.args[0] ?? 40);
const names = (Deno.args.length > 1 ? Deno.args.slice(1) : Object.keys(ranges)) as Name[];
const world = new Vehicle({ track: "random", trackCount: 256, spread: 0.2, maxSteps: 400 });
for (const name of names) {
  const random = new HostRandom(0);
  let best = Infinity;
  for (let draw = 0; draw < draws; draw++) {
    const x = Object.fromEntries(
      Object.entries(ranges[name]).map(([gain, [low, high]]) => [gain, low * (high / low) ** random.next()]),
    );
    const evaluator = new Evaluator(world, vehicleControllers("bmw_320i", gainsOf(name, x))[name]);
    const { metrics, terminated } = await evaluator.run(256, 0);
    evaluator.dispose();
    const lost = terminated.reduce((sum, one) => sum + one, 0);
    const error = Math.sqrt(metrics!.lateral_settled!.reduce((sum, e) => sum + e * e, 0) / terminated.length);
    if (lost > 0 || !(error < best)) continue;
    best = error;
    console.log(`${name}, draw ${draw}: ${error.toFixed(4)} m with ${JSON.stringify(gainsOf(name, x))}`);
  }
}
