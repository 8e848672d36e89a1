/** What the library may not do by itself: reads source files for messages, knows a notebook's names and stop button, prints warnings. */

import { installScope } from "../graph/cell.ts";
import { installCells } from "../graph/notebook.ts";
import { installSources } from "../graph/source.ts";
import { onWarning } from "../graph/warning.ts";
import { inNotebook } from "../plot/notebook.ts";
import { listenToStopButton } from "./loop/stop_button.ts";
import { tellWaiting } from "../forensics/steps/first_step.ts";

function isReadable(path: URL): boolean {
  return Deno.permissions.querySync({ name: "read", path }).state === "granted";
}

installSources({
  read(url) {
    try {
      const file = new URL(url);
      return file.protocol === "file:" && isReadable(file) ? Deno.readTextFileSync(file) : null;
    } catch {
      // A message without the text of its line is better than another error in its place.
      return null;
    }
  },
  name(url) {
    try {
      const folder = new URL(`file://${Deno.cwd()}/`).href;
      return url.startsWith(folder) ? decodeURI(url.slice(folder.length)) : url;
    } catch {
      // Without permission to know the folder, the URL is the name.
      return url;
    }
  },
});

/** The sources of the code cells of the notebook that this kernel runs, if Jupyter tells which it is. */
function cellsOfNotebook(): string[] {
  try {
    const path = Deno.env.get("JPY_SESSION_NAME");
    if (!path?.endsWith(".ipynb")) return [];
    const { cells } = JSON.parse(Deno.readTextFileSync(path)) as {
      cells: readonly { cell_type: string; source: string | string[] }[];
    };
    return cells.filter((x) => x.cell_type === "code").map(({ source }) => [source].flat().join(""));
  } catch {
    // As with source files.
    return [];
  }
}

// What cells declare with const, let or class is no property of any object: only an evaluation of the name finds it.
const evaluate = globalThis.eval;
if (inNotebook()) {
  await listenToStopButton((sentence) => console.warn(sentence));
  installCells(cellsOfNotebook);
  installScope((name) => {
    try {
      return evaluate(`typeof ${name} === "undefined" ? undefined : ${name}`);
    } catch {
      // A keyword, or a name that is declared but has no value yet.
      return undefined;
    }
  });
}

onWarning((warning) => console.warn(warning.message));

// A loss that is stepped from only once does not come round: what it left out is told when the program ends.
globalThis.addEventListener("unload", tellWaiting);
