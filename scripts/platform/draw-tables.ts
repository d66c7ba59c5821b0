import { FUNCTIONS, INTERFACES, OBJECTS, REASONS } from './interfaces.ts'
import type { Findings } from './run-checks.ts'

/** Draws what the checks found as Markdown. */
export function drawTables (findings: Findings): string {
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
