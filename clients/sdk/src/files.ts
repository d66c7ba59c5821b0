import type { StoredFile } from './api-types.ts'
import type { DownloadOptions } from './http/download.ts'
import { buildListing, type Listing } from './http/pages.ts'
import type { Path, Requester } from './http/requester.ts'
import type { Content, UploadOptions } from './http/upload-file.ts'
import type { RequestOptions } from './options.ts'

const ROOT = 'v1/files'

/** Files of the tenant, by their names; those of jobs are read by `client.jobs`. */
export interface Files {
  /**
   * Uploads a content, part by part: what breaks off is continued where it stands, and in the end the service has to have what was read here (SHA-256). A file of
   * that name is replaced once it is complete.
   */
  upload (name: string, content: Content, options?: UploadOptions): Promise<StoredFile>
  /**
   * Answers the content of a file, also by an id, as it is stored: `body`, `text()`, `blob()` and more read it. Where it breaks off it is continued; one that is not what was uploaded fails in the end, with a
   * ProtocolError.
   */
  download (name: string, options?: DownloadOptions): Promise<Response>
  /** Newest first. */
  list (query?: { limit?: number, cursor?: string }, options?: RequestOptions): Listing<StoredFile>
  /** Jobs that were posted with it keep it. */
  delete (name: string, options?: RequestOptions): Promise<void>
}

/** Answers a content, or a part of it. What contents need is loaded with the first of them: most pages have none. */
export async function download (requester: Requester, path: Path, options?: DownloadOptions): Promise<Response> {
  return (await import('./http/download.ts')).download(requester, path, options)
}

export function buildFiles (requester: Requester): Files {
  return {
    upload: async (name, content, options) => (await import('./http/upload-file.ts')).uploadFile(requester, [ROOT, name], content, options),
    download: (name, options) => download(requester, [ROOT, name], options),
    list: (query, options) => buildListing(requester, ROOT, { query, options }),
    delete: (name, options) => requester.json({ method: 'DELETE', path: [ROOT, name], ...options }),
  }
}
