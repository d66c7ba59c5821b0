// Places orders with two shopkeepers, who hooked code of their own into the shop.
import { enableCompileCache } from 'node:module'
import { openShop } from './shop.ts'

enableCompileCache('.batchbox/compile-cache') // what an engine prepares as it starts is kept for the next one
await using shop = await openShop({ 'green tea': 3, 'black tea': 100 })

shop.addHook('beforeOrder', 'ada', `
export async function beforeOrder (order) {
  for (const { article, quantity } of order.lines) {
    const left = await stock.left(article)
    if (left < quantity) throw new Error(\`Only \${left} of \${article} left\`)
  }
  return { ...order, note: 'Gift wrap' }
}`)
shop.addHook('afterOrder', 'ada', 'export const afterOrder = ({ lines }) => `Thank you for ${lines.length} kinds of tea`')
shop.addHook('beforeOrder', 'mallory', 'export const beforeOrder = (order) => ({ ...order, price: 0 })')

const order = { customer: 'Charles', lines: [{ article: 'black tea', quantity: 5 }] }
const tooMuch = { customer: 'Charles', lines: [{ article: 'green tea', quantity: 5 }] }
for (const [shopkeeper, wanted] of [['ada', order], ['ada', tooMuch], ['mallory', order], ['ben', order]] as const) {
  console.log(`${shopkeeper}: ${JSON.stringify(await shop.placeOrder(shopkeeper, wanted))}`)
}
