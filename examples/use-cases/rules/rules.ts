import type { EmbeddedEngine, JobFailure } from '../../../src/engine/library.ts'

/** A rule that a tenant wrote: the source of a module that exports `when(facts)`, `then(facts)`, and in `because` what the rule is for. */
export interface Rule {
  /** Of word characters and hyphens: it names the rule's file. */
  name: string
  code: string
}

/** Whether one outcome is wanted, that of the first rule that holds, or those of all. */
export type Mode = 'first' | 'all'

/** What became of one rule. */
export type Finding = { rule: string, because?: string } & ({ holds: boolean, outcome?: unknown } | { error: string })

export type Decision =
  | { decided: true, outcomes: unknown[], findings: Finding[] }
  | { decided: false, failure: JobFailure }

/** Each rule for itself: one that throws says so in its finding, and the others are asked all the same. */
const EVALUATE = `
export default async ({ facts, mode }) => {
  const findings = []
  for (const [name, rule] of Object.entries(rules)) {
    const finding = { rule: name, because: rule.because }
    findings.push(finding)
    try {
      finding.holds = Boolean(await rule.when(facts))
      if (finding.holds) finding.outcome = await rule.then(facts)
    } catch (error) {
      finding.error = String(error)
      delete finding.holds
    }
    if (finding.holds && mode === 'first') break
  }
  return findings
}`

const LIMITS = { timeoutMs: 2000, cpuMs: 200 }

/** Evaluates a tenant's rules, in their order, over facts. All rules of a tenant share a run, so that asking a hundred costs what asking one does. */
export async function decide (engine: EmbeddedEngine, { tenant, rules, facts, mode }: { tenant: string, rules: readonly Rule[], facts: unknown, mode: Mode }): Promise<Decision> {
  const imports = rules.map(({ name }, i) => `import * as rule${i} from './rules/${name}.ts'`)
  const table = `const rules = { ${rules.map(({ name }, i) => `${JSON.stringify(name)}: rule${i}`).join(', ')} }`
  const ended = await engine.execute({
    tenant,
    code: [...imports, table, EVALUATE].join('\n'),
    files: Object.fromEntries(rules.map(({ name, code }) => [`rules/${name}.ts`, code])),
    input: { facts, mode },
    limits: LIMITS,
  })
  if (ended.status === 'cancelled') throw new Error('Cannot decide: the run was cancelled')
  if (ended.status === 'failed') return { decided: false, failure: ended.error }
  const findings = ended.result as Finding[] // EVALUATE made it; what rules made of it harms their tenant alone
  return { decided: true, outcomes: findings.flatMap((finding) => 'holds' in finding && finding.holds ? [finding.outcome] : []), findings }
}
