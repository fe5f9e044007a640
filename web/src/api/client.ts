import { ApiError, errorOf } from './errors'
import { ROUTES, type Endpoints, type Float } from './schema'

export type Name = keyof Endpoints
export type Question<N extends Name> = Endpoints[N]['question']
export type Answer<N extends Name> = Endpoints[N]['answer']

/** Ask an endpoint; rejects with an ApiError. */
export async function ask<N extends Name>(
  name: N,
  question: Question<N>,
  signal?: AbortSignal,
): Promise<Answer<N>> {
  const [method, path] = ROUTES[name]
  const get = method === 'GET'
  let answer: Response
  try {
    answer = await fetch(get ? address(name, question) : path, {
      method,
      signal: signal ?? null,
      ...(!get && {
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(question),
      }),
    })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new ApiError('The server cannot be reached. It is tried again.', 'UNREACHABLE', 0)
  }
  if (!answer.ok) throw await errorOf(answer)
  return (await answer.json()) as Answer<N>
}

/** The address of an endpoint with the question in its query. */
export function address<N extends Name>(name: N, question: Question<N>): string {
  const query = new URLSearchParams()
  for (const [field, value] of Object.entries(question)) {
    for (const each of Array.isArray(value) ? value : [value])
      if (each !== null && each !== undefined) query.append(field, String(each))
  }
  const text = query.toString()
  return ROUTES[name][1] + (text && `?${text}`)
}

/** The number that JSON cannot carry when it is not finite. */
export function real(value: Float): number {
  return typeof value === 'number' ? value : Number(value)
}

// new browsers decode by themselves
const fromBase64 = (Uint8Array as { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> })
  .fromBase64

/** The numbers of a column that came as base64 of little-endian float64. */
export function numbers(base64: string): Float64Array<ArrayBuffer> {
  return new Float64Array((fromBase64?.(base64) ?? decoded(base64)).buffer)
}

function decoded(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64)
  const bytes = new Uint8Array(text.length)
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index)
  return bytes
}
