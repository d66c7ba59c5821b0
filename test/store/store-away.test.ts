import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isStoreAway } from '../../src/store/store-away.ts'

function named (name: string, message: string): Error {
  return Object.assign(new Error(message), { name })
}

test('errors of a Redis that is away or takes no writes are told from mistakes', () => {
  const away = [
    new Error("Stream isn't writeable and enableOfflineQueue options is false"),
    new Error('Connection is closed.'),
    named('MaxRetriesPerRequestError', 'Reached the max retries per request limit (which is 1).'),
    named('ReplyError', "OOM command not allowed when used memory > 'maxmemory'."),
    named('ReplyError', 'LOADING Redis is loading the dataset in memory'),
    named('ReplyError', 'MISCONF Redis is configured to save RDB snapshots'),
    Object.assign(new Error('connect ECONNREFUSED'), { syscall: 'connect', code: 'ECONNREFUSED' }),
  ]
  const mistakes = [new Error('Cannot read job'), named('ReplyError', 'WRONGTYPE Operation against a key'), named('ReplyError', 'ERR user_script:1: attempt to index a nil value'), 'OOM', undefined]

  for (const error of away) assert.equal(isStoreAway(error), true, error.message)
  for (const error of mistakes) assert.equal(isStoreAway(error), false)
})
