//! The job script of a sweep: an array with one task for each worker.

use std::path::{Path, PathBuf};

use anyhow::bail;
use ranklab_settings::SlurmSettings;

use super::quoting::{pattern, sbatch_value, shell_word};
use crate::time_over::TIME_OVER;

/// Number of workers unless it is given.
const WORKERS: u32 = 4;
/// Seconds before the time limit at which Slurm signals the job.
const SIGNAL: u64 = 120;
/// Seconds before the time limit at which a worker ends by itself.
const END: u64 = 180;
/// Largest part of a short time limit that these seconds take.
const PART: u64 = 3;
/// Starts of a task after ends of its time.
const MOST_STARTS: u32 = 1000;
/// Starts of a task after its worker was killed, for example for its memory.
const MOST_KILLED: u32 = 20;

/// Everything that a job script names.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// Number of the sweep.
    pub(crate) sweep: String,
    /// The job's settings.
    pub(crate) settings: SlurmSettings,
    /// Absolute path of this program.
    pub(crate) program: PathBuf,
    /// Absolute path of the runs folder.
    pub(crate) runs: PathBuf,
    /// Absolute path of the data folder.
    pub(crate) data: PathBuf,
    /// The database; `None` of one that the environment gives, since its URL holds a password.
    pub(crate) database: Option<String>,
    /// Absolute path of the script.
    pub(crate) script: PathBuf,
    /// Absolute path of the folder of logs.
    pub(crate) logs: PathBuf,
    /// Number of trials that a worker trains together.
    pub(crate) jobs: usize,
}

impl Job {
    /// Number of workers.
    pub(crate) fn workers(&self) -> u32 {
        self.settings.workers.unwrap_or(WORKERS)
    }

    /// The script.
    ///
    /// # Errors
    /// When a path cannot stand in a script.
    pub(crate) fn script(&self) -> anyhow::Result<String> {
        let (sweep, script) = (&self.sweep, shell_word(text(&self.script)?));
        let options: String = self.options()?.iter().map(|option| format!("#SBATCH {option}\n")).collect();
        let command = self.command()?;
        let environment = match self.database {
            Some(_) => "",
            None => "# The database is that of RANKLAB_DATABASE, which sbatch passes on: it must be set.\n",
        };
        Ok(format!(
            r#"#!/usr/bin/env bash
# Works on sweep {sweep} of ranklab. To submit it again: sbatch {script}
{environment}{options}
echo "worker $SLURM_ARRAY_TASK_ID of job $SLURM_ARRAY_JOB_ID on $(hostname), restarts: ${{SLURM_RESTART_COUNT:-0}}"

# Slurm announces the time limit to this shell alone. SIGTERM reaches the worker as well: a second one would not save.
trap 'kill -USR1 "$worker"' USR1
trap : TERM
{command} &
worker=$!
wait "$worker"
status=$?
# A signal interrupts `wait`; the worker saves meanwhile.
while kill -0 "$worker" 2>/dev/null; do
    wait "$worker"
    status=$?
done

# The task starts again after the end of its time ({TIME_OVER}, 138), and after its worker was killed (137).
case $status in
{TIME_OVER} | 138) most={MOST_STARTS} ;;
137) most={MOST_KILLED} ;;
*) most=0 ;;
esac
if [ "${{SLURM_RESTART_COUNT:-0}}" -lt "$most" ]; then
    # The number of an array's last task is that of the whole array: it is named by both numbers.
    scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_$SLURM_ARRAY_TASK_ID"
fi
exit "$status"
"#
        ))
    }

    /// The options of `sbatch`.
    fn options(&self) -> anyhow::Result<Vec<String>> {
        let settings = &self.settings;
        let log = sbatch_value(&format!("{}/%A_%a.log", pattern(text(&self.logs)?)));
        let mut options = vec![
            format!("--job-name=ranklab-{}", self.sweep),
            format!("--array=1-{}", self.workers()),
            format!("--output={log}"),
            "--open-mode=append".to_owned(),
            "--requeue".to_owned(),
        ];
        if let Some(time) = settings.time {
            options.push(format!("--time={}", clock(time)));
            options.push(format!("--signal=B:USR1@{}", SIGNAL.min(time / PART / 2)));
        } else {
            options.push(format!("--signal=B:USR1@{SIGNAL}"));
        }
        let cpus = settings.cpus.map(|cpus| cpus.to_string());
        for (name, value) in [
            ("partition", &settings.partition),
            ("cpus-per-task", &cpus),
            ("gpus", &settings.gpus),
            ("mem", &settings.memory),
            ("account", &settings.account),
        ] {
            options.extend(value.iter().map(|value| format!("--{name}={value}")));
        }
        options.extend(settings.extra.iter().flat_map(|extra| extra.split_whitespace()).map(str::to_owned));
        Ok(options)
    }

    /// The command of a worker.
    fn command(&self) -> anyhow::Result<String> {
        let mut words = vec![shell_word(text(&self.program)?)];
        for (option, path) in [("--runs-folder", &self.runs), ("--data-folder", &self.data)] {
            words.extend([option.to_owned(), shell_word(text(path)?)]);
        }
        if let Some(database) = &self.database {
            words.extend(["--database".to_owned(), shell_word(text(Path::new(database))?)]);
        }
        words.push(format!("work {} --unless-cancelled", self.sweep));
        words.push("--logged-to \"${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}.log\"".to_owned());
        if let Some(time) = self.settings.time {
            words.push(format!("--time {}s", time - END.min(time / PART)));
        }
        words.push(format!("jobs={}", self.jobs));
        Ok(words.join(" "))
    }
}

/// A path as text.
fn text(path: &Path) -> anyhow::Result<&str> {
    match path.to_str() {
        // Slurm gives a backslash in the name of a log a meaning of its own.
        Some(text) if !text.contains(|letter: char| letter.is_control() || letter == '\\') => Ok(text),
        _ => bail!(
            "{} cannot stand in a job script: it holds a backslash, a control character or bytes that are not UTF-8 text; rename the folder",
            path.display()
        ),
    }
}

/// Seconds in Slurm's form.
fn clock(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    format!("{days}-{:02}:{:02}:{:02}", rest / 3600, rest % 3600 / 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn job(runs: &str) -> Job {
        let runs = PathBuf::from(runs);
        Job {
            sweep: "3".to_owned(),
            settings: SlurmSettings::default(),
            program: "/opt/ranklab".into(),
            data: "/data".into(),
            database: Some("/fast/ranklab.db".to_owned()),
            script: runs.join("sweeps/3/slurm.sh"),
            logs: runs.join("sweeps/3/logs"),
            runs,
            jobs: 4,
        }
    }

    #[test]
    fn a_script_holds_all_settings() {
        let settings = SlurmSettings {
            workers: Some(8),
            partition: Some("gpu".to_owned()),
            time: Some(10_800),
            cpus: Some(4),
            gpus: Some("a100:1".to_owned()),
            memory: Some("8G".to_owned()),
            account: Some("lab".to_owned()),
            extra: Some("--nice --constraint=avx512".to_owned()),
        };
        insta::assert_snapshot!(Job { settings, ..job("/shared/runs") }.script().unwrap());
    }

    #[test]
    fn a_script_with_hostile_paths_is_one_command_of_a_shell() {
        let runs = "/a b/it's \"$(x)\" `y` 100%/#runs";
        let job = Job { database: None, ..job(runs) };
        let script = job.script().unwrap();
        assert!(!script.contains("--database") && script.contains("RANKLAB_DATABASE"), "{script}");
        assert!(script.contains(r#"--output="/a b/it's \"$(x)\" `y` 100%%/#runs/sweeps/3/logs/%A_%a.log""#));
        // The shell that runs it reads the same path.
        let echo = format!("set -- {}; printf %s \"$3\"", job.command().unwrap());
        let output = Command::new("bash").args(["-c", &echo]).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), runs);
        let syntax = Command::new("bash").args(["-n", "-c", &script]).output().unwrap();
        assert!(syntax.status.success(), "{}", String::from_utf8_lossy(&syntax.stderr));
    }

    #[test]
    fn a_path_that_no_script_can_hold_is_refused() {
        for path in ["/a\nb", "/a\\b", "/a\u{7}"] {
            let refused = job(path).script().unwrap_err().to_string();
            assert!(refused.contains("cannot stand in a job script"), "{refused}");
        }
    }

    #[test]
    fn a_worker_ends_before_the_limit_also_of_a_short_time() {
        for (time, limit, signal, rest) in [
            (86_400, "1-00:00:00", 120, 86_220),
            (3_661, "0-01:01:01", 120, 3_481),
            (60, "0-00:01:00", 10, 40),
        ] {
            let settings = SlurmSettings { time: Some(time), ..SlurmSettings::default() };
            let script = Job { settings, ..job("/r") }.script().unwrap();
            for part in [format!("--time={limit}\n"), format!("USR1@{signal}\n"), format!("--time {rest}s ")]
            {
                assert!(script.contains(&part), "{part}: {script}");
            }
        }
    }
}
