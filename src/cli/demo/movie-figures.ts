/** One group of films as the job answers it. */
export interface MovieGroup {
  genre: string
  decade: number
  films: number
  medianRating: number | null
  meanRating: number | null
  medianGross: number | null
}

/** One record of the data set, as it is in the file. */
export type MovieRecord = Readonly<Record<string, string | number | null>>

const TENTHS = 10
const HIGHEST_TENTHS = 100

/**
 * The figures that the job must answer, reckoned another way: ratings are counted into a histogram of tenths, so that sums are
 * whole numbers and the median is found by counting; groups come from one sort of the whole table.
 */
export function reckonMovies (records: readonly MovieRecord[]): MovieGroup[] {
  const rows = records.filter((record) => record['Major Genre'] !== null).map((record) => {
    const [, , year] = String(record['Release Date']).split(' ').map(Number)
    const century = (year ?? 0) >= 2013 ? 1900 : Math.trunc((year ?? 0) / 100) * 100
    return { genre: String(record['Major Genre']), decade: century + Math.trunc((year ?? 0) % 100 / 10) * 10, record }
  })
  rows.sort((a, b) => a.genre < b.genre ? -1 : a.genre > b.genre ? 1 : a.decade - b.decade)

  const groups: MovieGroup[] = []
  for (let from = 0; from < rows.length;) {
    const { genre, decade } = rows[from]! // from < length
    let to = from
    while (to < rows.length && rows[to]?.genre === genre && rows[to]?.decade === decade) to++
    const films = rows.slice(from, to).map(({ record }) => record)
    groups.push({ genre, decade, films: films.length, ...rate(films), medianGross: middleOf(films.map((film) => film['Worldwide Gross'])) })
    from = to
  }
  return groups
}

function rate (films: readonly MovieRecord[]): Pick<MovieGroup, 'medianRating' | 'meanRating'> {
  const histogram = new Uint32Array(HIGHEST_TENTHS + 1)
  let count = 0
  let tenths = 0
  for (const { 'IMDB Rating': rating } of films) {
    if (typeof rating !== 'number') continue
    const bucket = Math.round(rating * TENTHS)
    histogram[bucket]!++ // a rating is at most 10
    tenths += bucket
    count++
  }
  if (count === 0) return { medianRating: null, meanRating: null }
  const atRank = (rank: number) => {
    let seen = 0
    return histogram.findIndex((films) => (seen += films) > rank)
  }
  return {
    medianRating: (atRank((count - 1) >> 1) + atRank(count >> 1)) / 2 / TENTHS,
    meanRating: tenths / TENTHS / count,
  }
}

/** The median by rank: the values that have as many below as above. */
function middleOf (cells: readonly unknown[]): number | null {
  const values = cells.filter((cell) => typeof cell === 'number')
  if (values.length === 0) return null
  const ranked = Float64Array.from(values).sort()
  const lower = ranked.at((ranked.length - 1) / 2) ?? 0
  const upper = ranked.at(ranked.length / 2) ?? 0
  return lower + (upper - lower) / 2
}
