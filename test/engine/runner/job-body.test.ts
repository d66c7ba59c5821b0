import assert from 'node:assert/strict'
import { test } from 'node:test'
import ivm from 'isolated-vm'
import { compileBody } from '../../../src/engine/runner/job-body.ts'
import { compileJobModules } from '../../../src/engine/runner/job-module.ts'

const TIMEOUT_MS = 1000

test('a body compiles the modules that its imports need before it runs, and none where it has no import', async (t) => {
  const isolate = new ivm.Isolate()
  t.after(() => isolate.dispose())
  const context = await isolate.createContext()
  await context.eval('globalThis["batchbox:capture"] = {}')
  let compiled = 0
  const warm = {
    isolate,
    context,
    get modules () {
      compiled += 1
      return compileJobModules(isolate)
    },
  }

  const plain = compileBody(warm, { file: 'job.js', code: 'return input', importName: null }, TIMEOUT_MS)
  assert.deepEqual([plain.typeof, compiled], ['function', 0])

  const importing = compileBody(warm, { file: 'job.js', code: 'return load("a")', importName: 'load' }, TIMEOUT_MS)
  assert.deepEqual([importing.typeof, compiled], ['function', 1])
})
