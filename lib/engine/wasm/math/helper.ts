/** How a helper function is written, and how it becomes the body of one. */

import { Code } from "../encoder.ts";
import { type Integers, Vector, Writer } from "./value.ts";

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
  const { result, rare } = formula(...Array.from({ length: arity }, (_, i) => Vector.at(i)));
  const writer = new Writer(code, rare ? [result, rare.where, rare.value, rare.where] : [result]);
  writer.push(result);
  if (!rare) return code;
  const found = code.local("v128");
  code.set(found);
  writer.push(rare.where);
  code.op("v128.any_true");
  writer.if(() => {
    writer.push(rare.value);
    code.get(found);
    writer.push(rare.where);
    code.op("v128.bitselect").set(found);
  });
  return code.get(found);
}
