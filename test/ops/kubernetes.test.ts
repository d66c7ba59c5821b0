import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject'
import { Deployment } from 'kubernetes-models/apps/v1/Deployment'
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget'
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap'
import { Namespace } from 'kubernetes-models/v1/Namespace'
import { Service } from 'kubernetes-models/v1/Service'
import { parse, parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { checkProcess, ROOT } from './started-process.ts'

const MODELS = { ConfigMap, Deployment, Namespace, NetworkPolicy, PodDisruptionBudget, ScaledObject, Service }
const FOLDER = join(ROOT, 'ops', 'kubernetes')
const SECOND_MS = 1000

const Labels = z.record(z.string(), z.string())
const Named = z.looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string() }) })
/** What the profile `restricted` demands of a pod, and more. Source: Kubernetes, Pod Security Standards. */
const Pod = z.looseObject({
  automountServiceAccountToken: z.literal(false),
  hostNetwork: z.undefined().optional(),
  hostPID: z.undefined().optional(),
  terminationGracePeriodSeconds: z.number(),
  securityContext: z.looseObject({ runAsNonRoot: z.literal(true), runAsUser: z.number().min(1), seccompProfile: z.object({ type: z.literal('RuntimeDefault') }) }),
  volumes: z.array(z.strictObject({ name: z.string(), emptyDir: z.object({ sizeLimit: z.string() }) })),
  containers: z.tuple([z.looseObject({
    args: z.tuple([z.string()]),
    envFrom: z.array(z.object({ configMapRef: z.object({ name: z.string() }) })),
    env: z.array(z.object({ name: z.string() })),
    ports: z.array(z.object({ name: z.string(), containerPort: z.number() })).default([]),
    resources: z.object({ requests: z.object({ cpu: z.string(), memory: z.string() }), limits: z.object({ memory: z.string() }) }),
    securityContext: z.strictObject({ allowPrivilegeEscalation: z.literal(false), readOnlyRootFilesystem: z.literal(true), capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }) }),
  })]),
})
const Workload = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({ selector: z.object({ matchLabels: Labels }), template: z.object({ metadata: z.object({ labels: Labels }), spec: Pod }) }),
})

const files = globSync('*.yaml', { cwd: FOLDER }).filter((file) => file !== 'kustomization.yaml')
const documents = files.flatMap((file) => parseAllDocuments(read(file)).map((document) => Named.parse(document.toJS())))
const ofKind = (kind: string) => documents.filter((document) => document.kind === kind)
const workloads = ofKind('Deployment').map((document) => Workload.parse(document))

test('every manifest is one that the cluster knows and takes', () => {
  for (const document of documents) {
    const Model = MODELS[document.kind as keyof typeof MODELS] as new (data: never) => { validate (): void } // an unknown kind fails in the next line
    assert.ok(Model, `${document.kind} is not checked`)
    assert.doesNotThrow(() => new Model(document as never).validate(), `${document.kind} ${document.metadata.name}`)
  }
})

test('kustomization.yaml names every file', () => {
  const { resources } = z.looseObject({ resources: z.array(z.string()) }).parse(parse(read('kustomization.yaml')))

  assert.deepEqual([...resources].sort(), [...files].sort())
})

test('pods run what exists with variables that it knows, and are given the time that they may take to stop', () => {
  const ConfigData = z.looseObject({ metadata: z.object({ name: z.string() }), data: Labels })
  const maps = new Map(ofKind('ConfigMap').map((map) => ConfigData.parse(map)).map(({ metadata, data }) => [metadata.name, data]))
  for (const { metadata, spec: { template: { spec: pod } } } of workloads) {
    const [{ args: [file], env, envFrom, ports }] = pod.containers
    const given = Object.assign({}, ...envFrom.map(({ configMapRef }) => maps.get(configMapRef.name) ?? assert.fail(configMapRef.name)))
    const { config, stopMs } = checkProcess(file, { ...given, ...Object.fromEntries(env.map(({ name }) => [name, null])) })

    assert.ok(pod.terminationGracePeriodSeconds * SECOND_MS >= stopMs, `${metadata.name} may take ${stopMs} ms to stop`)
    for (const { name, containerPort } of ports) assert.equal(containerPort, name === 'http' ? config['PORT'] : config['BATCHBOX_METRICS_PORT'])
  }
})

test('whatever selects pods selects some', () => {
  const pods = workloads.map(({ spec }) => spec.template.metadata.labels)
  const selectors = [
    ...workloads.map(({ spec }) => spec.selector.matchLabels),
    ...ofKind('PodDisruptionBudget').map((budget) => z.looseObject({ spec: z.looseObject({ selector: z.object({ matchLabels: Labels }) }) }).parse(budget).spec.selector.matchLabels),
    ...ofKind('Service').map((service) => z.looseObject({ spec: z.looseObject({ selector: Labels }) }).parse(service).spec.selector),
    ...ofKind('NetworkPolicy').map((policy) => z.looseObject({ spec: z.looseObject({ podSelector: z.object({ matchLabels: Labels.default({}) }) }) }).parse(policy).spec.podSelector.matchLabels),
  ]
  const target = z.looseObject({ spec: z.looseObject({ scaleTargetRef: z.object({ name: z.string() }) }) }).parse(ofKind('ScaledObject')[0]).spec.scaleTargetRef.name

  for (const selector of selectors) assert.ok(pods.some((labels) => Object.entries(selector).every(([name, value]) => labels[name] === value)), JSON.stringify(selector))
  assert.ok(workloads.some(({ metadata }) => metadata.name === target))
})

test('nothing leaves a worker but look-ups of names and what is for Redis', () => {
  const Policy = z.looseObject({
    metadata: z.object({ name: z.string() }),
    spec: z.object({ podSelector: z.object({ matchLabels: Labels.default({}) }), policyTypes: z.array(z.string()), egress: z.array(z.object({ to: z.array(z.unknown()), ports: z.array(z.object({ port: z.number() })) })).default([]), ingress: z.array(z.unknown()).default([]) }),
  })
  const worker = workloads.find(({ metadata }) => metadata.name === 'batchbox-worker')?.spec.template.metadata.labels ?? {}
  const policies = ofKind('NetworkPolicy').map((policy) => Policy.parse(policy).spec)
  const ofWorker = policies.filter(({ podSelector }) => Object.entries(podSelector.matchLabels).every(([name, value]) => worker[name] === value))

  assert.ok(policies.some(({ podSelector, policyTypes, egress, ingress }) => Object.keys(podSelector.matchLabels).length === 0 && policyTypes.length === 2 && egress.length + ingress.length === 0))
  assert.deepEqual(ofWorker.flatMap(({ egress }) => egress.flatMap(({ ports }) => ports.map(({ port }) => port))), [53, 53, 6379])
})

function read (file: string): string {
  return readFileSync(join(FOLDER, file), 'utf8')
}
