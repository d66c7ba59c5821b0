/** A column as Drizzle's class of that name is given it. */
export interface ColumnDescription {
  type: string
  config: Record<string, unknown>
  /** Name and values of an enumeration of PostgreSQL. */
  enumeration: { name: string, schema: string | null, values: string[] } | null
  /** What an array is of. */
  of: ColumnDescription | null
  size: number | null
}

/** A relation of Drizzle's, with columns by the names that code has for them. */
export interface RelationDescription {
  kind: 'one' | 'many'
  table: string
  relationName: string | null
  /** Columns here, and those that they are equal to; null where the other side says. */
  fields: string[] | null
  references: string[] | null
}

/** A table by what JSON can say: the sandbox builds it again, and none of the operator's code goes there. */
export interface TableDescription {
  name: string
  schema: string | null
  columns: Record<string, ColumnDescription>
  relations: Record<string, RelationDescription>
}

/** Tables by the names that code has for them. */
export type TableDescriptions = Record<string, TableDescription>
