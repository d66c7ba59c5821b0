// Adds up what each customer ordered. The input is a CSV file of any size; the accumulator is committed every few seconds, and a run after a crash goes on from there.
interface Order { customer: string, quantity: number, price: number }
interface Sum { customer: string, orders: number, total: number }
type Totals = Record<string, Sum>

export default {
  initial: {},
  filter: ({ quantity }: Order): boolean => quantity > 0,
  reduce (totals: Totals, { customer, quantity, price }: Order): Totals {
    const sum = totals[customer] ??= { customer, orders: 0, total: 0 }
    sum.orders += 1
    sum.total += quantity * price
    return totals
  },
  flush: (totals: Totals): Sum[] => Object.values(totals),
}
