import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { globSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { promisify } from 'node:util'
import { weighBundle } from '../../scripts/bundle-sizes.ts'
import { lastInFirstOut } from '../helpers/scope.ts'
import { startService, type TestService } from '../helpers/service.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const PACKAGE = join(ROOT, 'clients', 'sdk')
const MAX_BYTES = 15_000
/** Of what is loaded on demand. */
const MAX_LATER_BYTES = 6500
const DEPENDENCIES = ['@msgpack/msgpack']
const run = promisify(execFile)

const STRICT = { strict: true, noEmit: true, skipLibCheck: false, exactOptionalPropertyTypes: true, types: [] }
const CONSUMER = `import { createClient, CodeError, verifyWebhook, type Job } from '@batchbox/client'
const client = createClient({ url: 'http://127.0.0.1:1', apiKey: () => 'bbx_' })
export async function use (): Promise<number> {
  const job: Job<number> = await client.jobs.run<number>({ code: 'export default () => 1', limits: { timeoutMs: 5 }, tags: { a: 'b' } })
  for await (const { id, status } of client.jobs.list({ status: 'dead' })) if (status === 'dead') await client.jobs.replay(id)
  // @ts-expect-error: there is no such status
  client.jobs.list({ status: 'gone' })
  try {
    return (job.result ?? 0) + await client.run<number>('export default () => 1')
  } catch (error) {
    if (error instanceof CodeError && error.code === 'USER_ERROR') return error.job.attempts.length
    throw error
  }
}
export const check = (body: string | Uint8Array, headers: Headers) => verifyWebhook(body, headers, ['whsec_AAAA'])
`

suite('the package of the client', () => {
  let app: string
  let service: TestService
  const scope = lastInFirstOut({ after })
  before(async () => {
    app = await installPackage(scope)
    service = await startService(scope, { env: { BATCHBOX_FILES: join(app, 'files'), BATCHBOX_FLOW_LANES: '1' } })
  })

  for (const node of findNodes()) {
    test(`runs a job by import and by require under ${node}`, async () => {
      const use = "createClient({ url: process.env.URL, apiKey: process.env.KEY }).run('export default (n) => n * 2', 21).then(console.log)"
      await writeFile(join(app, 'use.mjs'), `import { createClient } from '@batchbox/client'\n${use}`)
      await writeFile(join(app, 'use.cjs'), `const { createClient } = require('@batchbox/client')\n${use}`)

      const answers = await Promise.all(['use.mjs', 'use.cjs'].map((file) => run(node, [join(app, file)], { env: { URL: service.url, KEY: service.key } })))

      assert.deepEqual(answers.map(({ stdout }) => stdout), ['42\n', '42\n'])
    })
  }

  test('the examples of its README print what they say', async () => {
    const readme = await readFile(join(app, 'node_modules', '@batchbox', 'client', 'README.md'), 'utf8')
    const blocks = [...readme.matchAll(/^```js\n(.*?)^```$/gms)].map(([, block = '']) => block)
    await writeFile(join(app, 'readme.mjs'), blocks.join('\n'))
    const said = blocks.join('').split('\n').flatMap((line) => /console\.log\(.* \/\/ (.*)$/.exec(line)?.[1]?.split(', ') ?? [])

    const { stdout } = await run(process.execPath, [join(app, 'readme.mjs')], { env: { BATCHBOX_URL: service.url, BATCHBOX_KEY: service.key } })

    assert.ok(said.length > 8)
    assert.deepEqual(stdout.trimEnd().split('\n'), said)
  })

  test('its declarations are those of its imports and of its requires, need no library but that of browsers, and name nothing of the service', async () => {
    const projects = {
      module: { files: ['use.mts'], compilerOptions: { ...STRICT, module: 'nodenext', target: 'es2022', lib: ['es2022', 'dom', 'dom.iterable'] } },
      commonjs: { files: ['use.cts'], compilerOptions: { ...STRICT, module: 'nodenext', target: 'es2022', lib: ['es2022', 'dom', 'dom.iterable'] } },
      bundler: { files: ['use.mts'], compilerOptions: { ...STRICT, module: 'esnext', moduleResolution: 'bundler', target: 'es2022', lib: ['es2022', 'dom', 'dom.iterable'] } },
    }
    await Promise.all([writeFile(join(app, 'use.mts'), CONSUMER), writeFile(join(app, 'use.cts'), CONSUMER)])

    for (const [name, project] of Object.entries(projects)) {
      const file = join(app, `tsconfig.${name}.json`)
      await writeFile(file, JSON.stringify(project))
      await run(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', file]).catch((error: { stdout: string }) => assert.fail(`${name}: ${error.stdout}`))
    }
    const declarations = globSync('node_modules/@batchbox/client/dist/**/*.d.ts', { cwd: app })
    assert.ok(declarations.length > 20)
    for (const file of declarations) assert.doesNotMatch(await readFile(join(app, file), 'utf8'), /zod|\bnode:|\.\.\/\.\.\/\.\./, file)
  })

  test(`is less than ${MAX_BYTES} bytes for browsers, minified and compressed, and loads nothing of Node`, async (t) => {
    const weigh = (contents: string) => weighBundle({ stdin: { contents, resolveDir: app } })

    const whole = await weigh("export * from '@batchbox/client'")
    const part = await weigh("export { verifyWebhook } from '@batchbox/client'")

    t.diagnostic(`everything: ${whole.first} bytes, and ${whole.later} with the first content of a file, value that is not JSON, batch and block; verifyWebhook alone: ${part.first} bytes`)
    assert.ok(whole.first > 4000 && whole.first < MAX_BYTES, `${whole.first} bytes`)
    assert.ok(whole.later > 1000 && whole.later < MAX_LATER_BYTES, `${whole.later} bytes`)
    assert.ok(part.first < 2000, `${part.first} bytes: what is not used is not left out`)
  })
})

/** Packs it as it is published, and installs that without a network. */
async function installPackage (scope: { after (end: () => Promise<unknown>): void }): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'client-package-'))
  scope.after(() => rm(folder, { recursive: true, force: true }))
  const source = join(folder, 'package')
  await mkdir(source)
  await run(process.execPath, [join(ROOT, 'scripts', 'client-build.ts'), join(source, 'dist')])
  for (const name of ['package.json', 'README.md']) await cp(join(PACKAGE, name), join(source, name))
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: source })
  const app = join(folder, 'app')
  const modules = join(app, 'node_modules')
  await mkdir(join(modules, '@batchbox', 'client'), { recursive: true })
  await mkdir(join(modules, '@msgpack'))
  await run('tar', ['-xzf', globSync('*.tgz', { cwd: folder }).map((file) => join(folder, file))[0] ?? '', '--strip-components=1', '-C', join(modules, '@batchbox', 'client')])
  for (const name of DEPENDENCIES) await symlink(await realpath(join(ROOT, 'node_modules', name)), join(modules, name))
  return app
}

/** The pinned Node, and whichever else the machine has. */
function findNodes (): string[] {
  const found = (process.env['PATH'] ?? '').split(delimiter).flatMap((folder) => globSync(join(folder, 'node')))
  return [...new Set([process.execPath, ...found].map((node) => realpathSync(node)))]
}
