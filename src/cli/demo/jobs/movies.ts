import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Terminal } from '../../terminal.ts'
import { expectEqual, expectTrue, resultOf } from '../check.ts'
import type { DemoJob } from '../demo-job.ts'
import { reckonMovies, type MovieGroup, type MovieRecord } from '../movie-figures.ts'

const TOLERANCE = 1e-9
const LEAST_FILMS = 30
const SHOWN = 5
const BAR_CHARS = 20
const MILLION = 1_000_000

/** A transform over a whole data set, checked figure by figure against another reckoning outside the sandbox. */
export function moviesJob (root: string): DemoJob {
  const records = JSON.parse(readFileSync(join(root, 'node_modules/vega-datasets/data/movies.json'), 'utf8')) as MovieRecord[] // ships with the project
  return {
    file: 'movies.ts',
    shows: `${records.length.toLocaleString('en')} films by genre and decade`,
    request: { input: records },
    check: (job, _api, terminal) => {
      const groups = resultOf(job)
      const figures = compare(groups, reckonMovies(records))
      return [`${figures} figures agree with those reckoned outside; median takings, where there are ${LEAST_FILMS} films or more:`, ...chart(groups as MovieGroup[], terminal)] // compared just now
    },
  }
}

/** Answers how many figures were compared. */
function compare (actual: unknown, expected: readonly MovieGroup[]): number {
  expectEqual('the number of groups', Array.isArray(actual) ? actual.length : actual, expected.length)
  let figures = 0
  for (const [index, group] of expected.entries()) {
    const answered = (actual as Record<string, unknown>[])[index] ?? {} // an array of that length
    for (const [key, value] of Object.entries(group)) {
      const seen = answered[key]
      const close = seen === value || (typeof seen === 'number' && typeof value === 'number' && Math.abs(seen - value) < TOLERANCE)
      expectTrue(`${key} of ${group.genre} in the ${group.decade}s must be ${value}`, close, seen)
      figures++
    }
  }
  return figures
}

function chart (groups: readonly MovieGroup[], terminal: Terminal): string[] {
  const best = groups
    .filter(({ films }) => films >= LEAST_FILMS)
    .sort((a, b) => (b.medianGross ?? 0) - (a.medianGross ?? 0))
    .slice(0, SHOWN)
  const most = best[0]?.medianGross ?? 1
  return best.map(({ genre, decade, films, meanRating, medianGross }) => {
    const filled = Math.round((medianGross ?? 0) / most * BAR_CHARS)
    const gross = `$${((medianGross ?? 0) / MILLION).toFixed(1)} M`
    return `${genre.padEnd(17)} ${decade}s  ${terminal.style('yellow', '█'.repeat(filled))}${' '.repeat(BAR_CHARS - filled)} ${gross.padStart(8)}  ${terminal.style('dim', `${films} films, rated ${meanRating?.toFixed(2)}`)}`
  })
}
