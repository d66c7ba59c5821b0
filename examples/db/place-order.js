import { eq, sum } from 'drizzle-orm'

/** Places an order for a customer, who is made when there is none, and answers what the customer has ordered in all. */
export default async function placeOrder ({ email, total }) {
  return db.transaction(async (tx) => {
    const known = await tx.customers.findUnique({ where: { email } }) ?? (await tx.customers.insert({ email }).returning())[0]
    await tx.orders.insert({ customerId: known.id, total })
    const [{ ordered }] = await tx.orders.select({ ordered: sum(tx.orders.total) }).where(eq(tx.orders.customerId, known.id))
    return { customer: known.id, ordered }
  })
}
