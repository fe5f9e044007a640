-- The first schema. Words in capitals with a $ stand for what differs between databases
-- (see schema/__init__.py). Times are milliseconds since the epoch.

-- Names of metrics, params and tags, as small numbers.
CREATE TABLE names (
    id $SERIAL,
    name $NAME NOT NULL UNIQUE
)$OPTIONS;

-- deleted: when it was moved to the bin; NULL = active
CREATE TABLE experiments (
    id $SERIAL,
    name $NAME NOT NULL UNIQUE,
    artifact_location $TEXT NOT NULL,
    deleted BIGINT,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL
)$OPTIONS;

CREATE TABLE experiment_tags (
    experiment_id BIGINT NOT NULL,
    key_id BIGINT NOT NULL,
    value $TEXT NOT NULL,
    PRIMARY KEY (experiment_id, key_id)
)$CLUSTERED;

-- status: 1 RUNNING, 2 SCHEDULED, 3 FINISHED, 4 FAILED, 5 KILLED
-- heard: when a client last said something about the run
CREATE TABLE runs (
    id $SERIAL,
    run_id $NAME NOT NULL UNIQUE,
    experiment_id BIGINT NOT NULL,
    name $TEXT NOT NULL,
    user_id $TEXT NOT NULL,
    status SMALLINT NOT NULL,
    start_time BIGINT NOT NULL,
    end_time BIGINT,
    deleted BIGINT,
    artifact_uri $TEXT NOT NULL,
    heard BIGINT NOT NULL
)$OPTIONS;
CREATE INDEX runs_newest ON runs (experiment_id, start_time DESC, run_id);

-- A run's params and tags as the API writes them, so that a search need not put thousands of
-- rows together: JSON objects, separated by commas.
CREATE TABLE documents (
    run_id BIGINT NOT NULL PRIMARY KEY,
    params $LONGTEXT NOT NULL,
    tags $LONGTEXT NOT NULL
)$OPTIONS;

CREATE TABLE params (
    run_id BIGINT NOT NULL,
    key_id BIGINT NOT NULL,
    value $TEXT NOT NULL,
    PRIMARY KEY (run_id, key_id)
)$CLUSTERED;
CREATE INDEX params_value ON params (key_id, $PREFIX(value));

CREATE TABLE tags (
    run_id BIGINT NOT NULL,
    key_id BIGINT NOT NULL,
    value $TEXT NOT NULL,
    PRIMARY KEY (run_id, key_id)
)$CLUSTERED;
CREATE INDEX tags_value ON tags (key_id, $PREFIX(value));

-- One row per (run, metric): its summary. A value of NULL is NaN; min, max and total leave NaN
-- out, reals counts the points that are not NaN. young, middling: blocks on the first two levels.
CREATE TABLE series (
    run_id BIGINT NOT NULL,
    key_id BIGINT NOT NULL,
    experiment_id BIGINT NOT NULL,
    count BIGINT NOT NULL,
    reals BIGINT NOT NULL,
    total DOUBLE PRECISION NOT NULL,
    first_step BIGINT NOT NULL,
    first_time BIGINT NOT NULL,
    first_value DOUBLE PRECISION,
    last_step BIGINT NOT NULL,
    last_time BIGINT NOT NULL,
    last_value DOUBLE PRECISION,
    min_value DOUBLE PRECISION,
    min_step BIGINT,
    max_value DOUBLE PRECISION,
    max_step BIGINT,
    latest BIGINT NOT NULL,
    young INTEGER NOT NULL,
    middling INTEGER NOT NULL,
    PRIMARY KEY (run_id, key_id)
)$CLUSTERED;
CREATE INDEX series_last ON series (experiment_id, key_id, last_value);

-- The points of a series in packed blocks (see points.py). Small blocks are merged into larger
-- ones, level by level: 0 as logged, 1 merged once, 2 final.
CREATE TABLE points (
    id $SERIAL,
    run_id BIGINT NOT NULL,
    key_id BIGINT NOT NULL,
    level SMALLINT NOT NULL,
    count BIGINT NOT NULL,
    low_step BIGINT NOT NULL,
    high_step BIGINT NOT NULL,
    low_time BIGINT NOT NULL,
    high_time BIGINT NOT NULL,
    data $BYTES NOT NULL
)$OPTIONS;
CREATE INDEX points_series ON points (run_id, key_id, low_time);

CREATE TABLE datasets (
    id $SERIAL,
    experiment_id BIGINT NOT NULL,
    name $NAME NOT NULL,
    digest $SHORT NOT NULL,
    source_type $TEXT NOT NULL,
    source $LONGTEXT NOT NULL,
    schema_json $LONGTEXT,
    profile_json $LONGTEXT,
    UNIQUE (experiment_id, name, digest)
)$OPTIONS;

CREATE TABLE inputs (
    run_id BIGINT NOT NULL,
    dataset_id BIGINT NOT NULL,
    PRIMARY KEY (run_id, dataset_id)
)$CLUSTERED;
CREATE INDEX inputs_dataset ON inputs (dataset_id);

CREATE TABLE input_tags (
    run_id BIGINT NOT NULL,
    dataset_id BIGINT NOT NULL,
    name $NAME NOT NULL,
    value $TEXT NOT NULL,
    PRIMARY KEY (run_id, dataset_id, name)
)$CLUSTERED;

-- Models that a run read (made = 0) or made (made = 1).
CREATE TABLE run_models (
    run_id BIGINT NOT NULL,
    made SMALLINT NOT NULL,
    model_id $NAME NOT NULL,
    step BIGINT NOT NULL,
    PRIMARY KEY (run_id, made, model_id)
)$CLUSTERED;
