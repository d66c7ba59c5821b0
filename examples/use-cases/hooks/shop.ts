import { join } from 'node:path'
import { z } from 'zod'
import { create } from '../../../src/engine/library.ts'

const Order = z.strictObject({
  customer: z.string(),
  lines: z.array(z.strictObject({ article: z.string(), quantity: z.number().int().min(1).max(1000) })).min(1).max(100),
  note: z.string().max(500).optional(),
})
export type Order = z.infer<typeof Order>

export const HOOKS = ['beforeOrder', 'afterOrder'] as const
export type Hook = typeof HOOKS[number]

export type Placed =
  | { placed: true, order: Order, notices: string[] }
  | { placed: false, reason: string }

export interface Shop extends AsyncDisposable {
  /** Has a shopkeeper's module called at a hook: by its export of that name, with the order. */
  addHook (hook: Hook, shopkeeper: string, code: string): void
  /**
   * Places an order. `beforeOrder` may answer another order or throw to refuse this one; `afterOrder` may answer a text for the customer. A hook that breaks before
   * an order refuses it, one that breaks after it changes nothing.
   */
  placeOrder (shopkeeper: string, order: Order): Promise<Placed>
}

const LIMITS = { timeoutMs: 500, memoryMb: 32, toolCalls: 20 }

/** Opens a shop whose shopkeepers bring code of their own. It reaches the shop's stock, and nothing else. */
export async function openShop (stock: Readonly<Record<string, number>>): Promise<Shop> {
  const engine = await create({ config: { tools: `stock=${join(import.meta.dirname, 'stock.ts')}`, toolConfig: { stock: { left: stock } } } })
  const hooks = new Map<string, string>()

  /** Undefined where no code is hooked there. */
  function call (hook: Hook, shopkeeper: string, order: Order) {
    const code = hooks.get(`${hook} ${shopkeeper}`)
    return code === undefined ? undefined : engine.execute({ tenant: shopkeeper, code, entry: hook, input: order, tools: ['stock'], limits: LIMITS })
  }

  return {
    addHook: (hook, shopkeeper, code) => { hooks.set(`${hook} ${shopkeeper}`, code) },

    async placeOrder (shopkeeper, order) {
      const before = await call('beforeOrder', shopkeeper, order)
      if (before && before.status !== 'succeeded') return { placed: false, reason: before.status === 'failed' ? before.error.message : 'the hook was stopped' }
      const changed = Order.safeParse(before?.result ?? order) // code that is not ours made it: it is anything
      if (!changed.success) return { placed: false, reason: `the hook answered no order: ${changed.error.issues[0]?.message}` }

      const after = await call('afterOrder', shopkeeper, changed.data)
      const notice = after?.status === 'succeeded' && typeof after.result === 'string' ? [after.result.slice(0, 200)] : []
      return { placed: true, order: changed.data, notices: notice }
    },

    [Symbol.asyncDispose]: () => engine.close(),
  }
}
