/** Messages that a client may send in a second, on average; and at once, after a while of silence. */
export const MESSAGES_PER_SECOND = 500

/** Counts what a client sends against a rate: a bucket that holds a second's worth. Answers how long to read nothing more, in milliseconds. */
export function buildMessageRate (perSecond = MESSAGES_PER_SECOND): (messages: number, now?: number) => number {
  let [left, at] = [perSecond, performance.now()]
  return (messages, now = performance.now()) => {
    left = Math.min(perSecond, left + (now - at) * perSecond / 1000) - messages
    at = now
    return left < 0 ? Math.ceil(-left * 1000 / perSecond) : 0
  }
}
