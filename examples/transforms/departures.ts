// Enriches records through an HTTP API, a hundred in one request; a run that takes over goes on after the last hundred that was saved.

interface Airport {
  iata: string
  name: string
  state: string
}

interface Context {
  checkpoint: { save (state: unknown): Promise<void> }
}

const API = 'http://127.0.0.1:9797/departures'
/** Records that are asked about at one time. */
const BATCH = 100

/** A generator decides itself when what it did counts as done: with `save`, all that was taken and yielded so far is. */
export default async function* enrich (airports: AsyncIterable<Airport>, { checkpoint }: Context) {
  let batch: Airport[] = []
  for await (const airport of airports) {
    batch.push(airport)
    if (batch.length < BATCH) continue
    yield* await ask(batch)
    batch = []
    await checkpoint.save(null)
  }
  if (batch.length > 0) yield* await ask(batch)
}

async function ask (batch: Airport[]) {
  const response = await fetch(API, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(batch.map(({ iata }) => iata)) })
  if (!response.ok) throw new Error(`The API answered ${response.status}`) // the retry policy of the job decides
  const departures = await response.json() as Record<string, number>
  return batch.map(({ iata, name, state }) => ({ iata, name, state, departures: departures[iata] ?? 0 }))
}
