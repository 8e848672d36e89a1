/**
 * Turns of the event loop. What a weak reference is made of, or gives, JavaScript keeps until the program comes back to the event loop,
 * and a loop that awaits only what this thread computes never does. So every so often a computation waits for a turn, after as much
 * work each time, whatever the clock says: the same program takes its turns at the same places.
 */

import { nodeCount } from "../graph/node.ts";
import { numbersMade } from "../graph/storage.ts";

/** So many nodes, of which weak references may keep the graphs, and so many numbers, in values that they may keep. */
const mostNodes = 8192;
const mostNumbers = 2 ** 24;

let nodes = 0;
let numbers = 0;

/** Waits until the event loop has done what it has to do: timers and the like, too. */
export function turn(): Promise<void> {
  [nodes, numbers] = [nodeCount(), numbersMade()];
  // A function of our own: bare native ones are Dawn's, and paced.
  return new Promise((resolve) => setImmediate(() => resolve()));
}

/** Whether so much was made since the last turn that it is time for one. */
export function isTurnDue(): boolean {
  return nodeCount() - nodes >= mostNodes || numbersMade() - numbers >= mostNumbers;
}
