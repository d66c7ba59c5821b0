import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'

/** Stands in for a process of the service: says that it is ready and stops when it is asked to. */
const FAKE = `
import { createServer } from 'node:net'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
const part = import.meta.dirname.split('/').at(-1)
if (process.env.FAKE_BROKEN === part) {
  console.error('the ' + part + ' is misconfigured')
  process.exit(3)
}
const server = createServer().listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  const { port } = server.address()
  writeFileSync(join(import.meta.dirname, 'seen.json'), JSON.stringify({ pid: process.pid, port }))
  console.log(JSON.stringify({ level: 50, msg: part + ' has a problem', logLevel: process.env.LOG_LEVEL, key: process.env.BATCHBOX_ADMIN_KEY, redis: process.env.REDIS_URL }))
  console.log(JSON.stringify({ level: 30, msg: 'ready', url: 'http://127.0.0.1:' + port }))
})
const stop = () => {
  console.log(JSON.stringify({ level: 50, msg: part + ' stopped' }))
  process.exit(0)
}
process.on('SIGTERM', stop)
process.stdin.resume().on('end', stop)
`

/** Makes a temporary folder that goes with the test. */
export function temporaryFolder (t: TestContext, name = 'cli'): string {
  const folder = mkdtempSync(join(tmpdir(), `batchbox-test-${name}-`))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Makes a project whose API and worker are fakes. */
export function fakeProject (t: TestContext): string {
  const root = temporaryFolder(t)
  for (const part of ['api', 'worker']) {
    const file = join(root, 'src', part, 'main.ts')
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, FAKE)
  }
  writeFileSync(join(root, 'package.json'), '{"type":"module"}')
  return root
}

/** What the latest start of that fake said about itself. */
export function lastSeen (root: string, part: 'api' | 'worker'): { pid: number, port: number } {
  return JSON.parse(readFileSync(join(root, 'src', part, 'seen.json'), 'utf8')) as { pid: number, port: number } // written by the fake above
}
