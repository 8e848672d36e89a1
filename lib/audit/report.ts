/** The result of an audit: rows, a table as text, a picture for notebooks. */

import { takeOnly } from "../graph/arguments.ts";
import { isCell } from "../graph/frames.ts";
import { text } from "../graph/kinds.ts";
import type { PlumblineError } from "../graph/error.ts";
import type { Site } from "../graph/site.ts";
import type { Shape } from "../graph/types.ts";
import type { Cut } from "../forensics/flow/dropped.ts";
import type { DeclaredStop } from "./stops.ts";

/** What becomes of one parameter. */
export interface AuditEntry {
  /** The path: `pi.layers.0.weight`. */
  readonly name: string;
  /** The sizes of its axes. */
  readonly shape: Shape;
  /**
   * `reached`: it learns; `zero`, `non-finite`: it is reached by such a gradient; `cut`: the loss depends on it, the gradient
   * does not arrive; `unused`: the loss does not depend on it; `declared`: stopped with a reason, or it joins later; `frozen`: it is
   * not to learn.
   */
  readonly status: "reached" | "zero" | "non-finite" | "cut" | "unused" | "declared" | "frozen";
  /** Whether an optimiser or group owns it. */
  readonly hasOwner: boolean;
  /** The Euclidean norm of its gradient, where it is reached. */
  readonly gradientNorm: number | null;
  /** The share of entries of the gradient that are 0. */
  readonly zeroShare: number | null;
  /** The size of the next update relative to that of the weights, where the optimiser was audited. */
  readonly updateRatio: number | null;
  /** Why it is zero, or what else there is to say. */
  readonly why: string | null;
  /** Where its gradient is cut, if it is. */
  readonly cut: Cut | null;
  /** Whether freeze-replay has proved the cut. */
  readonly isProved: boolean;
}

const number = (x: number | null): string => x === null ? "" : x.toPrecision(3);
const share = (x: number | null): string => x === null ? "" : `${(100 * x).toFixed(0)}%`;

/** The place; of a notebook cell, whose lines have no numbers, the line itself. */
function placeText(site: Site): string {
  return isCell(site.url) && site.text !== null ? `\`${site.text.trim()}\`` : String(site);
}

function reason({ status, cut, why, hasOwner, isProved }: AuditEntry): string {
  const parts = [
    cut &&
    `${status === "declared" ? "stopped" : "cut"} by ${cut.how} at ${
        cut.places.slice(0, 1).map((x) => placeText(x.site))
      }` +
      (isProved ? ", proved" : ""),
    why,
    !hasOwner && status !== "frozen" && "owned by no optimiser",
  ];
  return parts.filter(Boolean).join("; ");
}

/** A declared stop in a line. */
function stopText({ site, why, told }: DeclaredStop): string {
  return `stopped at ${placeText(site)}, "${why}": ${told}`;
}

const headings = ["parameter", "status", "gradient", "zeros", "update", "why"];

function rowOf(x: AuditEntry): string[] {
  const { name, status, gradientNorm, zeroShare, updateRatio } = x;
  return [name, status, number(gradientNorm), share(zeroShare), number(updateRatio), reason(x)];
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

const colours: Record<AuditEntry["status"], string> = {
  reached: "#2b8a3e",
  zero: "#e67700",
  "non-finite": "#c92a2a",
  cut: "#c92a2a",
  unused: "#c92a2a",
  declared: "#868e96",
  frozen: "#868e96",
};

/** Pixels: the height of a row, and the width of a letter of 12 pixels in a font of equal widths. */
const [rowHeight, letter] = [22, 7.3];
/** Pixels: where the spine is, how far it goes to the right of that before a cut, and the white around it all. */
const [spine, stub, margin] = [28, 40, 12];
const ink = "#868e96";

/** See {@linkcode AuditReport.toSvg}. */
function drawing(entries: readonly AuditEntry[]): string {
  const rows = entries.map((x, i) => {
    const isWhole = x.status === "reached" || x.status === "zero";
    return {
      ...{ name: x.name, colour: colours[x.status], y: 2 * margin + rowHeight * (i + 0.5) + 4 },
      mark: isWhole ? null : `✕ ${x.cut?.how ?? x.status}`,
    };
  });
  const widest = (texts: readonly string[]) => letter * Math.max(0, ...texts.map((text) => text.length));
  const names = spine + stub + 8 + widest(rows.map(({ mark }) => mark ?? "")) + 16;
  const width = Math.ceil(names + widest(rows.map(({ name }) => name)) + margin);
  const height = 2 * margin + rowHeight * rows.length + 4 + margin;
  const lines = rows.map(({ name, colour, mark, y }) => {
    const end = mark === null ? names - 8 : spine + stub;
    const at = (x: number, text: string) => `<text x="${x}" y="${y + 4}" fill="${colour}">${escaped(text)}</text>`;
    return `<path d="M${spine} ${y}H${end}" stroke="${mark === null ? ink : colour}"/>` +
      (mark === null ? "" : at(spine + stub + 8, mark)) + at(names, name);
  });
  const trunk = rows.length === 0 ? "" : `<path d="M${spine} ${2 * margin}V${rows.at(-1)!.y}" stroke="${ink}"/>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
    `font-family="monospace" font-size="12"><rect width="${width}" height="${height}" fill="white"/>` +
    `<text x="${margin}" y="${margin + 6}" fill="#212529">loss</text>${trunk}${lines.join("")}</svg>`;
}

/** What `audit()` gives. `String(report)` is a table; the last expression of a notebook's cell is a picture. */
export class AuditReport {
  /** `error` is what the first step would throw. */
  constructor(
    /** The value of the loss; NaN of an update, which may have several. */
    readonly loss: number,
    /** A row for each parameter. */
    readonly entries: readonly AuditEntry[],
    /** What is wrong, if something is cut or never used. */
    readonly error: PlumblineError | null,
    /** The stops that were declared in the loss, with their reasons. */
    readonly stops: readonly DeclaredStop[] = [],
  ) {}

  /** Whether nothing is cut or never used. */
  get ok(): boolean {
    return this.error === null;
  }

  /** The row of a parameter. */
  of(name: string): AuditEntry | undefined {
    return this.entries.find((x) => x.name === name);
  }

  /** Throws what is wrong. */
  assert(): this {
    if (this.error) throw this.error;
    return this;
  }

  /** A table, and the declared stops. */
  toString(): string {
    const rows = [headings, ...this.entries.map(rowOf)];
    const widths = headings.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
    const table = rows.map((row) => row.map((x, i) => x.padEnd(widths[i]!)).join("  ").trimEnd());
    return [...table, ...this.stops.map(stopText)].join("\n");
  }

  /** What `console.log` shows. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  /** What a notebook shows. */
  [Symbol.for("Jupyter.display")](): Record<string, string> {
    return { "text/plain": this.toString(), "image/svg+xml": this.toSvg(), "text/html": this.toHtml() };
  }

  /** A table for notebooks, with the picture above it. */
  toHtml(): string {
    const cells = (row: readonly string[], tag: string, colour = "inherit"): string =>
      row.map((x, i) => `<${tag} style="text-align:left;${i === 1 ? `color:${colour}` : ""}">${escaped(x)}</${tag}>`)
        .join("");
    const rows = this.entries.map((x) => `<tr>${cells(rowOf(x), "td", colours[x.status])}</tr>`);
    const stops = this.stops.map((x) => `<div>${escaped(stopText(x))}</div>`).join("");
    return `${this.toSvg()}<table><tr>${cells(headings, "th")}</tr>${rows.join("")}</table>${stops}`;
  }

  /** A line from the loss to every parameter that it reaches, and one that ends where it is cut to every other. */
  toSvg(): string {
    return drawing(this.entries);
  }
}

takeOnly(AuditReport, { of: { name: text } });
