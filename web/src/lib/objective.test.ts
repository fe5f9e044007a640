import { expect, test } from 'vitest'
import { objectiveOf } from './objective'

test.each([
  [['lr', 'train/loss', 'val/accuracy', 'val/loss'], 'val/accuracy'],
  [['epoch', 'loss', 'val_loss'], 'val_loss'],
  [['accuracy', 'val_time', 'val_loss'], 'val_loss'],
  [['a', 'learning_rate', 'score'], 'score'],
  [['learning-rate', 'step', 'zeta'], 'zeta'],
  [['loss', 'accuracy'], 'accuracy'],
  [['m1', 'm2'], 'm1'],
  [['system/gpu', 'time'], 'time'],
  [['system/gpu'], 'system/gpu'],
  [['trainLoss', 'validF1'], 'validF1'],
  [['lr-Adam', 'reward_per_step'], 'reward_per_step'],
  [['loss_scale', 'eval.rmse', 'test/auc'], 'test/auc'],
  [['lr/score', 'relevance'], 'relevance'],
])('of %j it is %s', (names, objective) => expect(objectiveOf(names)).toBe(objective))

test('without metrics there is none', () => expect(objectiveOf([])).toBe(null))
