/** What an MLmodel file says, in the order in which people ask. */

export interface SignatureField {
  name: string
  type: string
  required: boolean
}

export interface ModelFacts {
  facts: [label: string, value: string][]
  flavors: { name: string; facts: [label: string, value: string][] }[]
  /** inputs, outputs, params: those that are said */
  signature: { label: string; fields: SignatureField[] }[]
  runId: string | null
}

type Given = Record<string, unknown>

function object(value: unknown): Given | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Given)
    : null
}

const LABELS: readonly [name: string, label: string][] = [
  ['model_id', 'Model'],
  ['model_uuid', 'Model UUID'],
  ['run_id', 'Run'],
  ['artifact_path', 'Path'],
  ['utc_time_created', 'Created (UTC)'],
  ['mlflow_version', 'MLflow version'],
  ['model_size_bytes', 'Bytes'],
]

/** Read what was parsed of an MLmodel file; null when it is none. */
export function readModel(value: unknown): ModelFacts | null {
  const given = object(value)
  const flavors = object(given?.flavors)
  if (!given || !flavors) return null
  const signature = object(given.signature)
  return {
    facts: LABELS.flatMap(([name, label]) => facts(label, given[name])),
    flavors: Object.entries(flavors).map(([name, settings]) => ({
      name,
      facts: Object.entries(object(settings) ?? {}).flatMap(([key, each]) => facts(key, each)),
    })),
    signature: ['inputs', 'outputs', 'params'].flatMap((part) => {
      const fields = fieldsOf(signature?.[part])
      return fields.length ? [{ label: part[0]!.toUpperCase() + part.slice(1), fields }] : []
    }),
    runId: typeof given.run_id === 'string' ? given.run_id : null,
  }
}

function facts(label: string, value: unknown): [string, string][] {
  if (value === null || value === undefined) return []
  return [[label, typeof value === 'object' ? JSON.stringify(value) : String(value)]]
}

/** The fields of a signature, which MLmodel files keep as a text of JSON. */
function fieldsOf(value: unknown): SignatureField[] {
  let list: unknown = value
  if (typeof value === 'string') {
    try {
      list = JSON.parse(value)
    } catch {
      return []
    }
  }
  if (!Array.isArray(list)) return []
  return list.map((each, index) => {
    const field = object(each) ?? {}
    return {
      name: typeof field.name === 'string' ? field.name : `#${index + 1}`,
      type: typeOf(field),
      required: field.required !== false && field.optional !== true,
    }
  })
}

function typeOf(field: Given): string {
  const tensor = object(field['tensor-spec'])
  if (tensor) return `${String(tensor.dtype)} ${JSON.stringify(tensor.shape)}`
  if (field.type === 'array') return `list of ${typeOf(object(field.items) ?? {})}`
  if (field.type === 'object') {
    const inner = Object.entries(object(field.properties) ?? {})
    return `{${inner.map(([name, each]) => `${name}: ${typeOf(object(each) ?? {})}`).join(', ')}}`
  }
  const usual = field.default === undefined ? '' : `, default ${JSON.stringify(field.default)}`
  return `${String(field.type ?? 'any')}${usual}`
}
