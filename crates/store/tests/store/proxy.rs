//! A connection to a server that is cut at the moment of a commit.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What is lost at the next commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// The server commits; its answer is lost.
    Answer,
    /// The server never learns of it. It notices a moment later that the client is gone, and rolls back.
    Commit,
    /// The server commits, its answer is lost, and it is not reached any more.
    Server,
}

/// What the threads of a proxy share.
#[derive(Default)]
struct State {
    fate: Option<Lost>,
    is_closed: bool,
    commits_met: usize,
}

/// Hands bytes on between clients and a server.
pub(crate) struct Proxy {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl Proxy {
    /// A proxy for the server at this host and port. It lives as long as the test's process.
    pub(crate) fn new(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State::default()));
        let (server, of_threads) = (server.to_owned(), state.clone());
        thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                if of_threads.lock().unwrap().is_closed {
                    continue;
                }
                let server = TcpStream::connect(&server).unwrap();
                connect(client, server, &of_threads);
            }
        });
        Self { port, state }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Decides on the next commit.
    pub(crate) fn arm(&self, fate: Lost) {
        self.state.lock().unwrap().fate = Some(fate);
    }

    /// How many commits met their fate.
    pub(crate) fn commits_met(&self) -> usize {
        self.state.lock().unwrap().commits_met
    }
}

fn connect(client: TcpStream, server: TcpStream, state: &Arc<Mutex<State>>) {
    let loses = Arc::new(Mutex::new(false));
    let (from, to, lost) = (server.try_clone().unwrap(), client.try_clone().unwrap(), loses.clone());
    thread::spawn(move || answers(from, to, &lost));
    let state = state.clone();
    thread::spawn(move || requests(client, server, &state, &loses));
}

/// Hands the server's answers on until one is to be lost.
fn answers(mut server: TcpStream, mut client: TcpStream, loses: &Mutex<bool>) {
    let mut bytes = [0; 8192];
    while let Ok(count @ 1..) = server.read(&mut bytes) {
        if *loses.lock().unwrap() || client.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    for end in [client, server] {
        let _ = end.shutdown(Shutdown::Both);
    }
}

/// Hands the client's requests on until a commit meets its fate.
fn requests(mut client: TcpStream, mut server: TcpStream, state: &Mutex<State>, loses: &Mutex<bool>) {
    let mut bytes = [0; 8192];
    while let Ok(count @ 1..) = client.read(&mut bytes) {
        let request = &bytes[..count];
        let fate = request.windows(7).any(|part| part == b"COMMIT\0").then(|| take(state)).flatten();
        match fate {
            Some(Lost::Commit) => {
                let _ = client.shutdown(Shutdown::Both);
                // Until then the server holds the transaction open.
                thread::sleep(Duration::from_millis(1500));
                let _ = server.shutdown(Shutdown::Both);
                return;
            }
            Some(_) => *loses.lock().unwrap() = true,
            None => {}
        }
        if server.write_all(request).is_err() {
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Write);
}

fn take(state: &Mutex<State>) -> Option<Lost> {
    let mut state = state.lock().unwrap();
    let fate = state.fate.take()?;
    state.commits_met += 1;
    state.is_closed = fate == Lost::Server;
    Some(fate)
}
