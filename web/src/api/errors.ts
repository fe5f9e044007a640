import type { Error as Refusal } from './schema'

/** What the server refused, or why it could not be asked. */
export class ApiError extends Error {
  override name = 'ApiError'

  constructor(
    message: string,
    readonly code: string,
    readonly status: number,
    /** where in a search text the mistake is, if the server says so */
    readonly position: number | null = null,
    readonly source: string | null = null,
  ) {
    super(message)
  }

  get isAway(): boolean {
    return this.status === 0
  }
}

/** The error of an answer that is not a success. */
export async function errorOf(answer: Response): Promise<ApiError> {
  const text = await answer.text()
  try {
    const refusal = JSON.parse(text) as Refusal & { position?: number; source?: string }
    return new ApiError(
      refusal.message,
      refusal.error_code,
      answer.status,
      refusal.position ?? null,
      refusal.source ?? null,
    )
  } catch {
    return new ApiError(text.trim() || answer.statusText, 'INTERNAL_ERROR', answer.status)
  }
}

/** One sentence about anything that was thrown. */
export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
