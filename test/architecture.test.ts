import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { after, test } from 'node:test'
import { SyntaxKind, type Node, type SourceFile } from 'typescript/unstable/ast'
import { isCallExpression, isIdentifier, isImportDeclaration, isNamedImports, isPropertyAccessExpression, isStringLiteral } from 'typescript/unstable/ast/is'
import { API } from 'typescript/unstable/sync'

/** The guest halves of tools are all JavaScript in there: they are evaluated inside the isolate, with the guest's own modules. */
const GUEST_HALVES = 'tools/*.js'

/**
 * Who may import whom. A folder may always import itself; an entry for a file grants that file alone.
 * Change it together with the page on the architecture, and with a page in docs/decisions/.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[] | 'any'>> = {
  'core': [],
  'store': ['core'],
  'net': ['core'],
  'records': ['core'],
  'files': ['core', 'store', 'net/reason.ts'],
  'tools': ['core', 'net'],
  [GUEST_HALVES]: ['engine/guest'],
  'telemetry': ['core'],
  'queue': ['core', 'store'],
  'modules': ['core', 'engine/guest/web-globals.ts'],
  'engine': ['core', 'modules', 'tools', 'telemetry', 'engine/guest/web-globals.ts'],
  'engine/runner': ['core'],
  'engine/compiler': ['core'],
  'engine/guest': [],
  'api': ['core', 'store', 'files', 'queue', 'telemetry', 'modules', 'tools/registry.ts'],
  'worker': ['core', 'store', 'files', 'records', 'queue', 'engine', 'net', 'telemetry'],
  'cli': 'any',
}

/** Packages that only one folder may import, type-only imports included. */
const OWNED_PACKAGES: Readonly<Record<string, string>> = { 'isolated-vm': 'engine/runner', 'bullmq': 'queue', 'ipaddr.js': 'net', 'pg': 'tools/db' }
const GUEST = ['engine/guest', GUEST_HALVES]
/** The packages that are evaluated inside isolates, each for what it is there; see docs/decisions/0020. Node's own library is put in by the build: 0038. */
const GUEST_PACKAGES = new Set(['@exodus/bytes', 'web-streams-polyfill', 'whatwg-url', 'node-library:facts'])
const UNTRUSTED = new Set(['engine/runner', 'engine/compiler', ...GUEST])
const MAIN_ONLY = new Set(['env', 'exit'])
const SIGNAL = /^SIG[A-Z0-9]+$/
const MANIFEST = '../package.json'
const MAX_LINES = 300
const WRITTEN_BY_PROGRAM = join('clients', 'sdk', 'src', 'api-types.ts')

const root = dirname(import.meta.dirname)
const src = join(root, 'src')
const files = globSync('src/**/*.{ts,js,mjs}', { cwd: root }).map((file) => join(root, file)).sort()
const client = join(root, 'clients', 'sdk')
const clientFiles = globSync('src/**/*.ts', { cwd: client }).map((file) => join(client, file)).sort()
const api = new API({ cwd: root })
const snapshot = api.updateSnapshot({ openFiles: [...files, ...clientFiles] })
after(() => api.close())

interface Import {
  from: string
  /** A path under src without a leading slash, or the name of a package. */
  to: string
  own: boolean
}
const parsed = new Map(files.map((file) => [toName(file), parse(file)]))
const imports = [...parsed].flatMap(([from, source]) => importsOf(from, source))

test('every folder imports only what the table allows', () => {
  const breaches = imports.filter(({ from, to, own }) => own && !isAllowed(from, to))

  assert.deepEqual(breaches.map(describe), [])
})

test('only the runner imports isolated-vm, only the queue bullmq, only net decides on addresses, and only the tool db asks PostgreSQL', () => {
  const breaches = imports.filter(({ from, to, own }) => {
    const owner = own ? undefined : OWNED_PACKAGES[packageName(to)]
    return owner !== undefined && !isIn(from, owner)
  })

  assert.deepEqual(breaches.map(describe), [])
})

test('no process that may be taken over loads OpenTelemetry, and the guest loads no package but those it names', () => {
  const breaches = imports.filter(({ from, to, own }) => !own && (
    (to.startsWith('@opentelemetry/') && UNTRUSTED.has(folderOf(from))) || (GUEST.includes(folderOf(from)) && !GUEST_PACKAGES.has(packageName(to)))
  ))

  assert.deepEqual(breaches.map(describe), [])
})

test('only main.ts reads the environment, exits or handles signals', () => {
  const breaches = [...parsed].filter(([name]) => basename(name) !== 'main.ts').flatMap(([name, source]) => processUses(source).map((use) => `${name}: ${use}`))

  assert.deepEqual(breaches, [])
})

test('src holds no barrels', () => {
  assert.deepEqual([...parsed.keys()].filter((name) => /^index\.[a-z]+$/.test(basename(name))), [])
})

test('a tool is its folder and one line of the registry', () => {
  const mentions = globSync('**/*.{ts,js,lua}', { cwd: src }).filter((file) => !file.startsWith('tools/echo/'))
    .flatMap((file) => readFileSync(join(src, file), 'utf8').split('\n').filter((line) => /\becho\b/.test(line)).map((line) => `${file}: ${line.trim()}`))

  assert.deepEqual(mentions, ["tools/registry.ts: echo: () => import('./echo/tool.ts'),"])
})

test('the client imports nothing but its own files and the packages that are installed with it', () => {
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync(join(client, 'package.json'), 'utf8')) as Record<string, object> // npm's own schema
  const packages = new Set([...Object.keys(dependencies ?? {}), ...Object.keys(optionalDependencies ?? {})])
  const breaches = clientFiles.flatMap((file) => importsOf(toName(file), parse(file)))
    .filter(({ to, own }) => own ? relative(client, join(src, to)).startsWith('..') : !packages.has(packageName(to)))

  assert.ok(clientFiles.length > 0)
  assert.deepEqual(breaches.map(describe), [])
})

test(`no file is longer than ${MAX_LINES} lines`, () => {
  const long = globSync('{src,test,bench,scripts,examples,clients/*/src}/**/*.{ts,js,mjs,lua}', { cwd: root })
    .filter((file) => file !== WRITTEN_BY_PROGRAM)
    .filter((file) => readFileSync(join(root, file), 'utf8').trimEnd().split('\n').length > MAX_LINES)

  assert.deepEqual(long, [])
})

function parse (file: string): SourceFile {
  const source = snapshot.getDefaultProjectForFile(file)?.program.getSourceFile(file)
  assert.ok(source, `${file} cannot be parsed`)
  return source
}

function importsOf (from: string, source: SourceFile): Import[] {
  return source.imports.filter((node) => isStringLiteral(node)).map(({ text }) => {
    if (!text.startsWith('.')) return { from, to: text, own: false }
    return { from, to: toName(resolve(src, dirname(from), text)), own: true }
  })
}

/** Uses of the process that belong to main.ts, whichever way they are written. */
function processUses (source: SourceFile): string[] {
  const uses: string[] = []
  const visit = (node: Node): void => {
    if (isPropertyAccessExpression(node) && isIdentifier(node.expression) && node.expression.text === 'process' && MAIN_ONLY.has(node.name.text)) {
      uses.push(`process.${node.name.text}`)
    }
    if (isCallExpression(node) && node.expression.kind === SyntaxKind.PropertyAccessExpression) uses.push(...signalHandlers(node))
    if (isImportDeclaration(node) && isStringLiteral(node.moduleSpecifier) && /^(?:node:)?process$/.test(node.moduleSpecifier.text)) {
      const names = node.importClause?.namedBindings
      if (names && isNamedImports(names)) uses.push(...names.elements.map(({ name }) => name.text).filter((name) => MAIN_ONLY.has(name)))
    }
    node.forEachChild(visit)
  }
  visit(source)
  return uses
}

function signalHandlers (node: Node): string[] {
  if (!isCallExpression(node) || !isPropertyAccessExpression(node.expression)) return []
  const { expression, name } = node.expression
  const [event] = node.arguments
  const isHandler = isIdentifier(expression) && expression.text === 'process' && /^(?:on|once|addListener)$/.test(name.text)
  if (!isHandler || !event) return []
  if (!isStringLiteral(event)) return [`process.${name.text}(…), an event whose name is not written out`]
  return SIGNAL.test(event.text) ? [`process.${name.text}('${event.text}')`] : []
}

/** A path under src with forward slashes. */
function toName (file: string): string {
  return relative(src, file).split(sep).join('/')
}

function isIn (name: string, folder: string): boolean {
  return name === folder || name.startsWith(`${folder}/`)
}

/** The most particular folder of the table that holds a file. */
function folderOf (name: string): string {
  if (isIn(name, 'tools') && name.endsWith('.js')) return GUEST_HALVES
  const [folder] = Object.keys(MAY_IMPORT).filter((folder) => isIn(name, folder)).sort((a, b) => b.length - a.length)
  assert.ok(folder, `src/${name} is in no folder of the import table`)
  return folder
}

function isAllowed (from: string, to: string): boolean {
  if (to === MANIFEST) return basename(from) === 'main.ts' // the version, passed down from there
  const folder = folderOf(from)
  const target = folderOf(to)
  const allowed = MAY_IMPORT[folder] ?? []
  // A file of the table is granted itself; a folder grants what is in it, but not the folders that have rows of their own.
  return allowed === 'any' || target === folder || allowed.includes(target) || allowed.includes(to)
}

function packageName (specifier: string): string {
  return specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
}

function describe ({ from, to }: Import): string {
  return `${from} imports ${to}`
}
