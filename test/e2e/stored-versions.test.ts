import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import type { StoredVersion } from '../fixtures/stored/make.ts'
import { wholeHistory } from '../helpers/load.ts'
import { startService } from '../helpers/service.ts'
import { loadStored } from '../helpers/stored-data.ts'

const FOLDER = join(import.meta.dirname, '..', 'fixtures', 'stored')

for (const file of globSync('*.json', { cwd: FOLDER })) {
  test(`what ${basename(file, '.json')} stored is read, and what it left to do is done`, async (t) => {
    const { jobs, data } = JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as StoredVersion // make.ts wrote it
    const service = await startService(t, { worker: false })
    await loadStored(service.db.redis, service.db.keys.prefix, data)

    const before = await Promise.all(jobs.map(({ id }) => service.read(id)))
    await service.startWorker()
    const after = await Promise.all(jobs.map(({ id }) => service.end(id)))
    const results = await Promise.all(jobs.map(async ({ id, ends }) => ends.result === undefined ? undefined : JSON.parse((await service.request('GET', `/v1/jobs/${id}/result`)).text)))

    assert.deepEqual(before.map(({ status }, i) => [jobs[i]?.name, status]), jobs.map(({ name, status }) => [name, status]))
    assert.deepEqual(after.map(({ status, error }, i) => ({ name: jobs[i]?.name, status, result: results[i], code: error?.code })), jobs.map(({ name, ends }) => ({ name, status: ends.status, result: ends.result, code: ends.code })))
    for (const { id } of jobs) await wholeHistory(service, id)
  })
}
