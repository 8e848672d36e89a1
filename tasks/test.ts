/**
 * `deno task test`: format, lint, types, documentation, tests; on a fresh machine it gets a software Vulkan
 * first, so that both engines are tested. Ends with the line `N passed, N failed`.
 *
 * `deno task test tests/foo_test.ts --filter bar` runs only that; `--without-webgpu` leaves the WebGPU engine out.
 */

import { probeAdapters } from "../lib/engine/webgpu/adapter.ts";
import { install as installSlurm } from "../tests/slurm/cluster.ts";
import { ensureVulkan } from "../tests/software_vulkan.ts";
import { writePrograms } from "./jupyter/programs.ts";
import { listNotebooks } from "./notebooks.ts";
import { writeRooms } from "./rooms.ts";

/** How many tests of a section passed and failed. */
interface Count {
  passed: number;
  failed: number;
}

const encoder = new TextEncoder();
const environment: Record<string, string> = {
  ...(Deno.stdout.isTerminal() ? { FORCE_COLOR: "1" } : { NO_COLOR: "1" }),
  // One file more than there are cores: some wait for a process that they watch.
  DENO_JOBS: String(navigator.hardwareConcurrency + 1),
};

function title(text: string): void {
  console.log(`\n=== ${text} ${"=".repeat(Math.max(0, 72 - text.length))}`);
}

/** Where the output of a section goes: it is kept until those before it are done. */
class Output {
  #kept: Uint8Array[] | null = [];

  write(chunk: Uint8Array): void {
    if (this.#kept) this.#kept.push(chunk);
    else writeAll(chunk);
  }

  /** From now on it is shown, what was kept first. */
  show(): void {
    this.#kept?.forEach(writeAll);
    this.#kept = null;
  }
}

/** Runs Deno with `args`, its output passing through. Returns whether it succeeded, and what it printed. */
async function deno(output: Output, ...args: string[]): Promise<{ success: boolean; printed: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args,
    env: environment,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [status, stdout, stderr] = await Promise.all([
    child.status,
    tee(child.stdout, output),
    tee(child.stderr, output),
  ]);
  if (status.signal !== null) output.write(encoder.encode(`\ndeno ${args[0]} was ended by ${status.signal}.\n`));
  return { success: status.success, printed: stdout + stderr };
}

/** Shows what comes, and returns it without its colours. */
async function tee(stream: ReadableStream<Uint8Array<ArrayBuffer>>, output: Output): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    output.write(chunk);
  }
  // deno-lint-ignore no-control-regex
  return text.replaceAll(/\x1b\[[0-9;]*m/g, "");
}

function writeAll(bytes: Uint8Array): void {
  while (bytes.length > 0) bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
}

/** A check that passes or fails as a whole. */
async function check(output: Output, ...args: string[]): Promise<Count> {
  const { success } = await deno(output, ...args);
  return { passed: Number(success), failed: Number(!success) };
}

/** Runs `deno test`. What was ignored or never ran counts as failed: a test that is skipped proves nothing. */
async function test(output: Output, ...args: string[]): Promise<Count> {
  const { success, printed } = await deno(output, "test", "--allow-all", "--parallel", ...args);
  const summary = printed.match(/^(?:ok|FAILED) \| (\d+) passed.*? \| (\d+) failed(.*)$/m);
  const passed = Number(summary?.[1] ?? 0);
  const failed = Number(summary?.[2] ?? 0) + Number(summary?.[3]?.match(/(\d+) ignored/)?.[1] ?? 0);
  return { passed, failed: success || failed > 0 ? failed : 1 };
}

/** Checks all types in one program: the library's are read once. */
async function types(output: Output): Promise<Count> {
  const { folder, programs } = writePrograms(listNotebooks("notebooks"));
  try {
    return await check(output, "check", "--doc", ".", ...programs);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Runs all tests: those of a folder share processes. */
async function inRooms(output: Output): Promise<Count> {
  const rooms = writeRooms(new URL("../tests/", import.meta.url));
  try {
    return await test(output, "--no-check", ...rooms.modules);
  } finally {
    Deno.removeSync(rooms.folder, { recursive: true });
  }
}

/** Gets an adapter for the tests of the WebGPU engine, or leaves that engine out and says so. */
async function prepareWebgpu(wanted: boolean): Promise<Count> {
  title("WebGPU adapter");
  try {
    if (!wanted) throw new Error("--without-webgpu was given");
    const source = await ensureVulkan();
    const { hardware, software, problem } = await probeAdapters();
    const adapter = hardware ?? software;
    if (adapter === null) throw new Error(problem ?? `Dawn finds no adapter with ${source}.`);
    console.log(`${adapter.name}, from ${source}`);
    return { passed: 1, failed: 0 };
  } catch (error) {
    console.log((error as Error).message);
    environment.PLUMBLINE_WITHOUT_WEBGPU = "1";
    return { passed: 0, failed: Number(wanted) };
  }
}

const wanted = !Deno.args.includes("--without-webgpu");
const filters = Deno.args.filter((arg) => arg !== "--without-webgpu");

const sections: [name: string, run: (output: Output) => Promise<Count>][] = filters.length > 0
  ? [[`Tests ${filters.join(" ")}`, (output) => test(output, ...filters)]]
  : [
    ["Format", (output) => check(output, "fmt", "--check")],
    ["Lint", (output) => check(output, "lint")],
    ["Types, of the examples in the documentation and of notebooks too", types],
    ["Documentation of all that is public", (output) => check(output, "doc", "--lint", "mod.ts")],
    ["Tests", inRooms],
  ];

// Brought while everything else is tested.
const installing = filters.length > 0
  ? null
  : Deno.env.has("PLUMBLINE_WITH_SLURM")
  ? installSlurm()
  : "only .ci/run tests it, where it is root on Debian, since it installs Slurm";
const results: [name: string, count: Count][] = [["WebGPU adapter", await prepareWebgpu(wanted)]];
// All at once, since none of the checks keeps all cores busy; told one after the other.
const running = sections.map(([name, run]) => {
  const output = new Output();
  return { name, output, count: run(output) };
});
for (const { name, output, count } of running) {
  title(name);
  output.show();
  results.push([name, await count]);
}

const slurm = await installing;
if (filters.length === 0 && slurm === null) {
  title("A sweep on a real Slurm");
  const output = new Output();
  output.show();
  // When all else has ended: it has its own processes, and waits for what they do.
  results.push(["Slurm", await test(output, "--no-check", "tests/slurm/slurm.ts")]);
}

title("Summary");
for (const [name, { passed, failed }] of results) console.log(`${name}: ${passed} passed, ${failed} failed`);
if (environment.PLUMBLINE_WITHOUT_WEBGPU) console.log("The WebGPU engine was NOT tested: see the first section.");
if (slurm !== null) console.log(`A sweep on a real Slurm was NOT tested: ${slurm}.`);
const total = (key: keyof Count) => results.reduce((sum, [, count]) => sum + count[key], 0);
console.log(`\n${total("passed")} passed, ${total("failed")} failed`);
Deno.exit(total("failed") === 0 ? 0 : 1);
