import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, readFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { sha256 } from '../../src/core/digest.ts'
import { type Compiler, type CompilerConfig, createCompiler } from '../../src/engine/compiler-client.ts'

const KILLER = `${'a=>'.repeat(2000)}1`

function startCompiler (t: TestContext, config: Partial<CompilerConfig> = {}): Compiler {
  const compiler = createCompiler(config)
  t.after(() => compiler.close())
  return compiler
}

const compile = (compiler: Compiler, code: string, tenant = 'acme') => compiler.compile({ tenant, codeHash: sha256(code), code, files: {} })

async function compileCode (compiler: Compiler, code: string) {
  const answer = await compile(compiler, code)
  assert.equal(answer.type, 'compiled', JSON.stringify(answer))
  return answer
}

async function failOn (compiler: Compiler, code: string) {
  const answer = await compile(compiler, code)
  assert.equal(answer.type, 'failed')
  return answer.failure
}

/** Processes that a process started, and those that they started; Linux only. */
function descendants (of = process.pid): number[] {
  const parents = new Map(globSync('/proc/[0-9]*/stat').flatMap((path) => {
    try {
      const [head = '', tail = ''] = readFileSync(path, 'latin1').split(/\(.*\)/s)
      const [state, parent] = tail.trim().split(' ')
      return state === 'Z' ? [] : [[Number(head), Number(parent)] as const]
    } catch {
      return []
    }
  }))
  const isOurs = (pid: number): boolean => {
    const parent = parents.get(pid)
    return parent !== undefined && (parent === of || isOurs(parent))
  }
  return [...parents.keys()].filter(isOurs)
}

test('JavaScript comes back byte for byte and without a map', async (t) => {
  const compiler = startCompiler(t)
  const code = '// é\nexport default () => "\0 \ud800 \\u0041"\n//# sourceMappingURL=data:,x\n'

  assert.deepEqual(await compile(compiler, code), { type: 'compiled', form: 'module', file: 'job.js', code, map: null, importName: null, sources: [] })
})

test('TypeScript comes back as JavaScript with a map', async (t) => {
  const answer = await compileCode(startCompiler(t), 'enum A { é }\nexport default (a: number) => A.é')

  assert.equal(answer.file, 'job.ts')
  assert.match(answer.code, /var A = /)
  assert.deepEqual((JSON.parse(answer.map ?? '') as { sources: unknown }).sources, ['job.ts'])
})

test('a syntax error has its line and column in message and stack', async (t) => {
  assert.deepEqual(await failOn(startCompiler(t), 'export default (a: number) => {\n  let b = 1\n  }}'), {
    code: 'SYNTAX_ERROR',
    name: 'SyntaxError',
    message: 'Unexpected "}" (job.ts:3:4)',
    stack: 'SyntaxError: Unexpected "}" (job.ts:3:4)\n    at job.ts:3:4\n\n3 |   }}',
    retryable: false,
  })
})

test('while one source keeps a compiler busy, others compile', async (t) => {
  const compiler = startCompiler(t, { timeoutMs: 60_000 })
  await compileCode(compiler, 'export default 0')
  let isOver = false

  compile(compiler, KILLER).finally(() => { isOver = true }).catch(() => {})
  await Promise.all(Array.from({ length: 50 }, (_, n) => compileCode(compiler, `export default (): number => ${n}`)))

  assert.equal(isOver, false)
})

test('a source that stops the compiler ends with its own error, which is remembered per tenant, and innocents queued behind it compile', async (t) => {
  const compiler = startCompiler(t, { processes: 1, timeoutMs: 300 })

  const [killed, innocent] = await Promise.all([failOn(compiler, KILLER), compileCode(compiler, 'export default 1')])
  const again = await compile(compiler, KILLER)

  assert.equal(innocent.file, 'job.js')
  assert.deepEqual(killed, { code: 'SYNTAX_ERROR', name: 'SyntaxError', message: 'Cannot compile: the compiler was stopped after 300 ms', retryable: false })
  assert.equal(again.type === 'failed' && again.failure, killed, 'the same object: nothing was compiled again')
})

test('a source that makes the compiler large is stopped by its memory limit', async (t) => {
  const compiler = startCompiler(t, { memoryMb: 250, timeoutMs: 5000 })

  const failure = await failOn(compiler, '['.repeat(999_000))

  assert.equal(failure.code, 'SYNTAX_ERROR')
  assert.match(failure.message, /more than 250 MB/)
  await compileCode(compiler, 'export default 1')
})

test('nesting of 90,000 and 999,000 levels ends with a SYNTAX_ERROR and the compiler goes on', async (t) => {
  const compiler = startCompiler(t, { timeoutMs: 20_000 })

  const failures = await Promise.all([90_000, 999_000].map((levels) => failOn(compiler, '['.repeat(levels))))

  assert.deepEqual(failures.map(({ code }) => code), ['SYNTAX_ERROR', 'SYNTAX_ERROR'])
  assert.match(failures[0]?.message ?? '', /job\.js:1:90001/)
  await compileCode(compiler, 'export default 1')
})

test('a million characters of valid code compile, one more does not', async (t) => {
  const compiler = startCompiler(t, { timeoutMs: 10_000 })
  const line = 'export const x: number = 1; // '
  const code = line + 'é'.repeat(1_000_000 - line.length)

  await compileCode(compiler, code)
  const failure = await failOn(compiler, `${code} `)

  assert.equal(failure.code, 'CODE_TOO_LARGE')
})

test('code that grows beyond the bound fails with its size', async (t) => {
  const compiler = startCompiler(t, { timeoutMs: 10_000, memoryMb: 2000 })

  const failure = await failOn(compiler, `let x: number\n${'{'.repeat(4000)}x${'}'.repeat(4000)}`) // each level is indented by its depth

  assert.equal(failure.code, 'CODE_TOO_LARGE')
  assert.match(failure.message, /becomes \d+ bytes/)
})

test('requests for the same source share one transform, tenants do not share', async (t) => {
  const compiler = startCompiler(t, { processes: 1, maxQueued: 1 })
  const code = 'export default (a: number) => a'

  const shared = await Promise.all(Array.from({ length: 20 }, () => compile(compiler, code)))
  const others = await Promise.all([compile(compiler, code, 'b'), compile(compiler, code, 'c')])

  for (const answer of [...shared, ...others]) assert.ok(answer.type === 'compiled' && shared[0]?.type === 'compiled' && answer.code === shared[0].code)
})

test('above the bound of the queue a source fails with a retryable INTERNAL that is not remembered', async (t) => {
  const compiler = startCompiler(t, { processes: 1, maxQueued: 1 })

  const answers = await Promise.all([1, 2, 3].map((n) => compile(compiler, `export default ${n}`)))
  const later = await compile(compiler, 'export default 3')

  assert.deepEqual(answers.map((answer) => answer.type === 'failed' && [answer.failure.code, answer.failure.retryable]), [false, false, ['INTERNAL', true]])
  assert.equal(later.type, 'compiled')
})

test('a closed compiler fails what waits and what comes', async () => {
  const compiler = createCompiler({ processes: 1 })
  const waiting = [1, 2, 3].map((n) => failOn(compiler, `export default ${n}`))

  await compiler.close()
  const failures = await Promise.all([...waiting, failOn(compiler, 'export default 4')])

  assert.deepEqual(failures.map(({ code }) => code), ['INTERNAL', 'INTERNAL', 'INTERNAL', 'INTERNAL'])
})

test('a compiler that is killed from outside is replaced, and its source compiled again', { skip: process.platform !== 'linux' && 'reads /proc' }, async (t) => {
  const compiler = startCompiler(t, { processes: 1 })
  await compileCode(compiler, 'export default 0')

  for (const pid of descendants()) process.kill(pid, 'SIGKILL')
  const answer = await compileCode(compiler, 'export default (a: number) => a')

  assert.equal(answer.file, 'job.ts')
})

test('esbuild dies with its compiler, also in the middle of a transform', { skip: process.platform !== 'linux' && 'reads /proc' }, async () => {
  const compiler = createCompiler({ processes: 1, timeoutMs: 300 })
  await compileCode(compiler, 'export default 0')
  assert.equal(descendants().length, 2)

  const failure = await failOn(compiler, KILLER)
  const afterKill = descendants()
  const busy = failOn(compiler, `${KILLER}2`)
  await compiler.close()
  await busy

  assert.equal(failure.code, 'SYNTAX_ERROR')
  assert.ok(afterKill.length <= 2, 'the killed and its replacement')
  assert.deepEqual(descendants(), [])
})

test('nothing is left of a compiler whose worker was killed in the middle of a transform', { skip: process.platform !== 'linux' && 'reads /proc' }, async (t) => {
  const script = `
    import { createCompiler } from ${JSON.stringify(new URL('../../src/engine/compiler-client.ts', import.meta.url).href)}
    const compiler = createCompiler({ processes: 1, timeoutMs: 60_000 })
    await compiler.compile({ tenant: 'a', codeHash: 'ready', code: '1', files: {} })
    void compiler.compile({ tenant: 'a', codeHash: 'killer', code: 'a=>'.repeat(2000) + '1', files: {} })
    setTimeout(() => console.log('busy'), 200)`
  const worker = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => worker.kill('SIGKILL'))
  await once(worker.stdout, 'data')
  const started = descendants(worker.pid)
  assert.equal(started.length, 2)

  worker.kill('SIGKILL')

  const deadline = Date.now() + 2000
  while (started.some(isAlive)) {
    assert.ok(Date.now() < deadline, 'a process lives on')
    await new Promise((resolve) => { setTimeout(resolve, 10) }) // polled: orphans tell nobody of their end
  }
})

function isAlive (pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')) // a zombie only waits to be collected
  } catch {
    return false
  }
}
