import type { RequestOptions } from '../options.ts'
import type { Path, Requester } from './requester.ts'

/** A part of a list. */
export interface Page<T> {
  data: T[]
  /** Where the list goes on; null at its end. */
  nextCursor: string | null
}

/** A list that is read as it is walked: `for await (const job of client.jobs.list())`. */
export interface Listing<T> extends AsyncIterable<T> {
  /** One page: the first, or the one at the cursor that was asked for. */
  page (): Promise<Page<T>>
  /** Page by page. */
  pages (): AsyncGenerator<Page<T>, void, undefined>
}

/** Builds a list of a path. `cursor` is the member of the query that pages go on with. */
export function buildListing<T> (requester: Requester, path: Path, { query, options, cursor = 'cursor' }: { query?: object | undefined, options?: RequestOptions | undefined, cursor?: string }): Listing<T> {
  const read = (at?: string) => requester.json<Page<T>>({ path, query: { ...query, ...(at === undefined ? {} : { [cursor]: at }) }, ...options })
  async function * pages (): AsyncGenerator<Page<T>, void, undefined> {
    let at: string | undefined
    do {
      const page = await read(at)
      yield page
      at = page.nextCursor ?? undefined
    } while (at !== undefined)
  }
  return {
    page: () => read(),
    pages,
    async * [Symbol.asyncIterator] () {
      for await (const { data } of pages()) yield * data
    },
  }
}
