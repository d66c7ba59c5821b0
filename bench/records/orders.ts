import { once } from 'node:events'
import { createWriteStream } from 'node:fs'

/** What one made-up order says; some 230 bytes as JSON. */
export interface Order {
  id: number
  customer: string
  city: string
  placedAt: string
  express: boolean
  note: string | null
  items: { sku: string, quantity: number, price: number }[]
}

/** How much to write. */
export interface DataSize {
  /** Records at the most. */
  records?: number
  /** Writes no further record once there are so many bytes. */
  bytes?: number
}

/** What was written. */
export interface DataFile {
  records: number
  bytes: number
}

const CHUNK_CHARS = 262_144
const CITIES = ['Lisboa', 'Kraków', 'Zürich', 'Reykjavík', 'Malmö', 'Tampere', 'Graz', 'Łódź', 'Brno', 'Cork', 'Århus', '京都']
const NOTES = ['leave at the door', 'call "before" coming', 'fragile, this side up', 'two\nlines', 'größer als gedacht']
const FIRST_MS = Date.UTC(2026, 0, 1)
const MINUTE_MS = 60_000
/** Kinds of goods. */
const SKUS = 5000
const CUSTOMERS = 100_000

/** The order of that number, from 1: the same one for the same seed. */
export function makeOrder (id: number, seed: number): Order {
  const draw = createDraw(Math.imul(seed, 0x9e3779b1) ^ id)
  const items: Order['items'] = []
  for (let left = 1 + draw(3); left > 0; left--) items.push({ sku: `sku-${String(draw(SKUS)).padStart(5, '0')}`, quantity: 1 + draw(9), price: draw(20_000) / 100 })
  return {
    id,
    customer: `customer-${draw(CUSTOMERS)}`,
    city: CITIES[draw(CITIES.length)] ?? '',
    placedAt: new Date(FIRST_MS + draw(500_000) * MINUTE_MS).toISOString(),
    express: draw(4) === 0,
    note: draw(3) === 0 ? NOTES[draw(NOTES.length)] ?? '' : null,
    items,
  }
}

/** Writes orders as NDJSON, a chunk at a time. */
export function writeNdjson (file: string, seed: number, size: DataSize): Promise<DataFile> {
  return writeData(file, size, '', (id) => `${JSON.stringify(makeOrder(id, seed))}\n`)
}

/** Writes orders as CSV with a header, the first of each one's items alone; fields have quotes, commas and line ends in them. */
export function writeCsv (file: string, seed: number, size: DataSize): Promise<DataFile> {
  return writeData(file, size, 'id,customer,city,placedAt,express,note,sku,quantity,price\r\n', (id) => {
    const { items: [item], customer, city, placedAt, express, note } = makeOrder(id, seed)
    return `${id},${customer},${city},${placedAt},${express},"${(note ?? '').replaceAll('"', '""')}",${item?.sku},${item?.quantity},${item?.price}\r\n`
  })
}

async function writeData (file: string, { records: most = Infinity, bytes: enough = Infinity }: DataSize, head: string, lineOf: (id: number) => string): Promise<DataFile> {
  const stream = createWriteStream(file)
  const done = once(stream, 'close')
  let [records, bytes, text] = [0, 0, head]
  const write = async () => {
    const chunk = Buffer.from(text)
    text = ''
    bytes += chunk.length
    if (!stream.write(chunk)) await once(stream, 'drain')
  }
  while (records < most && bytes + text.length < enough) {
    text += lineOf(++records)
    if (text.length >= CHUNK_CHARS) await write()
  }
  await write()
  stream.end()
  await done
  return { records, bytes }
}

/** Draws whole numbers below a bound. Source: mulberry32 of Tommy Ettinger, in the public domain; millions a second, and good enough for made-up data. */
function createDraw (seed: number): (below: number) => number {
  let state = seed | 0
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}
