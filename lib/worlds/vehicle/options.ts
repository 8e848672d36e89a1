/** What a vehicle world may be told, and what it shows. */

import { type Check, type Checks, positive, whole, withDefaults } from "../options.ts";
import { previewSeconds } from "./constants.ts";
import { type CarName, carNames } from "./models/cars.ts";
import { type ModelName, modelNames } from "./models/model.ts";
import { type TrackName, trackNames } from "./tracks/curves.ts";
import { Track } from "./tracks/track.ts";

/** Options of {@linkcode Vehicle}. */
export interface VehicleOptions {
  /** Steps of an episode: 1 or more. Default 400, which are 20 s. */
  maxSteps?: number;
  /** `ks`, `st` (the default), `std` or `mb`, see {@linkcode VehicleModel}. */
  model?: ModelName;
  /** Whose numbers: `bmw_320i` unless told otherwise. */
  car?: CarName;
  /** A track by its name, `circuit` unless told otherwise; or tracks of one's own, all open or all closed, of which each env has one. */
  track?: TrackName | Track | readonly Track[];
  /** Of `random` tracks: the first seed, 0 unless told otherwise. */
  trackSeed?: number;
  /** Of `random` tracks: how many; 8 unless told otherwise. */
  trackCount?: number;
  /** The largest speed of a track that has a name, m/s: 15 unless told otherwise. */
  maxSpeed?: number;
  /** Metres from the middle to the edge of the track: 3 unless told otherwise. */
  halfWidth?: number;
  /** Mass, grip and lag of each env are drawn from 1 - spread to 1 + spread of those of the car: 0 unless told otherwise. */
  spread?: number;
}

const defaults: Required<VehicleOptions> = {
  ...{ maxSteps: 400, model: "st", car: "bmw_320i", track: "circuit", trackSeed: 0, trackCount: 8 },
  ...{ maxSpeed: 15, halfWidth: 3, spread: 0 },
};

const among = (names: readonly string[]): Check => [(x) => names.includes(x as string), `one of ${names.join(", ")}`];
const isTrack = (x: unknown): boolean => x instanceof Track;

const checks: Checks<VehicleOptions> = {
  maxSteps: whole(1, Infinity),
  model: among(modelNames),
  car: among(carNames),
  track: [
    (x) => trackNames.includes(x as TrackName) || isTrack(x) || (Array.isArray(x) && x.length > 0 && x.every(isTrack)),
    `one of ${trackNames.join(", ")}, a Track, or a list of them`,
  ],
  trackSeed: whole(0, 2 ** 32 - 1000),
  trackCount: whole(1, 1000),
  maxSpeed: positive,
  halfWidth: positive,
  spread: [(x) => typeof x === "number" && x >= 0 && x < 1, "a number from 0, below 1"],
};

/** The options with their defaults, and the tracks that they ask for. */
export function vehicleOptions(options: VehicleOptions): Required<VehicleOptions> & { tracks: readonly Track[] } {
  const all = withDefaults("vehicle", defaults, checks, options);
  const tracks = tracksOf(all);
  if (new Set(tracks.map(({ closed }) => closed)).size > 1) {
    throw new RangeError("vehicle: the tracks of a world are all open or all closed; make two worlds of them.");
  }
  return { ...all, tracks };
}

function tracksOf({ track, trackSeed, trackCount, maxSpeed }: Required<VehicleOptions>): readonly Track[] {
  if (track instanceof Track) return [track];
  if (typeof track !== "string") return track;
  const count = track === "random" ? trackCount : 1;
  return Array.from({ length: count }, (_, i) => Track.named(track, trackSeed + i, { maxSpeed }));
}

const ofPoints = (what: string, scale: number): [string, number][] => previewSeconds.map((_, i) => [what + i, scale]);

/**
 * What is observed, in this order, and what brings it to about 1: metres, radians and their rates, metres a second. `faster` is by how
 * much the speed that is meant ahead is above that of the car.
 */
const observed: readonly (readonly [name: string, scale: number])[] = [
  ...[["lateral", 4], ["heading", 10], ["speedError", 1], ["curvature", 30], ["speed", 0.1]] as const,
  ...[["steering", 10], ["yawRate", 2], ["slip", 20], ["pushing", 0.3]] as const,
  ...ofPoints("forwards", 0.05),
  ...ofPoints("left", 0.3),
  ...ofPoints("faster", 0.3),
  ...ofPoints("bend", 30),
];

/** Their names. */
export const observationNames: readonly string[] = observed.map(([name]) => name);
/** Their scales. */
export const observationScales: readonly number[] = observed.map(([, scale]) => scale);
