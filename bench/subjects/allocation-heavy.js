// 20,000 rows through JSON ten times.
const ROWS = 20_000
const TIMES = 10

export default function transform () {
  let rows = Array.from({ length: ROWS }, (_, i) => ({
    id: i, name: `row ${i}`, email: `person.${i}@example.com`, amount: i * 1.25, active: i % 3 === 0, tags: ['a', `t${i % 50}`],
  }))
  for (let time = 0; time < TIMES; time += 1) {
    rows = JSON.parse(JSON.stringify(rows))
    for (const row of rows) row.amount += 1
  }
  return rows.reduce((sum, { amount }) => sum + amount, 0)
}
