// Judges six programs that are to add up the numbers of a line.
import { enableCompileCache } from 'node:module'
import { create } from '../../../src/engine/library.ts'
import { judge, type Problem } from './judge.ts'

const PROBLEM: Problem = {
  cases: [
    { input: '1 2', expected: '3' },
    { input: '-5 5', expected: '0' },
    { input: '10 20 30', expected: '60' },
  ],
  cpuMs: 1000,
  memoryMb: 32,
}

const SUBMISSIONS = {
  ada: 'export default (line) => String(line.split(" ").reduce((sum, word) => sum + Number(word), 0))',
  ben: 'export default (line: string): string => { const [a, b] = line.split(" ").map(Number); return `${a! + b!}\\n` }',
  cleo: 'export default () => { for (;;); }',
  dan: 'export default () => { const hoard = []; for (;;) hoard.push(new Array(100_000).fill(hoard.length)) }',
  eve: 'export default (line) => line.words.length',
  finn: 'export default (line) => { return line',
}

enableCompileCache('.batchbox/compile-cache') // what an engine prepares as it starts is kept for the next one
await using engine = await create()
for (const [author, code] of Object.entries(SUBMISSIONS)) {
  const { verdict, cases } = await judge(engine, PROBLEM, code)
  const passed = cases.filter((each) => each.verdict === 'accepted').length
  const message = cases.find((each) => each.message !== undefined)?.message
  console.log(`${author}: ${verdict}, ${passed} of ${cases.length} cases${message === undefined ? '' : ` (${message})`}`)
}
