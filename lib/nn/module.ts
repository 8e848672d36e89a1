/** Module: something with parameters, found through its own fields, by the names of the fields. */

import { callerSite, type Site } from "../graph/site.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Parameter, type Stateful, Variable } from "../tensor/variable.ts";

/** Base of layers and networks. Fields that are variables, modules or arrays of them belong to it. */
export abstract class Module implements Stateful {
  readonly #madeAt: Site = callerSite();

  /** The name for messages: that of the user's variable, else of the class. */
  get label(): string {
    return this.#madeAt.assignedName ?? callerSite().nameOf(this) ?? this.constructor.name;
  }

  /** The result for an input. */
  abstract forward(x: Tensor): Tensor;

  /** Variables with their paths: `layers.0.weight`. */
  namedVariables(prefix = ""): [string, Variable][] {
    const found = Object.entries(this).flatMap(([name, value]) => named(prefix + name, value));
    if (prefix === "") { for (const [path, variable] of found) variable.placeIn(this, path); }
    return found;
  }

  /** Parameters with their paths. */
  namedParameters(prefix = ""): [string, Parameter][] {
    return this.namedVariables(prefix).filter((x): x is [string, Parameter] => x[1] instanceof Parameter);
  }

  /** The parameters. */
  parameters(): Parameter[] {
    return this.namedParameters().map(([, parameter]) => parameter);
  }

  /** The parameters and all else that is assigned. */
  variables(): Variable[] {
    return this.namedVariables().map(([, variable]) => variable);
  }
}

/**
 * Declares that the parameters of a module are not to learn: `backward()` gives them no gradient, optimisers leave them as they
 * are, the audit is content. Gives the module.
 */
export function frozen<T extends Stateful>(module: T): T {
  for (const variable of module.variables()) if (variable instanceof Parameter) variable.requiresGrad = false;
  return module;
}

function named(path: string, value: unknown): [string, Variable][] {
  if (value instanceof Variable) return [[path, value]];
  if (value instanceof Module) return value.namedVariables(`${path}.`);
  if (Array.isArray(value)) return value.flatMap((x, i) => named(`${path}.${i}`, x));
  return [];
}
