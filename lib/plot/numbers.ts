/** What charts over time are made of: numbers in a list or a typed array. */

import { type Kind, kindOf } from "../graph/kinds.ts";

/** Numbers, NaN and infinities too. */
export const numbers: Kind = kindOf(
  "a list of numbers, or a typed array",
  (x) => (Array.isArray(x) && x.every((y) => typeof y === "number")) || (ArrayBuffer.isView(x) && "length" in x),
);
