import { z } from 'zod'

/** Lines that are kept of what one run used and was denied. */
export const RECEIPT_LINES_MAX = 200

/** What a run can use, or be denied. `tool` is a call of a tool's method, whatever it then touched. */
export const GRANTS = ['tool', 'net', 'env', 'read', 'write', 'kv', 'secret', 'channel', 'checkpoint'] as const

/** What a run did with one thing that it was granted or denied, added up. */
export const ReceiptLine = z.object({
  grant: z.enum(GRANTS),
  target: z.string().describe('A host and its port, a method of a tool, the name of a value or of a file'),
  method: z.string().nullable().describe('How it was used, where there is more than one way'),
  denied: z.string().nullable().describe('Why it was denied the first time; null for what was granted'),
  count: z.number().int(),
  sentBytes: z.number().int(),
  receivedBytes: z.number().int(),
  durationMs: z.number(),
})
export type ReceiptLine = z.infer<typeof ReceiptLine>

/** What one run touched, and what it was not let. `omitted` counts uses and denials beyond the lines that are kept. */
export interface RunReceipt {
  lines: ReceiptLine[]
  omitted: number
}
