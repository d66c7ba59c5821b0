import { readFileSync } from 'node:fs'
import { startBaseline } from '../baseline.ts'
import { execute, startEngine } from '../engine.ts'
import { compareInRounds } from '../rounds.ts'
import type { Bench, Figure, Row } from '../row.ts'
import type { Engine } from '../../src/engine/engine.ts'

const ROUNDS = 9
/** The most that each may take, by what plain Node takes. */
const SUBJECTS = { 'CPU-bound': ['cpu-bound.js', 1.15], 'allocation-heavy': ['allocation-heavy.js', 1] } as const

/** What the sandbox costs code that computes or allocates. Both sides start cold, so that what the compiler has learnt is equal. */
export const userCode: Row = {
  id: 'd',
  title: 'Time of user code in the sandbox ÷ the same function in a plain Node process, cold on both sides',
  async measure (bench) {
    await using closing = new AsyncDisposableStack()
    const engine = await startEngine(bench, closing)
    const figures: Figure[] = []
    for (const [name, [file, most]] of Object.entries(SUBJECTS)) figures.push(...await measureSubject(bench, engine, { name, file, most }))
    return figures
  },
}

async function measureSubject (bench: Bench, engine: Engine, { name, file, most }: { name: string, file: string, most: number }): Promise<Figure[]> {
  const url = new URL(`../subjects/${file}`, import.meta.url)
  const code = readFileSync(url, 'utf8')
  const expected = (await runPlain(url)).result
  const { ratio, subject, baseline } = await compareInRounds(ROUNDS, async () => {
    const { result, usage } = await execute(engine, code)
    if (result !== expected) throw new Error(`Cannot use measurement: the sandbox answered ${result}, plain Node ${expected}`)
    return usage.wallMs
  }, async () => (await runPlain(url)).wallMs)
  bench.note(`  ${name}: ${ratio.toFixed(2)}`)
  return [
    { name: `${name}: sandbox ÷ plain Node`, value: ratio, unit: 'ratio', target: { type: 'at most', value: most } },
    { name: `${name}: sandbox`, value: subject, unit: 'ms' },
    { name: `${name}: plain Node`, value: baseline, unit: 'ms' },
  ]
}

async function runPlain (url: URL): Promise<{ wallMs: number, result: string }> {
  const plain = startBaseline('plain.ts')
  try {
    return await plain.ask({ url: url.href }) as { wallMs: number, result: string } // what the baseline answers
  } finally {
    await plain.close()
  }
}
