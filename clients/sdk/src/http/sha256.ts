/** A SHA-256 of what comes piece by piece: WebCrypto wants all of it at once. Source: FIPS 180-4. */
export interface Sha256 {
  update (bytes: Uint8Array): void
  /** Ends it. */
  digest (): Uint8Array<ArrayBuffer>
}

const BLOCK_BYTES = 64
/** The first bits of the fractions of roots of primes: square roots of the first eight, and cube roots of the first 64. */
const START = new Int32Array(8)
const ROUND = new Int32Array(64)
for (let prime = 2, count = 0; count < 64; prime += 1) {
  let divisor = 2
  while (prime % divisor !== 0) divisor += 1
  if (divisor < prime) continue
  if (count < 8) START[count] = prime ** 0.5 % 1 * 2 ** 32
  ROUND[count] = prime ** (1 / 3) % 1 * 2 ** 32
  count += 1
}

export function createSha256 (): Sha256 {
  const state = START.slice()
  const words = new Int32Array(64)
  const block = new Uint8Array(BLOCK_BYTES)
  let total = 0
  let held = 0

  function update (bytes: Uint8Array): void {
    total += bytes.length
    let at = 0
    if (held > 0) {
      at = Math.min(BLOCK_BYTES - held, bytes.length)
      block.set(bytes.subarray(0, at), held)
      held += at
      if (held < BLOCK_BYTES) return
      mix(state, words, new DataView(block.buffer), 0)
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    for (; at + BLOCK_BYTES <= bytes.length; at += BLOCK_BYTES) mix(state, words, view, at)
    held = bytes.length - at
    block.set(bytes.subarray(at))
  }

  return {
    update,
    digest () {
      const bits = total * 8
      const end = new Uint8Array((held < 56 ? 56 : 120) - held + 8)
      end[0] = 0x80
      const size = new DataView(end.buffer, end.length - 8)
      size.setUint32(0, bits / 2 ** 32)
      size.setUint32(4, bits)
      update(end)
      const digest = new DataView(new ArrayBuffer(32))
      state.forEach((word, index) => digest.setInt32(index * 4, word))
      return new Uint8Array(digest.buffer)
    },
  }
}

function turn (word: number, by: number): number {
  return word >>> by | word << 32 - by
}

function at (words: Int32Array, index: number): number {
  return words[index] as number // nobody asks for one that is not there
}

function mix (state: Int32Array, words: Int32Array, block: DataView, start: number): void {
  for (let index = 0; index < 16; index += 1) words[index] = block.getInt32(start + index * 4)
  for (let index = 16; index < 64; index += 1) {
    const early = at(words, index - 15)
    const late = at(words, index - 2)
    words[index] = at(words, index - 16) + (turn(early, 7) ^ turn(early, 18) ^ early >>> 3) + at(words, index - 7) + (turn(late, 17) ^ turn(late, 19) ^ late >>> 10)
  }
  let [a, b, c, d, e, f, g, h] = [at(state, 0), at(state, 1), at(state, 2), at(state, 3), at(state, 4), at(state, 5), at(state, 6), at(state, 7)]
  for (let index = 0; index < 64; index += 1) {
    const one = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + (e & f ^ ~e & g) + at(ROUND, index) + at(words, index) | 0
    const two = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + (a & b ^ a & c ^ b & c) | 0
    h = g
    g = f
    f = e
    e = d + one | 0
    d = c
    c = b
    b = a
    a = one + two | 0
  }
  const mixed = [a, b, c, d, e, f, g, h]
  for (let index = 0; index < 8; index += 1) state[index] = at(state, index) + (mixed[index] ?? 0)
}
