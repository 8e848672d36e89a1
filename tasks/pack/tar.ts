/** Tar archives of plain files, as far as packages need them (POSIX.1-1988, ustar). */

/** A file of an archive. */
export interface TarFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const block = 512;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Where a field of a header lies, and how long it is. */
const fields = {
  name: [0, 100],
  mode: [100, 8],
  size: [124, 12],
  time: [136, 12],
  checksum: [148, 8],
  kind: [156, 1],
  magic: [257, 8],
} as const;

/** The plain files of an archive. */
export function* readTar(archive: Uint8Array): Generator<TarFile> {
  const text = (at: number, [start, length]: readonly [number, number]) =>
    decoder.decode(archive.subarray(at + start, at + start + length)).replace(/\0.*$/s, "");
  for (let at = 0; at + block <= archive.length && archive[at] !== 0;) {
    const size = parseInt(text(at, fields.size), 8);
    const name = text(at, fields.name).replace(/^\.\//, "");
    yield { name, bytes: archive.subarray(at + block, at + block + size) };
    at += block + block * Math.ceil(size / block);
  }
}

/** An archive of `files`, the same bytes for the same files. Throws a sentence if a name does not fit into a header. */
export function writeTar(files: readonly TarFile[]): Uint8Array<ArrayBuffer> {
  const sizes = files.map(({ bytes }) => block + block * Math.ceil(bytes.length / block));
  // Two empty blocks are the end.
  const archive = new Uint8Array(sizes.reduce((sum, size) => sum + size, 2 * block));
  let at = 0;
  for (const [i, { name, bytes }] of files.entries()) {
    archive.set(header(name, bytes.length), at);
    archive.set(bytes, at + block);
    at += sizes[i]!;
  }
  return archive;
}

function header(name: string, size: number): Uint8Array {
  const bytes = new Uint8Array(block);
  const put = ([start]: readonly [number, number], text: string) => bytes.set(encoder.encode(text), start);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, "0");
  if (encoder.encode(name).length > fields.name[1]) throw new Error(`${name} is too long a name for an archive.`);
  put(fields.name, name);
  put(fields.mode, octal(0o644, 7));
  put(fields.size, octal(size, 11));
  put(fields.time, octal(0, 11));
  put(fields.kind, "0");
  put(fields.magic, "ustar\x0000");
  // The sum is taken with blanks in its own place.
  bytes.fill(32, fields.checksum[0], fields.checksum[0] + fields.checksum[1]);
  put(fields.checksum, `${octal(bytes.reduce((sum, byte) => sum + byte, 0), 6)}\0 `);
  return bytes;
}
