//! What to run and how: experiment files, overrides, plan, trial and execution.
