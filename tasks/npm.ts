/**
 * `deno task npm`: the package for npm, a .tgz in `dist`. `deno pack` makes JavaScript and declarations of all that `mod.ts`
 * reaches; here the dependencies get the very versions that the tests ran with, and what nothing in the package can import
 * is left out. It reaches a worker by a type that is imported from it, and writes the name of its file anew in
 * `import.meta.resolve()`. Nothing is uploaded.
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { readTar, type TarFile, writeTar } from "./pack/tar.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

/** As much of a package.json as is changed here. */
interface PackageJson {
  readonly dependencies: Readonly<Record<string, string>>;
}

/** What `deno pack` makes of the library. */
async function denoPack(): Promise<TarFile[]> {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "package.tgz");
    // Stacks are read for the user's line: a source map would put the library's own frames elsewhere.
    const args = ["pack", "--quiet", "--allow-dirty", "--no-source-maps", "--output", path];
    const { success, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: root }).output();
    if (!success) throw new Error(`deno pack failed:\n${new TextDecoder().decode(stderr)}`);
    return [...readTar(gunzipSync(await Deno.readFile(path)))];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** For Deno only, and with exactly the dependencies that the sources name: `deno pack` allows any later minor version. */
function pin({ bytes, name }: TarFile): TarFile {
  const { dependencies, ...rest } = JSON.parse(new TextDecoder().decode(bytes)) as PackageJson;
  const exact = Object.entries(dependencies).map(([name, version]) => [name, version.replace(/^\^/, "")]);
  const pinned = { ...rest, engines: { deno: ">=2.9" }, dependencies: Object.fromEntries(exact) };
  return { name, bytes: new TextEncoder().encode(`${JSON.stringify(pinned, null, 2)}\n`) };
}

/** The package for npm, as the bytes of a .tgz. */
export async function packForNpm(): Promise<Uint8Array<ArrayBuffer>> {
  const files = await denoPack();
  // TypeScript that was not compiled belongs to the commands, which are run from a clone.
  const kept = files.filter(({ name }) => !/(?<!\.d)\.ts$/.test(name));
  const archive = writeTar(kept.map((file) => file.name === "package/package.json" ? pin(file) : file));
  return new Uint8Array(gzipSync(archive));
}

if (import.meta.main) {
  const { default: { name, version } } = await import("../deno.json", { with: { type: "json" } });
  const path = join("dist", `${name.replace("@", "").replace("/", "-")}-${version}.tgz`);
  const bytes = await packForNpm();
  await Deno.mkdir("dist", { recursive: true });
  await Deno.writeFile(path, bytes);
  console.log(`${path} (${Math.ceil(bytes.length / 1000)} kB). To upload it: npm publish ${path} --access public`);
}
