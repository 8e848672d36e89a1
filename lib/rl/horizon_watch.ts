/**
 * Watches the gradient over the horizon of a training that goes through the physics: where it explodes, the run is told so in a
 * sentence, by which factor a step and from which step on, before there are numbers that are none. So it is where there is none.
 */

import type { HorizonReport } from "../audit/horizon.ts";
import type { Site } from "../graph/site.ts";
import { warn } from "../graph/warning.ts";
import type { Tree } from "../tensor/tree.ts";
import type { Environment } from "../worlds/environment.ts";
import { HorizonProbe } from "./horizon.ts";
import type { Policy } from "./policy.ts";

/** What is watched. */
export interface Watched<S extends Tree> {
  /** The algorithm, for messages. */
  readonly name: string;
  readonly environment: Environment<S>;
  readonly policy: Policy;
  /** Steps of a window, and environments in it. */
  readonly horizon: number;
  readonly envs: number;
  /** The norm to which gradients are clipped. */
  readonly maxGradNorm: number;
}

/** How often it is looked without a cause, in iterations; and so many times the norm of clipping is a cause. */
const every = 10;
const suspicious = 100;
/** Environments that are looked at: a tenth of a window's, or so. */
const mostEnvs = 8;
/** Shorter horizons have no room to explode. */
const leastSteps = 4;

/** See the file's first line. */
export class HorizonWatch<S extends Tree = Tree> {
  readonly #watched: Watched<S>;
  #probe: HorizonProbe<S> | null = null;
  #iteration = 0;

  constructor(watched: Watched<S>) {
    this.#watched = watched;
  }

  /** Runs a window, for the caller at `site`. If it fails, what its gradient did is told first: it may be why. */
  async during<T>(site: Site, window: () => Promise<T>): Promise<T> {
    try {
      return await window();
    } catch (error) {
      await this.#look(site);
      throw error;
    }
  }

  /** After an iteration whose gradients had this norm, on average: looks at times, and where the norm is suspicious. */
  async after(site: Site, norm: number): Promise<void> {
    const isDue = this.#iteration++ % every === 0;
    if (isDue || !(norm <= suspicious * this.#watched.maxGradNorm)) await this.#look(site);
  }

  /** Gives back its program. */
  dispose(): void {
    this.#probe?.dispose();
    this.#probe = null;
  }

  /** A look that fails is told, and no more: what was learned by then holds, and what failed before it is the error. */
  async #look(site: Site): Promise<void> {
    if (this.#watched.horizon < leastSteps) return;
    try {
      this.#tell(await this.#measured(), site);
    } catch (error) {
      const [why] = (error instanceof Error ? error.message : String(error)).split("\n");
      warn({
        code: "G407",
        message: `${this.#watched.name}: its gradient over the horizon could not be measured: ${why}`,
        sites: [site],
        help: "it is learned on without; a HorizonProbe on the same world shows where it fails.",
      });
    }
  }

  #measured(): Promise<HorizonReport> {
    const { environment, policy, horizon, envs } = this.#watched;
    const options = { steps: horizon, envs: Math.min(envs, mostEnvs) };
    this.#probe ??= new HorizonProbe(environment, policy, [policy], options);
    return this.#probe.run(this.#iteration);
  }

  #tell(report: HorizonReport, site: Site): void {
    const { name, environment } = this.#watched;
    if (report.verdict === "none") {
      warn({
        code: "G110",
        message: `zero gradient: ${name}: ${report}`,
        sites: [site],
        help:
          "an episode that ends with its first step, or earns the same whatever is done, teaches nothing: look at the starts of " +
          `${environment.name}, deno task render draws them.`,
      });
    }
    if (report.verdict !== "explodes" && report.verdict !== "not finite") return;
    warn({ code: "G406", message: `${name}: ${report}`, sites: [site], help: helpFor(report, name) });
  }
}

function helpFor({ at, norms }: HorizonReport, name: string): string[] {
  const kept = norms.length - 1 - at!;
  return [
    `a shorter way back: with a horizon of ${Math.max(1, kept)} steps ${name} stays within the bound.`,
    "a calmer loop: smaller gains or first weights, smaller steps of the integration, smooth limits.",
    "see it: the gradient over the horizon is drawn by deno task render, and measured by HorizonProbe.",
  ];
}
