import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LiveEvent } from '../../clients/sdk/src/live/options.ts'
import { createRouter } from '../../clients/sdk/src/live/router.ts'

let count = 0
function buildEvent (type: string, members: Partial<LiveEvent> = {}): LiveEvent {
  const cursor = ++count
  return { id: `job_1-${cursor}`, type, time: '2026-01-01T00:00:00.000Z', sequence: cursor, attempt: 1, payload: {}, version: 1, subject: 'job_1', cursor, ...members }
}

test('a router finds handlers by name, by asterisk and by expression, and says what the pattern left open', async () => {
  const router = createRouter()
  const heard: unknown[] = []
  router.on('job.log', () => heard.push('name'))
  router.on('job.*', (_, parts) => heard.push(['asterisk', ...parts]))
  router.on(/^job\.(l)(.*)$/g, (_, parts) => heard.push(['expression', ...parts]))
  router.on('job.logs', () => heard.push('never'))
  router.on('job?log', () => heard.push('never'))

  await router.dispatch(buildEvent('job.log'))
  await router.dispatch(buildEvent('job.lost'))

  assert.deepEqual(heard, ['name', ['asterisk', 'log'], ['expression', 'l', 'og'], ['asterisk', 'lost'], ['expression', 'l', 'ost']])
})

test('a router tells of what nobody handles, and of nothing else', async () => {
  const router = createRouter()
  const unhandled: string[] = []
  router.onUnhandled(({ type }) => unhandled.push(type))
  const stop = router.on('job.log', () => {})

  await router.dispatch(buildEvent('job.log'))
  await router.dispatch(buildEvent('job.from_a_later_release'))
  stop()
  await router.dispatch(buildEvent('job.log'))

  assert.deepEqual(unhandled, ['job.from_a_later_release', 'job.log'])
})

test('middleware stands around the handlers in its order: it may change an event, and keep it from them', async () => {
  const router = createRouter()
  const heard: unknown[] = []
  router.use(async (event, next) => {
    heard.push('in')
    await next({ ...event, payload: { message: 'changed' } })
    heard.push('out')
  })
  router.use((event, next) => event.attempt === 2 ? undefined : next())
  router.on('*', ({ payload }) => heard.push(payload))

  await router.dispatch(buildEvent('job.log'))
  await router.dispatch(buildEvent('job.log', { attempt: 2 }))

  assert.deepEqual(heard, ['in', { message: 'changed' }, 'out', 'in', 'out'])
})

test('an event that comes again is answered as the first time; one whose handler threw is handled again', async () => {
  const router = createRouter()
  let calls = 0
  router.on('job.log', async () => ++calls)
  router.on('job.progress', () => {
    calls++
    if (calls < 3) throw new Error('not yet')
    return calls
  })
  const log = buildEvent('job.log')
  const progress = buildEvent('job.progress')

  const [first, second] = await Promise.all([router.dispatch(log), router.dispatch(log)])
  await assert.rejects(router.dispatch(progress), /not yet/)
  const third = await router.dispatch(progress)

  assert.deepEqual([first, second, third], [[1], [1], [3]])
  assert.deepEqual(Object.entries(router.metrics()).map(([type, { count, errors }]) => [type, count, errors]), [['job.log', 1, 0], ['job.progress', 2, 1]])
})

test('run() asks for the next event once the last was handled', async () => {
  const router = createRouter()
  const heard: string[] = []
  router.on('*', async ({ type }) => {
    await new Promise((resolve) => { setImmediate(resolve) })
    heard.push(`handled ${type}`)
  })
  async function * follow () {
    for (const type of ['job.queued', 'job.started']) {
      heard.push(`given ${type}`)
      yield buildEvent(type)
    }
  }

  await router.run(follow())

  assert.deepEqual(heard, ['given job.queued', 'handled job.queued', 'given job.started', 'handled job.started'])
})
