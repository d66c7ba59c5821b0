import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lastInFirstOut } from '../helpers/scope.ts'
import { runChaos } from './run-chaos.ts'
import { runTransforms } from './run-transforms.ts'

const SKIP = process.platform !== 'linux' && 'reads /proc'
const SEED = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 1e9))

test(`whatever breaks, every job that was acknowledged ends once and as it should (CHAOS_SEED=${SEED})`, { skip: SKIP }, async (t) => {
  const tally = await runChaos(lastInFirstOut(t), { jobs: 150, faults: 8, workers: 2, seed: SEED, onFault: (name, ended) => t.diagnostic(`${ended}: ${name}`) })

  assert.equal(tally.jobs, 150)
})

test(`whatever dies, a transform writes what it writes undisturbed (CHAOS_SEED=${SEED})`, { skip: SKIP }, async (t) => {
  const survived = await runTransforms(lastInFirstOut(t), { records: 3000, faults: 3, workers: 2, seed: SEED, onFault: (name, ended) => t.diagnostic(`${ended}: ${name}`) })

  assert.deepEqual(survived.map(({ times }) => times > 0), [true, true, true, true])
})
