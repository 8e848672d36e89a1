/** Numbers as a person reads them. */

/** `1 agent`, `3 agents`. */
export function counted(n: number, what: string, ending = "s"): string {
  return `${n} ${what}${n === 1 ? "" : ending}`;
}

/** A measured number; "-" where there was nothing to measure. */
export function numberText(x: number | undefined): string {
  if (x === undefined || Number.isNaN(x)) return "-";
  return Math.abs(x) >= 100 ? x.toFixed(1) : x.toFixed(3);
}
