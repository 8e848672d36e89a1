/**
 * Finds and opens a GPU. Adapters are probed in a child process first: a driver that crashes or hangs while it lists its
 * devices costs the child, not the run.
 */

import { signature } from "../../graph/arguments.ts";
import { listOf, number, optional, text } from "../../graph/kinds.ts";
import { type AdapterFacts, createGpu, describeAdapter, requestAdapter, requestDevice } from "./dawn.ts";
import type { Found } from "./probe.ts";

export type { AdapterFacts };

/** What the machine has. */
export interface Probe {
  /** The hardware adapter, if there is one that works. */
  hardware: AdapterFacts | null;
  /** The adapter that computes on the CPU, if there is one that works. */
  software: AdapterFacts | null;
  /** If the probe itself failed: a sentence that says how. Both adapters are null then. */
  problem: string | null;
}

/** A device, open. */
export interface OpenDevice {
  /** The device, with all limits of its adapter and, where it has them, shader-f16, subgroups and timestamp-query. */
  device: GPUDevice;
  /** The adapter as its driver names it. */
  name: string;
  /** Whether it computes on the CPU. */
  software: boolean;
}

/** Time limit of a probe in milliseconds: a cold driver takes three seconds on some machines. */
const probeTimeout = 15_000;

/** How long a killed probe has to go, in milliseconds. */
const graceTime = 1_000;

/** The program and arguments that print the probe's line of JSON. */
function probeCommand(): string[] {
  // The child is told where Dawn lies: started inside a package for npm, it would not find the packages beside it.
  const dawn = import.meta.resolve("npm:webgpu@0.6.2");
  const module = import.meta.resolve("./probe.ts");
  const program = `import { create } from "${dawn}"; import { probe } from "${module}"; await probe(create);`;
  return [Deno.execPath(), "eval", "--quiet", "--no-config", "--no-lock", program];
}

const takesProbe = signature("probeAdapters()", {
  timeoutMs: optional(number),
  command: optional(listOf(text, "a program and its arguments")),
});

/**
 * Asks a child process which adapters there are and lets one of them copy a few bytes. A crash, a hang beyond `timeoutMs` or an answer
 * that cannot be read becomes the sentence `problem`.
 *
 * @throws RangeError if `timeoutMs` is no number above 0 that a timer waits: 24 days at most.
 */
export async function probeAdapters(
  timeoutMs: number = probeTimeout,
  command: readonly string[] = probeCommand(),
): Promise<Probe> {
  takesProbe(arguments);
  if (!(timeoutMs > 0 && timeoutMs < 2 ** 31)) {
    throw new RangeError(
      `probeAdapters(): timeoutMs is ${timeoutMs}, which no timer waits: give milliseconds above 0.`,
    );
  }
  const failed = (problem: string): Probe => ({ hardware: null, software: null, problem });
  // Deno.execPath() of a compiled program is that program: the child would start the run again.
  if (Deno.build.standalone) return failed("Adapters cannot be probed from a program made by `deno compile`.");
  const [program, ...args] = command;
  if (program === undefined) return failed("The command that probes for GPU adapters is empty.");
  const started = start(program, args);
  if (started instanceof Error) return failed(`Adapters could not be probed: ${started.message}.`);
  const answer = started.output();
  if (await within(answer, timeoutMs) === null) {
    end(started);
    // A process that hangs inside the kernel cannot be killed: then it is left behind.
    if (await within(answer, graceTime) === null) started.unref();
    return failed(`The GPU driver did not answer within ${timeoutMs / 1000} s; the process that asked it was stopped.`);
  }
  const { code, signal, stdout, stderr } = await answer;
  const text = new TextDecoder();
  if (code !== 0) {
    const last = text.decode(stderr).trim().split("\n").at(-1)?.trim() ?? "";
    return failed(
      `The GPU driver crashed while it was asked for adapters (${signal ?? `exit code ${code}`})${last && `: ${last}`}`,
    );
  }
  return parseProbe(text.decode(stdout)) ??
    failed("The process that probes for GPU adapters gave no answer that can be read.");
}

/** Ends a process that may have ended meanwhile, of which Deno makes a TypeError. */
function end(process: Deno.ChildProcess): void {
  try {
    process.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

function start(program: string, args: string[]): Deno.ChildProcess | Error {
  try {
    return new Deno.Command(program, { args, stdin: "null", stdout: "piped", stderr: "piped" }).spawn();
  } catch (error) {
    return error as Error;
  }
}

/** The result of `promise`, or null if it takes longer than `timeoutMs`. */
async function within<T>(promise: Promise<T>, timeoutMs: number): Promise<T | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<null>((resolve) => timer = setTimeout(() => resolve(null), timeoutMs));
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** Drivers write to the standard output too: the answer is the line that is an object. */
function parseProbe(output: string): Probe | null {
  const line = output.split("\n").findLast((line) => line.startsWith('{"hardware":'));
  if (line === undefined) return null;
  try {
    return { ...JSON.parse(line) as Found, problem: null };
  } catch {
    return null; // Cut off: the caller says that there is no answer.
  }
}

/**
 * Opens the hardware adapter; if there is none and `software` is set, the one that computes on the CPU. Adapters are probed
 * unless `probe` says what there is. Throws a sentence if there is no adapter, if only a software adapter is there and it was
 * not asked for, and if the probe failed.
 */
export async function openDevice(options: { software: boolean; probe?: Probe | null }): Promise<OpenDevice> {
  const probe = options.probe ?? await probeAdapters();
  const facts = probe.hardware ?? (options.software ? probe.software : null);
  if (facts === null) throw new Error(whyNone(probe));
  const adapter = await requestAdapter(await createGpu(facts.software), facts.software);
  if (adapter === null) throw new Error(`The adapter ${facts.name} was found by a probe but could not be opened.`);
  return { device: await requestDevice(adapter), ...describeAdapter(adapter) };
}

function whyNone({ problem, software }: Probe): string {
  if (problem !== null) return problem;
  if (software === null) {
    return "There is no GPU adapter on this machine: Dawn found no driver of Vulkan, Metal or Direct3D.";
  }
  return `There is no hardware GPU on this machine, only the software adapter ${software.name}, which is used when it is ` +
    "asked for.";
}
