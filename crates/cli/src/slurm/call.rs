//! Calls of Slurm's programs.

use std::{io, process::Command};

/// The end of a call without a result.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The program is not on this machine.
    Missing,
    /// It failed, with the first line of its reason.
    Refused(String),
}

/// Standard output of a program that must succeed.
///
/// # Errors
/// When the program is missing, cannot be started, or fails.
pub(super) fn call(command: &mut Command) -> Result<String, Failure> {
    let output = command.output().map_err(|problem| match problem.kind() {
        io::ErrorKind::NotFound => Failure::Missing,
        _ => Failure::Refused(problem.to_string()),
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let reason = String::from_utf8_lossy(&output.stderr);
    let line = reason.lines().map(str::trim).find(|line| !line.is_empty());
    Err(Failure::Refused(line.map_or_else(|| output.status.to_string(), str::to_owned)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_and_one_that_fails_are_kept_apart() {
        assert_eq!(call(&mut Command::new("ranklab-has-no-such-program")), Err(Failure::Missing));
        let mut fails = Command::new("sh");
        fails.args(["-c", "echo; echo first >&2; echo second >&2; exit 3"]);
        assert_eq!(call(&mut fails), Err(Failure::Refused("first".to_owned())));
        assert_eq!(call(Command::new("sh").args(["-c", "echo 12"])), Ok("12\n".to_owned()));
    }
}
