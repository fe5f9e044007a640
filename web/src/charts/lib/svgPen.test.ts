import { describe, expect, it } from 'vitest'
import { shifted } from './download'
import { fitted } from './pen'
import { escaped, SvgPen } from './svgPen'

describe('SVG', () => {
  it('lifts the pen at gaps', () => {
    const pen = new SvgPen(100, 50)
    pen.line([0, 1, 2, 3], [0, 1, NaN, 3], { stroke: '#f00', width: 2, dash: [3, 1] })
    const text = pen.document('T')
    expect(text).toContain('d="M0 0L1 1M3 3"')
    expect(text).toContain('stroke-dasharray="3 1"')
  })

  it('is well-formed XML whatever the names of runs are', () => {
    const pen = new SvgPen(100, 50)
    pen.text(1, 2, '<script>&"\u0000', { colour: 'black' })
    pen.clip(0, 0, 10, 10, () => pen.circle(1, 1, 1, { fill: 'red', alpha: 0.5 }))
    const file = new DOMParser().parseFromString(pen.document('a < b & c'), 'image/svg+xml')
    expect(file.querySelector('parsererror')).toBeNull()
    expect(file.querySelector('text')!.textContent).toBe('<script>&"?')
    expect(file.querySelector('title')!.textContent).toBe('a < b & c')
    expect(file.querySelector('script')).toBeNull()
    expect(escaped('"')).toBe('&quot;')
  })

  it('can be drawn further down', () => {
    const pen = new SvgPen(100, 50)
    shifted(pen, 10).rect(0, 5, 1, 1, { fill: 'red' })
    expect(pen.document('')).toContain('y="15"')
  })

  it('cuts texts to the room that they have', () => {
    const pen = new SvgPen(100, 50, (text) => text.length)
    expect(fitted(pen, 'abcdef', 6)).toBe('abcdef')
    expect(fitted(pen, 'abcdef', 4)).toBe('abc…')
    expect(fitted(pen, 'abcdef', 0)).toBe('')
  })
})
