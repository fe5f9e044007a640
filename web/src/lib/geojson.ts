import type { GeoPermissibleObjects } from 'd3-geo'

export interface Place {
  properties: Record<string, unknown>
  kind: string
}

/** What can be drawn of a GeoJSON value, and what it says of its places; null when it is none. */
export function readGeography(
  value: unknown,
): { shape: GeoPermissibleObjects; places: Place[] } | null {
  const given = value as { type?: unknown; features?: unknown; coordinates?: unknown } | null
  if (typeof given?.type !== 'string') return null
  const features = Array.isArray(given.features) ? given.features : [given]
  if (!('features' in given) && !('coordinates' in given) && !('geometry' in given)) return null
  const places = features.map((each: unknown) => {
    const feature = each as { properties?: Record<string, unknown>; geometry?: { type?: string } }
    return {
      properties: feature?.properties ?? {},
      kind: feature?.geometry?.type ?? String(given.type),
    }
  })
  return { shape: value as GeoPermissibleObjects, places }
}
