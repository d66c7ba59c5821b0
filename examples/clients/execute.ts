// Runs code in a Batchbox service and prints its answer. Needs nothing but Node, from 22.18 on.
//
//     KEY=… node examples/clients/execute.ts examples/execute/hello.json
import { readFile } from 'node:fs/promises'

const SERVICE = process.env['URL'] ?? 'http://127.0.0.1:8787'
const KEY = process.env['KEY'] ?? ''

interface ExecuteRequest {
  code: string
  input?: unknown
  entry?: string
  timeout?: number
  tools?: string[]
  toolConfig?: Record<string, Record<string, unknown>>
  permissions?: 'none' | Record<string, boolean | string[]>
  secrets?: string[]
}

/** Posts one request to `/execute`; a refusal is an answer too. */
async function execute (request: ExecuteRequest): Promise<{ status: number, answer: unknown }> {
  const response = await fetch(`${SERVICE}/execute`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify(request),
  })
  return { status: response.status, answer: await response.json() }
}

for (const path of process.argv.slice(2)) {
  const { request } = JSON.parse(await readFile(path, 'utf8')) as { request: ExecuteRequest } // the example's author vouches for it
  process.stdout.write(`${JSON.stringify(await execute(request))}\n`)
}
