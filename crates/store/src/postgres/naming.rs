//! The names that sessions have on the server, by which a process is found that keeps others from writing.

use crate::holder::Holder;

/// The longest application name of a server as it is built by default.
const LONGEST: usize = 63;

/// The name that sessions of this process have on the server: the program, its process and its machine.
pub(super) fn name() -> String {
    let host = gethostname::gethostname().to_string_lossy().into_owned();
    let mut name = format!("ranklab {} {host}", std::process::id());
    // The server shows other letters as question marks.
    name.retain(|letter| letter.is_ascii_graphic() || letter == ' ');
    name.truncate(LONGEST);
    name
}

/// The holder of a lock: a session with the number of the server's process, and the name that its program gave.
pub(super) fn of_session(number: u32, program: Option<&str>) -> Holder {
    let program = program.filter(|program| !program.is_empty());
    let named = program.and_then(|program| {
        let (process, host) = program.strip_prefix("ranklab ")?.split_once(' ')?;
        Some((process.parse().ok()?, host.to_owned()))
    });
    match named {
        Some((process, host)) => Holder::Process { process, program: "ranklab".to_owned(), host: Some(host) },
        None => Holder::Session { number, program: program.map(str::to_owned) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_of_ranklab_names_its_process_and_its_machine() {
        let holder = of_session(812, Some("ranklab 4711 node3.lab"));
        assert_eq!(holder.to_string(), "process 4711 (ranklab) on node3.lab");
        assert_eq!(of_session(812, Some("psql")).to_string(), "session 812 of the server (psql)");
        assert_eq!(
            of_session(812, Some("ranklab x y")).to_string(),
            "session 812 of the server (ranklab x y)"
        );
        for unnamed in [None, Some("")] {
            assert_eq!(of_session(812, unnamed).to_string(), "session 812 of the server");
        }
    }

    #[test]
    fn the_name_of_a_session_is_as_the_server_keeps_it_and_is_read_back() {
        let name = name();
        assert!(name.len() <= LONGEST && name.is_ascii(), "{name}");
        let Holder::Process { process, .. } = of_session(1, Some(&name)) else { panic!("{name}") };
        assert_eq!(process, std::process::id());
    }
}
