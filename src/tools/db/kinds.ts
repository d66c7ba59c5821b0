/** Kinds of statements that an operator may allow, by what they do. MERGE is all that change something. */
export const STATEMENT_KINDS = ['select', 'insert', 'update', 'delete'] as const
export type StatementKind = typeof STATEMENT_KINDS[number]
