/** The cells of a notebook as one program, for the type checker: a kernel checks no types. */

import { basename, join } from "node:path";

/** What git, format and lint pass by, as deep as the programs need it. */
const cache = ".cache";

/** Writes the program of each notebook into a new folder, which the caller removes. */
export function writePrograms(notebooks: readonly string[]): { folder: string; programs: string[] } {
  Deno.mkdirSync(cache, { recursive: true });
  const folder = Deno.makeTempDirSync({ dir: cache, prefix: "check-" });
  const programs = notebooks.map((path) => {
    const { cells } = JSON.parse(Deno.readTextFileSync(path)) as { cells: { cell_type: string; source: string[] }[] };
    const text = cells.filter((cell) => cell.cell_type === "code").map(({ source }) => source.join("")).join("\n");
    const program = join(folder, `${basename(path)}.ts`);
    Deno.writeTextFileSync(program, text.replaceAll('"../mod.ts"', '"../../mod.ts"'));
    return program;
  });
  return { folder, programs };
}
