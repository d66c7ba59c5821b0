// Has a file of orders turned into totals by a service: up, through the code, and down again.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createClient } from '../../../clients/sdk/src/index.ts'

const ORDERS = 'customer,quantity,price\nada,2,3.5\nben,0,9\nada,1,4\ncleo,10,1.25\n'

const client = createClient({ url: process.env['URL'] ?? 'http://127.0.0.1:8787', apiKey: process.env['KEY'] })
await client.files.upload('orders.csv', ORDERS, { contentType: 'text/csv' })
const job = await client.jobs.run({
  code: await readFile(join(import.meta.dirname, 'totals.ts'), 'utf8'),
  input: { $file: 'orders.csv' },
  transform: { input: { types: true }, output: { name: 'totals.csv', format: 'csv' } },
})
if (job.status !== 'succeeded') throw new Error(`The job ended as ${job.status}: ${job.error?.message}`)
const totals = await client.jobs.file(job.id, 'totals.csv')
process.stdout.write(await totals.text())
await client.close()
