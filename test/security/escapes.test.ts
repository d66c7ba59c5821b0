import { startEngine } from '../helpers/engine.ts'
import { codeGeneration } from './groups/code-generation.ts'
import { errors } from './groups/errors.ts'
import { hostInformation } from './groups/host-information.ts'
import { promises } from './groups/promises.ts'
import { prototypes } from './groups/prototypes.ts'
import { proxies } from './groups/proxies.ts'
import { timers } from './groups/timers.ts'
import { toolObjects } from './groups/tool-objects.ts'
import { ATTACKERS, playGroup } from './play.ts'

// As on a machine in Tokyo whose owner reads German
process.env['TZ'] = 'Asia/Tokyo'
for (const name of ['LANG', 'LANGUAGE', 'LC_ALL']) process.env[name] = 'de_DE.UTF-8'

const engine = await startEngine({ lanes: ATTACKERS + 1, spares: 1 })

for (const group of [codeGeneration, prototypes, errors, promises, proxies, hostInformation, toolObjects, timers]) playGroup(group, engine)
