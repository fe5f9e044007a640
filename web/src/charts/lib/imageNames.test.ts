import { expect, it } from 'vitest'
import { shotAt, shotsOf, stepsOf } from './imageNames'

const id = '3f1a0c2e-1111-4222-8333-444455556666'

it('reads series of images from the names of their files', () => {
  const shots = shotsOf([
    `images/val~mask+step+10+timestamp+1700000000000+${id}.png`,
    `images/val~mask+step+10+timestamp+1700000000000+${id}+compressed.webp`,
    `images/old%step%2%timestamp%1600000000000%${id}.png`,
    'images/plot.png',
  ])
  expect(shots).toEqual([
    {
      key: 'old',
      step: 2,
      timestamp: 1600000000000,
      path: expect.stringContaining('old'),
      preview: null,
    },
    {
      key: 'val/mask',
      step: 10,
      timestamp: 1700000000000,
      path: expect.stringMatching(/\.png$/),
      preview: expect.stringMatching(/compressed\.webp$/),
    },
  ])
})

it('takes the newest image up to a step, or the first there is', () => {
  const shots = shotsOf([5, 10, 20].map((step) => `images/a+step+${step}+timestamp+1+${id}.png`))
  expect(shotAt(shots, 'a', 12)?.step).toBe(10)
  expect(shotAt(shots, 'a', 1)?.step).toBe(5)
  expect(shotAt(shots, 'b', 1)).toBeNull()
  expect(stepsOf(shots, ['a'])).toEqual([5, 10, 20])
})
