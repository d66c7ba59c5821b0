import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { startApi } from '../helpers/api.ts'

const ROOT = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const pages = ['*.md', 'docs/**/*.md', 'examples/*.md'].flatMap((pattern) => globSync(pattern, { cwd: ROOT }))
/** Pages on what is there now: the changelog and the decisions tell of what was. */
const current = pages.filter((page) => !/^CHANGELOG|^docs\/decisions\//.test(page))

/** Of a heading, as GitHub makes it. */
function anchorOf (heading: string): string {
  return heading.trim().toLowerCase().replaceAll(/[^\p{L}\p{N}_ -]/gu, '').replaceAll(' ', '-')
}

test('every link of the documentation leads to a file, and to a heading in it', () => {
  const links = pages.flatMap((page) => [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => ({ page, link })).filter(({ link }) => !/^https?:/.test(link)))

  const broken = links.filter(({ page, link }) => {
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? page : join(dirname(page), path)
    if (!existsSync(join(ROOT, target))) return true
    return anchor !== undefined && !Array.from(read(target).matchAll(/^#+ (.*)$/gm)).some(([, heading = '']) => anchorOf(heading) === anchor)
  })

  assert.ok(links.length > 50)
  assert.deepEqual(broken, [])
})

test('every variable that a page names is in the table of the configuration', () => {
  const known = new Set([...read('README.md').matchAll(/^\| `([A-Z_]+)`/gm)].map(([, name]) => name))
  const images = /_IMAGE$/ // of docker-compose.yml alone

  const unknown = current.flatMap((page) => [...read(page).matchAll(/\bBATCHBOX_[A-Z_]+\b(?!…)/g)].filter(([name]) => !known.has(name) && !images.test(name) && !name.endsWith('_')).map(([name]) => `${page}: ${name}`))

  assert.ok(known.size > 50)
  assert.deepEqual(unknown, [])
})

test('every route that a page names is there, with its method where one stands beside it', async (t) => {
  const { get } = await startApi(t)
  const { paths } = (await get('/openapi.json', {})).json() as { paths: Record<string, object> } // OpenAPI 3.1
  const routes = Object.entries(paths).map(([path, methods]) => ({ methods: Object.keys(methods), pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`) }))

  const named = current.flatMap((page) => [...read(page).matchAll(/(?:\b(GET|POST|PUT|DELETE) )?[\w.:$]*(\/v1\/[\w\-/{}$…]*)/g)].map(([, method, path = '']) => ({ page, method, path })))
  const unknown = named.filter(({ method, path }) => !routes.some(({ methods, pattern }) => pattern.test(path) && (method === undefined || methods.includes(method.toLowerCase()))))

  assert.ok(named.length > 50)
  assert.deepEqual(unknown, [])
})
