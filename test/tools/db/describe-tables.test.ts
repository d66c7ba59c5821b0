import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { describeTables } from '../../../src/tools/db/describe-tables.ts'

const IMPORTS = "import { customType, integer, pgTable } from 'drizzle-orm/pg-core'; import { relations } from 'drizzle-orm'\n"

function makeFolder (t: TestContext, files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'batchbox-test-schemas-'))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

for (const [what, files, message] of [
  ['an empty folder', {}, /^Cannot start: the schemas folder ".*" of tool db has no \.ts, \.js or \.mjs file$/],
  ['a type of the operator\'s own, which is code', { 'a.ts': `${IMPORTS}export const a = pgTable('a', { own: customType({ dataType: () => 'bytea' })('own') })` }, /^Cannot start: column "own" of table "a" is a PgCustomColumn, whose code cannot go into the sandbox/],
  ['a table by the name of something else', { 'a.ts': `${IMPORTS}export const execute = pgTable('a', { id: integer() })` }, /table "execute" has a name that db has for something else; export it by another$/],
  ['two tables by one name', { 'a.ts': `${IMPORTS}export const a = pgTable('a', { id: integer() })`, 'b.ts': `${IMPORTS}export const a = pgTable('b', { id: integer() })` }, /"a" is exported by another file, too$/],
  ['a relation with a table that is not there', { 'a.ts': `${IMPORTS}const b = pgTable('b', { id: integer() }); export const a = pgTable('a', { id: integer() }); export const more = relations(a, ({ many }) => ({ all: many(b) }))` }, /^Cannot start: relation "all" is with table "b", which no file of the schemas folder exports$/],
  ['a file that cannot be read', { 'a.ts': 'export const a =' }, /^Cannot start: the schemas in ".*" of tool db cannot be used: /],
] as const) {
  test(`${what} is refused, by name`, (t) => {
    const folder = makeFolder(t, files)

    assert.throws(() => describeTables(folder), ({ message: words }: Error) => message.test(words))
  })
}

test('files in CommonJS, in TypeScript and as modules find the same Drizzle', (t) => {
  const folder = makeFolder(t, {
    'a.js': "const { line, pgTable } = require('drizzle-orm/pg-core'); exports.a = pgTable('a', { at: line('at_line') })",
    'b.mjs': `${IMPORTS}export const b = pgTable('b', { id: integer() })`,
    'c.ts': `${IMPORTS}import { b } from './b.mjs'; export const c = pgTable('c', { id: integer() }); export const bRelations = relations(b, ({ one }) => ({ c: one(c, { fields: [b.id], references: [c.id] }) }))`,
  })
  const described = describeTables(folder)

  assert.deepEqual(Object.entries(described).map(([key, { name, columns }]) => [key, name, Object.entries(columns).map(([member, { type }]) => [member, type])]), [['a', 'a', [['at', 'PgLineTuple']]], ['b', 'b', [['id', 'PgInteger']]], ['c', 'c', [['id', 'PgInteger']]]])
  assert.deepEqual(described['b']?.relations, { c: { kind: 'one', table: 'c', relationName: null, fields: ['id'], references: ['id'] } })
})
