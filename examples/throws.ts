interface Order {
  id: string
  discount: number
}

/** Fails on the first order whose discount makes no sense. */
export default function totals (orders: Order[]): number {
  return orders.reduce((sum, order) => sum + applyDiscount(order), 0)
}

function applyDiscount (order: Order): number {
  if (order.discount > 1) {
    throw new RangeError(`Order ${order.id} has a discount of ${order.discount * 100} %`)
  }
  return 100 * (1 - order.discount)
}
