-- Leases, resumed runs and trainings that diverged.

-- The status `diverged` joins the others. A CHECK cannot be altered; SQLite's own advice for that is to
-- change the stored text and touch neither data nor views (https://www.sqlite.org/lang_altertable.html,
-- section 8), whatever columns the table has meanwhile.
PRAGMA writable_schema = ON;
UPDATE sqlite_master
SET sql = replace(
    replace(
        sql,
        'CHECK (status IN (''running'', ''finished'', ''failed'', ''interrupted''))',
        'CHECK (status IN (''running'', ''finished'', ''failed'', ''interrupted'', ''diverged''))'
    ),
    'CHECK ((status = ''failed'') = (failure IS NOT NULL))',
    'CHECK ((status IN (''failed'', ''diverged'')) = (failure IS NOT NULL))'
)
WHERE type = 'table' AND name = 'runs';
PRAGMA writable_schema = RESET;

-- Fails, and with it the whole migration, unless both texts were found.
CREATE TABLE altered (rules INTEGER NOT NULL CHECK (rules = 2)) STRICT;
INSERT INTO altered
SELECT (instr(sql, '''interrupted'', ''diverged''') > 0) + (instr(sql, 'IN (''failed'', ''diverged'')') > 0)
FROM sqlite_master
WHERE type = 'table' AND name = 'runs';
DROP TABLE altered;

-- Who writes the run: a name that each opened database draws for itself. Nobody else's records are taken.
ALTER TABLE runs ADD COLUMN owner TEXT;
-- Until when the owner is taken to be alive without a further heartbeat.
ALTER TABLE runs ADD COLUMN lease_expires_at TEXT;
-- When the process started, so that another one with its number is told apart.
ALTER TABLE runs ADD COLUMN process_started TEXT;
-- How often the run was left by its process and continued by another.
ALTER TABLE runs ADD COLUMN interruptions INTEGER NOT NULL DEFAULT 0 CHECK (interruptions >= 0);
-- Where the loss was no finite number any more.
ALTER TABLE runs ADD COLUMN diverged_epoch INTEGER CHECK (diverged_epoch >= 1);
ALTER TABLE runs ADD COLUMN diverged_step INTEGER CHECK (diverged_step >= 1);

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
GROUP BY s.id, s.name, s.requested_at, s.command
ORDER BY s.requested_at DESC, s.id DESC;
