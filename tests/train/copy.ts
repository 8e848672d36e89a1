/** Copies a folder into another that exists. */
export function copySync(from: URL, to: string): void {
  for (const { name, isDirectory } of Deno.readDirSync(from)) {
    const source = new URL(`${from.href}/${name}`);
    if (isDirectory) {
      Deno.mkdirSync(`${to}/${name}`);
      copySync(source, `${to}/${name}`);
    } else Deno.copyFileSync(source, `${to}/${name}`);
  }
}
