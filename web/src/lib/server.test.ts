import { expect, test } from 'vitest'
import { serverAddress } from './server'

test.each([
  ['/', 'http://host:5000'],
  ['/index.html', 'http://host:5000'],
  ['/team/mlflow/', 'http://host:5000/team/mlflow'],
])('the address of a server at %s', (pathname, address) => {
  expect(serverAddress({ origin: 'http://host:5000', pathname })).toBe(address)
})
