/** What something that was started ends with: a TestContext, for one. */
export interface Scope {
  after (end: () => Promise<unknown> | void): void
}

/** A scope within another that ends in reverse: what was started last ends first. Hooks of node:test run first to last. */
export function lastInFirstOut (scope: Scope): Scope {
  const stack = new AsyncDisposableStack()
  scope.after(() => stack.disposeAsync())
  return { after: (end) => { stack.defer(async () => { await end() }) } }
}
