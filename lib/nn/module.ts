/** Module: something with parameters, found through its own fields, by the names of the fields. */

import { refuseNames } from "../forensics/pytorch/refuse.ts";
import { signature, takeOnly } from "../graph/arguments.ts";
import { callerSite, type Making, makingSite } from "../graph/site.ts";
import { PlumblineError } from "../graph/error.ts";
import * as kind from "../tensor/kinds.ts";
import { Generator } from "../tensor/random.ts";
import {
  loadEntries,
  type LoadOptions,
  loadParameters,
  type LoadResult,
  snakeCase,
  type StateDict,
  stateDictOf,
  type StateEntry,
} from "../tensor/state_dict.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Parameter, rememberHolder, type Stateful, Variable } from "../tensor/variable.ts";

/** Base of layers and networks. Fields that are variables, modules, generators or arrays of them belong to it. */
export abstract class Module implements Stateful {
  readonly #making: Making = makingSite();
  #training = true;

  /** Its fields are the variables that belong to it. */
  constructor() {
    rememberHolder(this);
  }

  /** The name for messages: that of the user's variable, `agents[1]`, `agent.critic`; else of the class. */
  get label(): string {
    const { site, count } = this.#making;
    return site.nameOfMade(count) ?? callerSite().nameOf(this) ?? this.constructor.name;
  }

  /** The result for an input. */
  abstract forward(x: Tensor): Tensor;

  /**
   * Variables with their paths: `layers.0.weight`.
   *
   * @throws PlumblineError G310 if the module holds itself.
   */
  namedVariables(prefix = ""): [string, Variable][] {
    const found = within(this, prefix, () => {
      return Object.entries(this).flatMap(([name, value]) => named(prefix + name, value));
    });
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

  /**
   * For the library: its variables with their names in a state dictionary, which are PyTorch's.
   *
   * @internal
   */
  stateEntries(): StateEntry[] {
    const parts = Object.entries(this).flatMap(([name, value]) => partsOf(name, value));
    return parts.flatMap(([path, part]) => {
      const key = snakeCase(path);
      if (part instanceof Variable) return [{ key, path, variable: part }];
      return part.stateEntries().map((x) => ({ ...x, key: `${key}.${x.key}`, path: `${path}.${x.path}` }));
    });
  }

  /**
   * Its variables by the names that PyTorch gives them: `blocks.0.self_attn.in_proj_weight`, each with `prefix` before it
   * (torch.nn.Module.state_dict). They are the variables themselves: what is to stay as it is now is saved, or read with `data()`.
   *
   * @throws PlumblineError G310 if the module holds itself.
   *
   * @example
   * ```ts
   * import { HostRandom, Linear } from "@plumbline/plumbline";
   *
   * const [trained, copy] = [new Linear(2, 3, new HostRandom(0)), new Linear(2, 3, new HostRandom(1))];
   * copy.loadStateDict(trained.stateDict());
   * console.log(Object.keys(trained.stateDict())); // [ "weight", "bias" ]
   * ```
   */
  stateDict(prefix = ""): Record<string, Tensor> {
    return stateDictOf(this.#entries(), prefix);
  }

  /**
   * Takes over the numbers of a dictionary with PyTorch's names, or with those of {@linkcode Module.namedVariables}
   * (torch.nn.Module.load_state_dict). Keys of random generators may be missing, as they are in PyTorch's files.
   *
   * @throws PlumblineError G301 that lists what is missing, unexpected, or of another shape; then nothing was loaded.
   */
  loadStateDict(state: StateDict, options: LoadOptions = {}): LoadResult {
    return loadEntries(this.#entries(), state, options, this.toString());
  }

  #entries(): StateEntry[] {
    this.namedVariables();
    return this.stateEntries();
  }

  /** Whether it trains, as it does until `eval()`: dropout drops, and batch normalisation takes the statistics of the batch. */
  get training(): boolean {
    return this.#training;
  }

  /**
   * From now on it trains, with all modules inside of it, or not. Gives the module. A compiled function that has it as state is
   * traced again where that makes a difference; two functions, one for each mode, are not.
   */
  train(mode = true): this {
    this.#training = mode;
    for (const [, value] of Object.entries(this).flatMap(([name, value]) => partsOf(name, value))) {
      // The mode is a part of how a variable is used: programs that were traced in the other one are outdated.
      if (value instanceof Variable) value.layout = mode ? 0 : 1;
      else value.train(mode);
    }
    return this;
  }

  /** The same as `train(false)`. */
  eval(): this {
    return this.train(false);
  }

  /** For people: its class and name, and how many parameters it has. */
  toString(): string {
    const { label, constructor: { name } } = this;
    const parameters = [...new Set(this.parameters())];
    const count = parameters.reduce((n, x) => n + x.size, 0).toLocaleString("en-US");
    return `${label === name ? name : `${name} \`${label}\``}: ${
      parameters.length === 0 ? "no parameters" : count === "1" ? "1 parameter" : `${count} parameters`
    }`;
  }

  /** What `console.log` shows: a line for each layer; where it does not stand alone, the first. */
  [Symbol.for("Deno.customInspect")](_inspect?: unknown, options: { currentDepth?: number } = {}): string {
    return options.currentDepth ? this.toString() : summaryOf(this);
  }

  /** What a notebook shows of a cell that ends in it: a line for each layer, with its parameters and how many numbers they have. */
  [Symbol.for("Jupyter.display")](): Record<string, string> {
    return { "text/plain": summaryOf(this) };
  }
}

/** The modules whose fields are being looked through. */
const entered = new Set<Module | readonly unknown[]>();

/** Looks through `holder`, which is at `path`, by `look`. Throws G310 if it is being looked through already. */
function within<T>(holder: Module | readonly unknown[], path: string, look: () => T): T {
  if (entered.has(holder)) {
    const what = holder instanceof Module ? `a ${holder.constructor.name}` : "a list of modules";
    throw new PlumblineError({
      code: "G310",
      message: `${what} holds itself, as \`${path.replace(/\.$/, "")}\`: what is in its fields belongs to it.`,
      help: "keep what holds a module out of its fields: in a private one (#parent), or in a closure.",
    });
  }
  entered.add(holder);
  try {
    return look();
  } finally {
    entered.delete(holder);
  }
}

/** What belongs to a module and not to one inside of it, and the modules inside of it, by their paths. */
function partsOf(prefix: string, value: unknown): [path: string, part: Variable | Module][] {
  if (value instanceof Variable || value instanceof Module) return [[prefix, value]];
  if (value instanceof Generator) return [[`${prefix}.key`, value.key]];
  return Array.isArray(value) ? value.flatMap((x, i) => partsOf(`${prefix}.${i}`, x)) : [];
}

/** A line for `module` if it has variables of its own, and for those inside of it. */
function rowsOf(path: string, module: Module): string[][] {
  const parts = Object.entries(module).flatMap(([name, value]) => partsOf(name, value));
  const own = parts.filter((x): x is [string, Variable] => x[1] instanceof Variable);
  const list = own.map(([name, x]) =>
    `${name} [${x.shape.join(", ")}]${x instanceof Parameter ? x.requiresGrad ? "" : " frozen" : ` ${x.dtype} state`}`
  );
  const count = own.reduce((n, [, x]) => x instanceof Parameter ? n + x.size : n, 0);
  const row = [path, module.constructor.name, list.join(", "), count.toLocaleString("en-US")];
  const inside = parts.flatMap(([name, x]) => x instanceof Module ? rowsOf(path ? `${path}.${name}` : name, x) : []);
  return own.length > 0 ? [row, ...inside] : inside;
}

/** A module as a table of its layers. */
function summaryOf(module: Module): string {
  // Throws where it holds itself, before its rows are looked for without end.
  const head = module.toString();
  const rows = rowsOf("", module);
  const widths = [0, 1, 2, 3].map((i) => Math.max(0, ...rows.map((row) => row[i]!.length)));
  const lines = rows.map((row) => row.map((x, i) => i === 3 ? x.padStart(widths[i]!) : x.padEnd(widths[i]!)));
  return [head, ...lines.map((line) => `  ${line.filter((_, i) => widths[i]! > 0).join("  ")}`)].join("\n");
}

const prefix = kind.optional(kind.text);
takeOnly(Module, {
  stateDict: { prefix },
  loadStateDict: loadParameters,
  namedVariables: { prefix },
  namedParameters: { prefix },
  train: { mode: kind.optional(kind.boolean) },
}, ["stateEntries"]);
refuseNames(Module.prototype, "a module", "Module methods");

const takesFrozen = signature("frozen()", { module: kind.stateful });
const takesLate = signature("joinsLater()", { module: kind.stateful });

/**
 * Declares that the parameters of a module are not to learn: `backward()` gives them no gradient, optimisers leave them as they
 * are, the audit is content. Gives the module.
 */
export function frozen<T extends Stateful>(module: T): T {
  takesFrozen(arguments);
  for (const variable of module.variables()) if (variable instanceof Parameter) variable.requiresGrad = false;
  return module;
}

/**
 * Declares that the parameters of a module learn from a loss that comes later: an auxiliary head, an expert that may be idle, an
 * actor while its critic is warmed up. Until then `step()` leaves them as they are without a word. Gives the module.
 *
 * @example
 * ```ts
 * import { Adam, HostRandom, joinsLater, Linear, tensor } from "@plumbline/plumbline";
 *
 * const random = new HostRandom(0);
 * const head = new Linear(2, 1, random), auxiliary = joinsLater(new Linear(2, 1, random));
 * const optimizer = new Adam([...head.parameters(), ...auxiliary.parameters()], { lr: 1e-2 });
 * head.forward(tensor([[1, 2]])).square().sum().backward();
 * optimizer.step(); // the auxiliary head stays as it is
 * ```
 */
export function joinsLater<T extends Stateful>(module: T): T {
  takesLate(arguments);
  for (const variable of module.variables()) if (variable instanceof Parameter) variable.joinsLater = true;
  return module;
}

function named(path: string, value: unknown): [string, Variable][] {
  if (value instanceof Variable) return [[path, value]];
  if (value instanceof Generator) return [[`${path}.key`, value.key]];
  if (value instanceof Module) return value.namedVariables(`${path}.`);
  if (Array.isArray(value)) return within(value, path, () => value.flatMap((x, i) => named(`${path}.${i}`, x)));
  return [];
}
