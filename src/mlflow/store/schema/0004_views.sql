-- Named states of the UI; the server does not look into them.
CREATE TABLE views (
    id $SERIAL,
    experiment_id BIGINT NOT NULL,
    name $NAME NOT NULL,
    state $TEXT NOT NULL,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    UNIQUE (experiment_id, name)
)$OPTIONS;
