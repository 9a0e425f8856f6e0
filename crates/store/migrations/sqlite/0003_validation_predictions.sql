-- Validation images of a run with the prediction of the epoch whose weights were kept: what thresholds may be chosen
-- on. Runs of earlier versions have none.

CREATE TABLE validation_predictions (
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    image TEXT NOT NULL,
    patient TEXT NOT NULL,
    label INTEGER NOT NULL CHECK (label IN (0, 1)),
    probability REAL CHECK (probability BETWEEN 0 AND 1),
    PRIMARY KEY (run_id, image)
) STRICT, WITHOUT ROWID;
