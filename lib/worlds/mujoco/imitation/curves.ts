/** Joint angles of a person who walks, over a cycle that begins when the heel meets the ground. */

/** Shares of the cycle at which the phases of gait end, and degrees there. */
interface Curve {
  readonly at: readonly number[];
  readonly degrees: readonly number[];
}

/**
 * Normal angles at the ends of the phases of gait (initial contact, loading response, mid stance, terminal stance, pre-swing, initial,
 * mid and terminal swing), as the handbook of Rancho Los Amigos and Perry and Burnfield ("Gait Analysis: Normal and Pathological
 * Function", 2nd edition, 2010, chapters 3 to 6) give them: the thigh from the vertical, forward; the knee, bent; the ankle, with the
 * toes up. The knee at the end of terminal stance is that of pre-swing's beginning. Rounded, and not
 * compared with the printed tables.
 */
const normal = {
  at: [0, 0.12, 0.31, 0.5, 0.62, 0.75, 0.87],
  thigh: [20, 20, 0, -20, -10, 15, 25],
  knee: [5, 15, 5, 5, 40, 60, 25],
  ankle: [0, -5, 5, 10, -15, -5, 0],
} as const;

const { at, thigh, knee, ankle } = normal;

/** The curves. `foot` is the pitch of the sole from the ground, toes up, which follows from the others: flat through mid stance. */
export const gait: Readonly<Record<"thigh" | "knee" | "foot", (share: number) => number>> = {
  thigh: periodic({ at, degrees: thigh }),
  knee: periodic({ at, degrees: knee }),
  foot: periodic({ at, degrees: at.map((_, i) => thigh[i]! - knee[i]! + ankle[i]!) }),
};

/** The share of the cycle in which a foot is on the ground. */
export const stance = 0.62;

/**
 * The curve through points of a cycle as a function of the share of it, in radians: cubic, and between two points never beyond
 * them (Fritsch and Carlson 1980).
 */
export function periodic({ at, degrees }: Curve): (share: number) => number {
  const count = at.length;
  const y = degrees.map((x) => x * Math.PI / 180);
  const width = (i: number): number => (at[(i + 1) % count]! - at[i]! + 1) % 1;
  const slope = (i: number): number => (y[(i + 1) % count]! - y[i]!) / width(i);
  const tangents = y.map((_, i) => {
    const before = (i + count - 1) % count;
    const [a, b] = [slope(before), slope(i)];
    if (a * b <= 0) return 0;
    const [w, v] = [2 * width(i) + width(before), width(i) + 2 * width(before)];
    return (w + v) / (w / a + v / b);
  });
  return (share) => {
    const x = share - Math.floor(share);
    const i = at.findLastIndex((from) => from <= x);
    const [h, next] = [width(i), (i + 1) % count];
    const t = (x - at[i]!) / h;
    return y[i]! * (1 + 2 * t) * (1 - t) ** 2 + h * tangents[i]! * t * (1 - t) ** 2 +
      y[next]! * t ** 2 * (3 - 2 * t) + h * tangents[next]! * t ** 2 * (t - 1);
  };
}
