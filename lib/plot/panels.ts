/** Pictures of one or several panels, side by side under a title, each with a line below it. */

import { font, ink, quiet } from "./theme.ts";

/** Panels of one size. */
export interface Panels {
  /** Of each, pixels. */
  readonly width: number;
  /** Of each, pixels. */
  readonly height: number;
  /** How many there are side by side. */
  readonly columns: number;
  /** What is in each: SVG, cut off at its edges. */
  readonly contents: readonly string[];
}

/** What a picture says beside the episodes. */
export interface PictureOptions {
  /** The first line, plain text. */
  readonly title: string;
  /** The line below it. */
  readonly subtitle: string;
  /** Of bodies in space: whether the forces of contacts are drawn. Not unless told otherwise. */
  readonly contactForces?: boolean;
}

const header = 64;
const captionHeight = 34;
const gap = 16;
const margin = 20;

/** The layout of `count` square panels. */
export function squares(count: number): Omit<Panels, "contents"> {
  const size = count === 1 ? 480 : count <= 4 ? 360 : 260;
  return { width: size, height: size, columns: Math.ceil(Math.sqrt(count)) };
}

/** The picture; `captions` and `bars`, SVG at the lower edge, are those of the panels. */
export function drawPanels(
  { width, height, columns, contents }: Panels,
  captions: readonly string[],
  bars: readonly string[],
  { title, subtitle }: PictureOptions,
): string {
  const rows = Math.ceil(contents.length / columns);
  const wide = 2 * margin + columns * width + (columns - 1) * gap;
  const high = header + rows * (height + captionHeight) + margin / 2;
  const panels = contents.map((content, i) => {
    const x = margin + (i % columns) * (width + gap);
    const y = header + Math.floor(i / columns) * (height + captionHeight);
    return `<g transform="translate(${x} ${y})">` +
      `<svg width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${content}</svg>${bars[i] ?? ""}` +
      `<text y="${height + 23}" font-size="12" fill="${quiet}">${escape(captions[i]!)}</text></g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${wide}" height="${high}" viewBox="0 0 ${wide} ${high}" ` +
    `font-family="${font}"><title>${escape(title)}</title><rect width="100%" height="100%" fill="white"/>` +
    `<text x="${margin}" y="30" font-size="16" font-weight="600" fill="${ink}">${escape(title)}</text>` +
    `<text x="${margin}" y="50" font-size="12" fill="${quiet}">${escape(subtitle)}</text>${panels.join("")}</svg>\n`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
