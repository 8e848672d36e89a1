/** Joint angles of a person who walks, over a cycle that begins when the heel meets the ground. */

/** Degrees at equal shares of the cycle, from its beginning on. */
type Curve = readonly number[];

/**
 * Mean angles, at every 25th of the cycle, of people who walk slowly, in degrees: Schwartz, Rozumalski and Trost, "The effect of walking
 * speed on the gait of typically developing children", Journal of Biomechanics 41 (2008), electronic addendum, speed "slow". The
 * thigh is from the vertical, forward: the flexion of the hip less the tilt of the pelvis. The knee is bent; the ankle has the toes up.
 */
const normal = {
  thigh: [
    ...[21.3, 20.3, 18.8, 15.9, 12.4, 8.8, 5.4, 2.2, -0.9, -3.9, -6.9, -9.6, -12.0],
    ...[-13.5, -13.4, -10.3, -4.2, 3.0, 9.6, 15.0, 19.1, 21.8, 22.9, 22.6, 21.9],
  ],
  knee: [
    ...[4.6, 7.9, 11.5, 12.7, 12.1, 11.0, 9.9, 9.0, 8.2, 7.7, 7.5, 8.0, 9.8],
    ...[13.2, 19.2, 28.8, 40.8, 50.9, 55.2, 53.1, 46.0, 35.3, 22.8, 11.0, 4.2],
  ],
  ankle: [
    ...[-2.5, -6.3, -5.5, -2.5, 0.2, 2.5, 4.5, 6.4, 8.3, 10.1, 11.8, 13.1, 13.8],
    ...[12.8, 8.1, -2.3, -12.4, -12.0, -5.6, 0.0, 3.2, 3.8, 2.1, -0.3, -1.6],
  ],
} as const;

const { thigh, knee, ankle } = normal;

/** The curves. `foot` is the pitch of the sole from the ground, toes up, which follows from the others. */
export const gait: Readonly<Record<"thigh" | "knee" | "foot", (share: number) => number>> = {
  thigh: periodic(thigh),
  knee: periodic(knee),
  foot: periodic(thigh.map((x, i) => x - knee[i]! + ankle[i]!)),
};

/** The share of the cycle in which a foot is on the ground, as measured there. */
export const stance = 0.62;

/**
 * The curve through points of a cycle as a function of the share of it, in radians: cubic, and between two points never beyond
 * them (Fritsch and Carlson 1980).
 */
function periodic(degrees: Curve): (share: number) => number {
  const count = degrees.length;
  const y = degrees.map((x) => x * Math.PI / 180);
  const rise = y.map((x, i) => y[(i + 1) % count]! - x);
  const tangents = rise.map((after, i) => {
    const before = rise[(i + count - 1) % count]!;
    return before * after <= 0 ? 0 : 2 / (1 / before + 1 / after);
  });
  return (share) => {
    const x = (share - Math.floor(share)) * count;
    const i = Math.floor(x) % count;
    const next = (i + 1) % count;
    const t = x - i;
    return y[i]! * (1 + 2 * t) * (1 - t) ** 2 + tangents[i]! * t * (1 - t) ** 2 +
      y[next]! * t ** 2 * (3 - 2 * t) + tangents[next]! * t ** 2 * (t - 1);
  };
}
