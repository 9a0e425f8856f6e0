-- The order of requests by a counter, the identity of a database, and which images a run did not use and why.

-- Counts requests over all sweeps: the sweep with the highest one was requested last, whatever the clock said.
ALTER TABLE sweeps ADD COLUMN request INTEGER NOT NULL DEFAULT 0 CHECK (request >= 0);
UPDATE sweeps
SET request = (
    SELECT COUNT(*) FROM sweeps earlier
    WHERE (earlier.requested_at, earlier.id) <= (sweeps.requested_at, sweeps.id)
);

-- One row: which database this is. Copies of a database have its id; its run folders hold it in a file.
CREATE TABLE database_identity (
    position INTEGER PRIMARY KEY CHECK (position = 1),
    id TEXT NOT NULL CHECK (id <> '')
) STRICT;
INSERT INTO database_identity (position, id) VALUES (1, lower(hex(randomblob(16))));

-- The definition of the configuration hash that config_hash follows.
ALTER TABLE runs ADD COLUMN identity_version INTEGER NOT NULL DEFAULT 1 CHECK (identity_version >= 1);
-- Images left out because the same bytes stand in both classes.
ALTER TABLE runs ADD COLUMN contradicting_images INTEGER NOT NULL DEFAULT 0 CHECK (contradicting_images >= 0);
-- Files among the images that were passed over for another reason than being unreadable or a duplicate.
ALTER TABLE runs ADD COLUMN skipped_files INTEGER NOT NULL DEFAULT 0 CHECK (skipped_files >= 0);

DROP VIEW sweep_progress;
CREATE VIEW sweep_progress AS
SELECT
    s.id AS sweep,
    s.name,
    COUNT(t.position) AS trials,
    SUM(CASE WHEN t.status = 'finished' THEN 1 ELSE 0 END) AS finished,
    SUM(CASE WHEN t.status = 'running' THEN 1 ELSE 0 END) AS running,
    SUM(CASE WHEN t.status = 'failed' THEN 1 ELSE 0 END) AS failed,
    SUM(CASE WHEN t.status = 'diverged' THEN 1 ELSE 0 END) AS diverged,
    SUM(CASE WHEN t.status = 'interrupted' THEN 1 ELSE 0 END) AS interrupted,
    SUM(CASE WHEN t.status = 'planned' THEN 1 ELSE 0 END) AS planned,
    MAX(t.accuracy) AS best_accuracy,
    s.requested_at,
    s.command
FROM sweeps s
LEFT JOIN trial_states t ON t.sweep = s.id
GROUP BY s.id, s.name, s.request, s.requested_at, s.command
ORDER BY s.request DESC, s.id DESC;
