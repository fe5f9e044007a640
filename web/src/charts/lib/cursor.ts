/** The x under the pointer, in whichever chart: charts with the same kind of axis mark it too. */
interface Place {
  /** the chart that the pointer is in */
  from: symbol
  axis: string
  x: number | null
}

type Listener = (place: Place) => void

const listeners = new Set<Listener>()

export function publish(place: Place): void {
  for (const each of listeners) each(place)
}

export function listen(listener: Listener): () => void {
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
  }
}
