import { UNIT_GLOBALS } from '../../src/engine/guest/web-globals.ts'
import { startEngine } from '../helpers/engine.ts'
import type { Attack } from './attack.ts'
import { codeGeneration } from './groups/code-generation.ts'
import { hostInformation } from './groups/host-information.ts'
import { prototypes } from './groups/prototypes.ts'
import { proxies } from './groups/proxies.ts'
import { ATTACKERS, playGroup } from './play.ts'

process.env['TZ'] = 'Asia/Tokyo'
for (const name of ['LANG', 'LANGUAGE', 'LC_ALL']) process.env[name] = 'de_DE.UTF-8'

const TOUCH_ALL = Object.values(UNIT_GLOBALS).flat().map((name) => `try { void globalThis.${name} } catch {}`).join(';')

/** The same attack, with every global of the platform in its isolate before it begins. */
const withPlatform = (attack: Attack): Attack => ({ ...attack, code: `${TOUCH_ALL};${attack.code}` })

/** Where a line is counted, and where the library of Node leaves what it matched itself when it is loaded, is not as it is without. */
const isElsewhere = ({ name, end }: Attack): boolean => 'stack' in end || name === 'what the language remembers of the last match'

const engine = await startEngine({ lanes: ATTACKERS + 1, spares: 1 })

for (const { name, attacks } of [codeGeneration, prototypes, proxies, hostInformation]) {
  playGroup({ name: `${name}, with every global there`, attacks: attacks.filter((attack) => !isElsewhere(attack)).map(withPlatform) }, engine)
}
