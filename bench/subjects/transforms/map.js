export default ({ id, customer, city, placedAt, items }) => {
  let total = 0
  for (const { quantity, price } of items) total += quantity * price
  return { id, customer: customer.toUpperCase(), city, day: placedAt.slice(0, 10), pieces: items.length, total: Math.round(total * 100) / 100 }
}
