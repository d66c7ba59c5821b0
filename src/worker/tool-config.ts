import type { WorkerConfig } from './config.ts'

/** What the configuration of tool db is made of that has variables of its own. */
type Settings = Pick<WorkerConfig, 'BATCHBOX_TOOL_CONFIG' | 'DATABASE_URL' | 'BATCHBOX_SCHEMAS'>

/** Answers the configuration of tools as JSON text, with the database that has variables of its own as `main` of tool db. */
export function buildToolConfig ({ BATCHBOX_TOOL_CONFIG: text, DATABASE_URL: url, BATCHBOX_SCHEMAS: schemas }: Settings): string {
  if (url === undefined) return text
  const config = parse(text)
  if (!config) return text // whoever reads it says what is wrong with it
  const { databases: { main, ...others } = {}, ...db } = config['db'] ?? {}
  return JSON.stringify({ ...config, db: { ...db, databases: { main: { url, ...schemas !== undefined && { schemas }, ...main }, ...others } } })
}

type ToolConfigs = Record<string, { databases?: Record<string, object> }>

function parse (text: string): ToolConfigs | undefined {
  try {
    const config: unknown = JSON.parse(text)
    return typeof config === 'object' && config !== null ? config as ToolConfigs : undefined // what else is wrong with it, its own schema finds
  } catch {
    return undefined
  }
}
