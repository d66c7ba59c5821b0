import { STATEMENT_KINDS, type StatementKind } from './kinds.ts'
import type { Rows } from './statement.ts'

/** The kinds of changes in a plan, those of its WITH and of MERGE included. */
export function findChanges ({ rows: [row] }: Rows): StatementKind[] {
  const found = new Set<string>()
  JSON.parse(row?.[0] ?? '[]', (key, value: unknown) => {
    if (key === 'Operation' && typeof value === 'string') found.add(value.toLowerCase())
    if (key === 'Conflict Resolution' && value === 'UPDATE') found.add('update')
    return value
  })
  const all = found.has('merge') ? ['insert', 'update', 'delete'] : [...found]
  return STATEMENT_KINDS.filter((kind) => kind !== 'select' && all.includes(kind))
}
