import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openGuest } from '../../../helpers/guest.ts'

const { evaluate, failureOf } = await openGuest()

test('says who it is, and to nobody but itself', async () => {
  assert.deepEqual(await evaluate(`[navigator.userAgent, String(navigator), Object.keys(Navigator.prototype), navigator instanceof Navigator]`), ['Batchbox', '[object Navigator]', ['userAgent'], true])
  assert.equal((await failureOf('export default () => new Navigator()')).name, 'TypeError')
  assert.equal((await failureOf('export default () => Navigator.prototype.userAgent')).name, 'TypeError')
})
