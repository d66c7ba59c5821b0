import type { Secret } from './api-types.ts'
import type { Requester } from './http/requester.ts'
import type { RequestOptions } from './options.ts'

const ROOT = 'v1/secrets'

/** An operator's choice of another tenant than the key's own. */
interface OfTenant {
  tenant?: string
}

/** Values that jobs may be given, and that are answered to nobody. */
export interface Secrets {
  set (name: string, value: string, query?: OfTenant, options?: RequestOptions): Promise<Secret>
  list (query?: OfTenant, options?: RequestOptions): Promise<Secret[]>
  delete (name: string, query?: OfTenant, options?: RequestOptions): Promise<void>
}

export function buildSecrets ({ json }: Requester): Secrets {
  return {
    set: (name, value, query, options) => json({ method: 'PUT', path: [ROOT, name], query: { ...query }, json: { value }, ...options }),
    list: async (query, options) => (await json<{ data: Secret[] }>({ path: ROOT, query: { ...query }, ...options })).data,
    delete: (name, query, options) => json({ method: 'DELETE', path: [ROOT, name], query: { ...query }, ...options }),
  }
}
