/**
 * Where a part of a program, which somebody else computes, finds what it reads and puts what it gives: in the program's memory,
 * where it is, or in arrays of their own if no kernel touches an input or output.
 */

import type { Node } from "../../graph/node.ts";
import { allocate, sizeOf, type TypedArray } from "../../graph/types.ts";
import { evaluate } from "../fused/ix.ts";
import type { Place } from "../fused/place.ts";
import type { Heap } from "./heap.ts";
import { sideName } from "./kernels.ts";
import { readNumbers, type Side, writeNumbers } from "./state.ts";

/** The arrays of a run outside of the program's memory, and which place of the state is read. */
export interface Arrays {
  readonly side: Side;
  readonly inputs: readonly (TypedArray | null)[];
  readonly outputs: readonly (TypedArray | null)[];
}

/** A value that a part reads or gives, at the steps of the loops around: a step and its parity for each. */
export interface Port {
  /** The array to read or to write. */
  open(arrays: Arrays, steps: readonly number[]): TypedArray;
  /** Called when an array has been written. Truths are words in the program's memory, and bytes in arrays. */
  close(array: TypedArray, arrays: Arrays, steps: readonly number[]): void;
}

function firstOf({ base }: Place, side: Side, steps: readonly number[]): number {
  return evaluate(base, (name) => {
    if (name === sideName) return side;
    return steps[2 * Number(name.slice(1)) + (name[0] === "t" ? 0 : 1)]!;
  });
}

/** A value in the program's memory, of which `start` is the number of the first element. */
export function portInside({ dtype, shape }: Node, place: Place, start: number, heap: Heap, isRead: boolean): Port {
  const size = sizeOf(shape);
  const at = ({ side }: Arrays, steps: readonly number[]): number => start + firstOf(place, side, steps);
  if (dtype === "bool") {
    return {
      open: (...now) => isRead ? readNumbers(heap, dtype, at(...now), size) : allocate(dtype, size),
      close: (array, ...now) => writeNumbers(heap, dtype, array, at(...now)),
    };
  }
  return {
    open(...now) {
      const first = at(...now);
      return heap.views()[dtype].subarray(first, first + size);
    },
    close() {},
  };
}

/** A value in the array of an input or output. */
export function portOutside({ shape }: Node, place: Place, kind: "input" | "output", index: number): Port {
  const size = sizeOf(shape);
  // State that no kernel touches is in two arrays, each of which begins where it would be on its side.
  const side: Side = kind === "input" ? 0 : 1;
  return {
    open(arrays, steps) {
      const array = (kind === "input" ? arrays.inputs : arrays.outputs)[index]!;
      const first = firstOf(place, side, steps);
      return array.length === size ? array : array.subarray(first, first + size);
    },
    close() {},
  };
}
