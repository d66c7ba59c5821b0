import { expectEqual, expectTrue, failureOf, resultOf } from '../check.ts'
import type { DemoJob } from '../demo-job.ts'

const COUNTDOWN_FROM = 3
const QUOTES = [{ zone: 'Local', code: 0, price: 5 }, { zone: 'World', code: 2, price: 21 }, { zone: 'Europe', code: 1, price: 27 }] as const

/** TypeScript with types, an enum and parameter properties: the quotes are worked out by hand. */
export const parcelsJob: DemoJob = {
  file: 'parcels.ts',
  shows: 'TypeScript: types, an enum, a class',
  request: { input: [{ zone: 'Local', kilos: 2 }, { zone: 'World', kilos: 0.4 }, { zone: 'Europe', kilos: 9.1 }] },
  check: (job) => {
    expectEqual('the quotes', resultOf(job), QUOTES)
    return [QUOTES.map(({ zone, code, price }) => `Zone.${zone} (${code}) costs ${price}`).join(', ')]
  },
}

/** console at several levels; the lines are read back from the service. */
export const logsJob: DemoJob = {
  file: 'logs.ts',
  shows: 'console, read back line by line',
  request: { input: COUNTDOWN_FROM },
  check: async (job, api, terminal) => {
    expectEqual('the result', resultOf(job), 'lift-off')
    const lines = await api.logs(job.id)
    expectEqual('the levels', lines.map(({ level }) => level), ['log', 'log', 'log', 'warn', 'error'])
    expectEqual('the first lines', lines.slice(0, COUNTDOWN_FROM).map(({ message }) => message), ['3…', '2…', '1…'])
    expectTrue('the structured line must show its values', lines[COUNTDOWN_FROM]?.message.includes('thrust: 0.97') === true, lines[COUNTDOWN_FROM]?.message)
    const sequences = lines.map(({ sequence }) => sequence)
    expectTrue('the lines must be numbered in order', sequences.every((sequence, i) => i === 0 || sequence > (sequences[i - 1] ?? 0)), sequences)
    return lines.map(({ time, level, message }) => {
      const color = level === 'error' ? 'red' : level === 'warn' ? 'yellow' : 'cyan'
      return `${terminal.style('dim', time.slice(11, 23))} ${terminal.style(color, level.padEnd(5))} ${message}`
    })
  },
}

/** An error of the author's own, with the line that threw it. */
export const throwsJob: DemoJob = {
  file: 'throws.ts',
  shows: 'an error with its own stack',
  request: { input: [{ id: 'A-1', discount: 0.1 }, { id: 'A-2', discount: 1.5 }] },
  check: (job, _api, terminal) => {
    const error = failureOf(job, ['USER_ERROR'])
    expectEqual('the name', error.name, 'RangeError')
    expectEqual('the message', error.message, 'Order A-2 has a discount of 150 %')
    const stack = error.stack ?? ''
    expectTrue('the stack must name the line that threw', stack.includes('job.ts:13:'), stack)
    expectTrue('the stack must name nothing of the host', !/node:|node_modules|\/src\//.test(stack), stack)
    return [terminal.style('red', `${error.name}: ${error.message}`), ...frames(stack).map((frame) => terminal.style('dim', `  ${frame}`))]
  },
}

function frames (stack: string): string[] {
  return stack.split('\n').map((line) => line.trim()).filter((line) => line.startsWith('at '))
}
