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

/**
 * What stands before a path (nothing, a blank, a quotation mark, a bracket, an equals sign), its folders and its name. A slash is of
 * one part of the pattern only: where it could be of two, a long row of them would take for ever.
 */
const absolute = /(^|[\s"'`(=])(?:file:\/\/)?(?:\/+|[A-Za-z]:[\\/]+)(?:[^\s"'`():,\\/]+[\\/]+)+([^\s"'`():,\\/]+)/g;

/** Paths in `text` that are in the working folder are from there, those in the home folder from `~`. */
function fromKnownFolders(text: string): string {
  let short = text;
  for (const [folder, instead] of [[workingFolder(), ""], [homeFolder(), "~/"]] as const) {
    // The root of a file system is the beginning of all paths.
    if (folder === null || folder.length < 2) continue;
    const literal = folder.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
    // Not in the middle of another path, whose folders may have the same names.
    short = short.replaceAll(new RegExp(`(?<![\\p{L}\\p{N}_.~/-])(?:file://)?${literal}/`, "gu"), instead);
  }
  return short;
}

/** `text`, in which paths are from the working folder, and others have lost their beginnings. */
export function withoutPaths(text: string): string {
  return fromKnownFolders(text).replaceAll(absolute, "$1../$2");
}

/** An argument of a command in the same way: one that is a path may have blanks. */
export function argumentWithoutPaths(argument: string): string {
  const [, flag = "", value = argument] = /^(--[\w-]+=)(.*)$/s.exec(argument) ?? [];
  if (!isAbsolute(value)) return withoutPaths(argument);
  const short = fromKnownFolders(value);
  return flag + (isAbsolute(short) ? `../${short.split(/[\\/]/).filter((x) => x !== "").at(-1) ?? ""}` : short);
}
