/** There was no place in time: all are taken, or, where it is the tenant's own doing, all that one may have. */
export class NoPlace extends Error {
  readonly isOwn: boolean

  constructor (isOwn: boolean) {
    super('No place became free in time')
    this.isOwn = isOwn
  }
}

interface Waiter {
  tenant: string
  grant (leave: () => void): void
}

/**
 * Deals a number of places to the runs of tenants. None has more than its bound, and the next place goes to the tenant that has the fewest, to whoever
 * of it came first: a tenant with many runs makes others wait no longer than one with few.
 */
export class Places {
  readonly #max: number
  readonly #maxPerTenant: number
  readonly #taken = new Map<string, number>()
  #waiting: Waiter[] = []
  #count = 0

  constructor ({ max, maxPerTenant }: { max: number, maxPerTenant: number }) {
    this.#max = max
    this.#maxPerTenant = maxPerTenant
  }

  /** Places that are taken. */
  get taken (): number { return this.#count }

  /** Answers how to leave the place. Rejects with NoPlace when there is none in time, and with the signal's reason. */
  async take (tenant: string, { timeoutMs, signal }: { timeoutMs: number, signal: AbortSignal }): Promise<() => void> {
    signal.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<() => void>()
    const waiter: Waiter = { tenant, grant: resolve }
    this.#waiting.push(waiter)
    this.#deal()
    if (!this.#waiting.includes(waiter)) return await promise
    const giveUp = (reason: unknown) => {
      this.#waiting = this.#waiting.filter((other) => other !== waiter)
      reject(reason)
    }
    const stop = () => giveUp(signal.reason)
    const deadline = setTimeout(() => giveUp(new NoPlace(this.#maxPerTenant < this.#max && this.#takenBy(tenant) >= this.#maxPerTenant)), timeoutMs)
    signal.addEventListener('abort', stop, { once: true })
    try {
      return await promise
    } finally {
      clearTimeout(deadline)
      signal.removeEventListener('abort', stop)
    }
  }

  #takenBy (tenant: string): number {
    return this.#taken.get(tenant) ?? 0
  }

  #deal (): void {
    while (this.#count < this.#max) {
      const [next] = this.#waiting.filter(({ tenant }) => this.#takenBy(tenant) < this.#maxPerTenant).toSorted((a, b) => this.#takenBy(a.tenant) - this.#takenBy(b.tenant))
      if (!next) return
      this.#waiting = this.#waiting.filter((other) => other !== next)
      this.#count += 1
      this.#taken.set(next.tenant, this.#takenBy(next.tenant) + 1)
      next.grant(this.#buildLeave(next.tenant))
    }
  }

  #buildLeave (tenant: string): () => void {
    let isLeft = false
    return () => {
      if (isLeft) return
      isLeft = true
      this.#count -= 1
      const left = this.#takenBy(tenant) - 1
      if (left === 0) this.#taken.delete(tenant)
      else this.#taken.set(tenant, left)
      this.#deal()
    }
  }
}
