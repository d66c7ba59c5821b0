// Stores two versions of a function, calls both by its name, and lists the calls.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CodeError, createClient } from '../../../clients/sdk/src/index.ts'
import { openFunctions } from './functions.ts'

const client = createClient({ url: process.env['URL'] ?? 'http://127.0.0.1:8787', apiKey: process.env['KEY'] })
const folder = await mkdtemp(join(tmpdir(), 'functions-'))
const functions = openFunctions(client, folder)

console.log('stored', await functions.put('greet', 'export default ({ name }) => `Hello ${name}`'))
console.log('stored', await functions.put('greet', 'export default ({ name }: { name: string }) => `Good morning ${name.toUpperCase()}`'))
console.log(await functions.call('greet', { name: 'Ada' }))
console.log(await functions.call('greet', { name: 'Ada' }, { version: 1 }))
console.log(await functions.call('greet', {}).catch((error: unknown) => error instanceof CodeError ? `${error.code}: ${error.failure?.message}` : error))

for await (const { tags, status } of client.jobs.list({ tag: 'function:greet', limit: 3 })) console.log('version', tags?.['version'], status)
await rm(folder, { recursive: true })
await client.close()
