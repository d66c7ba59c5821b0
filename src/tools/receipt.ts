import { RECEIPT_LINES_MAX, type ReceiptLine } from '../core/receipt.ts'

/** One thing that a run did with what it was granted. Sizes in bytes, 0 unless given. */
export interface ReceiptUse {
  grant: ReceiptLine['grant']
  /** What was used: a host and its port, a method of a tool, the name of a secret. */
  target: string
  /** How, where there is more than one way: `GET`. */
  method?: string
  sentBytes?: number
  receivedBytes?: number
  durationMs?: number
}

/** One thing that a run was refused. */
export interface ReceiptDenial extends Pick<ReceiptUse, 'grant' | 'target' | 'method'> {
  reason: string
}

/** Characters of a target and of a reason, which user code has its words in. */
const TEXT_CHARS = 512

/**
 * Adds up what one run used and what it was denied: one line for each grant, target and method, and another one for what was denied of it. Targets
 * are user code's to choose, so the lines are bounded, and those beyond only counted; nor can code hide one kind of use behind many of another: a kind that
 * has more lines gives one up.
 */
export class Receipt {
  readonly #lines = new Map<string, ReceiptLine>()
  #omitted = 0

  /** Copies of the lines, in the order of their first use. */
  get lines (): ReceiptLine[] { return Array.from(this.#lines.values(), (line) => ({ ...line })) }

  /** Uses and denials that have no line any more. */
  get omitted (): number { return this.#omitted }

  use ({ sentBytes = 0, receivedBytes = 0, durationMs = 0, ...what }: ReceiptUse): void {
    const line = this.#find(what, null)
    if (!line) return
    line.count += 1
    line.sentBytes += sentBytes
    line.receivedBytes += receivedBytes
    line.durationMs = Math.round((line.durationMs + durationMs) * 1000) / 1000
  }

  deny ({ reason, ...what }: ReceiptDenial): void {
    const line = this.#find(what, cut(reason))
    if (line) line.count += 1
  }

  #find ({ grant, target, method }: Pick<ReceiptUse, 'grant' | 'target' | 'method'>, denied: string | null): ReceiptLine | undefined {
    const key = JSON.stringify([grant, cut(target), method, denied !== null])
    const known = this.#lines.get(key)
    if (known) return known
    if (this.#lines.size >= RECEIPT_LINES_MAX && !this.#makeRoom(kindOf({ grant, denied }))) {
      this.#omitted += 1
      return undefined
    }
    const line: ReceiptLine = { grant, target: cut(target), method: method === undefined ? null : cut(method), denied, count: 0, sentBytes: 0, receivedBytes: 0, durationMs: 0 }
    this.#lines.set(key, line)
    return line
  }

  /** Takes the newest line of the kind that has the most; answers false where that is the kind that asks, or it has hardly fewer. */
  #makeRoom (asking: string): boolean {
    const kinds = Map.groupBy(this.#lines, ([, line]) => kindOf(line))
    const most = [...kinds.values()].reduce((one, other) => other.length > one.length ? other : one)
    const [key, line] = most.at(-1)! // no group is empty
    if (most.length <= (kinds.get(asking)?.length ?? 0) + 1) return false
    this.#lines.delete(key)
    this.#omitted += line.count
    return true
  }
}

function kindOf ({ grant, denied }: Pick<ReceiptLine, 'grant' | 'denied'>): string {
  return `${grant} ${denied === null ? 'used' : 'denied'}`
}

function cut (text: string): string {
  return text.length > TEXT_CHARS ? `${text.slice(0, TEXT_CHARS)}…` : text
}
