/** What one record of the data set holds, as far as this job reads it. */
interface Movie {
  'Release Date': string
  'Major Genre': string | null
  'IMDB Rating': number | null
  'Worldwide Gross': number | null
}

interface Group {
  genre: string
  decade: number
  films: number
  medianRating: number | null
  meanRating: number | null
  medianGross: number | null
}

interface Context {
  progress(value: number, message?: string): void
}

/** The data set ends here; a later year was written with two digits and belongs to the century before. */
const LAST_YEAR = 2012

/** Ratings and takings of films by genre and decade. */
export default function summarize (movies: Movie[], context: Context): Group[] {
  const groups = new Map<string, Movie[]>()
  for (const movie of movies) {
    const genre = movie['Major Genre']
    if (genre === null) continue
    const key = `${genre}/${decadeOf(movie)}`
    const group = groups.get(key)
    if (group) group.push(movie)
    else groups.set(key, [movie])
  }
  console.info(`${movies.length} films in ${groups.size} groups`)

  const summaries: Group[] = []
  for (const [key, films] of groups) {
    const [genre = '', decade] = key.split(/\/(?=\d+$)/)
    const ratings = numbers(films, 'IMDB Rating')
    summaries.push({
      genre,
      decade: Number(decade),
      films: films.length,
      medianRating: median(ratings),
      meanRating: ratings.length > 0 ? ratings.reduce((sum, rating) => sum + rating, 0) / ratings.length : null,
      medianGross: median(numbers(films, 'Worldwide Gross')),
    })
    context.progress(summaries.length / groups.size, genre)
  }
  return summaries.sort((a, b) => a.genre.localeCompare(b.genre) || a.decade - b.decade)
}

function decadeOf (movie: Movie): number {
  const written = Number(movie['Release Date'].slice(-4))
  const year = written > LAST_YEAR ? written - 100 : written
  return year - year % 10
}

function numbers (films: Movie[], column: 'IMDB Rating' | 'Worldwide Gross'): number[] {
  return films.map((film) => film[column]).filter((value) => value !== null).sort((a, b) => a - b)
}

function median (sorted: number[]): number | null {
  const middle = sorted.length >> 1
  const upper = sorted[middle]
  if (upper === undefined) return null
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2
}
