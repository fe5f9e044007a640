import { FONT, SMALL, type Ink, type Pen } from './pen'

/**
 * Points of a line that are drawn together. The time that a browser takes for a thick line with many
 * turns grows much faster than their number.
 */
const PIECE = 20

/** A pen for a canvas whose unit is a CSS pixel. */
export function canvasPen(ctx: CanvasRenderingContext2D): Pen {
  const paint = (ink: Ink, trace: () => void, rule: CanvasFillRule = 'nonzero') => {
    ctx.beginPath()
    trace()
    ctx.globalAlpha = ink.alpha ?? 1
    if (ink.fill) {
      ctx.fillStyle = ink.fill
      ctx.fill(rule)
    }
    if (ink.stroke) {
      ctx.strokeStyle = ink.stroke
      // what is not thicker than a pixel of the screen is drawn without an outline of its own
      ctx.lineWidth = ink.hair ? 1 / ctx.getTransform().a : (ink.width ?? 1)
      ctx.lineJoin = 'round'
      ctx.setLineDash((ink.dash ?? []) as number[])
      ctx.stroke()
    }
    ctx.globalAlpha = 1
  }
  return {
    line(xs, ys, ink) {
      const trace = (from: number, to: number) => {
        let down = false
        for (let index = from; index < to; index++) {
          const x = xs[index]!
          const y = ys[index]!
          if (Number.isNaN(x) || Number.isNaN(y)) down = false
          else if (down) ctx.lineTo(x, y)
          else {
            ctx.moveTo(x, y)
            down = true
          }
        }
      }
      // pieces overlap, for their joints: neither dashes nor what shines through may have any
      const whole = ink.hair || ink.dash?.length || (ink.alpha ?? 1) < 1
      const step = whole ? Math.max(1, xs.length) : PIECE
      for (let from = 0; from < xs.length; from += step) {
        const to = Math.min(xs.length, from + step + 2)
        paint(ink, () => trace(from, to))
      }
    },
    rings(rings, ink) {
      paint(
        ink,
        () => {
          for (const ring of rings) {
            for (const [index, point] of ring.entries()) {
              if (index === 0) ctx.moveTo(point[0]!, point[1]!)
              else ctx.lineTo(point[0]!, point[1]!)
            }
            ctx.closePath()
          }
        },
        'evenodd',
      )
    },
    rect: (x, y, width, height, ink) => paint(ink, () => ctx.rect(x, y, width, height)),
    circle: (x, y, radius, ink) => paint(ink, () => ctx.arc(x, y, radius, 0, 2 * Math.PI)),
    text(x, y, text, { size = SMALL, colour, align = 'left', baseline = 'middle', bold, turn }) {
      ctx.save()
      ctx.font = `${bold ? '600 ' : ''}${size}px ${FONT}`
      ctx.fillStyle = colour
      ctx.textAlign = align
      ctx.textBaseline = baseline
      ctx.translate(x, y)
      if (turn) ctx.rotate((turn * Math.PI) / 180)
      ctx.fillText(text, 0, 0)
      ctx.restore()
    },
    clip(x, y, width, height, draw) {
      ctx.save()
      ctx.beginPath()
      ctx.rect(x, y, width, height)
      ctx.clip()
      draw()
      ctx.restore()
    },
    measure(text, size = SMALL) {
      ctx.font = `${size}px ${FONT}`
      return ctx.measureText(text).width
    },
  }
}

/** Give a canvas the size of its box in device pixels, wiped, and a pen for CSS pixels. */
export function penOn(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
  ratio = window.devicePixelRatio || 1,
): Pen | null {
  const ctx = canvas.getContext('2d')
  if (!ctx) return null
  canvas.width = Math.round(width * ratio)
  canvas.height = Math.round(height * ratio)
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0)
  return canvasPen(ctx)
}
