/**
 * The test files of a folder share a process: what each would load, open and warm up for itself is there for all. A room is
 * such a process: a module, written for the run, that imports some of the folder's files.
 */

/** About how many files share a room. */
const size = 6;

/** Writes the rooms of all test files below `tests` into a folder of their own, which the caller removes. */
export function writeRooms(tests: URL): { folder: string; modules: string[] } {
  const folder = Deno.makeTempDirSync({ prefix: "plumbline-tests-" });
  const byFolder = Map.groupBy(testFiles(tests), (url) => new URL(".", url).href);
  const rooms = [...byFolder].flatMap(([at, files]) => {
    const name = at === tests.href ? "whole" : at.slice(tests.href.length).replaceAll("/", "_").replace(/_$/, "");
    const count = Math.ceil(files.length / size);
    // Dealt out, since neighbours in the alphabet often test the same slow thing.
    return Array.from({ length: count }, (_, room) => ({
      name: `${name}_${room + 1}_test.ts`,
      files: files.filter((_, i) => i % count === room),
    }));
  });
  const modules = rooms.map(({ name, files }) => {
    const path = `${folder}/${name}`;
    Deno.writeTextFileSync(path, files.map((url) => `import ${JSON.stringify(url)};\n`).join(""));
    return path;
  });
  return { folder, modules };
}

/** The addresses of the test files in `folder` and below: its own first. */
function testFiles(folder: URL): string[] {
  const entries = [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1);
  const own = entries.filter((entry) => entry.isFile && entry.name.endsWith("_test.ts"));
  const below = entries.filter((entry) => entry.isDirectory);
  return [
    ...own.map((entry) => new URL(entry.name, folder).href),
    ...below.flatMap((entry) => testFiles(new URL(`${entry.name}/`, folder))),
  ];
}
