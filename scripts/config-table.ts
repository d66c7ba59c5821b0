// Writes the table of environment variables into the documents that have a place for it, from the schemas that read them.
// With --check it changes nothing and fails when a document is out of date.
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { z } from 'zod'
import { ROOT } from './run-tests.ts'

const BEGIN = '<!-- configuration: begin, written by npm run docs:config -->'
const END = '<!-- configuration: end -->'
const PROCESSES = ['cli', 'api', 'worker'] as const

/** What is read of a member of a schema in JSON Schema's form. */
const Member = z.object({
  type: z.string().optional(),
  description: z.string().optional(),
  default: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  minLength: z.number().optional(),
})
type Member = z.infer<typeof Member>

const table = drawTable(await readVariables())
const isCheck = process.argv.includes('--check')
const stale: string[] = []
let places = 0
for (const file of [join(ROOT, 'README.md'), ...globSync('docs/**/*.md', { cwd: ROOT }).map((file) => join(ROOT, file))]) {
  if (!existsSync(file)) continue
  const text = readFileSync(file, 'utf8')
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)]
  if (from < 0 || to < from) continue
  places++
  const next = `${text.slice(0, from)}${BEGIN}\n${table}\n${text.slice(to)}`
  if (next === text) continue
  stale.push(relative(ROOT, file))
  if (!isCheck) writeFileSync(file, next)
}
if (places === 0 && existsSync(join(ROOT, 'README.md'))) {
  process.stderr.write(`No document has a place for the configuration table; put these two lines where it belongs:\n${BEGIN}\n${END}\n`)
  process.exitCode = 1
} else if (isCheck && stale.length > 0) {
  process.stderr.write(`The configuration table is out of date in ${stale.join(', ')}: run npm run docs:config\n`)
  process.exitCode = 1
} else {
  process.stdout.write(stale.length > 0 ? `Wrote ${stale.join(', ')}\n` : 'The configuration table is up to date\n')
}

interface Variable extends Member {
  /** The default of each process that reads it. */
  defaults: Map<string, string>
}

async function readVariables (): Promise<Map<string, Variable>> {
  const variables = new Map<string, Variable>()
  for (const name of PROCESSES) {
    const file = join(ROOT, 'src', name, 'config.ts')
    if (!existsSync(file)) continue
    const exports = Object.values(await import(file) as Record<string, unknown>) // a module's namespace
    for (const schema of exports.filter((value) => value instanceof z.ZodObject)) {
      const { properties = {} } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
      for (const [key, property] of Object.entries(properties)) {
        const member = Member.parse(property)
        const variable = variables.get(key) ?? { ...member, defaults: new Map() }
        variable.defaults.set(name, member.default === undefined ? '' : `\`${String(member.default)}\``)
        variables.set(key, variable)
      }
    }
  }
  return variables
}

function drawTable (variables: ReadonlyMap<string, Variable>): string {
  const rows = [...variables].map(([key, variable]) => {
    const cells = [`\`${key}\``, describeDefault(variable), describeBounds(variable), variable.description ?? '', [...variable.defaults.keys()].join(', ')]
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  })
  return ['| variable | default | allowed | what it sets | read by |', '| --- | --- | --- | --- | --- |', ...rows].join('\n')
}

function describeDefault ({ defaults }: Variable): string {
  const given = [...defaults].filter(([, value]) => value !== '')
  const [first] = given
  if (!first || given.every(([, value]) => value === first[1])) return first?.[1] ?? ''
  return given.map(([name, value]) => `${value} (${name})`).join(', ')
}

function describeBounds ({ enum: values, minimum, maximum, minLength }: Member): string {
  if (values) return values.map((value) => `\`${String(value)}\``).join(', ')
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`
  if (minLength !== undefined && minLength > 1) return `${minLength} characters or more`
  return ''
}
