// Decides about orders by rules that two shops wrote.
import { enableCompileCache } from 'node:module'
import { create } from '../../../src/engine/library.ts'
import { decide, type Rule } from './rules.ts'

/** As a table of an application would hold them. */
const RULES: Record<string, Rule[]> = {
  'tea-shop': [
    { name: 'large-order', code: "export const because = 'someone looks at orders above 500'\nexport const when = ({ total }) => total > 500\nexport const then = () => ({ review: true })" },
    { name: 'regular', code: "export const because = 'ten orders make a regular'\nexport const when = ({ customer }) => customer.orders >= 10\nexport const then = ({ total }) => ({ discount: total * 0.05 })" },
    { name: 'birthday', code: "export const when = ({ customer }) => customer.born.endsWith('-11-23')\nexport const then = () => ({ gift: 'Earl Grey' })" },
  ],
  'book-shop': [
    { name: 'domestic', code: "type Facts = { country: string }\nexport const because = 'shipping is free at home'\nexport const when = ({ country }: Facts) => country === 'CH'\nexport const then = () => ({ shipping: 0 })" },
  ],
}

const facts = { total: 640, country: 'CH', customer: { orders: 12 } }

enableCompileCache('.batchbox/compile-cache') // what an engine prepares as it starts is kept for the next one
await using engine = await create()
for (const [tenant, mode] of [['tea-shop', 'first'], ['tea-shop', 'all'], ['book-shop', 'first']] as const) {
  const decision = await decide(engine, { tenant, rules: RULES[tenant] ?? [], facts, mode })
  if (!decision.decided) throw new Error(`${tenant} has rules that cannot be evaluated: ${decision.failure.message}`)
  console.log(`${tenant}, ${mode}: ${JSON.stringify(decision.outcomes)}`)
  for (const finding of decision.findings) console.log(`  ${JSON.stringify(finding)}`)
}
