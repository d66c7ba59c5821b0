import { FUNCTIONS, INTERFACES, OBJECTS, REASONS } from './interfaces.ts'
import { listPackages } from './modules.ts'
import type { Findings } from './run-checks.ts'

/** Of a module of Node, as many of the names that are missing are told. */
const NAMES_TOLD = 12

/** Draws what the checks found as Markdown. */
export function drawTables (findings: Findings): string {
  return `## Globals\n\n${drawGlobals(findings)}\n\n## Modules of Node\n\n${drawNode(findings)}\n\n## Packages\n\n${drawPackages(findings)}`
}

function drawNode (findings: Findings): string {
  const rows = Object.entries(findings).filter(([name]) => name.startsWith('node:')).map(([name, problems]) => {
    const told = problems && problems.length > NAMES_TOLD ? `${problems.slice(0, NAMES_TOLD).join(', ')} and ${problems.length - NAMES_TOLD} more` : problems?.join(', ')
    return `| \`${name}\` | ${describe(problems)} | ${told ?? ''} |`
  })
  return ['| module | state | what is missing or different |', '| --- | --- | --- |', ...rows].join('\n')
}

function drawPackages (findings: Findings): string {
  const rows = listPackages().map(({ name, version, specifiers }) => {
    const failed = specifiers.filter((specifier) => findings[specifier] === null || findings[specifier]?.length !== 0)
    const state = failed.length === 0 ? 'can be imported' : failed.length === specifiers.length ? 'absent' : 'partial'
    return `| \`${name}\` | ${version} | ${state} | ${failed.map((specifier) => `\`${specifier}\``).join(', ')} |`
  })
  return ['| package | version | state | what cannot be imported |', '| --- | --- | --- | --- |', ...rows].join('\n')
}

function drawGlobals (findings: Findings): string {
  const all: Record<string, { source: string, tool?: string }> = { ...FUNCTIONS, ...OBJECTS, ...INTERFACES }
  const rows = Object.entries(all).sort(([a], [b]) => a.toLowerCase() < b.toLowerCase() ? -1 : 1).map(([name, { source, tool }]) => {
    const problems = findings[name]
    const notes = [problems ? problems.join(', ') : REASONS[name] ?? '', tool ? `with the tool \`${tool}\`` : ''].filter((note) => note !== '')
    return `| [\`${name}\`](${source}) | ${describe(problems)} | ${notes.join('; ').replaceAll('|', '\\|')} |`
  })
  return ['| global | state | what is missing or different |', '| --- | --- | --- |', ...rows].join('\n')
}

function describe (problems: readonly string[] | null | undefined): string {
  if (!problems) return 'absent'
  return problems.length === 0 ? 'conforming' : 'partial'
}
