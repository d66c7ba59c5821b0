import { startEngine } from '../helpers/engine.ts'
import { memory } from './groups/memory.ts'
import { output } from './groups/output.ts'
import { bigInts, builtIns, cpu, microtasks, regularExpressions } from './groups/processor.ts'
import { ATTACKERS, playGroup } from './play.ts'

const engine = await startEngine({ lanes: ATTACKERS + 1, spares: 1 })

for (const group of [cpu, microtasks, regularExpressions, bigInts, builtIns, memory, output]) playGroup(group, engine)
