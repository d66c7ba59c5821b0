// Has a Batchbox service place an order, and prints what the customer has ordered in all.
//
//     KEY=… npm run example:db -- ann@example.test 12.50
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const SERVICE = process.env['URL'] ?? 'http://127.0.0.1:8787'
const KEY = process.env['KEY'] ?? ''

const [email = 'ann@example.test', total = '12.50'] = process.argv.slice(2)
const response = await fetch(new URL('/execute', SERVICE), {
  method: 'POST',
  headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
  body: JSON.stringify({ code: readFileSync(join(import.meta.dirname, 'place-order.js'), 'utf8'), input: { email, total }, tools: ['db'] }),
})
const answer = await response.json() as { ok: boolean, result?: unknown } // the service's own
process.stdout.write(`${JSON.stringify(answer.ok ? answer.result : answer)}\n`)
process.exitCode = answer.ok ? 0 : 1
