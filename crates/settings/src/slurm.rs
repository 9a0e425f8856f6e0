//! Settings of a Slurm job: the `[slurm]` table of an experiment file, and the same keys on a command line. They are part of
//! no trial and of no hash.

use crate::{Error, key::SlurmKey};

/// Largest number of workers; Slurm's own limit of array jobs is usually 1,001.
const MOST_WORKERS: u32 = 10_000;
/// Largest number of processors of a worker.
const MOST_CPUS: u32 = 4_096;
/// Shortest time limit in seconds: the last minutes of a job are kept for saving.
const LEAST_TIME: u64 = 60;
/// Longest time limit in seconds.
const MOST_TIME: u64 = 366 * DAY;
const DAY: u64 = 86_400;

/// A Slurm job: how many workers it has, and what each is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlurmSettings {
    /// Number of workers.
    pub workers: Option<u32>,
    /// Partition of the cluster.
    pub partition: Option<String>,
    /// Time limit of a worker in seconds; it is started again until no trial is left.
    pub time: Option<u64>,
    /// Processors of a worker.
    pub cpus: Option<u32>,
    /// GPUs of a worker: a number, or a kind and a number such as `a100:1`.
    pub gpus: Option<String>,
    /// Memory of a worker, such as `8G`.
    pub memory: Option<String>,
    /// Account that the time is charged to.
    pub account: Option<String>,
    /// Further options of `sbatch`, separated by spaces.
    pub extra: Option<String>,
}

impl SlurmSettings {
    /// Sets a key to a value as it is written on a command line.
    ///
    /// # Errors
    /// When the value is invalid, in one line that names the key.
    pub(crate) fn set(&mut self, key: SlurmKey, text: &str) -> Result<(), Error> {
        let text = text.trim();
        let wrong = || Error::Setting(format!("{}: `{text}` does not fit; give {}", key.name, key.fitting));
        let whole = |most: u32| {
            let number = text.parse().ok().filter(|number| (1..=most).contains(number));
            number.filter(|_| !text.starts_with(['0', '+'])).map(Some).ok_or_else(wrong)
        };
        let word = |others: &str| {
            let fits = |letter: char| letter.is_ascii_alphanumeric() || others.contains(letter);
            let is_word = !text.is_empty() && !text.starts_with('-') && text.chars().all(fits);
            is_word.then(|| Some(text.to_owned())).ok_or_else(wrong)
        };
        match key.name {
            "workers" => self.workers = whole(MOST_WORKERS)?,
            "cpus" => self.cpus = whole(MOST_CPUS)?,
            "time" => self.time = Some(seconds(text).ok_or_else(wrong)?),
            "partition" => self.partition = word("_-.,")?,
            "account" => self.account = word("_-.@")?,
            "gpus" => self.gpus = word("_-.:")?,
            "memory" => {
                let is_number = text.starts_with(|first: char| ('1'..='9').contains(&first));
                self.memory = word("").ok().filter(|_| is_number && is_memory(text)).ok_or_else(wrong)?;
            }
            "extra" => {
                let is_option = text.split_whitespace().all(|word| word.starts_with("--"));
                let is_plain = text.chars().all(|letter| letter.is_ascii_graphic() || letter == ' ');
                if text.is_empty() || !is_option || !is_plain || text.contains(['"', '\'', '\\', '#']) {
                    return Err(wrong());
                }
                self.extra = Some(text.to_owned());
            }
            _ => {}
        }
        Ok(())
    }

    /// These settings; `defaults` for those that are absent.
    pub fn or(self, defaults: Self) -> Self {
        Self {
            workers: self.workers.or(defaults.workers),
            partition: self.partition.or(defaults.partition),
            time: self.time.or(defaults.time),
            cpus: self.cpus.or(defaults.cpus),
            gpus: self.gpus.or(defaults.gpus),
            memory: self.memory.or(defaults.memory),
            account: self.account.or(defaults.account),
            extra: self.extra.or(defaults.extra),
        }
    }
}

/// Whether a text is digits with a unit of memory of Slurm: K, M, G or T.
fn is_memory(text: &str) -> bool {
    text.strip_suffix(['K', 'M', 'G', 'T'])
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()))
}

/// The seconds of a time with units, such as `1h30m`, or in Slurm's form `[DAYS-]HOURS:MINUTES:SECONDS`. A number without
/// a unit is refused: it would be minutes for Slurm and seconds for others.
fn seconds(text: &str) -> Option<u64> {
    let seconds = if text.contains(':') { of_clock(text)? } else { of_units(text)? };
    (LEAST_TIME..=MOST_TIME).contains(&seconds).then_some(seconds)
}

fn of_clock(text: &str) -> Option<u64> {
    let (days, clock) = text.split_once('-').unwrap_or(("0", text));
    let [hours, minutes, seconds] =
        clock.split(':').map(digits).collect::<Option<Vec<u64>>>()?.try_into().ok()?;
    let hours = digits(days)?.checked_mul(24)?.checked_add(hours)?;
    hours.checked_mul(60)?.checked_add(minutes)?.checked_mul(60)?.checked_add(seconds)
}

fn of_units(text: &str) -> Option<u64> {
    let (mut total, mut rest) = (0_u64, text);
    while !rest.is_empty() {
        let at = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let (number, unit) = rest.split_at(at);
        let factor = match unit.chars().next()? {
            'd' => DAY,
            'h' => 3600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        total = total.checked_add(digits(number)?.checked_mul(factor)?)?;
        rest = &unit[1..];
    }
    Some(total)
}

/// A number of digits alone.
fn digits(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(setting: &str) -> Result<SlurmSettings, String> {
        let (name, value) = setting.split_once('=').unwrap();
        let mut settings = SlurmSettings::default();
        let set = settings.set(SlurmKey::find(name).unwrap(), value);
        set.map(|()| settings).map_err(|problem| problem.to_string())
    }

    #[test]
    fn times_have_units_or_slurms_form_and_bare_numbers_are_refused() {
        for (text, expected) in [
            ("3h", 10_800),
            ("90m", 5_400),
            ("1h30m", 5_400),
            ("2d", 172_800),
            ("60s", 60),
            ("01:30:00", 5_400),
            ("1-12:00:00", 129_600),
        ] {
            assert_eq!(set(&format!("time={text}")).unwrap().time, Some(expected), "{text}");
        }
        for text in
            ["", "90", "10:00", "59s", "h", "3x", "-1h", "1h30", "367d", "99999999999999999999h", "é", "1-2"]
        {
            let error = set(&format!("time={text}")).unwrap_err();
            assert!(
                error.starts_with(&format!("time: `{text}` does not fit; give a time such as 3h")),
                "{error}"
            );
        }
    }

    #[test]
    fn values_that_would_break_a_script_are_refused_in_one_line() {
        for setting in [
            "workers=0",
            "workers=08",
            "workers=+8",
            "workers=10001",
            "workers=x",
            "cpus=0",
            "partition=a b",
            "partition=-x",
            "partition=a\nb",
            "account=a;b",
            "gpus=a b",
            "memory=8",
            "memory=G",
            "memory=-8G",
            "memory=8GB",
            "extra=",
            "extra=x",
            "extra=--x\n--y",
            "extra=--x='y'",
            "extra=--x #",
        ] {
            let error = set(setting).unwrap_err();
            let name = setting.split('=').next().unwrap();
            assert!(error.starts_with(&format!("{name}: `")) && error.contains("does not fit"), "{error}");
        }
        let settings = set("extra=--constraint=avx512 --nice=10").unwrap();
        assert_eq!(settings.extra.as_deref(), Some("--constraint=avx512 --nice=10"));
        assert_eq!(set("slurm.gpus=a100:1").unwrap().gpus.as_deref(), Some("a100:1"));
        assert_eq!(set("memory=500M").unwrap().memory.as_deref(), Some("500M"));
    }

    #[test]
    fn given_settings_win_over_defaults() {
        let both = set("workers=8").unwrap().or(SlurmSettings { cpus: Some(2), ..set("workers=3").unwrap() });
        assert_eq!((both.workers, both.cpus), (Some(8), Some(2)));
    }
}
