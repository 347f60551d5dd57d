import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor'
import { Deployment, type IDeployment } from 'kubernetes-models/apps/v1'
import { type IJob, Job } from 'kubernetes-models/batch/v1'
import { type IContainer, type IPodSpec, PersistentVolumeClaim, Service, ServiceAccount } from 'kubernetes-models/v1'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { settings } from '../../src/config/rows.js'
import { parseDurationMs } from '../../src/core/units.js'

const house = fileURLToPath(new URL('../../', import.meta.url))
const directory = join(house, 'deploy/kubernetes')

interface Manifest {
  readonly apiVersion: string
  readonly kind: string
}

/** Returns the contents of a file, each document by its kind. */
const read = async (file: string): Promise<ReadonlyMap<string, Manifest>> => {
  const documents = parseAllDocuments(await readFile(join(directory, file), 'utf8'), { strict: true, uniqueKeys: true })
  return new Map(
    documents.map((document) => {
      expect(document.errors).toEqual([])
      const manifest = document.toJS() as Manifest
      return [manifest.kind, manifest]
    }),
  )
}

const files = (await readdir(directory)).filter((name) => name.endsWith('.yaml'))
const manifests = (await Promise.all(files.map(async (file) => [...(await read(file)).values()]))).flat()

/** These are validators of the schemas, and where the types of the same schemas stand. */
const models = {
  'apps/v1 Deployment': [Deployment, 'kubernetes-models/apps/v1'],
  'batch/v1 Job': [Job, 'kubernetes-models/batch/v1'],
  'v1 PersistentVolumeClaim': [PersistentVolumeClaim, 'kubernetes-models/v1'],
  'v1 Service': [Service, 'kubernetes-models/v1'],
  'v1 ServiceAccount': [ServiceAccount, 'kubernetes-models/v1'],
  'monitoring.coreos.com/v1 PodMonitor': [
    PodMonitor,
    '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor',
  ],
} as const

const nameOf = ({ apiVersion, kind }: Manifest) => `${apiVersion} ${kind}` as keyof typeof models

const validate = (manifest: Manifest): void => {
  const [Model] = models[nameOf(manifest)]
  new Model(manifest as never).validate()
}

/**
 * Returns unknown fields. The schemas let them pass, as an old API server did, but the types of the same schemas do
 * not.
 */
const strangeFields = async (documents: readonly Manifest[]): Promise<readonly string[]> => {
  const place = await mkdtemp(join(tmpdir(), 'longshore-manifests-'))
  try {
    await symlink(join(house, 'node_modules'), join(place, 'node_modules'))
    const lines = documents.map((manifest, index) => {
      const [, module] = models[nameOf(manifest)]
      return `export const m${index}: import('${module}').I${manifest.kind} = ${JSON.stringify(manifest)}`
    })
    const source = join(place, 'manifests.ts')
    await writeFile(source, lines.join('\n'))
    const options = {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      types: [],
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
    }
    return ts
      .getPreEmitDiagnostics(ts.createProgram([source], options))
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}

const podOf = async (file: string, kind: string): Promise<IPodSpec> => {
  const manifest = (await read(file)).get(kind) as unknown as IJob | IDeployment
  const spec = manifest.spec?.template.spec
  if (spec === undefined) throw new Error(`no pod in ${file}`)
  return spec
}

const daemonOf = ({ initContainers = [], containers }: IPodSpec): IContainer => {
  const found = [...initContainers, ...containers].find(({ name }) => name === 'longshore')
  if (found === undefined) throw new Error('no daemon')
  return found
}

const settingOf = (container: IContainer, name: string): string =>
  container.env?.find((entry) => entry.name === name)?.value ?? ''

const pods = [
  ['sidecar-job.yaml', 'Job'],
  ['service.yaml', 'Deployment'],
] as const

describe('The manifests', () => {
  it.each(manifests.map((manifest) => [nameOf(manifest), manifest] as const))(
    '%s keeps to the schema',
    (_name, manifest) => {
      expect(() => validate(manifest)).not.toThrow()
    },
  )

  it('hold no field that the API does not know', async () => {
    expect(manifests.length).toBeGreaterThan(5)
    expect(await strangeFields(manifests)).toEqual([])
  })

  it('would be caught if they did not', async () => {
    const job = structuredClone(manifests.find(({ kind }) => kind === 'Job')) as Manifest & {
      spec: { template: { spec: Record<string, unknown> } }
    }
    job.spec.template.spec['terminationGracePeriodSecond'] = 5
    expect((await strangeFields([job])).join()).toContain('terminationGracePeriodSecond')
    job.spec.template.spec['terminationGracePeriodSeconds'] = '5'
    expect(() => validate(job)).toThrow(/terminationGracePeriodSeconds/)
  })

  it.each(pods)('%s sets settings that exist', async (file, kind) => {
    const env = daemonOf(await podOf(file, kind)).env ?? []
    // A variable that only helps to write another one is not a setting.
    const isPartOfAnother = (name: string): boolean => env.some(({ value }) => value?.includes(`$(${name})`) === true)
    const names = env.map(({ name }) => name).filter((name) => !isPartOfAnother(name))
    expect(names.length).toBeGreaterThan(4)
    expect(settings.map(([name]) => name)).toEqual(expect.arrayContaining(names))
  })

  it.each(pods)('%s gives drain and SIGTERM the time that they may take', async (file, kind) => {
    const pod = await podOf(file, kind)
    const daemon = daemonOf(pod)
    const command = daemon.lifecycle?.preStop?.exec?.command?.join(' ') ?? ''
    const drainMs = parseDurationMs(/drain --timeout (\S+)/.exec(command)?.[1] ?? '') ?? 0
    const stopMs = parseDurationMs(settingOf(daemon, 'LONGSHORE_DRAIN_TIMEOUT')) ?? 0
    expect(Math.min(drainMs, stopMs)).toBeGreaterThan(0)
    // After the drain timeout serve.ts grants ten seconds to close streams and the database.
    expect((pod.terminationGracePeriodSeconds ?? 0) * 1000).toBeGreaterThan(drainMs + stopMs + 10_000)
  })

  it.each(pods)('%s runs without root, without privileges and on a read-only root', async (file, kind) => {
    const pod = await podOf(file, kind)
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 1000,
      seccompProfile: { type: 'RuntimeDefault' },
    })
    for (const container of [...(pod.initContainers ?? []), ...pod.containers]) {
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
      expect(container.resources).toMatchObject({
        requests: { memory: expect.any(String) },
        limits: { memory: expect.any(String) },
      })
      expect(container.resources?.limits).not.toHaveProperty('cpu')
    }
  })

  it('make the sidecar one, and the worker wait for its uploads', async () => {
    const pod = await podOf('sidecar-job.yaml', 'Job')
    expect(daemonOf(pod)).toMatchObject({ restartPolicy: 'Always', startupProbe: { exec: {} } })
    expect(pod.containers[0]?.command?.at(-1)).toMatch(/longshore wait --label run=\$RUN --timeout 1h\n$/)
  })

  it('let one daemon at a time have the disk, and ask it where it listens', async () => {
    const deployment = (await read('service.yaml')).get('Deployment') as unknown as IDeployment
    expect(deployment.spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } })
    const daemon = daemonOf(await podOf('service.yaml', 'Deployment'))
    const [, port] = settingOf(daemon, 'LONGSHORE_LISTEN').split(':')
    expect(daemon.ports).toEqual([{ name: 'http', containerPort: Number(port) }])
    for (const probe of [daemon.startupProbe, daemon.livenessProbe, daemon.readinessProbe])
      expect(probe?.httpGet?.port).toBe('http')
    expect(daemon.readinessProbe?.httpGet?.path).toBe('/readyz')
  })
})
