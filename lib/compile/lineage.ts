/** Where the arguments and results of a compiled function come from: inside and outside of it they are data. */

import { carriedBy, type Drop, dropAt, settleLines } from "../forensics/reads/drops.ts";
import { lastLesson } from "../forensics/steps/losses.ts";
import { labelOf } from "../forensics/flow/label.ts";
import { hasLearner, type Node, topological } from "../graph/node.ts";
import { type Site, withSite } from "../graph/site.ts";
import { leaves, type Tree } from "../tensor/tree.ts";
import type { Variable } from "../tensor/variable.ts";
import { pathsOf } from "./replay.ts";

/**
 * Of the arguments `tree` of a function with the name `label()`, called at `site`, those that carry the gradient of something, which ends
 * there: by the placeholders `inputs` that are traced in their place.
 */
export function carriedArguments(
  tree: Tree,
  inputs: readonly Node[],
  label: () => string,
  site: Site,
): Map<Node, Drop> {
  const names = pathsOf(tree, "argument").map((path) => {
    const [, index, ...rest] = path.split("/");
    return [`argument ${Number(index) + 1}`, ...rest].join(".");
  });
  return new Map(
    leaves(tree).flatMap(({ node }, i) => {
      const drop = carriedBy(node);
      return drop ? [[inputs[i]!, { ...drop, argument: { name: `${names[i]} of ${label()}`, site } }] as const] : [];
    }),
  );
}

/** What a result of a function loses by being data that is made of `behind`. */
function dropOfResult(result: Node, behind: readonly Node[], label: () => string): Drop | null {
  if (!behind.some(hasLearner)) return null;
  return withSite(result.site, () => dropAt("compiled", `${labelOf(result)} of ${label()}`, behind));
}

/** Results of a program. */
export class Results {
  /** What each loses by being data. */
  readonly #drops: readonly (Drop | null)[];
  /** The arguments that each depends on, by their indices. */
  readonly #arguments: readonly (readonly number[])[];
  readonly #nodes: readonly Node[];

  /** `inputs` are the placeholders of the arguments; `isStep`: who reads a result looks at what was learned from. */
  constructor(result: Tree, inputs: readonly Node[], readonly label: () => string, isStep: boolean) {
    this.#nodes = leaves(result).map((x) => x.node);
    this.#drops = this.#nodes.map((x) => dropOfResult(x, [x], label));
    for (const drop of this.#drops) {
      if (!drop) continue;
      drop.isLog = isStep;
      // Reads of results are remembered for longer than the function.
      settleLines(drop);
    }
    this.#arguments = this.#nodes.map((x) => {
      const behind = new Set(topological([x]));
      return inputs.flatMap((input, i) => behind.has(input) ? [i] : []);
    });
  }

  /** What each result of a call loses, given its arguments. */
  dropsOf(given: readonly Node[]): readonly (Drop | null)[] {
    if (!given.some(hasLearner)) return this.#drops;
    return this.#nodes.map((x, i) =>
      this.#drops[i] ?? dropOfResult(x, this.#arguments[i]!.map((k) => given[k]!), this.label)
    );
  }
}

/** Who has learned since there were `before` steps: a whole vector, or parameters of it. */
export function learnedSince(roots: readonly Variable[], before: number): readonly object[] {
  return roots.flatMap((root) => {
    const some = root.parts.filter((x) => lastLesson(x) >= before);
    return some.length > 0 && some.length === root.parts.length ? [root] : some;
  });
}
