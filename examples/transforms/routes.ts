// Joins two sources: flights between airports, and what is known about each airport.

interface Airport {
  name: string
  city: string
  latitude: number
  longitude: number
}

interface Route {
  origin: string
  destination: string
  count: number
}

/** What the `files` tool gives, as far as it is used here. */
declare const files: { readText (name: string): Promise<string> }

const EARTH_KM = 6371
const RADIANS = Math.PI / 180

/** Read once in each run, when the first record comes. The smaller source is the one to hold. */
let airports: Promise<Map<string, Airport>> | undefined

export default async ({ origin, destination, count }: Route) => {
  const known = await (airports ??= readAirports())
  const [from, to] = [known.get(origin), known.get(destination)]
  if (!from || !to) return undefined // nothing is written for this record
  return { from: `${origin} ${from.city}`, to: `${destination} ${to.city}`, flights: count, km: Math.round(distanceKm(from, to)) }
}

async function readAirports (): Promise<Map<string, Airport>> {
  const [, ...lines] = (await files.readText('airports.csv')).split('\n')
  return new Map(lines.filter(Boolean).map((line) => {
    const [iata = '', name = '', city = '', , , latitude, longitude] = splitFields(line)
    return [iata, { name, city, latitude: Number(latitude), longitude: Number(longitude) }]
  }))
}

/** Fields of a line of CSV; some are in quotes, since there are commas in them. */
function splitFields (line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"([^"]*)"|([^,]*))/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
}

/** Along a great circle, by the haversine formula. */
function distanceKm (a: Airport, b: Airport): number {
  const half = (degrees: number) => Math.sin(degrees * RADIANS / 2) ** 2
  return 2 * EARTH_KM * Math.asin(Math.sqrt(half(b.latitude - a.latitude) + Math.cos(a.latitude * RADIANS) * Math.cos(b.latitude * RADIANS) * half(b.longitude - a.longitude)))
}
