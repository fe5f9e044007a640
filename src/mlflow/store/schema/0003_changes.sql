-- changed: the second, since the epoch, in which anything of the run was last changed
-- (see store/changes.py).
ALTER TABLE runs ADD COLUMN changed BIGINT NOT NULL DEFAULT 0;
CREATE INDEX runs_changed ON runs (experiment_id, changed);

-- extremes: of long series, the points of the block with the least and the greatest values, so
-- that a chart need not read all of them (see store/points.py).
ALTER TABLE points ADD COLUMN extremes $BYTES;
