/** Small notebooks for tests. */

import { runNotebook } from "../tasks/jupyter/notebook.ts";

/** How long a notebook may take, in milliseconds: it ends one that hangs, and none on a machine that is busy. */
export const patience = 900_000;

/**
 * Runs a notebook of `cells`, each its source, its tags and its stored outputs. It lies in `dir`: where deno.json applies, if
 * nothing else is said.
 */
export async function runCells(
  cells: { source: string; tags?: string[]; outputs?: unknown[] }[],
  timeoutMs = patience,
  dir = ".cache",
) {
  await Deno.mkdir(dir, { recursive: true });
  const path = await Deno.makeTempFile({ dir, suffix: ".ipynb" });
  const notebook = {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {},
    cells: [
      { cell_type: "markdown", source: ["# Title\n", "text"], metadata: {} },
      ...cells.map(({ source, tags = [], outputs = [] }) => ({
        cell_type: "code",
        source,
        metadata: { tags },
        outputs,
      })),
    ],
  };
  try {
    await Deno.writeTextFile(path, JSON.stringify(notebook));
    const result = await runNotebook(path, timeoutMs);
    const updated = JSON.parse(result.updated);
    return { ...result, cells: updated.cells.slice(1) };
  } finally {
    await Deno.remove(path);
  }
}
