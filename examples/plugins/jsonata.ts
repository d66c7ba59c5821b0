import type { Plugin } from '../../src/engine/library.ts'

/** Adds a language: code whose tag `language` is `jsonata` is an expression of it, which is evaluated on the input. It runs in the sandbox like any other. */
export const jsonata: Plugin = {
  name: 'jsonata',
  setup (api) {
    api.on('onValidate', (run) => {
      const { code, codeHash, context } = run.request
      if (context.tags['language'] !== 'jsonata') return
      run.request = {
        ...run.request,
        code: `import jsonata from 'jsonata'\nconst expression = jsonata(${JSON.stringify(code)})\nexport default (input) => expression.evaluate(input)`,
        codeHash: `${codeHash}:jsonata`,
      }
    })
  },
}
