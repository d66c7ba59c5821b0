import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { BucketSettings } from '../../src/core/file-variables.ts'
import type { Scope } from './scope.ts'

/** Its package comes without its program. */
const PROGRAM = `require(${JSON.stringify(createRequire(import.meta.url).resolve('@20minutes/s3rver/lib/cli.js'))}).parseAsync()`
/** The one account of s3rver. */
const KEY = 'S3RVER'
const BUCKET = 'files'

/** A server that speaks S3's protocol and checks signatures, with one bucket. */
export interface S3Server {
  readonly port: number
  /** How to use the bucket, at another port where a test has something in between. */
  settings (options?: Partial<BucketSettings> & { port?: number }): BucketSettings
  /** The variables that say the same to a process. */
  readonly env: Readonly<Record<string, string>>
  /** Names of the blobs in the bucket. */
  blobs (): string[]
}

/** Starts s3rver as a process of its own, on a port of loopback and in a folder that goes with the scope. */
export async function startS3Server (scope: Scope): Promise<S3Server> {
  const folder = mkdtempSync(join(tmpdir(), 'batchbox-test-s3-'))
  const server = spawn(process.execPath, ['--eval', PROGRAM, '--', 's3rver', '--silent', '--directory', folder, '--address', '127.0.0.1', '--port', '0', '--configure-bucket', BUCKET], { stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = once(server, 'exit')
  const killAtExit = () => { server.kill('SIGKILL') }
  process.once('exit', killAtExit)
  scope.after(async () => {
    process.off('exit', killAtExit)
    server.kill('SIGKILL')
    await ended
    rmSync(folder, { recursive: true, force: true })
  })
  const port = await readPort(createInterface(server.stdout))
  const settings = (options: Partial<BucketSettings> & { port?: number } = {}) => ({
    bucket: BUCKET,
    prefix: 'some/prefix',
    endpoint: `http://127.0.0.1:${options.port ?? port}`,
    region: 'us-east-1',
    accessKeyId: KEY,
    secretAccessKey: KEY,
    sessionToken: undefined,
    isPathStyle: true,
    timeoutMs: 10_000,
    ...options,
  })
  return {
    port,
    settings,
    env: { BATCHBOX_FILES: `s3://${BUCKET}/some/prefix`, BATCHBOX_S3_ENDPOINT: settings().endpoint, BATCHBOX_S3_ACCESS_KEY_ID: KEY, BATCHBOX_S3_SECRET_ACCESS_KEY: KEY },
    blobs: () => globSync(`${BUCKET}/some/prefix/*/*`, { cwd: folder }).flatMap((path) => /\/([0-9a-f]{32})\._S3rver_object$/.exec(path)?.[1] ?? []),
  }
}

async function readPort (lines: AsyncIterable<string>): Promise<number> {
  for await (const line of lines) {
    const [, port] = /listening on \S*:(\d+)/i.exec(line) ?? []
    if (port) return Number(port)
  }
  throw new Error('Cannot start s3rver: it ended before it listened')
}
