import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { zstdDecompressSync } from 'node:zlib'
import { startService } from '../helpers/service.ts'

const run = promisify(execFile)
const MAIN = join(import.meta.dirname, '../../examples/transforms/main.ts')

test('the examples of transforms', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'batchbox-test-examples-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const { url, key } = await startService(t, { env: { BATCHBOX_FILES: join(folder, 'files'), BATCHBOX_TOOL_CONFIG: JSON.stringify({ fetch: { allowRanges: ['127.0.0.0/8'] } }) } })
  const play = async (name: string, output: string): Promise<Buffer> => {
    await run(process.execPath, [MAIN, name, folder], { env: { ...process.env, URL: url, KEY: key } })
    return readFileSync(join(folder, output))
  }

  await t.test('birdstrikes: what each kind of bird costs', async () => {
    const [head, first, ...rest] = String(await play('birdstrikes', 'species.csv')).trimEnd().split('\r\n')

    assert.equal(head, 'species,strikes,damaging,cost,firstYear,lastYear,fastestKnots')
    assert.equal(first, 'Canada goose,190,106,15389869,1990,2002,250')
    assert.equal(rest.length, 32)
  })

  await t.test('zipcodes: CSV becomes compressed NDJSON', async () => {
    const lines = String(zstdDecompressSync(await play('zipcodes', 'zipcodes.ndjson.zst'))).trimEnd().split('\n')

    assert.equal(lines.length, 42_049)
    assert.deepEqual(JSON.parse(lines[0] ?? ''), { zip: '00501', city: 'Holtsville', state: 'NY', county: 'Suffolk', at: { latitude: 40.922326, longitude: -72.637078 } })
  })

  await t.test('routes: two sources are joined', async () => {
    const lines = String(await play('routes', 'routes.ndjson')).trimEnd().split('\n')

    assert.equal(lines.length, 5366)
    assert.deepEqual(JSON.parse(lines[0] ?? ''), { from: 'ABE Allentown', to: 'ATL Atlanta', flights: 853, km: 1113 })
  })

  await t.test('departures: an API is asked', async () => {
    const airports = JSON.parse(String(await play('departures', 'departures.json'))) as { iata: string, departures: number }[] // written by the example

    assert.equal(airports.length, 3376)
    assert.deepEqual(airports.find(({ iata }) => iata === 'ABE'), { iata: 'ABE', name: 'Lehigh Valley International', state: 'PA', departures: 4807 })
  })
})
