/** Texts that go to others, in reports and manifests, without the paths of the machine that they were made on. */

import { isAbsolute } from "node:path";

function homeFolder(): string | null {
  const variable = Deno.build.os === "windows" ? "USERPROFILE" : "HOME";
  const mayRead = Deno.permissions.querySync({ name: "env", variable }).state === "granted";
  return mayRead ? Deno.env.get(variable) ?? null : null;
}

function workingFolder(): string | null {
  try {
    return Deno.cwd();
  } catch {
    // It was removed, or may not be read.
    return null;
  }
}

/** What stands before a path: nothing, a blank, a quotation mark, a bracket, an equals sign. */
const absolute = /(^|[\s"'`(=])(?:file:\/\/)?(?:\/|[A-Za-z]:[\\/])(?:[^\s"'`():,]+[\\/])+([^\s"'`():,\\/]+)/g;

/** `text`, in which paths are from the working folder, and others have lost their beginnings. */
export function withoutPaths(text: string): string {
  const [cwd, home] = [workingFolder(), homeFolder()];
  // The root of a file system is the beginning of all paths.
  const known = [[cwd, ""], [home, "~/"]] as const;
  let short = text;
  for (const [folder, instead] of known) {
    if (folder === null || folder.length < 2) continue;
    short = short.replaceAll(`file://${folder}/`, instead).replaceAll(`${folder}/`, instead);
  }
  return short.replaceAll(absolute, "$1../$2");
}

/** An argument of a command in the same way: one that is a path may have blanks. */
export function argumentWithoutPaths(argument: string): string {
  const short = withoutPaths(argument);
  const [, flag = "", value = short] = /^(--[\w-]+=)(.*)$/s.exec(short) ?? [];
  return isAbsolute(value) ? `${flag}../${value.split(/[\\/]/).filter((x) => x !== "").at(-1) ?? ""}` : short;
}
