/** What is known about the data sets of a run: read from the texts that programs leave. */

import type { DatasetInput } from '../../api/schema'

export interface Field {
  name: string
  type: string
  required: boolean
}

export interface DatasetSummary {
  name: string
  digest: string
  /** what it was used for, such as training */
  context: string | null
  sourceType: string
  /** where it came from, in one line */
  source: string
  fields: Field[]
  /** numbers such as rows */
  profile: [name: string, value: string][]
}

export function summarise({ dataset, tags }: DatasetInput): DatasetSummary {
  return {
    name: dataset.name,
    digest: dataset.digest,
    context: tags?.find((tag) => tag.key === 'mlflow.data.context')?.value || null,
    sourceType: dataset.source_type,
    source: sourceText(dataset.source),
    fields: fieldsOf(parsed(dataset.schema)),
    profile: profileOf(parsed(dataset.profile)),
  }
}

type Json = Record<string, unknown>

function parsed(text: string | null | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null')
  } catch {
    return null
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The address in a source, whatever its kind calls it. */
export function sourceText(source: string): string {
  const value = parsed(source)
  if (!isObject(value)) return source
  for (const name of ['uri', 'url', 'path', 'table_name']) {
    if (typeof value[name] === 'string') return value[name]
  }
  const tags = value.tags
  if (isObject(tags) && typeof tags['mlflow.source.name'] === 'string') {
    return tags['mlflow.source.name']
  }
  const known = Object.entries(value).filter(([, each]) => each !== null && each !== '')
  return known.map(([name, each]) => `${name}: ${plain(each)}`).join(', ') || source
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function fieldsOf(schema: unknown): Field[] {
  if (!isObject(schema)) return []
  if ('mlflow_colspec' in schema) return columnsOf(schema.mlflow_colspec)
  const tensors = schema.mlflow_tensorspec
  if (!isObject(tensors)) return []
  return ['features', 'targets'].flatMap((part) => {
    const given = tensors[part]
    return columnsOf(typeof given === 'string' ? parsed(given) : given).map((field) => ({
      ...field,
      name: field.name ? `${part}: ${field.name}` : part,
    }))
  })
}

function columnsOf(columns: unknown): Field[] {
  if (!Array.isArray(columns)) return []
  return columns.filter(isObject).map((column) => ({
    name: typeof column.name === 'string' ? column.name : '',
    type: typeOf(column),
    required: column.required !== false,
  }))
}

function typeOf(column: Json): string {
  const tensor = column['tensor-spec']
  if (isObject(tensor)) {
    const shape = Array.isArray(tensor.shape) ? tensor.shape.map(String).join(' × ') : '?'
    return `${plain(tensor.dtype)} [${shape.replaceAll('-1', 'any')}]`
  }
  return plain(column.type)
}

function profileOf(profile: unknown): [string, string][] {
  if (!isObject(profile)) return []
  return Object.entries(profile)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => [
      name.replace(/^num_/, '').replaceAll('_', ' '),
      typeof value === 'number' ? value.toLocaleString('en-US') : plain(value),
    ])
}
