/** Tracks as tensors: where cars are along them, how far off, and what lies ahead. */

import { tensor } from "../../../tensor/creation.ts";
import { stack, where } from "../../../tensor/functions.ts";
import { arange } from "../../../tensor/creation.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import type { Track } from "./track.ts";

/** How far behind and ahead of where a car was the nearest point is looked for, in points. */
const window = { behind: 4, ahead: 12 } as const;

/** Which track a car is on, and which point of it is near: int32 [env] each. */
export interface Place {
  readonly track: Tensor;
  readonly at: Tensor;
}

/** A car as tracks see it, float32 [env] each. */
export interface Pose {
  readonly x: Tensor;
  readonly y: Tensor;
  readonly heading: Tensor;
  readonly speed: Tensor;
}

/** How far a car is off, float32 [env] each. They carry gradients; which point is the nearest does not. */
export interface TrackErrors {
  /** Metres to the left of the way. */
  readonly lateral: Tensor;
  /** Radians counter-clockwise of its direction, in [-pi, pi). */
  readonly heading: Tensor;
  /** Faster than it is meant to be driven, m/s. */
  readonly speed: Tensor;
  /** How the way bends there, 1/m. */
  readonly curvature: Tensor;
}

/** Points ahead, float32 [env, point] each. */
export interface Preview {
  /** Metres along the car, from its centre. */
  readonly forwards: Tensor;
  /** Metres to the left of it. */
  readonly left: Tensor;
  /** The speed at which they are meant to be passed. */
  readonly speed: Tensor;
  /** How the way bends there, 1/m. */
  readonly curvature: Tensor;
}

const columns = ["x", "y", "heading", "curvature", "speed", "slope", "turning"] as const;
type Columns = Readonly<Record<typeof columns[number], Tensor>>;

/** An angle in [-pi, pi); the gradient goes through. */
function wrapped(angle: Tensor): Tensor {
  const turns = angle.add(Math.PI).mul(1 / (2 * Math.PI)).floor();
  return angle.sub(turns.mul(2 * Math.PI));
}

/** Tracks, one after the other in one table. */
export class TrackTable {
  readonly #points: Tensor;
  readonly #first: Tensor;
  readonly #count: Tensor;
  readonly #closed: Tensor;
  readonly #spacing: Tensor;

  constructor(readonly tracks: readonly Track[]) {
    const counts = tracks.map(({ x }) => x.length);
    const firsts = counts.map((_, i) => counts.slice(0, i).reduce((sum, n) => sum + n, 0));
    const rows = tracks.flatMap((track) =>
      Array.from(track.x, (_, i) => columns.map((name) => valueOf(track, name, i)))
    );
    this.#points = tensor(Float32Array.from(rows.flat()), { shape: [rows.length, columns.length] });
    this.#first = tensor(Int32Array.from(firsts));
    this.#count = tensor(Int32Array.from(counts));
    this.#closed = tensor(tracks.map(({ closed }) => closed));
    this.#spacing = tensor(tracks.map(({ spacing }) => spacing));
  }

  /** The number of points of a track, int32 [env]. */
  count(track: Tensor): Tensor {
    return this.#count.take(track, 0);
  }

  /** Whether a car has come to the end of an open track, bool [env]. */
  ended({ track, at }: Place): Tensor {
    return this.#closed.take(track, 0).not().and(at.greaterEqual(this.count(track).sub(2)));
  }

  /** The points `offset` away (int32 [env, k]), each column [env, k]. */
  read({ track, at }: Place, offset: Tensor): Columns {
    const index = this.#bounded(track, at.unsqueeze(1).add(offset)).add(this.#first.take(track, 0).unsqueeze(1));
    const found = this.#points.take(index.named(null, null).flatten(), 0).reshape(...index.shape, columns.length);
    return Object.fromEntries(columns.map((name, i) => [name, found.select(2, i)])) as Columns;
  }

  /** Indices [env, k] that are of points: around closed tracks, and held at the ends of open ones. */
  #bounded(track: Tensor, index: Tensor): Tensor {
    const count = this.count(track).unsqueeze(1);
    const around = index.add(count).remainder(count);
    return where(this.#closed.take(track, 0).unsqueeze(1), around, index.maximum(0).minimum(count.sub(1)));
  }

  /** Where a car is that was near `place` a moment ago. */
  follow(place: Place, { x, y }: Pick<Pose, "x" | "y">): Place {
    const offset = arange(-window.behind, window.ahead + 1).unsqueeze(0);
    const near = this.read(place, offset);
    const distance = near.x.sub(x.unsqueeze(1)).square().add(near.y.sub(y.unsqueeze(1)).square());
    const best = distance.argmin(1).sub(window.behind);
    return { track: place.track, at: this.#bounded(place.track, place.at.add(best).unsqueeze(1)).squeeze(1) };
  }

  /** How far a car is off, by the nearest point and the bend there. */
  errors(place: Place, pose: Pose): TrackErrors {
    const near = this.#one(place);
    const [dx, dy] = [pose.x.sub(near.x), pose.y.sub(near.y)];
    const [cos, sin] = [near.heading.cos(), near.heading.sin()];
    const along = cos.mul(dx).add(sin.mul(dy));
    const aside = cos.mul(dy).sub(sin.mul(dx));
    return {
      lateral: aside.sub(near.curvature.mul(along.square()).mul(0.5)),
      heading: wrapped(pose.heading.sub(near.heading).sub(near.curvature.mul(along))),
      speed: pose.speed.sub(near.speed).sub(near.slope.mul(along)),
      curvature: near.curvature,
    };
  }

  #one(place: Place): Columns {
    const found = this.read(place, arange(1).unsqueeze(0));
    return Object.fromEntries(columns.map((name) => [name, found[name].squeeze(1)])) as Columns;
  }

  /** What lies ahead at `seconds` of the car's speed, and `more` metres. */
  preview(place: Place, pose: Pose, seconds: readonly number[], more: number): Preview {
    const times = tensor([[...seconds]]);
    const spacing = this.#spacing.take(place.track, 0).unsqueeze(1);
    const reach = pose.speed.relu().unsqueeze(1).mul(times).add(more).div(spacing);
    const whole = reach.floor();
    const ahead = this.read(place, whole.cast("int32"));
    const rest = reach.sub(whole).mul(spacing);
    const dx = ahead.x.add(rest.mul(ahead.heading.cos())).sub(pose.x.unsqueeze(1));
    const dy = ahead.y.add(rest.mul(ahead.heading.sin())).sub(pose.y.unsqueeze(1));
    const [cos, sin] = [pose.heading.cos().unsqueeze(1), pose.heading.sin().unsqueeze(1)];
    return {
      forwards: cos.mul(dx).add(sin.mul(dy)),
      left: cos.mul(dy).sub(sin.mul(dx)),
      speed: ahead.speed.add(ahead.slope.mul(rest)),
      curvature: ahead.curvature.add(ahead.turning.mul(rest)),
    };
  }

  /** Points in even distances along the whole track: their places and directions, [env, count, 2] and [env, count]. */
  outline(track: Tensor, count: number): { position: Tensor; angle: Tensor } {
    const share = arange(count).cast("float32").div(count).unsqueeze(0);
    const offset = this.count(track).cast("float32").unsqueeze(1).mul(share).floor().cast("int32");
    const { x, y, heading } = this.read({ track, at: track.mul(0) }, offset);
    return { position: stack([x, y], -1), angle: heading };
  }
}

function valueOf(track: Track, name: typeof columns[number], i: number): number {
  if (name !== "slope" && name !== "turning") return track[name][i]!;
  const { closed, spacing } = track;
  const of = name === "slope" ? track.speed : track.curvature;
  const count = of.length;
  const [from, to] = closed
    ? [(i + count - 1) % count, (i + 1) % count]
    : [Math.max(0, i - 1), Math.min(count - 1, i + 1)];
  return (of[to]! - of[from]!) / (spacing * (closed ? 2 : to - from));
}
