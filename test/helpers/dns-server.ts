import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv4 } from 'node:net'
import type { TestContext } from 'node:test'
import ipaddr from 'ipaddr.js'

const TYPES = { A: 1, AAAA: 28 } as const
const [NO_ERROR, NO_NAME] = [0, 3]
const HEADER_BYTES = 12

export interface DnsServer {
  /** As `dnsServers` of the tool takes it. */
  address: string
  /** The names that were asked for, with the type: `A host.test`. */
  questions: string[]
}

/**
 * Starts a name server of one's own. `answer` is asked for the addresses of a name, each time: what it leaves out there is none of, undefined is a name that
 * nobody knows, and null is a question that is never answered. Source of the format: RFC 1035, section 4.
 */
export async function startDns (t: TestContext, answer: (name: string, type: keyof typeof TYPES) => string[] | null | undefined): Promise<DnsServer> {
  const socket = createSocket('udp4')
  const questions: string[] = []
  socket.on('message', (query, from) => {
    const { name, type, end } = readQuestion(query)
    questions.push(`${type} ${name}`)
    const addresses = answer(name, type)
    if (addresses === null) return
    const records = (addresses ?? []).filter((address) => isIPv4(address) === (type === 'A')).map((address) => buildRecord(address, type))
    const head = Buffer.from(query.subarray(0, HEADER_BYTES))
    head.writeUInt16BE(0x8180 | (addresses ? NO_ERROR : NO_NAME), 2) // an answer, recursion asked for and given
    head.writeUInt16BE(1, 4)
    head.writeUInt16BE(records.length, 6)
    head.writeUInt32BE(0, 8)
    socket.send(Buffer.concat([head, query.subarray(HEADER_BYTES, end), ...records]), from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  t.after(() => new Promise<void>((resolve) => { socket.close(resolve) }))
  return { address: `127.0.0.1:${socket.address().port}`, questions }
}

function readQuestion (query: Buffer): { name: string, type: keyof typeof TYPES, end: number } {
  const labels: string[] = []
  let at = HEADER_BYTES
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1) === TYPES.A ? 'A' : 'AAAA', end: at + 5 }
}

/** Its name is the question's; it may be kept for no time at all. */
function buildRecord (address: string, type: keyof typeof TYPES): Buffer {
  const data = Buffer.from(ipaddr.parse(address).toByteArray())
  const record = Buffer.alloc(12)
  record.writeUInt16BE(0xC000 | HEADER_BYTES, 0)
  record.writeUInt16BE(TYPES[type], 2)
  record.writeUInt16BE(1, 4)
  record.writeUInt16BE(data.length, 10)
  return Buffer.concat([record, data])
}
