-- The analysis plan of a sweep, its changes, and the reports that were written of the sweep.

-- As it was first registered, before there were results; NULL where an earlier version registered the sweep.
ALTER TABLE sweeps ADD COLUMN analysis_plan TEXT;
-- SHA-256 of the plan's text.
ALTER TABLE sweeps ADD COLUMN analysis_plan_hash TEXT;

-- One row per request of a sweep with another plan than the request before. The sweep keeps its first plan.
CREATE TABLE plan_changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sweep_id INTEGER NOT NULL REFERENCES sweeps (id) ON DELETE CASCADE,
    changed_at TEXT NOT NULL,
    -- NULL where an earlier version registered the sweep.
    old_plan TEXT,
    old_plan_hash TEXT,
    new_plan TEXT NOT NULL,
    new_plan_hash TEXT NOT NULL,
    CHECK ((old_plan IS NULL) = (old_plan_hash IS NULL))
) STRICT;

CREATE INDEX plan_changes_sweep ON plan_changes (sweep_id);

-- One row per report of a sweep.
CREATE TABLE looks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sweep_id INTEGER NOT NULL REFERENCES sweeps (id) ON DELETE CASCADE,
    looked_at TEXT NOT NULL,
    finished INTEGER NOT NULL CHECK (finished >= 0),
    trials INTEGER NOT NULL CHECK (trials >= 0),
    -- The ids of the finished runs that it showed, ascending, as a JSON list.
    runs TEXT NOT NULL,
    -- How it compared: margins, baseline and the like, as JSON.
    options TEXT NOT NULL
) STRICT;

CREATE INDEX looks_sweep ON looks (sweep_id);
