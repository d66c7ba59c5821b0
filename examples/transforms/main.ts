// Runs one of these examples in a Batchbox service: uploads its data, posts its job, follows it, and downloads what it wrote.
//
//     KEY=… npm run example -- birdstrikes
import { once } from 'node:events'
import { createWriteStream, openAsBlob, readFileSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { startApi } from './departures-api.ts'

const SERVICE = process.env['URL'] ?? 'http://127.0.0.1:8787'
const KEY = process.env['KEY'] ?? ''
const DATA = join(import.meta.dirname, '../../node_modules/vega-datasets/data')
const API_PORT = 9797
const WAIT_S = 20

interface Example {
  about: string
  /** Files of vega-datasets. */
  data: string[]
  /** Server that its code asks. */
  api?: string
  job: Record<string, unknown>
}

interface Job {
  id: string
  status: string
  progress?: { value: number, message?: string }
  result?: { records: object, files: { id: string, name: string, bytes: number }[] }
  error: unknown
}

/** Asks the service; what it refuses is thrown. */
async function ask (method: string, path: string, { body, headers = {} }: { body?: string | Blob, headers?: Record<string, string> } = {}): Promise<Response> {
  const response = await fetch(new URL(path, SERVICE), { method, headers: { authorization: `Bearer ${KEY}`, ...headers }, ...(body === undefined ? {} : { body }) })
  if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}: ${await response.text()}`)
  return response
}

async function run (name: string, folder: string): Promise<void> {
  const { about, data, api, job } = JSON.parse(readFileSync(join(import.meta.dirname, `${name}.json`), 'utf8')) as Example // written by us
  process.stdout.write(`${about}\n`)
  for (const file of data) await ask('PUT', `/v1/files/${file}`, { body: await openAsBlob(join(DATA, file)), headers: { 'content-type': 'text/csv' } })

  const server = api === undefined ? undefined : startApi(API_PORT, join(DATA, 'flights-airport.csv'))
  try {
    const ended = await follow({ ...job, code: readFileSync(join(import.meta.dirname, `${name}.ts`), 'utf8') })
    if (!ended.result) throw new Error(`The job ended as ${ended.status}: ${JSON.stringify(ended.error)}`)
    process.stdout.write(`${JSON.stringify(ended.result.records)}\n`)
    for (const file of ended.result.files) {
      const target = join(folder, file.name)
      await download(file.id, target)
      process.stdout.write(`${target}: ${file.bytes} bytes\n`)
    }
  } finally {
    server?.close()
  }
}

/** Saves a file as it is stored: fetch would decompress it. */
async function download (id: string, target: string): Promise<void> {
  const asked = get(new URL(`/v1/files/${id}`, SERVICE), { headers: { authorization: `Bearer ${KEY}` } })
  const [response] = await once(asked, 'response') as [IncomingMessage] // the arguments of the event
  if (response.statusCode !== 200) throw new Error(`GET /v1/files/${id} was answered ${response.statusCode}`)
  await pipeline(response, createWriteStream(target))
}

/** Posts a job and reads it until it ends. */
async function follow (request: object): Promise<Job> {
  let job = await (await ask('POST', '/v1/jobs', { body: JSON.stringify(request), headers: { 'content-type': 'application/json' } })).json() as Job // the service's own answers
  while (['queued', 'scheduled', 'running'].includes(job.status)) {
    job = await (await ask('GET', `/v1/jobs/${job.id}?wait=${WAIT_S}`)).json() as Job // as above
    process.stdout.write(`${job.status} ${((job.progress?.value ?? 0) * 100).toFixed(0)} %\n`)
  }
  return job
}

const [name, folder = '.'] = process.argv.slice(2)
if (name === undefined) {
  process.stderr.write('Usage: KEY=… npm run example -- birdstrikes|routes|departures|zipcodes [folder]\n')
  process.exitCode = 2
} else {
  await run(name, folder)
}
