-- What tables of runs need: an index that lists the runs of an experiment and knows all that
-- counting, sorting by time and overviews ask for, in place of the one with fewer columns.
CREATE INDEX runs_listed
    ON runs (experiment_id, start_time DESC, run_id, deleted, status, end_time);
DROP INDEX runs_newest$ON(runs);

-- With the run, so that PostgreSQL counts and orders by it without a look at the table, as the others
-- do anyway.
DROP INDEX series_last$ON(series);
CREATE INDEX series_last ON series (experiment_id, key_id, last_value, run_id);

-- The names that runs of an experiment have or had, so that they are found without a look at
-- every run: kind 1 metrics, 2 params, 3 tags.
CREATE TABLE used_names (
    experiment_id BIGINT NOT NULL,
    kind SMALLINT NOT NULL,
    key_id BIGINT NOT NULL,
    PRIMARY KEY (experiment_id, kind, key_id)
)$CLUSTERED;
INSERT INTO used_names (experiment_id, kind, key_id)
    SELECT DISTINCT experiment_id, 1, key_id FROM series;
INSERT INTO used_names (experiment_id, kind, key_id)
    SELECT DISTINCT r.experiment_id, 2, p.key_id FROM params p JOIN runs r ON r.id = p.run_id;
INSERT INTO used_names (experiment_id, kind, key_id)
    SELECT DISTINCT r.experiment_id, 3, t.key_id FROM tags t JOIN runs r ON r.id = t.run_id;
