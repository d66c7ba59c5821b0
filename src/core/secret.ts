import { z } from 'zod'

export const SECRET_BOUNDS = {
  /** What is shorter cannot be told from other text, and so not be kept out of logs. */
  minChars: 4,
  maxBytes: 65_536,
  /** Secrets that one job may name. */
  perJob: 32,
  /** Bytes of all that one run is given: each is looked for in every form, which costs the worker some fifty times its memory, and milliseconds in which it does nothing else. */
  perRunBytes: 262_144,
} as const

/** Name of a secret, as variables are named. */
export const SecretName = z.string().regex(/^[A-Za-z_]\w{0,63}$/, 'Expected 1 to 64 letters, digits and underscores, not beginning with a digit')

/** Answers the values of a tenant's secrets. */
export interface SecretService {
  /** Answers undefined where there is none of that name. Throws UNAVAILABLE where it cannot be decrypted. */
  read (tenant: string, name: string): Promise<string | undefined>
}
