import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startService } from '../helpers/service.ts'

const service = await startService({ after })
const code = 'export default () => 1'

test('an attempt says where it was contained, and a level that every worker reaches can be demanded', async () => {
  const job = await service.run({ code, requireIsolation: ['process', 'permission'] })

  assert.equal(job.status, 'succeeded', JSON.stringify(job.error))
  const { isolation } = job.attempts[0] ?? {}
  assert.deepEqual({ ...isolation, uid: 0, cgroup: true }, { process: true, permission: true, uid: 0, cgroup: true, threads: 1 })
  assert.equal(typeof isolation?.cgroup, 'boolean')
})

test('a level that is not reached ends the job as UNAVAILABLE, one that is runs', async () => {
  const { attempts: [before] } = await service.run({ code })
  const reached = { uid: before?.isolation?.uid !== process.getuid?.(), cgroup: before?.isolation?.cgroup === true }

  const jobs = await Promise.all((['uid', 'cgroup'] as const).map(async (level) => [level, await service.run({ code, requireIsolation: [level] })] as const))

  for (const [level, { status, error }] of jobs) {
    if (reached[level]) assert.equal(status, 'succeeded')
    else assert.deepEqual([status, error?.code], ['failed', 'UNAVAILABLE'])
  }
})

for (const requireIsolation of [['vm'], 'uid', ['uid', 'uid'], [1]]) {
  test(`${JSON.stringify(requireIsolation)} is no list of levels`, async () => {
    const { status, json } = await service.request('POST', '/v1/jobs', { body: { code, requireIsolation } })

    assert.equal(status, 422)
    assert.match(JSON.stringify(json['errors']), /requireIsolation/)
  })
}
