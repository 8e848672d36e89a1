/** Pauses of a computation in which signals are heard. */

/** Milliseconds between two pauses. A pause takes two. */
const interval = 500;

/**
 * A function to await between computations. ONNX Runtime computes on the thread of the event loop, and what awaits one of its
 * runs after another comes back before Deno has looked for signals: Ctrl-C would be heard when all is done. Only a timer makes
 * it look.
 */
export function pauses(now: () => number = () => performance.now()): () => Promise<void> {
  let last = -Infinity;
  return async () => {
    if (now() - last < interval) return;
    await new Promise((resolve) => setTimeout(resolve));
    last = now();
  };
}
