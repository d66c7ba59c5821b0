import { z } from 'zod'

const ANY = '*'

/** Web origins whose pages may use the API: `scheme://host[:port]` separated by commas, or `*` for any. Read into a list. */
export const CorsOrigins = z.string().default('').transform((text, context) => {
  const origins = text.split(',').map((origin) => origin.trim()).filter(Boolean)
  const wrong = origins.find((origin) => origin !== ANY && URL.parse(origin)?.origin !== origin)
  if (wrong !== undefined) context.addIssue({ code: 'custom', message: `Expected origins like https://app.example.com separated by commas, or *; ${JSON.stringify(wrong)} is none` })
  return origins
})

/** Tells whether pages of an origin may use the API. */
export function isListed (origins: readonly string[], origin: string): boolean {
  return origins.includes(ANY) || origins.includes(origin)
}
