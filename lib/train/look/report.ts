/** Bug reports as notebooks, in the folder of a run: written when a run fails, or asked for. */

import { signature } from "../../graph/arguments.ts";
import { having, text } from "../../graph/kinds.ts";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { NonFiniteError } from "../../forensics/nonfinite/error.ts";
import { statisticsOf, statisticsText } from "../../forensics/nonfinite/statistics.ts";
import { saveStep } from "../../forensics/nonfinite/failed_step.ts";
import { emptyReportCells, encodeNotebook, reportCells, type ReportFacts } from "./report_notebook.ts";
import type { PlumblineError } from "../../graph/error.ts";
import { aval, describe } from "../../graph/types.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { type CheckpointFile, checkpointFolder, listCheckpoints } from "../files/checkpoint.ts";
import { UsageError } from "../../systems/usage.ts";
import { reasonOf } from "../files/error.ts";
import { argumentWithoutPaths, withoutPaths } from "../files/paths.ts";
import { isTaken, readRegular } from "../files/regular.ts";
import { findRun } from "../files/find_run.ts";
import { readConfig, usedConfig } from "../command/saved_config.ts";
import { gitState, type Manifest, manifestName, readManifest, version, versions } from "../files/manifest.ts";
import { isModulePath, scenarioTitle } from "../../systems/module_path.ts";
import type { Config } from "../../systems/settings.ts";
import { readRun } from "./records.ts";
import { decodeSafetensors, encodeSafetensors } from "../files/safetensors.ts";
import type { TrainerState } from "../../systems/trainer.ts";

/** The notebook's name in the folder of a run. */
export const reportName = "report.ipynb";
/** What a failing step was given. */
export const stepName = "failing_step.safetensors";
const format = "plumbline failing step 1";
const library = import.meta.resolve("../../../mod.ts");

/** How a notebook in `folder` imports the library: by the way there. */
function moduleFor(folder: string): string {
  // A file of a package for npm finds its dependencies only if the package was imported by its name.
  if (library.endsWith(".js")) return `npm:@plumbline/plumbline@${version}`;
  if (!library.startsWith("file:")) return library;
  const path = relative(Deno.realPathSync(folder), Deno.realPathSync(fileURLToPath(library))).replaceAll("\\", "/");
  // On another drive there is no way.
  if (isAbsolute(path)) return library;
  return path.startsWith("../") ? path : `./${path}`;
}

/** What of a manifest makes numbers. */
function facts(manifest: Manifest): Record<string, unknown> {
  const { engine, adapter, gitCommit, gitModified, versions, platform, arguments: args } = manifest;
  return { engine, adapter, gitCommit, gitModified, versions, platform, arguments: args.map(argumentWithoutPaths) };
}

/** On the engine that the run was on, whatever `auto` is elsewhere; a world from a file is found from the notebook's `folder`. */
function configurationOf(config: Config, { engine }: Pick<Manifest, "engine">, folder: string): Config {
  const here = { ...config, scenarioName: scenarioFrom(folder, config.scenarioName) };
  return engine === "cpu" || engine === "webgpu" ? { ...here, device: engine } : here;
}

/** A kernel's working directory is where its notebook is, and a path in a configuration is from where the command was given. */
function scenarioFrom(folder: string, name: string): string {
  if (!isModulePath(name)) return name;
  const path = relative(resolve(folder), resolve(name)).replaceAll("\\", "/");
  return isAbsolute(path) || path.startsWith("../") ? path : `./${path}`;
}

function write(folder: string, content: Omit<ReportFacts, "module">): string {
  const path = join(folder, reportName);
  writeFileAtomic(path, encodeNotebook(reportCells({ ...content, module: moduleFor(folder) })));
  return path;
}

function checkpointBefore(folder: string, iteration: number): CheckpointFile | null {
  return listCheckpoints(folder).filter((x) => x.iteration < iteration).at(-1) ?? null;
}

function iterationsUntil(folder: string, until: number): ReportFacts["iterations"] {
  const checkpoint = checkpointBefore(folder, until);
  return { checkpoint: checkpoint && `${checkpointFolder}/${basename(checkpoint.path)}`, until };
}

/**
 * Writes the report of a run that failed in `iteration` with `error`; beside it what the failing step was given, if that is
 * known. Returns the notebook's path.
 */
export async function writeFailureReport(
  run: { readonly folder: string; readonly config: Config; readonly manifest: Manifest },
  error: PlumblineError,
  iteration: number,
): Promise<string> {
  const { folder, config, manifest } = run;
  const failed = error instanceof NonFiniteError ? error.step : null;
  if (failed) {
    const metadata = {
      format,
      program: failed.program,
      iteration: String(iteration),
      error: error.name,
      message: withoutPaths(error.message),
    };
    const tensors = await saveStep(failed);
    writeFileAtomic(join(folder, stepName), encodeSafetensors({ tensors, metadata }));
  }
  return write(folder, {
    title: `${scenarioTitle(config.scenarioName)}, iteration ${iteration}: ${error.code}`,
    configuration: configurationOf(config, manifest, folder),
    manifest: facts(manifest),
    step: failed && { file: stepName, program: failed.program, iteration },
    iterations: iterationsUntil(folder, iteration),
    error: { name: error.name, message: withoutPaths(error.message) },
  });
}

/**
 * Writes a report of any run: of the step that failed, or of `iteration`, repeated from the checkpoint before it. Returns
 * the notebook's path. Throws a {@linkcode UsageError} if there is no such run or iteration, or its config.json is not what it was
 * trained with.
 */
export function writeRunReport(path: string, iteration: number | null): string {
  const run = findRun(path);
  const { folder } = run;
  usedConfig(run);
  // As the folder has it: a notebook finds the files that the run keeps from where it is.
  const config = readConfig(folder);
  const manifest = readManifest(join(folder, manifestName));
  if (!manifest) {
    throw new UsageError(`${folder} has no ${manifestName} that can be read: it cannot be said what made the run.`);
  }
  const common = { configuration: configurationOf(config, manifest, folder), manifest: facts(manifest) };
  const failed = iteration === null ? failureIn(folder) : null;
  if (failed) {
    const { program, iteration, error } = failed;
    return write(folder, {
      ...common,
      title: `${scenarioTitle(config.scenarioName)}, iteration ${iteration}`,
      step: { file: stepName, program, iteration },
      iterations: iterationsUntil(folder, iteration),
      error,
    });
  }
  // Not by the manifest, which knows the last iteration of a session that has ended.
  const last = readRun(folder).rows.at(-1)?.iteration ?? 0;
  const until = iteration ?? last;
  if (until === 0) throw new UsageError(`${folder} has no iteration yet: give the one to repeat as --iteration.`);
  if (until < 1 || until > config.nIters) {
    throw new UsageError(`${folder} has no iteration ${until}: its iterations are 1 to ${last}.`);
  }
  return write(folder, {
    ...common,
    title: `${scenarioTitle(config.scenarioName)}, iteration ${until}`,
    step: null,
    iterations: iterationsUntil(folder, until),
    error: null,
  });
}

function failureIn(folder: string): { program: string; iteration: number; error: ReportFacts["error"] } | null {
  try {
    const { metadata } = decodeSafetensors(readRegular(join(folder, stepName)));
    const { program = "", iteration, error = "Error", message = "" } = metadata;
    return { program, iteration: Number(iteration), error: { name: error, message: withoutPaths(message) } };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw new UsageError(`${join(folder, stepName)} ${(error as Error).message}`);
  }
}

/** Writes an empty report, `NAME.ipynb`. Throws a {@linkcode UsageError} if there is one already. */
export function writeEmptyReport(name: string): string {
  const path = name.endsWith(".ipynb") ? name : `${name}.ipynb`;
  if (isTaken(path)) throw new UsageError(`${path} is there already: give another name.`);
  const folder = dirname(resolve(path));
  const cells = emptyReportCells(moduleFor(folder), basename(path, ".ipynb").replaceAll(/[-_]+/g, " "));
  writeFileAtomic(path, encodeNotebook(cells));
  return path;
}

/** What a step was given, or the state of a checkpoint. */
export interface SavedStep {
  /** The program of the step; empty for a checkpoint. */
  readonly program: string;
  /** The iteration in which it was saved. */
  readonly iteration: number;
  /** The numbers, by name. */
  readonly tensors: TrainerState;
  /** Names, shapes and statistics, a line each. */
  table(): string;
}

const takesStep = signature("readStep()", { path: text });
const takesManifest = signature("differences()", { manifest: having("a manifest, as manifest.json holds it,", {}) });
const takesNothing = signature("surroundings()", {});

/** Reads the file of a failing step, or a checkpoint. Throws a {@linkcode UsageError} if it cannot be read. */
export function readStep(path: string): SavedStep {
  takesStep(arguments);
  try {
    const { tensors, metadata } = decodeSafetensors(readRegular(path));
    const rows = Object.entries(tensors).map(([name, { dtype, shape, data }]) =>
      `${name} ${describe(aval(dtype, shape))}: ${statisticsText(statisticsOf(data))}`
    );
    const { program = "", iteration } = metadata;
    return { program, iteration: Number(iteration), tensors, table: () => rows.join("\n") };
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${reasonOf(error)}.`);
  }
}

/** What computes here: commit, versions, platform. */
export async function surroundings(): Promise<Record<string, unknown>> {
  takesNothing(arguments);
  return { ...await gitState(), versions: versions(), platform: Deno.build.target };
}

/** How this machine differs from the one of a manifest, by entry: `[there, here]`. */
export async function differences(
  manifest: Readonly<Record<string, unknown>>,
): Promise<Record<string, [unknown, unknown]>> {
  takesManifest(arguments);
  const here = await surroundings();
  const different = Object.entries(here).filter(([key, value]) =>
    key in manifest && JSON.stringify(manifest[key]) !== JSON.stringify(value)
  );
  return Object.fromEntries(different.map(([key, value]) => [key, [manifest[key], value]]));
}
