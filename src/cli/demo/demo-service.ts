import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Environment } from '../child.ts'
import type { CommandContext } from '../command.ts'
import { keepEncryptionKeys } from '../encryption-keys.ts'
import { filesFolder, makeAdminKey, startPart, startRedisOf } from '../service.ts'
import { formatMs, startLine, type LiveLine } from './live-line.ts'

const LOG_LINES_KEPT = 20
/** What would point the demo at another Redis or change what its jobs are allowed. */
const FOREIGN = /^(?:BATCHBOX_|OTEL_|REDIS_URL$|PORT$|HOST$)/

export interface DemoService {
  url: string
  key: string
  /** Warnings and errors that the API and the worker logged, the last ones. */
  logLines: readonly string[]
}

/** Starts a private Redis in a temporary folder, the API and one worker; each shows a line. `closing` stops and removes them. */
export async function startDemoService (context: CommandContext, closing: AsyncDisposableStack): Promise<DemoService> {
  const { signal, terminal } = context
  const folder = mkdtempSync(join(tmpdir(), 'batchbox-demo-'))
  closing.defer(() => rmSync(folder, { recursive: true, force: true }))
  const redis = await step(context, 'Redis', async (line) => {
    const started = await startRedisOf(folder, context, line.show)
    return { value: started, text: 'on a private socket, append-only' }
  })
  closing.defer(redis.close)

  const key = makeAdminKey()
  const logLines: string[] = []
  const onLine = (line: string) => {
    if (logLines.push(line) > LOG_LINES_KEPT) logLines.shift()
  }
  const env = { ...ownEnvironment(context.env), REDIS_URL: redis.url, PORT: '0', BATCHBOX_ADMIN_KEY: key, BATCHBOX_ENCRYPTION_KEYS: keepEncryptionKeys(folder), BATCHBOX_FILES: filesFolder(folder), LOG_LEVEL: 'warn' }
  const start = async (part: 'api' | 'worker') => {
    const child = await startPart(part, context, { env, signal, onLine })
    closing.defer(child.stop)
    return child
  }
  const [api] = await step(context, 'API and worker', async () => {
    const [started, worker] = await Promise.allSettled([start('api'), start('worker')])
    if (started.status === 'rejected') throw started.reason
    if (worker.status === 'rejected') throw worker.reason
    const children = [started.value, worker.value] as const
    return { value: children, text: `as processes ${children.map(({ pid }) => pid).join(' and ')}, ${terminal.style('cyan', String(started.value.ready['url']))}` }
  })
  return { url: String(api.ready['url']), key, logLines }
}

async function step<T> ({ terminal }: CommandContext, name: string, act: (line: LiveLine) => Promise<{ value: T, text: string }>): Promise<T> {
  const started = performance.now()
  const line = startLine(terminal, `Starting ${name}`)
  try {
    const { value, text } = await act(line)
    line.end(`  ${terminal.style('green', '✔')} ${name.padEnd(15)} ${text}  ${terminal.style('dim', formatMs(performance.now() - started))}`)
    return value
  } catch (error) {
    line.end(`  ${terminal.style('red', '✖')} ${name}`)
    throw error
  }
}

function ownEnvironment (env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !FOREIGN.test(name)))
}
