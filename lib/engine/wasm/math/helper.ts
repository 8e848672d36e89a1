/** How a helper function is written, and how it becomes the body of one. */

import { Code } from "../encoder.ts";
import { type Integers, type Vector, Vector as At, Writer } from "./value.ts";

/** What a function gives. */
export interface Formula {
  readonly result: Vector;
  /** Another value where `where` is set. If it is nowhere, it is not computed. */
  readonly rare?: { readonly where: Integers; readonly value: Vector };
}

/** A function of vectors. */
export interface Helper {
  /** How many arguments it takes. */
  readonly arity: number;
  readonly formula: (...args: Vector[]) => Formula;
}

/** The function that `helper` describes. */
export function written({ arity, formula }: Helper): Code {
  const code = new Code(Array(arity).fill("v128"), ["v128"]);
  const { result, rare } = formula(...Array.from({ length: arity }, (_, i) => At.at(i)));
  const writer = new Writer(code);
  writer.push(result);
  if (!rare) return code;
  const found = code.local("v128");
  code.set(found);
  writer.push(rare.where);
  code.op("v128.any_true").if(() => {
    const branch = writer.branch();
    branch.push(rare.value);
    code.get(found);
    branch.push(rare.where);
    code.op("v128.bitselect").set(found);
  });
  code.get(found);
  return code;
}
