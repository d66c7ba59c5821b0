/** Says at several levels what it does. The lines can be read back while it runs and after. */
export default async function countdown (from: number): Promise<string> {
  for (let left = from; left > 0; left--) {
    console.log('%d…', left)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  console.warn('engines on', { thrust: 0.97, stages: ['first', 'second'] })
  console.error(new Map([['altitude', 0]]))
  return 'lift-off'
}
