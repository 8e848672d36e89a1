/** A registry of npm on this machine, with one package in it. */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { readTar } from "../../tasks/pack/tar.ts";

/** A registry that serves. */
export interface Registry extends AsyncDisposable {
  readonly url: string;
}

/** Serves `tarball`, a packed package, until it is disposed of; then Deno's copy of the package goes too. */
export function serveRegistry(tarball: Uint8Array<ArrayBuffer>): Registry {
  const manifest = [...readTar(gunzipSync(tarball))].find(({ name }) => name === "package/package.json")!;
  const { name, version, ...rest } = JSON.parse(new TextDecoder().decode(manifest.bytes));
  const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
  const server = Deno.serve({ hostname: "localhost", port: 0, onListen: () => {} }, ({ url }) => {
    const { pathname, origin } = new URL(url);
    if (pathname === "/package.tgz") return new Response(tarball);
    if (decodeURIComponent(pathname) !== `/${name}`) return new Response("there is no such package", { status: 404 });
    const dist = { tarball: `${origin}/package.tgz`, integrity };
    const versions = { [version]: { name, version, ...rest, dist } };
    return Response.json({ name, versions, "dist-tags": { latest: version } });
  });
  const { port } = server.addr;
  return {
    url: `http://localhost:${port}`,
    async [Symbol.asyncDispose]() {
      await server.shutdown();
      await removeCopy(`localhost_${port}`);
    },
  };
}

/** Removes what Deno keeps of a registry. */
async function removeCopy(registry: string): Promise<void> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { npmCache } = JSON.parse(new TextDecoder().decode(stdout));
  try {
    await Deno.remove(join(npmCache, registry), { recursive: true });
  } catch (error) {
    // Nobody has asked it for the package.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
