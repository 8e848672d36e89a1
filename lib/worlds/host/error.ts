/** What goes wrong in simulations: on whichever thread, the user gets a sentence with the environment's number. */

/** A failure, as threads tell it to each other. */
export interface Failure {
  /** The number of the environment; null where it is about all of them. */
  readonly environment: number | null;
  /** The sentence. */
  readonly message: string;
  /** The stack of what was thrown on the thread, if anything was. */
  readonly stack: string | null;
}

/** A simulation on the host failed, or the worker that stepped it. */
export class SimulationError extends Error {
  /** The number of the environment; null where it is about all of them. */
  readonly environment: number | null;

  /** The sentence; `cause` is what the simulation threw, with its stack. */
  constructor({ environment, message, stack }: Failure) {
    super(message, stack === null ? {} : { cause: causeOf(stack) });
    this.name = "SimulationError";
    this.environment = environment;
  }
}

/** What was thrown on another thread, with the stack that it had there. */
function causeOf(stack: string): Error {
  const cause = new Error(stack.split("\n")[0]);
  cause.stack = stack;
  return cause;
}
