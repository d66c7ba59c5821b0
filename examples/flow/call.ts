// The same with the client: the result, or what is wrong with the code.
//
//     KEY=… node scripts/run.mjs examples/flow/call.ts examples/flow/score.js '{"email":"ada@example.com","visits":[]}'
import { readFile } from 'node:fs/promises'
import { BlockError, createClient } from '../../clients/sdk/src/index.ts'

const [file = '', input = 'null'] = process.argv.slice(2)
const client = createClient({ url: process.env['URL'] ?? 'http://127.0.0.1:8787', apiKey: process.env['KEY'] })
try {
  const { result, logs = [] } = await client.runBlock(await readFile(file, 'utf8'), JSON.parse(input))
  for (const { level, message } of logs) console.error(level, message)
  console.log(JSON.stringify(result))
} catch (error) {
  if (!(error instanceof BlockError)) throw error
  console.error(`${error.answer.error.type}: ${error.message}`)
  process.exitCode = 1
}
await client.close()
