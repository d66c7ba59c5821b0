import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openGuest } from '../../../helpers/guest.ts'

const { evaluate, failureOf } = await openGuest()

test('performance tells the time since the run began, and never less than before', async () => {
  const [differs, sorted, first] = await evaluate(`(() => {
    const times = Array.from({ length: 1000 }, () => performance.now())
    return [Math.abs(performance.timeOrigin + performance.now() - Date.now()), times.every((time, i) => i === 0 || time >= times[i - 1]), times[0]]
  })()`) as [number, boolean, number]

  assert.ok(differs < 5000)
  assert.ok(sorted)
  assert.ok(first >= 0)
})

test('it is an event target, and has the shape that the standard gives it', async () => {
  assert.deepEqual(await evaluate(`(() => {
    const heard = []
    performance.addEventListener('x', (event) => heard.push(event.type, event.target === performance))
    performance.dispatchEvent(new Event('x'))
    return [heard, String(performance), Object.keys(performance), Object.keys(performance.toJSON()), performance.toJSON().timeOrigin === performance.timeOrigin, performance instanceof EventTarget, Object.keys(Performance.prototype)]
  })()`), [['x', true], '[object Performance]', [], ['timeOrigin'], true, true, ['now', 'timeOrigin', 'toJSON']])
})

test('there is no other one', async () => {
  for (const expression of ['new Performance()', 'Performance.prototype.now()', 'Performance.prototype.timeOrigin', 'performance.now.call({})']) {
    assert.equal((await failureOf(`export default () => ${expression}`)).name, 'TypeError', expression)
  }
})
