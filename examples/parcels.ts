// TypeScript that must really be compiled: an enum and a parameter property exist at run time.
enum Zone { Local, Europe, World }

class Tariff {
  constructor (private readonly base: number, private readonly perKilo: number) {}

  price (kilos: number): number {
    return this.base + this.perKilo * Math.ceil(kilos)
  }
}

const TARIFFS: Record<Zone, Tariff> = {
  [Zone.Local]: new Tariff(3, 1),
  [Zone.Europe]: new Tariff(7, 2),
  [Zone.World]: new Tariff(15, 6),
}

type Parcel = { zone: keyof typeof Zone, kilos: number }
type Quote = { zone: string, code: Zone, price: number }

/** Quotes a price for each parcel. */
export default async function quote (parcels: readonly Parcel[]): Promise<Quote[]> {
  return parcels.map(({ zone, kilos }) => {
    const code = Zone[zone]
    return { zone: Zone[code] satisfies string, code, price: TARIFFS[code].price(kilos) }
  })
}
