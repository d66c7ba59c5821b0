/**
 * Allows `perSecond` units a second on average and `burst` at once. Time is passed in, in milliseconds of any steady clock.
 */
export class TokenBucket {
  readonly #perSecond: number
  #burst: number
  #tokens: number
  #filledAtMs: number

  constructor (perSecond: number, burst: number, nowMs: number) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#tokens = burst
    this.#filledAtMs = nowMs
  }

  /** Takes units; answers false, and takes none, when there are not as many. */
  take (units: number, nowMs: number): boolean {
    const grown = this.#tokens + (nowMs - this.#filledAtMs) / 1000 * this.#perSecond
    this.#tokens = Math.min(this.#burst, grown)
    this.#filledAtMs = nowMs
    if (this.#tokens < units) return false
    this.#tokens -= units
    return true
  }

  /** Puts back units that were taken, for what turns out not to count. */
  giveBack (units: number): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + units)
  }

  /** Changes how much may come at once; a larger burst is granted at once, and a smaller one takes nothing that it allows. */
  setBurst (burst: number): void {
    this.#tokens = Math.min(burst, this.#tokens + Math.max(0, burst - this.#burst))
    this.#burst = burst
  }
}
