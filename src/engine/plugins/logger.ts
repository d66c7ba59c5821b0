import type { Plugin, PluginLogger } from '../plugin.ts'

/** Shares what other plugins tell the operator of errors with that end no run. */
export function logger (warn: PluginLogger['warn']): Plugin {
  return { name: 'logger', setup: (api) => { api.provide('logger', { warn }) } }
}
