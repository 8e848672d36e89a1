/** Metrics with a declared reduction: a mean that is logged where the run's metric is a sum is caught by the graph. */

import { signature, takeOnly } from "../graph/arguments.ts";
import { PlumblineError } from "../graph/error.ts";
import type { Node } from "../graph/node.ts";
import type { Site } from "../graph/site.ts";
import * as kind from "../tensor/kinds.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { answer } from "../graph/trace.ts";

/** How numbers become one. */
export type Reduction = "sum" | "mean" | "max" | "min";

/** What a metric is. */
export interface MetricOptions {
  /** How it is reduced. */
  readonly reduction: Reduction;
  /** Over which axis: its name, or its position in the tensor that is reduced. All that is reduced first, if none is given. */
  readonly over?: string | number;
}

/** A reduction in a graph. */
interface Step {
  readonly kind: Reduction;
  /** Positions and names of the axes. */
  readonly axes: readonly (string | number)[];
  readonly site: Site;
}

const quiet = new Set(["reshape", "expand", "cast", "stopGradient", "output", "permute"]);

function stepOf(node: Node, site: Site, divisor: number | null): Step | null {
  if (node.op !== "sum" && node.op !== "max" && node.op !== "min") return null;
  const input = node.inputs[0]!;
  const count = node.attrs.axes.reduce((n, axis) => n * input.shape[axis]!, 1);
  const names = node.attrs.axes.flatMap((axis) => input.axes[axis] ?? []);
  const kind = node.op === "sum" && divisor === count ? "mean" : node.op;
  return { kind, axes: [...node.attrs.axes, ...names], site };
}

/** The reductions behind `node`, the last one first. */
function reductionsBehind(node: Node): Step[] {
  const steps: Step[] = [];
  let x: Node | undefined = node;
  let divisor: number | null = null;
  let site = node.site;
  while (x) {
    const step = stepOf(x, divisor === null ? x.site : site, divisor);
    if (step) {
      steps.push(step);
      divisor = null;
      x = x.inputs[0];
      continue;
    }
    const [a, b]: readonly (Node | undefined)[] = x.inputs;
    const by = b?.op === "full" ? b.attrs.value : a?.op === "full" ? a.attrs.value : null;
    if (!quiet.has(x.op) && x.op !== "neg" && by === null) break;
    if (x.op === "div" && by !== null) [divisor, site] = [by, x.site];
    x = a?.op === "full" ? b : a;
  }
  return steps;
}

const declared = {
  name: kind.text,
  options: kind.having("its reduction, { reduction },", {
    reduction: kind.oneOf("sum", "mean", "max", "min"),
    over: kind.optional(kind.axis),
  }),
};
const takesNewMetric = signature("new Metric()", declared);
const takesMetric = signature("metric()", declared);

/** A named number with a declared reduction. */
export class Metric {
  /** Use {@linkcode metric}. */
  constructor(readonly name: string, readonly options: MetricOptions) {
    takesNewMetric(arguments);
  }

  /**
   * Reads a scalar. What was computed inside a compiled function tells nothing of its reductions and is taken as it is.
   *
   * @throws PlumblineError G307 if it is reduced in another way than declared.
   */
  read(value: Tensor): Promise<number> {
    return answer(this.check(value).node, value.item().then(Number));
  }

  /** As {@linkcode Metric.read}, without reading: for use inside a compiled function. Gives the tensor. */
  check(value: Tensor): Tensor {
    const { reduction, over } = this.options;
    const steps = reductionsBehind(value.node);
    const step = over === undefined ? steps.at(-1) : steps.find(({ axes }) => axes.includes(over));
    if (!step || step.kind === reduction) return value;
    const axis = over === undefined ? "" : ` over ${typeof over === "string" ? `\`${over}\`` : `axis ${over}`}`;
    throw new PlumblineError({
      code: "G307",
      message: `the metric \`${this.name}\` is a ${reduction}${axis}, but this tensor is a ${step.kind}${axis}`,
      sites: [{ site: step.site, note: `${step.kind}() here` }, value.node.site],
      help: `reduce with ${reduction}(${
        typeof over === "string" ? `"${over}"` : over ?? ""
      }), or declare another metric.`,
    });
  }
}

takeOnly(Metric, { read: { value: kind.tensor }, check: { value: kind.tensor } });

/**
 * Declares a metric.
 *
 * @example
 * ```ts
 * import { metric, ones } from "@plumbline/plumbline";
 *
 * const reward = ones([5, 2], { axes: ["time", "env"] });
 * const episodeReward = metric("episode reward", { reduction: "sum", over: "time" });
 * console.log(await episodeReward.read(reward.sum("time").mean())); // 5
 * ```
 */
export function metric(name: string, options: MetricOptions): Metric {
  takesMetric(arguments);
  return new Metric(name, options);
}
