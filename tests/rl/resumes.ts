/** What resuming promises, for any trainer. */

import assert from "node:assert/strict";
import type { Trainer } from "../../mod.ts";

/** Stops after `before` iterations, goes on in another trainer, and compares everything with a run that did not stop. */
export async function assertResumes(create: () => Promise<Trainer>, before = 1): Promise<void> {
  const [whole, first, resumed] = [await create(), await create(), await create()];
  try {
    for (let i = 0; i < before; i++) {
      await whole.iterate();
      await first.iterate();
    }
    await resumed.restore(await first.state());
    assert.equal(resumed.iteration, before);
    assert.deepEqual(await resumed.iterate(), await whole.iterate());
    const [a, b] = [await whole.state(), await resumed.state()];
    assert.deepEqual(Object.keys(b), Object.keys(a));
    for (const name of Object.keys(a)) assert.deepEqual(b[name]!.data, a[name]!.data, name);
    assert.equal(resumed.traceCount, whole.traceCount);
  } finally {
    for (const trainer of [whole, first, resumed]) trainer.dispose();
  }
}
