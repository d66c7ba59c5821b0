import { z } from 'zod'

/** Entries of one list, and characters of one entry: a host name has 253, its port 6. */
const ENTRIES_MAX = 100
const HOST_MAX_CHARS = 260
const NAME_MAX_CHARS = 256
/** More hosts than that are worth a word in strict mode. Source: row ISO-8. */
const HOSTS_UNREMARKABLE = 10
/** What a host without a port stands for. */
const WEB_PORTS: ReadonlySet<number> = new Set([80, 443])

/** A host that may be reached: a name or an address as URLs have it, `*.suffix` for every name below one, `*` for every host. */
export interface NetPattern {
  host: string
  /** `null` for those of http and https. */
  port: number | '*' | null
}

/** What one run may touch, from all that asked for it. `true` for everything that there is. */
export interface Grants {
  env: true | readonly string[]
  net: true | readonly NetPattern[]
  read: true | readonly string[]
  write: true | readonly string[]
  hrtime: boolean
}

export const NO_GRANTS: Grants = Object.freeze({ env: [], net: [], read: [], write: [], hrtime: false })

const LABELS = String.raw`[\p{L}\p{N}_-]+(\.[\p{L}\p{N}_-]+)*\.?`
const HOST = new RegExp(String.raw`^(\*|(\*\.)?${LABELS}|\[[0-9a-f:.]+\])(:(\d{1,5}|\*))?$`, 'iu')

/**
 * Reads a host with or without a port, or the URL of one, in which case the port is the URL's. Answers null for what is neither. Names come out as
 * URLs have them: lower case, in Punycode, numbers as addresses, without a dot at the end.
 */
export function parseNetPattern (text: string): NetPattern | null {
  if (/^https?:\/\//i.test(text)) return parseUrl(text)
  const match = HOST.exec(text)
  if (!match?.[1]) return null
  const [, host, wildcard = '', , , port] = match
  const name = host === '*' ? '*' : readHost(host.slice(wildcard.length))
  if (name === null || Number(port) > 65_535 || Number(port) === 0) return null
  return { host: wildcard + name, port: port === undefined ? null : port === '*' ? '*' : Number(port) }
}

/** A URL names one host, also where it spells an asterisk in another way. */
function parseUrl (text: string): NetPattern | null {
  if (!URL.canParse(text)) return null
  const { hostname, port, protocol } = new URL(text)
  return hostname.includes('*') ? null : parseNetPattern(`${hostname}:${Number(port) || (protocol === 'http:' ? 80 : 443)}`)
}

function readHost (text: string): string | null {
  const url = `http://${text}`
  return URL.canParse(url) ? withoutDot(new URL(url).hostname) : null
}

function withoutDot (host: string): string {
  return host.endsWith('.') ? host.slice(0, -1) : host
}

/** Writes a pattern as jobs name it. */
export function formatNetPattern ({ host, port }: NetPattern): string {
  return port === null ? host : `${host}:${port}`
}

/** Tells whether grants have a host, as a URL has it, at a port. What its name stands for is another question. */
export function allowsHost ({ net }: Pick<Grants, 'net'>, hostname: string, port: number): boolean {
  const host = withoutDot(hostname.toLowerCase())
  return net === true || net.some((pattern) => coversHost(pattern.host, host) && coversPort(pattern.port, port))
}

function coversHost (pattern: string, host: string): boolean {
  if (pattern === '*' || pattern === host) return true
  return pattern.startsWith('*.') && host.endsWith(pattern.slice(1)) && host.length >= pattern.length
}

function coversPort (own: NetPattern['port'], asked: NetPattern['port']): boolean {
  return own === '*' || own === asked || (own === null && asked !== '*' && asked !== null && WEB_PORTS.has(asked))
}

/** Tells whether a grant has a file, by its name or its id. */
export function allowsFile (granted: Grants['read'], name: string): boolean {
  return granted === true || granted.includes(name)
}

/** A host, as jobs ask for one and as ceilings have them. */
export const NetEntry = z.string().min(1).max(HOST_MAX_CHARS)
  .refine((text) => parseNetPattern(text) !== null, {
    error: ({ input }) => `${JSON.stringify(input)} is no host: expected "host", "host:port", "host:*", "*.suffix" or a URL; ranges of addresses are for the operator to allow`,
    abort: true,
  })
  .overwrite((text) => {
    const pattern = parseNetPattern(text)
    return pattern ? formatNetPattern(pattern) : text
  })

/** Name of a value that an operator gives to jobs. */
export const EnvName = z.string().regex(/^[A-Za-z_]\w{0,127}$/, 'Expected the name of a value: letters, digits and underscores')
/** Of a file: its name, in Unicode's form NFC as names of files are, or its id. */
const FileEntry = z.string().min(1).max(NAME_MAX_CHARS).overwrite((name) => name.normalize('NFC'))

/** Some of what there is, by name, or all of it. `inherit` is refused by name: there is nothing that a job could inherit. */
function grantOf (entry: z.ZodType<string, string>, description: string) {
  return z.union([z.boolean(), z.array(entry).max(ENTRIES_MAX)], {
    error: ({ input }) => input === 'inherit' ? 'A job inherits nothing: name what it is to be granted' : 'Expected a list of names, true or false',
  }).optional().describe(description)
}

function never (why: string) {
  return z.union([z.boolean(), z.array(z.string()).max(ENTRIES_MAX)], { error: `It is never granted: ${why}` })
    .refine((asked) => asked === false || (typeof asked === 'object' && asked.length === 0), `It is never granted: ${why}`)
    .optional().describe(`Never granted: ${why}`)
}

const Wanted = z.strictObject({
  net: grantOf(NetEntry, 'Hosts that the code may reach by the `fetch` tool: `host` (ports 80 and 443), `host:port`, `host:*`, `*.suffix`; true for any'),
  env: grantOf(EnvName, 'Values that the operator gives to jobs, by name; the code finds them in `context.env`'),
  read: grantOf(FileEntry, 'Files that the code may read by the `files` tool, by name or id'),
  write: grantOf(FileEntry, 'Files of the job that the code may write by the `files` tool, by name'),
  run: never('code has no processes to start'),
  ffi: never('code has no native libraries'),
  hrtime: z.boolean().optional().describe('Whether `performance.now()` is finer than a millisecond'),
})

/** What a job asks to touch: nothing unless it says so. */
export const Permissions = z.union([z.literal('none'), Wanted], {
  error: ({ input }) => input === 'inherit' ? 'A job inherits nothing: name what it is to be granted' : undefined,
})
export type PermissionsRequest = z.output<typeof Permissions>

/**
 * Joins what a job asks for and what its tools bring along. `'none'` adds nothing, lists are united, and of two booleans the later one stands. A list
 * beside `true` is `true`. Source: row ISO-8.
 */
export function mergePermissions (requests: readonly PermissionsRequest[]): Grants {
  const wanted = requests.filter((request) => request !== 'none')
  const of = (name: 'env' | 'net' | 'read' | 'write') => unite(wanted.map((request) => request[name]))
  const net = of('net')
  return {
    env: of('env'),
    net: net === true ? true : net.map((text) => parseNetPattern(text)).filter((pattern) => pattern !== null), // the schema has read them before
    read: of('read'),
    write: of('write'),
    hrtime: wanted.reduce((before, { hrtime }) => hrtime ?? before, false),
  }
}

function unite (grants: readonly (boolean | readonly string[] | undefined)[]): true | string[] {
  const all = grants.findLast((grant) => typeof grant === 'boolean') ?? false
  return all || [...new Set(grants.filter((grant) => typeof grant === 'object').flat())]
}

/** What two ceilings both have room for. A ceiling of null has room for everything. Where two lists of hosts meet in more than one list may have, what is beyond is left out: a ceiling may be lower than that, never higher. */
export function meetPermissions (one: PermissionsRequest | null, other: PermissionsRequest | null): PermissionsRequest | null {
  if (one === null || other === null) return one ?? other
  const [a, b] = [mergePermissions([one]), mergePermissions([other])]
  const names = (name: 'env' | 'read' | 'write') => meetLists(a[name], b[name], (mine, theirs) => mine === theirs ? mine : null)
  const net = meetLists(a.net, b.net, meetPatterns)
  return { net: net === true ? true : [...new Set(net.map(formatNetPattern))].slice(0, ENTRIES_MAX), env: names('env'), read: names('read'), write: names('write'), hrtime: a.hrtime && b.hrtime }
}

function meetLists<T> (one: true | readonly T[], other: true | readonly T[], meet: (mine: T, theirs: T) => T | null): true | T[] {
  if (one === true) return other === true ? true : [...other]
  if (other === true) return [...one]
  return one.flatMap((mine) => other.map((theirs) => meet(mine, theirs)).filter((both) => both !== null))
}

function meetPatterns (one: NetPattern, other: NetPattern): NetPattern | null {
  const host = coversHost(one.host, other.host) ? other.host : coversHost(other.host, one.host) ? one.host : null
  if (host === null) return null
  if (one.port === other.port || coversPort(one.port, other.port)) return { host, port: other.port }
  return coversPort(other.port, one.port) ? { host, port: one.port } : null
}

/** Names the first thing that is asked for beyond a ceiling; undefined where there is none. A ceiling of null has room for everything. */
export function findBeyond (asked: PermissionsRequest, ceiling: PermissionsRequest | null): string | undefined {
  if (ceiling === null) return undefined
  const [wanted, most] = [mergePermissions([asked]), mergePermissions([ceiling])]
  if (most.net !== true) {
    const { net } = most
    if (wanted.net === true) return 'net: true'
    const host = wanted.net.find(({ host: name, port }) => !net.some((pattern) => coversHost(pattern.host, name) && (pattern.port === port || coversPort(pattern.port, port))))
    if (host) return `net: "${formatNetPattern(host)}"`
  }
  for (const name of ['env', 'read', 'write'] as const) {
    const own = most[name]
    const asking = wanted[name]
    if (own === true) continue
    if (asking === true) return `${name}: true`
    const more = asking.find((each) => !own.includes(each))
    if (more !== undefined) return `${name}: "${more}"`
  }
  return wanted.hrtime && !most.hrtime ? 'hrtime: true' : undefined
}

/** Says what an operator who is strict would want to know of a job's permissions. Source: row ISO-8. */
export function listRisks ({ net }: Pick<Grants, 'net'>): string[] {
  if (net === true) return ['net is true: every host can be reached']
  const wild = net.filter(({ host }) => host.startsWith('*')).map((pattern) => `net has the wildcard "${formatNetPattern(pattern)}"`)
  const local = net.filter(({ host }) => isLocal(host)).map((pattern) => `net has the local host "${formatNetPattern(pattern)}"`)
  return [...wild, ...local, ...(net.length > HOSTS_UNREMARKABLE ? [`net has ${net.length} hosts, more than ${HOSTS_UNREMARKABLE}`] : [])]
}

/** By its name alone. Sources: RFC 6761 (localhost), RFC 6762 (local), RFC 8375 (home.arpa), RFC 1122 and RFC 4291 (loopback), RFC 1918 and RFC 4193 (private). */
function isLocal (host: string): boolean {
  return /(^|\.)(localhost|local|internal|home\.arpa)$/.test(host) || /^(127|10|192\.168|169\.254|0)\.|^172\.(1[6-9]|2\d|3[01])\./.test(host) || /^\[(::1?|f[cde][0-9a-f]{2}:.*)\]$/.test(host)
}
