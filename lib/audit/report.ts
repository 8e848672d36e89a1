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

  /** The spine from the loss to every parameter, red where it is cut. */
  toSvg(): string {
    const step = 22;
    const height = step * (this.entries.length + 1);
    const lines = this.entries.map((x, i) => {
      const y = step * (i + 1);
      const colour = colours[x.status];
      const isWhole = x.status === "reached" || x.status === "zero";
      const line = `<path d="M40 8V${y}H${isWhole ? 150 : 90}" stroke="${isWhole ? "#868e96" : colour}" fill="none"/>`;
      const gap = isWhole
        ? ""
        : `<text x="94" y="${y + 4}" fill="${colour}">✕ ${escaped(x.cut?.how ?? x.status)}</text>`;
      return `${line}${gap}<text x="200" y="${y + 4}" fill="${colour}">${escaped(x.name)}</text>`;
    });
    return `<svg xmlns="http://www.w3.org/2000/svg" width="640" height="${height}" font-family="monospace" font-size="12">` +
      `<text x="4" y="12">loss</text>${lines.join("")}</svg>`;
  }
}

takeOnly(AuditReport, { of: { name: text } });
