// An API on this machine for departures.ts to ask: POST a list of airports, get how many flights left each.
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { json } from 'node:stream/consumers'

/** Starts it. The caller closes it. */
export function startApi (port: number, flightsFile: string): Server {
  const departures = new Map<string, number>()
  for (const line of readFileSync(flightsFile, 'utf8').split('\n').slice(1)) {
    const [origin = '', , count] = line.split(',')
    departures.set(origin, (departures.get(origin) ?? 0) + Number(count))
  }
  return createServer(async (request, response) => {
    const airports = await json(request) as string[] // this is an example, and its client is ours
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(Object.fromEntries(airports.map((airport) => [airport, departures.get(airport) ?? 0]))))
  }).listen(port, '127.0.0.1')
}
