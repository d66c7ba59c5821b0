import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openGuest } from '../../helpers/guest.ts'

const guest = await openGuest()

test('where the operator has no database, the first use says so', async () => {
  assert.deepEqual(await guest.failureOf('export default () => db.users.findMany()', { tools: ['db'] }), {
    code: 'USER_ERROR', name: 'TypeError', message: 'Cannot use db.users: this service has no database; its operator has to set DATABASE_URL, or databases of tool db',
  })
})
