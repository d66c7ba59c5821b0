import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import type { Tool, ToolDefinition } from './tool.ts'

/** Every tool that is shipped, by the name that jobs ask for. */
const SHIPPED: Readonly<Record<string, () => Promise<{ default: ToolDefinition }>>> = {
  channel: () => import('./channel/tool.ts'),
  crypto: () => import('./crypto/tool.ts'),
  db: () => import('./db/tool.ts'),
  echo: () => import('./echo/tool.ts'),
  fetch: () => import('./fetch/tool.ts'),
  files: () => import('./files/tool.ts'),
  kv: () => import('./kv/tool.ts'),
  secrets: () => import('./secrets/tool.ts'),
}

/** Those that every job has, on its context: no job names them. */
const ON_CONTEXT: typeof SHIPPED = {
  checkpoint: () => import('./checkpoint/tool.ts'),
}

/** What an operator may say of tools, as environment variables hold it. */
export interface ToolSettings {
  /** The operator's own: `name=/path/to/tool.ts`, separated by commas. */
  own: string
  /** JSON text of an object for each tool that is configured, by its name. */
  config: string
}

/** What an operator says who says nothing. */
export const DEFAULT_TOOL_SETTINGS: ToolSettings = Object.freeze({ own: '', config: '{}' })

/** Answers the names that jobs may ask for. */
export function listToolNames ({ own }: Pick<ToolSettings, 'own'>): string[] {
  return [...new Set([...Object.keys(SHIPPED), ...parseOwn(own).keys()])]
}

/** Loads every tool with its configuration. Rejects with an Error that names the tool or the setting, and what is wrong with it. */
export async function loadTools ({ own, config }: ToolSettings): Promise<Tool[]> {
  const loads = new Map([...Object.entries(ON_CONTEXT), ...Object.entries(SHIPPED), ...[...parseOwn(own)].map(([name, file]) => [name, () => loadOwn(name, file)] as const)])
  const configs = parseConfig(config)
  const unknown = Object.keys(configs).find((name) => !loads.has(name))
  if (unknown !== undefined) throw new Error(`Cannot start: BATCHBOX_TOOL_CONFIG configures "${unknown}", which is no tool; known: ${[...loads.keys()].join(', ')}`)
  return await Promise.all([...loads].map(async ([name, load]) => setUp((await load()).default, configs[name] ?? {})))
}

function parseOwn (own: string): Map<string, string> {
  return new Map(own.split(',').filter(Boolean).map((entry) => {
    const [name = '', ...path] = entry.split('=')
    if (Object.hasOwn(ON_CONTEXT, name)) throw new Error(`Cannot start: BATCHBOX_TOOLS calls "${path.join('=')}" ${name}, which every job has on its context; give it another name`)
    return [name, path.join('=')]
  }))
}

/** A tool of the operator's own may stand in for one that is shipped. */
async function loadOwn (name: string, file: string): Promise<{ default: ToolDefinition }> {
  const module = await import(pathToFileURL(resolve(file)).href) as { default?: Partial<ToolDefinition> } // the operator's: looked at below
  const tool = module.default
  if (typeof tool?.setup !== 'function') throw new Error(`Cannot start: "${file}" has no default export made by defineTool`)
  if (tool.name !== name) throw new Error(`Cannot start: BATCHBOX_TOOLS calls "${file}" ${name}, but its tool is named "${tool.name}"`)
  return { default: tool as ToolDefinition } // both members are there
}

function setUp (definition: ToolDefinition, config: unknown): Tool {
  try {
    return definition.setup(config)
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error
    throw new Error(`Cannot start: the configuration of tool "${definition.name}" is not valid\n${z.prettifyError(error)}`, { cause: error })
  }
}

const ToolConfigs = z.record(z.string(), z.record(z.string(), z.unknown()))

function parseConfig (text: string): z.infer<typeof ToolConfigs> {
  try {
    return ToolConfigs.parse(JSON.parse(text))
  } catch (error) {
    throw new Error('Cannot start: BATCHBOX_TOOL_CONFIG is not a JSON object of objects', { cause: error })
  }
}
