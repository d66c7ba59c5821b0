import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildRedisOptions } from '../../src/store/connection.ts'
import { buildKeys } from '../../src/store/key-names.ts'

test('every form of Redis URL becomes the options of a connection', () => {
  const parse = (url: string) => {
    const { host, port, path, db, username, password, tls } = buildRedisOptions({ url, failFast: false })
    return { host, port, path, db, username, password, tls }
  }
  const none = { host: undefined, port: undefined, path: undefined, db: undefined, username: undefined, password: undefined, tls: undefined }

  assert.deepEqual(parse('redis://localhost'), { ...none, host: 'localhost', port: 6379, db: 0 })
  assert.deepEqual(parse('redis://u%40:p%2F@h:7000/3'), { ...none, host: 'h', port: 7000, db: 3, username: 'u@', password: 'p/' })
  assert.deepEqual(parse('rediss://[::1]:7000'), { ...none, host: '::1', port: 7000, db: 0, tls: {} })
  assert.deepEqual(parse('unix:///tmp/a%20b/r.sock'), { ...none, path: '/tmp/a b/r.sock' })
})

test('other URLs are refused without their password', () => {
  assert.throws(() => buildRedisOptions({ url: 'http://u:secret@h', failFast: false }), (error) => error instanceof TypeError && !error.message.includes('secret'))
  assert.throws(() => buildRedisOptions({ url: 'redis://u:secret@h/x', failFast: false }), (error) => error instanceof TypeError && !error.message.includes('secret'))
})

test('a connection that fails fast queues nothing, the other waits for Redis', () => {
  const fast = buildRedisOptions({ url: 'redis://h', failFast: true })
  const patient = buildRedisOptions({ url: 'redis://h', failFast: false })

  assert.deepEqual([fast.enableOfflineQueue, fast.maxRetriesPerRequest], [false, 1])
  assert.deepEqual([patient.enableOfflineQueue, patient.maxRetriesPerRequest], [true, null])
})

test('a connection whose server lost its role is made again, since the name may lead to another server by now', () => {
  const { reconnectOnError } = buildRedisOptions({ url: 'redis://h', failFast: false })

  assert.equal(reconnectOnError?.(new Error("READONLY You can't write against a read only replica.")), true)
  assert.equal(reconnectOnError?.(new Error('OOM command not allowed when used memory > \'maxmemory\'.')), false)
})

test('a prefix without a hash tag is refused', () => {
  assert.throws(() => buildKeys('batchbox'), RangeError)
  assert.equal(buildKeys('{b}').job('x'), '{b}:job:x')
})

test('connections are made again after delays that grow to two seconds, and of which half is drawn', () => {
  const { retryStrategy } = buildRedisOptions({ url: 'redis://h', failFast: false })
  const delays = (times: number) => Array.from({ length: 50 }, () => Number(retryStrategy?.(times)))

  for (const [times, wholeMs] of [[1, 100], [3, 400], [20, 2000]] as const) {
    const drawn = delays(times)
    assert.ok(drawn.every((ms) => ms >= wholeMs / 2 && ms <= wholeMs), `${drawn.join(' ')}`)
    assert.ok(new Set(drawn).size > 10, 'they differ')
  }
})
