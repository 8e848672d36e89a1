/** Executes a notebook from top to bottom in a fresh kernel. */

import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Kernel, type Reply } from "./kernel.ts";
import { type Output, OutputRecorder } from "./outputs.ts";

/** A cell as nbformat 4.5 stores it; fields that are not named here are kept. */
interface Cell {
  cell_type: "code" | "markdown" | "raw";
  source: string | string[];
  metadata: { tags?: string[] };
  execution_count?: number | null;
  outputs?: Output[];
}

interface NotebookFile {
  nbformat: number;
  cells: Cell[];
}

/** What came of a notebook. */
export interface NotebookRun {
  /** How many code cells were executed. */
  executed: number;
  /** What went wrong, a sentence each; empty if every cell did what it should. */
  problems: string[];
  /** Which stored outputs did not come again, a sentence for each cell. */
  missing: string[];
  /** The notebook's text with the new outputs, as it is to be stored. */
  updated: string;
}

/**
 * Executes all code cells of the notebook at `path` and compares. A cell that throws is a problem and ends the run, unless
 * it is tagged `raises-exception`, when not throwing is the problem; so is a run longer than `timeoutMs`. Outputs are
 * compared by kind and media types: what they say may differ. Throws if the file is not a notebook.
 */
export async function runNotebook(path: string, timeoutMs: number): Promise<NotebookRun> {
  const notebook = parse(await Deno.readTextFile(path), path);
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(new Error(`not done within ${timeoutMs / 1000} s`)), timeoutMs);
  const problems: string[] = [];
  const missing: string[] = [];
  const cells = notebook.cells.filter((cell) => cell.cell_type === "code" && sourceOf(cell).trim() !== "");
  let executed = 0;
  let kernel: Kernel | null = null;
  try {
    kernel = await Kernel.start(dirname(resolve(path)), limit.signal, resolve(path));
    const recorder = new OutputRecorder();
    kernel.onMessage = (message) => recorder.record(message);
    for (const cell of cells) {
      executed += 1;
      const outputs = recorder.begin(executed);
      const reply = await kernel.execute(sourceOf(cell));
      await flush(kernel, recorder);
      const lost = lostOutputs(cell.outputs ?? [], outputs);
      if (lost.length > 0) missing.push(`${path}, code cell ${executed}: no output again of ${lost.join("; ")}`);
      cell.outputs = outputs;
      cell.execution_count = executed;
      const problem = judge(cell, reply);
      if (problem === null) continue;
      problems.push(`${path}, code cell ${executed}: ${problem}`);
      break;
    }
  } catch (error) {
    problems.push(`${path}, code cell ${executed}: ${(error as Error).message}`);
  } finally {
    clearTimeout(timer);
    await kernel?.close();
  }
  return { executed, problems, missing, updated: format(notebook) };
}

/**
 * Waits for the output that is still on its way after the kernel was idle: a marker goes through every channel after it.
 */
async function flush(kernel: Kernel, recorder: OutputRecorder): Promise<void> {
  const marker = `end of cell ${crypto.randomUUID()}`;
  const text = JSON.stringify(marker);
  const bundle = `{ data: { "text/plain": ${text} }, metadata: {}, transient: {} }`;
  await kernel.execute(
    `console.log(${text}); console.error(${text}); await Deno.jupyter.broadcast("display_data", ${bundle});`,
  );
  await kernel.until(() => recorder.hasMarker(marker));
  recorder.removeMarker(marker);
}

function judge(cell: Cell, reply: Reply): string | null {
  const mayThrow = cell.metadata.tags?.includes("raises-exception") ?? false;
  if (reply.status === "ok") return mayThrow ? "it is tagged raises-exception and did not throw" : null;
  if (mayThrow) return null;
  const story = reply.traceback?.length ? reply.traceback.join("\n") : `${reply.ename}: ${reply.evalue}`;
  return `it threw\n${story}\nin\n${sourceOf(cell)}`;
}

/** The kinds of the `stored` outputs that are not among the new ones. */
function lostOutputs(stored: readonly Output[], outputs: readonly Output[]): string[] {
  const left = outputs.map(kindOf);
  return stored.map(kindOf).filter((kind) => {
    const found = left.indexOf(kind);
    if (found >= 0) left.splice(found, 1);
    return found < 0;
  });
}

/** What must not go missing: an error's name, a stream's, the media types of what is shown. */
function kindOf(output: Output): string {
  if (output.output_type === "stream") return `stream ${output.name}`;
  if (output.output_type === "error") return `error ${output.ename}`;
  return `${output.output_type} ${Object.keys(output.data).sort().join(", ")}`;
}

function sourceOf({ source }: Cell): string {
  return typeof source === "string" ? source : source.join("");
}

function parse(text: string, path: string): NotebookFile {
  let notebook: NotebookFile;
  try {
    notebook = JSON.parse(text);
  } catch (error) {
    throw new Error(`${path} is not a notebook: ${(error as Error).message}.`);
  }
  if (notebook.nbformat !== 4 || !Array.isArray(notebook.cells)) {
    throw new Error(`${path} is not a notebook of format 4.`);
  }
  return notebook;
}

/** As Jupyter writes it: keys sorted, indented by one, texts as lists of lines. Paths start at the working folder. */
function format(notebook: NotebookFile): string {
  const sorted = (_: string, value: unknown): unknown =>
    value !== null && typeof value === "object" && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1))
      : value;
  const cells = notebook.cells.map((cell) => ({
    ...cell,
    source: lines(sourceOf(cell)),
    ...cell.outputs && { outputs: cell.outputs.map(formatOutput) },
  }));
  const text = JSON.stringify({ ...notebook, cells }, sorted, 1) + "\n";
  return text.replaceAll(pathToFileURL(Deno.cwd()).href + "/", "").replaceAll(Deno.cwd() + "/", "");
}

function formatOutput(output: Output): unknown {
  if (output.output_type === "stream") return { ...output, text: lines(output.text) };
  if (output.output_type === "error") return output;
  const entries = Object.entries(output.data).map((
    [type, value],
  ) => [type, typeof value === "string" ? lines(value) : value]);
  return { ...output, data: Object.fromEntries(entries) };
}

function lines(text: string | string[]): string[] {
  return typeof text === "string" ? text.match(/.*\n|.+$/g) ?? [] : text;
}
