/** Times on the command line. */

const pattern = /^(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?$/;

/** The seconds of `90s`, `20m`, `2h`, `1h30m`; null if it is no time above 0. A number needs its unit. */
export function secondsOf(text: string): number | null {
  const [hours = 0, minutes = 0, seconds = 0] = (pattern.exec(text) ?? []).slice(1).map((part) => Number(part ?? 0));
  const total = 3600 * hours + 60 * minutes + seconds;
  return total > 0 ? total : null;
}
