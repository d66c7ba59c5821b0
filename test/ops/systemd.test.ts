import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { checkProcess, ROOT } from './started-process.ts'

const INSTALLED = '/opt/batchbox'
const SECOND_MS = 1000
/** Most that `systemd-analyze security` may say of each, from 0 to 10. A worker has to be root to make its runners weaker than itself. */
const MOST_EXPOSED = { 'batchbox-api.service': 1.5, 'batchbox-worker@.service': 3.5 } as const
/** Of systemd 254: an older one leaves it out and says so. */
const NEWER = /Unknown key 'DelegateSubgroup'/

const units = globSync('ops/systemd/*.service', { cwd: ROOT }).map((file) => ({ name: basename(file), text: readFileSync(join(ROOT, file), 'utf8') }))

test('every unit starts what exists, with variables that it knows, and gives it the time that it may take to stop', () => {
  assert.deepEqual(units.map(({ name }) => name).sort(), Object.keys(MOST_EXPOSED))
  for (const { name, text } of units) {
    const [program = '', ...args] = one(text, 'ExecStart').split(' ')
    const env = Object.fromEntries(one(text, 'Environment').split(' ').map((each) => each.split('=')))
    const { stopMs } = checkProcess(args.at(-1) ?? '', env)

    assert.ok(existsSync(program.replace(INSTALLED, ROOT)), program)
    assert.ok(Number(one(text, 'TimeoutStopSec')) * SECOND_MS >= stopMs, `${name} may take ${stopMs} ms to stop`)
    for (const [key, wanted] of [['NoNewPrivileges', 'yes'], ['ProtectSystem', 'strict'], ['ProtectHome', 'yes'], ['PrivateTmp', 'yes'], ['LimitCORE', '0'], ['KillMode', 'mixed'], ['Restart', 'always']] as const) {
      assert.equal(one(text, key), wanted, `${name}: ${key}`)
    }
  }
})

test('systemd takes the units, and finds them little exposed', (t) => {
  if (spawnSync('systemd-analyze', ['--version']).status !== 0) return t.diagnostic('there is no systemd-analyze here: only the text of the units was checked')
  const folder = mkdtempSync(join(tmpdir(), 'batchbox-test-units-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const { name, text } of units) {
    const unit = join(folder, name)
    writeFileSync(unit, text.replaceAll(INSTALLED, ROOT))

    const verified = spawnSync('systemd-analyze', ['verify', '--man=no', unit], { encoding: 'utf8' })
    const problems = verified.stderr.split('\n').filter((line) => line.includes(name) && !NEWER.test(line))
    const judged = spawnSync('systemd-analyze', ['security', '--offline=true', unit], { encoding: 'utf8' })
    const exposure = Number(/exposure level for \S+ (?<level>[\d.]+)/.exec(judged.stdout)?.groups?.['level'])

    assert.deepEqual(problems, [])
    assert.ok(exposure <= MOST_EXPOSED[name as keyof typeof MOST_EXPOSED], `${name}: ${judged.stdout}${judged.stderr}`) // the test before compares the names
  }
})

/** The one value of a key. */
function one (text: string, key: string): string {
  const values = [...text.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value]) => value ?? '')
  assert.equal(values.length, 1, key)
  return values[0] ?? ''
}
