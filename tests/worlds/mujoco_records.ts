/** Records of Gymnasium's MuJoCo worlds; `tests/fixtures/make_mujoco.py` says what is in them. */

import { gunzipSync } from "node:zlib";
import type { MujocoName } from "../../mod.ts";

/** 300 steps. */
export interface MujocoRecord {
  readonly qpos: readonly number[];
  readonly qvel: readonly number[];
  /** In 128ths of the motors' range. */
  readonly actions: readonly (readonly number[])[];
  readonly state: readonly (readonly number[])[];
  readonly observation: readonly (readonly number[])[];
  readonly reward: readonly number[];
  readonly terminated: readonly number[];
  readonly restart?: readonly (readonly number[])[];
}

interface Starts {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
  readonly least: readonly number[];
  readonly most: readonly number[];
}

interface Fixture {
  /** After how many steps each is recorded. */
  readonly steps: { readonly state: number; readonly observation: number };
  readonly worlds: Readonly<
    Partial<Record<MujocoName, { readonly starts: Starts; readonly records: readonly MujocoRecord[] }>>
  >;
}

/** All of them. */
export function mujocoRecords(): Fixture {
  const bytes = Deno.readFileSync(new URL("../fixtures/gymnasium_mujoco.json.gz", import.meta.url));
  return JSON.parse(new TextDecoder().decode(gunzipSync(bytes)));
}
