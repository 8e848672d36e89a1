/**
 * A software Vulkan for machines without a GPU: SwiftShader, taken out of the npm package of a headless browser. It needs
 * neither root nor a system package, computes correctly and slowly, and serves the tests of the WebGPU engine only.
 */

import { dirname, join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { type Probe, probeAdapters } from "../lib/engine/webgpu/adapter.ts";
import { readTar } from "../tasks/pack/tar.ts";

const source = "npm:@sparticuz/chromium@153.0.0";
const loader = "libvulkan.so.1";
const manifest = "vk_swiftshader_icd.json";
const wanted = new Set([loader, manifest, "libvk_swiftshader.so"]);

/** The adapters of this machine, however long they take to answer on one that is busy. */
export function patientProbe(): Promise<Probe> {
  return probeAdapters(600_000);
}

/**
 * Makes sure that this process and its children have a Vulkan adapter, and says which. A driver that the user chose
 * (VK_DRIVER_FILES, VK_ICD_FILENAMES) and adapters that are there already are left alone. To be called before Dawn is
 * loaded. Throws a sentence where there is no software Vulkan to be had.
 */
export async function ensureVulkan(): Promise<string> {
  const chosen = Deno.env.get("VK_DRIVER_FILES") ?? Deno.env.get("VK_ICD_FILENAMES");
  if (chosen !== undefined) {
    // Set by a process or a test worker before this one: the library may have gone with it.
    if (chosen.startsWith(cacheFolder())) loadLoader(dirname(chosen));
    return `the Vulkan driver ${chosen}`;
  }
  const { hardware, software } = await patientProbe();
  const present = hardware ?? software;
  if (present !== null) return present.name;
  if (Deno.build.os !== "linux" || Deno.build.arch !== "x86_64") {
    throw new Error(
      `There is no WebGPU adapter on this machine, and a software Vulkan for ${Deno.build.target} is not at hand: ` +
        "install a Vulkan driver, or test without the WebGPU engine (--without-webgpu).",
    );
  }
  const folder = await unpackSwiftShader();
  loadLoader(folder);
  Deno.env.set("LD_LIBRARY_PATH", [folder, Deno.env.get("LD_LIBRARY_PATH") ?? []].flat().join(":"));
  Deno.env.set("VK_ICD_FILENAMES", join(folder, manifest));
  Deno.env.set("VK_DRIVER_FILES", join(folder, manifest));
  return `SwiftShader in ${folder}`;
}

/** Dawn opens the loader by its bare name: it finds the one that is loaded already. A child finds it by LD_LIBRARY_PATH. */
function loadLoader(folder: string): void {
  Deno.dlopen(join(folder, loader), {});
}

/** The folder that holds the loader, the driver and its manifest; unpacked once for the user, whole or not at all. */
async function unpackSwiftShader(): Promise<string> {
  const folder = join(cacheFolder(), `swiftshader-${source.slice(source.lastIndexOf("@") + 1)}`);
  if (await exists(folder)) return folder;
  const archive = brotliDecompressSync(await Deno.readFile(new URL("../bin/swiftshader.tar.br", await fetchPackage())));
  await Deno.mkdir(cacheFolder(), { recursive: true });
  const unfinished = await Deno.makeTempDir({ dir: cacheFolder(), prefix: "unfinished-" });
  for (const { name, bytes } of readTar(archive)) {
    if (wanted.has(name)) await Deno.writeFile(join(unfinished, name), bytes);
  }
  try {
    await Deno.rename(unfinished, folder);
  } catch (error) {
    // Another process was first.
    if (!await exists(folder)) throw error;
    await Deno.remove(unfinished, { recursive: true });
  }
  return folder;
}

/**
 * The address of the package's main module. It is fetched by a process with a configuration of its own: in deno.json and
 * deno.lock every user would fetch its 70 MB.
 */
async function fetchPackage(): Promise<string> {
  const imports = `data:application/json,${JSON.stringify({ imports: { source } })}`;
  const code = "await import('source'); console.log(import.meta.resolve('source'));";
  const options = ["--no-config", "--no-lock", "--node-modules-dir=none", `--import-map=${imports}`];
  const command = new Deno.Command(Deno.execPath(), {
    args: ["eval", ...options, code],
    stdin: "null",
    stderr: "inherit",
  });
  const { success, stdout } = await command.output();
  if (!success) {
    throw new Error(`The software Vulkan for the tests could not be fetched: see above what ${source} needs.`);
  }
  return new TextDecoder().decode(stdout).trim();
}

function cacheFolder(): string {
  const home = Deno.env.get("HOME") ?? Deno.cwd();
  return join(
    Deno.env.get("DENO_DIR") ?? join(Deno.env.get("XDG_CACHE_HOME") ?? join(home, ".cache"), "plumbline"),
    "vulkan",
  );
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
