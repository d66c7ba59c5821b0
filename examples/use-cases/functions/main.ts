// Stores two versions of a function, calls both by its name, and lists the calls.
import { CodeError, createClient } from '../../../clients/sdk/src/index.ts'

const client = createClient({ url: process.env['URL'] ?? 'http://127.0.0.1:8787', apiKey: process.env['KEY'] })
const { functions, jobs } = client

const first = await functions.put('greet', { code: 'export default ({ name }) => `Hello ${name}`' })
const second = await functions.put('greet', {
  code: 'export default ({ name }: { name: string }) => `Good morning ${name.toUpperCase()}`',
  limits: { timeoutMs: 1000 },
})
console.log('stored', first.version, second.version)

console.log(await functions.run('greet', { name: 'Ada' }))
console.log(await functions.run('greet', { name: 'Ada' }, { version: first.version }))
console.log(await functions.run('greet', {}).catch((error: unknown) => error instanceof CodeError ? `${error.code}: ${error.failure?.message}` : error))

for await (const { tags, status } of jobs.list({ tag: 'function:greet', limit: 3 })) console.log('version', tags?.['functionVersion'], status)
await functions.delete('greet')
await client.close()
