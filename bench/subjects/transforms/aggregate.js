export default {
  initial: {},
  filter: ({ express }) => express,
  reduce (cities, { city, items }) {
    const sums = cities[city] ??= { city, orders: 0, pieces: 0 }
    sums.orders += 1
    for (const { quantity } of items) sums.pieces += quantity
    return cities
  },
  flush: (cities) => Object.values(cities),
}
