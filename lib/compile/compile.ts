/**
 * compile(): a function is traced once, and its program replayed. What changes between replays is named as state:
 * parameters, optimisers, random generators. Arguments are tensors, or numbers, which become scalars.
 */

import { guardSinks, screen, type Sink } from "../forensics/nonfinite/sinks.ts";
import { type SinkOutput, sinksOf, StepRunner } from "../forensics/nonfinite/step.ts";
import { adopt, type Argument, argument, type Call, callOf } from "./call.ts";
import { learnedSince, Results } from "./lineage.ts";
import { Programs } from "./programs.ts";
import { refuseForeign } from "./refuse.ts";
import { type Given, nothing, type Traced, Tracer, type Traces } from "./tracer.ts";
import { pathsOf, restoreState, savedArguments, stateName } from "./replay.ts";
import { madeFrom } from "../forensics/reads/drops.ts";
import { isCheapAgain, warnOfFixedKey } from "../forensics/reads/frozen.ts";
import type { LeftOpen, OpenQuestion } from "../forensics/steps/first_step.ts";
import { noteReplay, stepCount } from "../forensics/steps/losses.ts";
import { hasFirstSteps, keepBefore, lookAtFirstSteps, warnOfZeros } from "../forensics/steps/zero_step.ts";
import { saysStateIsKept } from "../graph/error.ts";
import { rememberFunction } from "../graph/cell.ts";
import { constant, type Node, nodeCount, placeholder, topological } from "../graph/node.ts";
import { simplify } from "../graph/simplify.ts";
import { callerSite, Places, type Site, withSite } from "../graph/site.ts";
import { refuseGone } from "../graph/pending.ts";
import { Storage } from "../graph/storage.ts";
import { assigningForAll, WaitingCall } from "../graph/waiting.ts";
import type { SavedTensor } from "../graph/types.ts";
import { signature } from "../graph/arguments.ts";
import * as kind from "../tensor/kinds.ts";
import { awaited } from "../tensor/awaited.ts";
import { State } from "../tensor/state.ts";
import { Tensor } from "../tensor/tensor.ts";
import { leaves, rebuildTree, type Tree } from "../tensor/tree.ts";
import type { Stateful, Variable } from "../tensor/variable.ts";
import type { Executable } from "../engine/engine.ts";
import { refuseTooLarge } from "../engine/limits.ts";
import { enqueue, evaluateNow } from "../tensor/evaluate.ts";
import { evaluateAssigned, isSettled, settleCompiled } from "../tensor/settle.ts";
import { currentEngine } from "../engine/select.ts";

/** Settings of {@linkcode compile}. */
export interface CompileOptions {
  /** Everything that the function changes, and every parameter that it reads. */
  state?: Stateful | readonly Stateful[];
  /** For messages. */
  name?: string;
  /**
   * `false`: what it assigns and returns may be NaN or infinite. `true`: what it returns may not, even if it assigns nothing;
   * the results of such a function are otherwise its caller's.
   */
  checkNumerics?: boolean;
  /** How many programs are kept, those used last: one for each form of the arguments. 16 unless told otherwise. */
  programs?: number;
}

/** A compiled function. */
export interface Compiled<A extends readonly Argument[], R extends Tree | void> {
  (...args: A): Promise<R>;
  /** Why each trace was made: the first call, then every call whose arguments had other shapes or dtypes. */
  readonly traces: readonly string[];
  /** The programs as printable data. */
  listing(): string[];
  /** Runs a step that failed again, from what it was given: puts its state into the variables and calls the function. */
  replay(saved: Readonly<Record<string, SavedTensor>>): Promise<R>;
  /** Gives back what the engine holds. */
  dispose(): void;
}

interface Program {
  readonly executable: Executable;
  /** Runs it, under watch if it has sinks. */
  readonly runner: Pick<Executable, "run" | "dispose">;
  readonly captured: readonly Node[];
  readonly roots: readonly Variable[];
  /** Indices into `roots` of those that the function assigns. */
  readonly assigned: readonly number[];
  readonly result: Tree;
  /** The nodes of the tensors of `result`. */
  readonly resultNodes: readonly Node[];
  /** Where each of `assigned` was assigned. */
  readonly sites: readonly Site[];
  /** Where its results come from. */
  readonly results: Results;
  /** Who learns from it. */
  readonly learned: readonly object[];
  /** What its steps left open: whether another function's loss reaches the parameters that its own does not. */
  questions: OpenQuestion[];
  /** Until it has run: the first steps of its optimisers, and what was traced in the place of arguments and state. */
  first: Pick<LeftOpen, "steps"> & { readonly given: readonly Node[] } | null;
  /** What `roots` were when it was traced. */
  readonly layout: number;
  /** Until the second call: traces again, and refuses what the host has changed since the first. */
  compare: (() => void) | null;
}

/** One number for the layouts of all roots and of the parameters in them. */
function layoutOf(roots: readonly Variable[]): number {
  let mixed = 0;
  for (const root of roots) {
    mixed = (31 * mixed + root.layout) | 0;
    for (const part of root.parts) mixed = (31 * mixed + part.layout) | 0;
  }
  return mixed;
}

const isOutdated = ({ layout, roots }: Program): boolean => layout !== layoutOf(roots);

/** What a function without a name is called. */
const nameless = "a compiled function";

/** Whether a question may still be answered by a later call. Throws if it may not, and was not. */
function stillOpen(question: OpenQuestion): boolean {
  if (question.calls-- > 0) return true;
  question.ask();
  return false;
}

class Compiler<A extends readonly Argument[], R extends Tree | void> {
  readonly traces: string[] = [];
  readonly programs: Programs<Program>;
  readonly tracer: Tracer;

  constructor(
    fn: (...args: A) => R,
    readonly named: Stateful | readonly Stateful[] | undefined,
    readonly name: string,
    readonly checked: boolean | undefined,
    readonly compiledAt: Site,
    most: number,
  ) {
    this.programs = new Programs(most, name, compiledAt);
    this.programs.belongTo(this);
    this.tracer = new Tracer(
      fn as unknown as (...args: readonly Tree[]) => unknown,
      name,
      () => this.#label,
      compiledAt,
    );
  }

  /** Puts the state of a saved step into the variables; gives its arguments. */
  restore(saved: Readonly<Record<string, SavedTensor>>): Call {
    restoreState(saved, new State(this.named).roots);
    return callOf(savedArguments(saved));
  }

  /** Calls the function in its turn. Where the call stands is asked for only if the function is going to be traced. */
  async start(args: A): Promise<R> {
    const call = callOf(args);
    const program = this.programs.peek(call.signature);
    const isCurrent = program !== undefined && !isOutdated(program);
    const site = isCurrent ? this.compiledAt : callerSite();
    const waiting = new WaitingCall(isCurrent ? program.roots : new State(this.named).roots);
    try {
      return await enqueue(() => this.#call(call, site, waiting));
    } finally {
      waiting.end();
    }
  }

  /** Calls it in its turn as a saved step did. */
  async replay(saved: Readonly<Record<string, SavedTensor>>): Promise<R> {
    const site = callerSite();
    const waiting = new WaitingCall([]);
    try {
      return await enqueue(() => this.#call(assigningForAll(() => this.restore(saved)), site, waiting));
    } finally {
      waiting.end();
    }
  }

  async #call({ tree, signature }: Call, site: Site, waiting: WaitingCall): Promise<R> {
    const tensors = leaves(tree);
    const program = this.#current(signature) ?? await this.#build(tree, signature, site);
    if (program.questions.length > 0) program.questions = program.questions.filter(stillOpen);
    const state = program.roots.map((x) => waiting.nodeOf(x));
    const nodes = [...tensors.map((x) => x.node), ...state, ...program.captured];
    if (program.runner instanceof StepRunner && program.runner.isFull) await settleCompiled();
    if (!isSettled(nodes)) await evaluateAssigned(nodes);
    if (hasFirstSteps()) await lookAtFirstSteps(evaluateNow);
    if (program.first) await keepBefore(program.first.steps);
    for (const x of nodes) refuseGone(x);
    let values: Storage[];
    try {
      values = await program.runner.run(nodes.map((x) => x.value!));
    } catch (error) {
      throw program.assigned.length === 0 ? error : saysStateIsKept(error);
    }
    program.assigned.forEach((index, i) => {
      withSite(program.sites[i]!, () => adopt(program.roots[index]!, values[i]!, waiting));
      // Also where the engine keeps it for a while, to look for what went wrong: who asks for it gets the same everywhere.
      state[index]!.value = Storage.gone(values[i]!.dtype, values[i]!.size);
    });
    if (program.first) await this.#lookAt(program, nodes);
    if (program.learned.length > 0) noteReplay(program.learned);
    const results = values.slice(program.assigned.length);
    return this.#wrap(program, results, tensors);
  }

  /** After the first run: whether gradients are zero, with the state as it is now. */
  async #lookAt(program: Program, nodes: readonly Node[]): Promise<void> {
    const { steps, given } = program.first!;
    program.first = null;
    const start = nodes.length - program.captured.length - program.roots.length;
    const known = new Map(given.map((x, i) => [x, program.roots[i - start]?.node ?? nodes[i]!]));
    for (const step of steps) await warnOfZeros(step, () => known, evaluateNow);
  }

  #wrap({ result, resultNodes, results }: Program, values: readonly Storage[], given: readonly Tensor[]): R {
    if (result === nothing) return undefined as R;
    const drops = results.dropsOf(given.map((x) => x.node));
    const tensors = resultNodes.map((x, i) => {
      const node = withSite(x.site, () => constant(x, values[i]!));
      const drop = drops[i];
      if (drop) madeFrom(node, drop);
      return new Tensor(node);
    });
    return rebuildTree(result, tensors.values()) as R;
  }

  /** The name for messages: its own, or that of the variable that it was given to. */
  get #label(): string {
    const name = this.name === nameless ? this.compiledAt.assignedName : this.name;
    return name === null ? nameless : `\`${name}\``;
  }

  /** The program of a signature, if there is one and it is not outdated. */
  #current(signature: string): Program | undefined {
    const program = this.programs.get(signature);
    if (!program || isOutdated(program)) return undefined;
    program.compare?.();
    program.compare = null;
    return program;
  }

  async #build(tree: Tree, signature: string, site: Site): Promise<Program> {
    const outdated = this.programs.get(signature);
    if (outdated) {
      await settleCompiled();
      outdated.runner.dispose();
    }
    // Not before: an optimiser made after compile() takes over the numbers of its parameters.
    const own = new State(this.named);
    const { roots } = own;
    const before = stepCount();
    const inputs = withSite(site, () => leaves(tree).map((x) => placeholder(x.node)));
    const state = roots.map((x) => placeholder(x.node, x.name));
    const nodes = nodeCount();
    const given = { tree, inputs, own, state, site, places: new Places() };
    const traced = this.tracer.trace(given);
    const { assigned, result, left } = traced;
    const compare = isCheapAgain(nodes) ? () => this.tracer.compare(traced, given) : null;
    if (compare) this.tracer.compare(traced, given, true);
    if (assigned.length > 0) warnOfFixedKey(traced.outputs, this.#label, nodes);
    const made = await this.#make(given, traced);
    const learned = learnedSince(roots, before);
    const first = left.steps.length > 0 ? { steps: left.steps, given: [...inputs, ...state, ...made.captured] } : null;
    const built: Program = {
      ...made,
      roots,
      assigned,
      result,
      resultNodes: leaves(result).map((x) => x.node),
      sites: assigned.map((_, i) => traced.outputs[i]!.site),
      results: new Results(result, inputs, () => this.#label, learned.length > 0),
      learned,
      questions: left.questions,
      first,
      layout: layoutOf(roots),
      compare,
    };
    // The values that it gives have these lines, and outlive it.
    for (const { site } of traced.outputs) site.settle();
    this.traces.push(`${this.#reason(signature)} ${signature}`);
    this.programs.set(signature, built);
    return built;
  }

  /** Makes a program of what was traced, under watch if it has sinks. */
  async #make({ tree, inputs, own: { roots }, state }: Given, traced: Traces) {
    const { assigned } = traced;
    const engine = await currentEngine();
    // ONNX Runtime refuses indices by itself.
    const guards = engine.name === "webgpu" ? guardSinks(traced.outputs) : [];
    const noted = [...traced.noted, ...guards];
    const sinks = this.#sinks(traced, roots, noted);
    const watched = sinks.length === 0 ? [] : [...noted.map((x) => x.node), screen(sinks.map((x) => x.sink))];
    const outputs = simplify([...traced.outputs, ...watched]);
    const open = new Set([...inputs, ...state]);
    const captured = topological(outputs).filter((x) => x.op === "input" && !open.has(x));
    captured.forEach((x) => refuseForeign(x, this.name));
    const given = [...inputs, ...state, ...captured];
    const donated = new Map(assigned.map((root, i) => [i, inputs.length + root]));
    refuseTooLarge(outputs, engine.name === "cpu");
    const executable = await engine.compile({ inputs: given, outputs, donated });
    if (sinks.length === 0) return { executable, runner: executable, captured };
    const names = [...pathsOf(tree, "argument"), ...roots.map((x, i) => stateName(i, x))];
    const runner = new StepRunner({
      name: this.name,
      engine,
      executable,
      inputs: given,
      inputNames: given.map((_, i) => names[i] ?? null),
      donated,
      sinks,
      screen: outputs.length - 1,
      restore: (values) => {
        for (const root of assigned) {
          if (roots[root]!.node.value?.isVoid) roots[root]!.adopt(values[inputs.length + root]!);
        }
      },
    });
    return { executable, runner, captured };
  }

  /** Why a program is made for `signature`. */
  #reason(signature: string): string {
    if (this.traces.length === 0) return "first call with";
    return this.programs.peek(signature) ? "another way of its optimisers or layers, with" : "new arguments";
  }

  #sinks({ result, assigned, outputs }: Traced, roots: readonly Variable[], noted: readonly Sink[]): SinkOutput[] {
    if (this.checked === false) return [];
    const paths = pathsOf(result, "the result").map((x) => {
      const [whole, ...path] = x.split("/");
      return path.length === 0 ? whole! : `${whole} \`${path.join(".")}\``;
    });
    return sinksOf({
      assigned: assigned.map((index, i) => ({ variable: roots[index]!, node: outputs[i]! })),
      returned: leaves(result).map(({ node }, i) => ({ name: paths[i]!, node })),
      noted,
      always: this.checked === true,
    });
  }
}

const takesCompile = signature("compile()", {
  fn: kind.callable,
  options: kind.options<CompileOptions>({
    state: kind.state,
    name: kind.text,
    checkNumerics: kind.boolean,
    programs: kind.number,
  }),
});

/**
 * Traces `fn` at the first call and replays it from then on; other argument shapes are traced again (see `traces`), and the
 * programs used last are kept: see {@linkcode padBatch} for batches of many lengths. Inside `fn` a tensor has no numbers: reading,
 * branching on or iterating one throws.
 *
 * @example
 * ```ts
 * import { compile, tensor, Variable } from "@plumbline/plumbline";
 *
 * const count = new Variable(tensor(0), "count");
 * const step = compile((x) => {
 *   count.assign(count.add(x));
 *   return count.mul(10);
 * }, { state: count });
 * console.log(await (await step(1)).item(), await (await step(2)).item()); // 10 30
 * ```
 *
 * @throws PlumblineError (when called) G102 to G104 for values used while tracing, G203 for state that was not named.
 */
export function compile<R extends Tree | void>(
  fn: (...args: Tensor[]) => R,
  options?: CompileOptions,
): Compiled<(Tensor | number)[], R>;
/** As above, for a function whose arguments are trees of tensors: say their types. */
export function compile<P extends readonly Tree[], R extends Tree | void>(
  fn: (...args: P) => R,
  options?: CompileOptions,
): Compiled<{ [K in keyof P]: P[K] extends Tensor ? P[K] | number : P[K] }, R>;
export function compile<A extends readonly Argument[], R extends Tree | void>(
  fn: (...args: never[]) => R,
  options: CompileOptions = {},
): Compiled<A, R> {
  takesCompile(arguments);
  const { name = fn.name || nameless, checkNumerics, programs = 16 } = options;
  // What is named is named now; what it holds is looked at when it is called.
  const state = Array.isArray(options.state) ? [...options.state as readonly Stateful[]] : options.state;
  if (!Number.isInteger(programs) || programs < 1) {
    throw new RangeError(`compile() keeps a whole number of programs, at least 1, not ${programs}.`);
  }
  const traced = rememberFunction(fn) as unknown as (...args: A) => R;
  const compiler = new Compiler<A, R>(traced, state, name, checkNumerics, callerSite(), programs);
  const takes = signature(fn.name || options.name ? `${name}()` : name, { "..arguments": argument });
  return Object.assign((...args: A) => {
    takes(args);
    return awaited(compiler.start(args), "a call of a compiled function");
  }, {
    traces: compiler.traces as readonly string[],
    listing: () => compiler.programs.all().flatMap((x) => x.executable.listing()),
    replay: (saved: Readonly<Record<string, SavedTensor>>) => compiler.replay(saved),
    dispose: () => compiler.programs.clear(),
  });
}
