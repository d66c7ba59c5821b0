// Runs a module's default export once, cold, and answers how long loading and running it took.
process.once('message', async (message) => {
  const { url } = message as { url: string } // its parent is the bench
  const started = performance.now()
  const { default: entry } = await import(url) as { default: (input: unknown) => unknown } // one of the bench's subjects
  const result = JSON.stringify(await entry(null))
  process.send?.({ wallMs: performance.now() - started, result })
})
