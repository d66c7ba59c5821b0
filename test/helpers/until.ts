import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'

const EVERY_MS = 20

/** Polls until a check answers true, for what cannot signal. Fails when that takes too long. */
export async function until (what: string, check: () => Promise<boolean> | boolean, withinMs = 45_000): Promise<void> {
  const deadline = Date.now() + withinMs
  while (!await check()) {
    assert.ok(Date.now() < deadline, `waited ${withinMs} ms in vain until ${what}`)
    await delay(EVERY_MS)
  }
}
