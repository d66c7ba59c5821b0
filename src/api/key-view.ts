import { z } from 'zod'
import { Ceilings, KeyBounds, KeyCeilings, Scope, TenantName } from '../core/api-key.ts'
import type { ApiKey } from '../store/keys.ts'
import { formatTime } from './job-view.ts'
import { OfTenant } from './schemas.ts'

const NAME_MAX_CHARS = 128
const time = z.iso.datetime()

/** Printable: it stands in lists and logs. */
const KeyName = z.string().min(1).max(NAME_MAX_CHARS).regex(/^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]*$/u, 'Expected no control characters')

/** A key to be made. */
export const KeyRequest = z.strictObject({
  tenant: OfTenant,
  name: KeyName,
  scopes: z.array(Scope).min(1).max(Scope.options.length).refine((scopes) => new Set(scopes).size === scopes.length, 'Each scope once'),
  expiresAt: z.iso.datetime({ offset: true }).transform((text) => Date.parse(text)).nullable().default(null).describe('When it stops being valid; null for never'),
  ceilings: KeyCeilings.prefault({}).describe('The most that its jobs may ask for'),
  bounds: KeyBounds.prefault({}).describe('How much it may use at one time'),
})

/** A key as the API answers it. */
export const KeyView = z.object({
  id: z.string(),
  tenant: TenantName,
  name: z.string(),
  scopes: z.array(z.string()),
  createdAt: time,
  createdBy: z.string().describe('Id of the key that made it; `operator` for the configured one'),
  rotatedAt: time.nullable(),
  expiresAt: time.nullable(),
  ceilings: Ceilings,
  bounds: KeyBounds,
})
export const NewKeyView = KeyView.extend({ token: z.string().describe('What a request is to carry as `Authorization: Bearer …`; answered this once') })

export function buildKeyView ({ id, tenant, name, scopes, createdAt, createdBy, rotatedAt, expiresAt, ceilings, bounds }: ApiKey): z.infer<typeof KeyView> {
  return {
    id,
    tenant,
    name,
    scopes: [...scopes],
    createdAt: formatTime(createdAt),
    createdBy,
    rotatedAt: rotatedAt === null ? null : formatTime(rotatedAt),
    expiresAt: expiresAt === null ? null : formatTime(expiresAt),
    ceilings,
    bounds,
  }
}
