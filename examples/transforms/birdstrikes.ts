// Cleans reports of birds that met aircraft, and adds up what each kind of bird cost.

/** A row of the CSV; with `types`, fields written like numbers are numbers, and empty ones are null. */
type Report = Record<'Wildlife Species' | 'Wildlife Size' | 'Effect Amount of damage' | 'Flight Date', string> & {
  'Cost Total $': number | null
  'Speed IAS in knots': number | null
}

interface Strike {
  species: string
  year: number
  damage: boolean
  cost: number
  knots: number | null
}

interface Summary {
  species: string
  strikes: number
  damaging: number
  cost: number
  firstYear: number
  lastYear: number
  fastestKnots: number | null
}

const DAMAGE = new Set(['Minor', 'Medium', 'Substantial'])

export default {
  initial: {},

  /** Reports that do not know what it was say nothing about it. */
  filter: (report: Report): boolean => !report['Wildlife Species'].startsWith('Unknown'),

  map: (report: Report): Strike => ({
    species: report['Wildlife Species'],
    year: Number(report['Flight Date'].slice(0, 4)),
    damage: DAMAGE.has(report['Effect Amount of damage']), // some have letters that no list explains
    cost: report['Cost Total $'] ?? 0,
    knots: report['Speed IAS in knots'],
  }),

  /** The accumulator is saved as the state of the job: keep it small. */
  reduce (summaries: Record<string, Summary>, { species, year, damage, cost, knots }: Strike): Record<string, Summary> {
    const summary = summaries[species] ??= { species, strikes: 0, damaging: 0, cost: 0, firstYear: year, lastYear: year, fastestKnots: null }
    summary.strikes += 1
    summary.damaging += Number(damage)
    summary.cost += cost
    summary.firstYear = Math.min(summary.firstYear, year)
    summary.lastYear = Math.max(summary.lastYear, year)
    if (knots !== null) summary.fastestKnots = Math.max(summary.fastestKnots ?? 0, knots)
    return summaries
  },

  flush: (summaries: Record<string, Summary>): Summary[] => Object.values(summaries).sort((a, b) => b.cost - a.cost || b.strikes - a.strikes),
}
