/** An exponential moving average of weights: what is evaluated and kept of a model whose last steps are noisy. */

import { signature, takeOnly } from "../graph/arguments.ts";
import * as kind from "../tensor/kinds.ts";
import {
  loadEntries,
  type LoadOptions,
  loadParameters,
  type LoadResult,
  type StateDict,
  stateDictOf,
  type StateEntry,
} from "../tensor/state_dict.ts";
import { Tensor } from "../tensor/tensor.ts";
import { Parameter, type Stateful, Variable } from "../tensor/variable.ts";

const takesAverage = signature("new ExponentialMovingAverage()", {
  model: kind.stateful,
  decay: kind.optional(kind.share),
});

/**
 * The running means of a model's parameters: decay * mean + (1 - decay) * parameter at each update
 * (torch.optim.swa_utils.AveragedModel with get_ema_multi_avg_fn, from the weights that the model has at first).
 *
 * @example
 * ```ts
 * import { ExponentialMovingAverage, HostRandom, Linear } from "@plumbline/plumbline";
 *
 * const net = new Linear(2, 1, new HostRandom(0));
 * const average = new ExponentialMovingAverage(net, 0.99);
 * average.update(); // after each step; in a compiled one it is named as state
 * average.swap(); // the model now has the means: evaluate it
 * average.swap(); // and learns on
 * ```
 */
export class ExponentialMovingAverage implements Stateful {
  readonly #parameters: readonly Parameter[];
  readonly #means: readonly Variable[];

  /** Begins with the parameters as they are; `decay` is 0.999 unless told otherwise. */
  constructor(model: Stateful, readonly decay = 0.999) {
    takesAverage(arguments);
    this.#parameters = [...new Set(model.variables())].filter((x): x is Parameter => x instanceof Parameter);
    this.#means = this.#parameters.map((x) =>
      new Variable(new Tensor(x.node).detach("a running mean"), `mean of ${x.name}`)
    );
  }

  /** Takes over a share of the parameters as they are now. */
  update(): void {
    this.#means.forEach((mean, i) => {
      const now = this.#parameters[i]!.detach("a running mean");
      mean.assign(mean.mul(this.decay).add(now.mul(1 - this.decay)));
    });
  }

  /** Exchanges the numbers of the parameters and their means. */
  swap(): void {
    this.#parameters.forEach((parameter, i) => {
      const mean = this.#means[i]!;
      const [now, average] = [new Tensor(parameter.node), new Tensor(mean.node)];
      parameter.assign(average);
      mean.assign(now);
    });
  }

  /** The means by number, in the order of the parameters, each name with `prefix` before it. */
  stateDict(prefix = ""): Record<string, Tensor> {
    return stateDictOf(this.#entries(), prefix);
  }

  /**
   * Takes over the means of another one, of the same parameters.
   *
   * @throws PlumblineError G301 that lists what is missing, unexpected, or of another shape; then nothing was loaded.
   */
  loadStateDict(state: StateDict, options: LoadOptions = {}): LoadResult {
    return loadEntries(this.#entries(), state, options, "the moving average");
  }

  #entries(): StateEntry[] {
    return this.#means.map((variable, i) => ({ key: `${i}`, path: `${i}`, variable }));
  }

  /** The means and what they are of. */
  variables(): Variable[] {
    return [...this.#parameters, ...this.#means];
  }
}

takeOnly(ExponentialMovingAverage, {
  stateDict: { prefix: kind.optional(kind.text) },
  loadStateDict: loadParameters,
});
