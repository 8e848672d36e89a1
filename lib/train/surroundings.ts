/** What the library may not do by itself: reads source files for messages, and prints warnings. */

import { installSources } from "../graph/source.ts";
import { onWarning } from "../graph/warning.ts";

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

onWarning((warning) => console.warn(warning.message));
