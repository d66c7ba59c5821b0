import { startEngine } from '../helpers/engine.ts'
import { codeGeneration } from './groups/code-generation.ts'
import { errors } from './groups/errors.ts'
import { promises } from './groups/promises.ts'
import { prototypes } from './groups/prototypes.ts'
import { proxies } from './groups/proxies.ts'
import { timers } from './groups/timers.ts'
import { toolObjects } from './groups/tool-objects.ts'
import { ATTACKERS, playGroup } from './play.ts'

// The time zone and the locale are those of the process: groups that ask for them are for processes alone
const engine = await startEngine({ lanes: ATTACKERS + 1, spares: 1, isolation: 'thread' })

// Which of these is told follows from when V8 collects garbage, and how often it does is the process's own choice
const tellsAny = { ...promises, attacks: promises.attacks.filter(({ name }) => name !== '20,000 rejections that nobody handles') }

for (const group of [codeGeneration, prototypes, errors, tellsAny, proxies, toolObjects, timers]) playGroup(group, engine)
