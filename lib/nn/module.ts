/** Module: something with parameters, found through its own fields, by the names of the fields. */

import type { Tensor } from "../tensor/tensor.ts";
import { Parameter, type Stateful, Variable } from "../tensor/variable.ts";

/** Base of layers and networks. Fields that are variables, modules or arrays of them belong to it. */
export abstract class Module implements Stateful {
  /** The result for an input. */
  abstract forward(x: Tensor): Tensor;

  /** Variables with their paths: `layers.0.weight`. */
  namedVariables(prefix = ""): [string, Variable][] {
    return Object.entries(this).flatMap(([name, value]) => named(prefix + name, value));
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

function named(path: string, value: unknown): [string, Variable][] {
  if (value instanceof Variable) return [[path, value]];
  if (value instanceof Module) return value.namedVariables(`${path}.`);
  if (Array.isArray(value)) return value.flatMap((x, i) => named(`${path}.${i}`, x));
  return [];
}
