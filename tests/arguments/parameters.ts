/** How the tables of wrong calls are written: a parameter is a right value and wrong ones. */

import { type Tensor, tensor } from "../../mod.ts";

/** One parameter of a call. */
export interface Parameter {
  readonly right: unknown;
  readonly wrong: readonly unknown[];
  /** Whether it may be left out. */
  readonly optional: boolean;
}

/** A call by its name, with its parameters in order. A last parameter that is `many` takes all that are left. */
export interface Call {
  readonly name: string;
  // deno-lint-ignore no-explicit-any
  readonly call: (...args: any[]) => unknown;
  readonly parameters: readonly Parameter[];
  readonly many: boolean;
}

/** A promise that has failed, and that nobody handles: who refuses it must handle it. */
export class Late {
  /** A fresh one. */
  static make(): Promise<number> {
    return Promise.reject(new Error("nobody should see this"));
  }
}

/** Any tensor. */
const some: Tensor = tensor([1, 2]);

const of = (right: unknown, ...wrong: unknown[]): Parameter => ({ right, wrong: [Late, ...wrong], optional: false });

/** A parameter that may be left out. */
export const maybe = (parameter: Parameter): Parameter => ({ ...parameter, optional: true });
/** Of some kind of its own. */
export const own = of;
export const aTensor = (right: unknown): Parameter => of(right, null, 3, true, "x", [1, 2], {}, () => 1, new Date(0));
export const tensorOrNumber = (right: unknown): Parameter => of(right, null, "3", [1, 2], {}, () => 1, 3n);
export const aNumber = (right: unknown): Parameter => of(right, null, "1", [1], {}, true, some, 3n);
export const wholeNumber = (right: unknown): Parameter => of(right, null, "1", 1.5, NaN, [1], {}, true, some);
export const truth = (right: unknown): Parameter => of(right, null, 1, "true", [], { keepDim: true }, some);
export const words = (right: unknown): Parameter => of(right, null, 3, true, ["a"], {}, some);
export const anAxis = (right: unknown): Parameter => of(right, null, 0.5, NaN, true, [0], {}, some);
export const someAxes = (right: unknown): Parameter => of(right, null, 0.5, true, [0.5], [null], {}, some);
export const aShape = (right: unknown): Parameter => of(right, null, 2, "2", [-1], [1.5], ["2"], {}, some);
export const aFunction = (right: unknown): Parameter => of(right, null, 3, "x", [], {}, some);
export const aList = (right: unknown, ...wrong: unknown[]): Parameter =>
  of(right, null, 3, "x", {}, some, [null], [{}], ...wrong);
/** Options by name: `wrong` are others than these. */
export const options = (right: object, ...wrong: unknown[]): Parameter =>
  maybe(of(right, null, 3, "x", true, [1], () => 1, some, { ...right, strange: 1 }, ...wrong));

// deno-lint-ignore no-explicit-any
type Callable = (...args: any[]) => unknown;

/** A call that takes these parameters. */
export const calls = (name: string, call: Callable, ...parameters: readonly Parameter[]): Call => {
  return { name, call, parameters, many: false };
};

/** A call whose last parameter may be given many times. */
export const callsMany = (name: string, call: Callable, ...parameters: readonly Parameter[]): Call => {
  return { name, call, parameters, many: true };
};

/** The arguments of one wrong call, in words and as values. */
export interface Wrong {
  readonly what: string;
  readonly args: readonly unknown[];
  readonly isPromise: boolean;
}

/** All wrong calls that follow: one argument too many, one too few, one of another kind. */
export function wrongCalls({ parameters, many }: Call): Wrong[] {
  const right = parameters.map((x) => x.right);
  const required = parameters.filter((x) => !x.optional).length;
  const surplus: Wrong[] = many ? [] : [42, "more", {}].map((more) => ({
    what: `one more, ${JSON.stringify(more)}`,
    args: [...right, more],
    isPromise: false,
  }));
  const missing: Wrong[] = Array.from({ length: required }, (_, i) => ({
    what: `${i} arguments`,
    args: right.slice(0, i),
    isPromise: false,
  }));
  const other = parameters.flatMap((parameter, i) =>
    parameter.wrong.map((wrong): Wrong => ({
      what: `argument ${i} ${wrong === Late ? "a promise" : told(wrong)}`,
      args: right.map((x, k) => k !== i ? x : wrong === Late ? Late.make() : wrong),
      isPromise: wrong === Late,
    }))
  );
  return [...surplus, ...missing, ...other];
}

function told(x: unknown): string {
  return typeof x === "function" ? "a function" : typeof x === "bigint" ? `${x}n` : String(Deno.inspect(x)).slice(0, 60);
}
