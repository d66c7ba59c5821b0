import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startEngine } from '../helpers/engine.ts'

const { resultOf, failureOf, run } = await startEngine({ lanes: 2 })
const tools = ['echo']

test('echo says back what it is told', async () => {
  const result = await resultOf('export default async (text) => [await echo.say(text), await echo.say(`${text}!`)]', { tools, input: 'grüß\n"dich" 🚀' })

  assert.deepEqual(result, ['grüß\n"dich" 🚀', 'grüß\n"dich" 🚀!'])
})

test('a job that does not name echo has none', async () => {
  assert.equal(await resultOf('export default () => typeof echo'), 'undefined')
})

test('nobody can replace or change echo', async () => {
  const code = `export default async () => {
    const tries = [() => { globalThis.echo = 1 }, () => { delete globalThis.echo }, () => { echo.say = 1 }, () => { echo.more = 1 }, () => { echo.say.more = 1 }, () => Object.defineProperty(globalThis, 'echo', { value: 1 })]
    const refused = tries.map((attempt) => { try { attempt(); return 'done' } catch (error) { return error.name } })
    return [refused, await echo.say('still here')]
  }`

  assert.deepEqual(await resultOf(code, { tools }), [Array(6).fill('TypeError'), 'still here'])
})

test('a wrong argument is told to the code, with the code TOOL_ERROR', async () => {
  const code = `export default () => echo.say('x'.repeat(2000))`

  const failure = await failureOf(code, { tools })
  const caught = await resultOf(`export default async () => { try { await echo.say('x'.repeat(2000)) } catch (error) { return [error instanceof Error, error.name, error.code, error.message] } }`, { tools })

  assert.equal(failure.code, 'TOOL_ERROR')
  assert.equal(failure.name, 'ToolError')
  assert.equal(failure.message, 'Cannot call echo.say: text: Too big: expected string to have <=1024 characters')
  assert.match(failure.stack ?? '', /job\.js:1:/)
  assert.deepEqual(caught, [true, 'ToolError', 'TOOL_ERROR', failure.message])
})

test('calls are counted in the usage of the run and timed in its spans', async () => {
  const { report } = await run('export default () => Promise.all([1, 2, 3].map((n) => echo.say(n)))', { tools })

  assert.equal(report.outcome.usage.toolCalls, 3)
  assert.equal(report.spans.filter(({ name }) => name === 'tool echo.say').length, 3)
})
